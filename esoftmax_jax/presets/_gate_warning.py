"""A warning where a number of classes leaves an ε-softmax loss without a gradient at first."""

from collections.abc import Mapping
from typing import Any

from esoftmax_jax import losses
from esoftmax_jax._checks import check_num_classes

_GATED = ("CE_eps", "FL_eps", "CE_eps+MAE", "FL_eps+MAE")
_SHARE = 0.1  # of 1/K, what an untrained network gives a label
# m + 1 is no reason to warn: m = 1e5 and K = 100 lie on the bound (the paper's table 6).
_SLACK = 1e-3


class GateWarning(UserWarning):
    """The gate of an ε-softmax loss is too high for this many classes."""


def gate_warning(
    loss_name: str, hyperparameters: Mapping[str, Any], num_classes: int
) -> str | None:
    """Return a sentence if an ε-softmax loss has its gate above 1/(10 K).

    Args:
        loss_name: as :func:`esoftmax_jax.losses.get` takes it.
        hyperparameters: concrete ones, of which ``m`` and ``min_prob`` matter.
        num_classes: K ≥ 2.

    Returns:
        What happens and which m is safe, or None where nothing is to be said.

    Raises:
        TypeError: ``num_classes`` is no integer.
        ValueError: ``num_classes`` < 2, or a hyperparameter is missing or outside its range.

    Example:
        >>> from esoftmax_jax import presets
        >>> sentence = presets.gate_warning("CE_eps", {"m": 1e5}, 1000)
        >>> print(sentence.split("; ")[1])
        take m=9999 or less

    Reference:
        :func:`esoftmax_jax.losses.gate_probability`.
    """
    check_num_classes(num_classes)
    min_prob = hyperparameters.get("min_prob", 1e-8)
    if loss_name not in _GATED or min_prob is None:
        return None
    if "m" not in hyperparameters:
        raise ValueError(
            f"hyperparameters: expected m of {loss_name}, got {[*hyperparameters]}"
        )
    m, highest = hyperparameters["m"], _SHARE / num_classes
    gate = float(losses.gate_probability(m, min_prob))
    if gate <= highest * (1 + _SLACK):
        return None
    remedy = "take min_prob=1e-8"  # which is the gate of m = 0
    if min_prob <= highest:
        remedy = f"take m={int(losses.m_for_gate(highest, min_prob))} or less"
    return (
        f"{loss_name}: m={m:g} gives no gradient to a label that is not predicted and has a "
        f"probability below {gate:.3g}, and a network that is not trained yet gives each of "
        f"{num_classes} classes about {1 / num_classes:.3g}; {remedy}"
    )
