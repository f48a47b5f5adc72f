"""What cleanlab says of labels, from the same out-of-fold probabilities.

cleanlab is none of this project's dependencies. Where it is not installed nothing is measured
of it.
"""

import importlib.util
from typing import Any

import numpy as np

from esoftmax_jax.app.files.arrays import Array

KINDS = {
    "self_confidence": "self-confidence",
    "normalized_margin": "normalized margin",
    "confidence_weighted_entropy": "confidence-weighted entropy",
}
"""Its methods of ``get_label_quality_scores``; the first is what it takes unless asked."""


def installed() -> bool:
    """Whether it can be imported."""
    return importlib.util.find_spec("cleanlab") is not None


def quality_scores(labels: Array, probabilities: Array, method: str) -> Array:
    """Return a score of each label, float (N,), the lower the more suspicious.

    Args:
        labels: int (N,), each class at least once.
        probabilities: (N, K).
        method: of ``KINDS``.
    """
    from cleanlab.rank import get_label_quality_scores

    scores: Any = get_label_quality_scores(labels, probabilities, method=method)
    return np.asarray(scores, np.float64)


def issues(labels: Array, probabilities: Array) -> Array:
    """Return which labels ``find_label_issues`` takes for wrong, bool (N,)."""
    from cleanlab.filter import find_label_issues

    found: Any = find_label_issues(labels, probabilities, n_jobs=1)
    return np.asarray(found, np.bool_)
