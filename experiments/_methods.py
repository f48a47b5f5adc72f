"""The losses that can be named on the command line, with the settings that are tried."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import jax
import numpy as np

from esoftmax_jax import losses
from experiments._errors import UsageError


@dataclasses.dataclass(frozen=True)
class Method:
    """A loss, and the settings among which a noisy hold-out set chooses on small data."""

    loss: Any
    candidates: tuple[dict[str, float], ...] = ({},)

    @property
    def parameters(self) -> tuple[str, ...]:
        """Names of the numeric hyperparameters, sorted."""
        return tuple(sorted(self.candidates[0]))


METHODS: dict[str, Method] = {
    "CE": Method(losses.cross_entropy),
    "FL": Method(losses.focal_loss, ({"gamma": 0.5}, {"gamma": 1.0}, {"gamma": 2.0})),
    "MAE": Method(losses.mean_absolute_error),
    "GCE": Method(losses.generalized_cross_entropy, ({"q": 0.5}, {"q": 0.7}, {"q": 0.9})),
    "SCE": Method(
        losses.symmetric_cross_entropy,
        ({"alpha": 0.1, "beta": 1.0}, {"alpha": 1.0, "beta": 1.0}, {"alpha": 6.0, "beta": 0.1}),
    ),
    "NCE": Method(losses.normalized_cross_entropy),
    "NCE+MAE": Method(
        losses.weighted_sum(
            (1.0, losses.normalized_cross_entropy), (1.0, losses.mean_absolute_error)
        )
    ),
    "NCE+RCE": Method(
        losses.weighted_sum(
            (1.0, losses.normalized_cross_entropy), (1.0, losses.reverse_cross_entropy)
        )
    ),
    "CE_eps": Method(losses.epsilon_softmax_cross_entropy, ({"m": 1e3}, {"m": 1e4})),
    "CE_eps+MAE": Method(
        losses.epsilon_softmax_cross_entropy_with_mae,
        (
            {"alpha": 0.1, "beta": 1.0, "m": 1e4},
            {"alpha": 0.1, "beta": 2.0, "m": 1e4},
            {"alpha": 0.01, "beta": 5.0, "m": 1e5},
        ),
    ),
    "FL_eps+MAE": Method(
        losses.epsilon_softmax_focal_loss_with_mae,
        (
            {"alpha": 0.1, "beta": 1.0, "gamma": 0.1, "m": 1e4},
            {"alpha": 0.1, "beta": 2.0, "gamma": 0.1, "m": 1e4},
            {"alpha": 0.01, "beta": 5.0, "gamma": 0.1, "m": 1e5},
        ),
    ),
}
"""Name as in the paper's tables → loss. The order is that of the tables printed."""


def check_method(name: str) -> str:
    """Return the name if it is known."""
    if name not in METHODS:
        raise UsageError(
            f"--losses: expected names among {', '.join(METHODS)}, got {name!r}; separate "
            f"several by commas"
        )
    return name


def switching_loss(names: Sequence[str], index: jax.Array, settings: jax.Array) -> Any:
    """Return the loss chosen by a traced index, so that all losses share one program.

    Args:
        names: the losses that the program contains.
        index: int scalar, which of them this run uses.
        settings: (H,), its hyperparameters in the order of ``Method.parameters``.

    Returns:
        ``loss(logits, labels, *, where)``.
    """

    def branch(method: Method) -> Any:
        def run(logits: jax.Array, labels: jax.Array, where: jax.Array | None) -> jax.Array:
            options = {name: settings[i] for i, name in enumerate(method.parameters)}
            values: jax.Array = method.loss(logits, labels, where=where, **options)
            return values

        return run

    branches = [branch(METHODS[name]) for name in names]

    def loss(
        logits: jax.Array, labels: jax.Array, *, where: jax.Array | None = None
    ) -> jax.Array:
        values: jax.Array = jax.lax.switch(index, branches, logits, labels, where)
        return values

    return loss


def check_settings(name: str, settings: dict[str, float]) -> None:
    """Let the loss itself refuse values outside its range."""
    try:
        METHODS[name].loss(np.zeros((1, 2), np.float32), np.zeros(1, np.int32), **settings)
    except (TypeError, ValueError) as error:
        raise UsageError(f"--set: {error}") from None


def number_of_settings(names: Sequence[str]) -> int:
    """Return how long a vector of hyperparameters must be to serve all of the losses."""
    return max(1, *(len(METHODS[name].parameters) for name in names))
