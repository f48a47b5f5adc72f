"""What is proved of the losses of the library: whose Σ_k L is constant, convex or concave."""

from collections.abc import Callable
from typing import Any, Literal

import numpy as np

from esoftmax_jax._types import LossFunction
from esoftmax_jax.theory._evaluation import of_library, unbound
from esoftmax_jax.theory._floored import FlooredSum, cross_entropy, focal, power

Shape = Literal["constant", "convex", "concave"]

# Σ_k L is a function of p. Convex are sums of convex functions of p_k, quadratic forms, and
# −log of what is linear in p; the entropy that DFT sums to is concave.
_SHAPES: dict[str, Shape | Callable[[dict[str, Any]], Shape]] = {
    "mean_absolute_error": "constant",
    "reverse_cross_entropy": "constant",
    "normalized_cross_entropy": "constant",
    "normalized_focal_loss": "constant",
    "normalized_negative_cross_entropy": "constant",
    "normalized_negative_focal_loss": "constant",
    "generalized_cross_entropy": "convex",
    "asymmetric_generalized_cross_entropy": lambda given: (
        "convex" if given["q"] <= 1 else "concave"
    ),
    "asymmetric_unhinged_loss": lambda given: "convex" if given["q"] >= 1 else "concave",
    "asymmetric_exponential_loss": "convex",
    "mean_squared_error": "convex",
    "asymmetric_mean_squared_error": "convex",
    "variation_cross_entropy": "convex",
    "variation_squared_error": "convex",
    "taylor_cross_entropy": "convex",
    "partially_huberised_cross_entropy": "convex",
    "jensen_shannon_loss": "convex",
    "forward_corrected_cross_entropy": "convex",
    "dynamic_fine_tuning_loss": "concave",
}
# Of sums the first is NCE or NFL, which adds a constant: the second decides.
_SECOND = {
    "MAE": "mean_absolute_error",
    "RCE": "reverse_cross_entropy",
    "AGCE": "asymmetric_generalized_cross_entropy",
    "AUL": "asymmetric_unhinged_loss",
    "AEL": "asymmetric_exponential_loss",
}
_NAMED = {
    **{f"NCE+{end}": name for end, name in _SECOND.items()},
    **{f"NFL+{end}": name for end, name in _SECOND.items()},
    "ANL-CE": "normalized_negative_cross_entropy",
    "ANL-FL": "normalized_negative_focal_loss",
    "JAL-CE": "asymmetric_mean_squared_error",
    "JAL-FL": "asymmetric_mean_squared_error",
}


def shape_of_sum(loss: LossFunction) -> Shape | None:
    """Return what is proved of Σ_k L, or None."""
    name, given = _name_and_hyperparameters(loss)
    shape = _SHAPES.get(_NAMED.get(name, name))
    if given is None or shape is None or given.get("min_prob", None) is not None:
        return "constant" if given is not None and shape == "constant" else None
    return shape(given) if callable(shape) else shape


def floored_sum_of(loss: LossFunction, num_classes: int) -> FlooredSum | None:
    """Return Σ_k L of a loss that floors a probability, or None for any other."""
    name, given = _name_and_hyperparameters(loss)
    if given is None:
        return None
    floor = given.get("min_prob", None if name == "generalized_cross_entropy" else 1e-8)
    m, weight = given.get("m", 0.0), given.get("alpha", 1.0)
    term = {
        "epsilon_softmax_cross_entropy": cross_entropy,
        "epsilon_softmax_cross_entropy_with_mae": cross_entropy,
        "epsilon_softmax_focal_loss": focal(given.get("gamma", 0.1)),
        "epsilon_softmax_focal_loss_with_mae": focal(given.get("gamma", 0.1)),
        "generalized_cross_entropy": power(given.get("q", 0.7)),
    }.get(name)
    if term is None or floor is None or not 0 < floor < 1 / num_classes:
        return None
    return FlooredSum(term, m, floor, weight, num_classes)


def is_epsilon_loss(loss: LossFunction) -> bool:
    """Whether a loss of the library is one on ε-softmax."""
    return _name_and_hyperparameters(loss)[0].startswith("epsilon_softmax_")


def _name_and_hyperparameters(loss: LossFunction) -> tuple[str, dict[str, Any] | None]:
    """Return the name of a loss of the library and its numbers, None if they are arrays."""
    if not of_library(loss):
        return "", None
    function, given = unbound(loss)
    name = str(function.__name__)
    numbers: dict[str, Any] = {}
    for key, value in given.items():
        if value is None or isinstance(value, bool):
            numbers[key] = value
        elif key in ("key", "transition_matrix"):
            continue
        elif np.ndim(value):
            return name, None
        else:
            numbers[key] = float(value)
    return name, numbers
