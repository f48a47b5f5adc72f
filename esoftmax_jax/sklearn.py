"""Estimators for scikit-learn's pipelines, searches and cross-validation; extra ``[app]``."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from esoftmax_jax.app.jobs.estimators.noisy_label_classifier import NoisyLabelClassifier

__all__ = ["NoisyLabelClassifier"]


def __getattr__(name: str) -> Any:
    """Import the estimator when it is first asked for; what it needs takes seconds."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from esoftmax_jax.app.jobs.estimators import noisy_label_classifier

    return getattr(noisy_label_classifier, name)


def __dir__() -> list[str]:
    """Return the public names."""
    return sorted(__all__)
