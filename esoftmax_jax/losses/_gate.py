"""Below which probability the clip of ε-softmax losses leaves a label without a gradient."""

import functools

import jax
import jax.numpy as jnp
import numpy as np

from esoftmax_jax import _checks
from esoftmax_jax._types import Array, Scalar

FLOOR = _checks.OPEN_UNIT


def gate_probability(m: Scalar, min_prob: Scalar = 1e-8) -> Array:
    r"""The gate of CE_ε: below it, a label that is not predicted has no gradient.

    .. math:: p_\text{gate} = (m + 1) \, p_{\min}

    The floor of CE_ε acts on p_y/(m + 1), so p_y itself must be m + 1 times as large to pass.
    An untrained network of K classes gives each about 1/K: **with a gate near 1/K or above it
    learns nothing from CE_ε**. Of CE_ε + MAE only MAE is left then, whose gradient is about
    2/K. The paper's m = 1e5 has the gate 1e-3, which suits 10 or 100 classes.

    Args:
        m: ≥ 0, a number or an array of any shape.
        min_prob: in (0, 1), the floor of the loss; a number or an array.

    Returns:
        The probability, in the shape that both broadcast to; above 1 no label passes that is
        not predicted.

    Raises:
        TypeError: an argument is no number.
        ValueError: an argument is outside its range.

    Example:
        >>> from esoftmax_jax.losses import gate_probability
        >>> print(f"{gate_probability(1e5):.6f}")
        0.001000

    Reference:
        Wang et al., NeurIPS 2024 (arXiv 2508.02387), section 3.2, and the authors' code, which
        clips after the division.
    """
    _checks.check_hyperparameter("m", m, _checks.NON_NEGATIVE, None)
    _checks.check_hyperparameter("min_prob", min_prob, FLOOR, None)
    gate: Array = _gate(m, min_prob)
    return gate


def m_for_gate(probability: Scalar, min_prob: Scalar = 1e-8) -> Array:
    r"""The largest m whose gate is at most this probability.

    .. math:: m = \frac{p_\text{gate}}{p_{\min}} - 1

    For K classes ``m_for_gate(1 / (10 * K))`` is the most that is safe: an untrained network
    gives the label ten times as much.

    Args:
        probability: in [``min_prob``, 1], a number or an array.
        min_prob: in (0, 1), the floor of the loss; a number or an array.

    Returns:
        m ≥ 0, in the shape that both broadcast to, to be given to a loss of that ``min_prob``.

    Raises:
        TypeError: an argument is no number.
        ValueError: an argument is outside its range: no m ≥ 0 has a gate below the floor.

    Example:
        >>> from esoftmax_jax.losses import m_for_gate
        >>> print(f"{m_for_gate(1 / (10 * 1000)):.0f}")
        9999

    Reference:
        The inverse of :func:`gate_probability`.
    """
    _checks.check_hyperparameter("min_prob", min_prob, FLOOR, None)
    low = 0.0 if _checks.is_traced(min_prob) else float(np.min(np.asarray(min_prob)))
    interval = _checks.Interval(low * (1 - 1e-6), 1.0)  # one rounding of slack
    _checks.check_hyperparameter("probability", probability, interval, None)
    _check_above_floor(probability, min_prob)
    m: Array = _largest_m(probability, min_prob)
    return m


def _check_above_floor(probability: Scalar, min_prob: Scalar) -> None:
    if _checks.is_traced(probability) or _checks.is_traced(min_prob):
        return
    gates, floors = np.broadcast_arrays(np.asarray(probability), np.asarray(min_prob))
    below = gates < floors * (1 - 1e-6)
    if below.any():
        raise ValueError(
            f"probability: expected at least min_prob, {floors[below][0]:g}, got "
            f"{gates[below][0]:g}; no m has a gate below the floor"
        )


@functools.partial(jax.jit, inline=True)
def _gate(m: Scalar, min_prob: Scalar) -> Array:
    return (1 + jnp.asarray(m, dtype=float)) * jnp.asarray(min_prob, dtype=float)


@functools.partial(jax.jit, inline=True)
def _largest_m(probability: Scalar, min_prob: Scalar) -> Array:
    gate, floor = (jnp.asarray(x, dtype=float) for x in (probability, min_prob))
    m = jnp.maximum(gate / floor - 1, 0)
    # What rounds upwards would close the gate on that very probability.
    smaller = m * (1 - 2 * float(np.finfo(m.dtype).eps))
    return jnp.where((1 + m) * floor > gate, smaller, m)
