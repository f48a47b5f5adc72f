"""Weights of examples, and the mean loss that they make."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from esoftmax_jax import _checks
from esoftmax_jax._types import Array, ArrayInput

_LARGEST_SUM = 1e30
"""Beyond, products with losses may be infinite or 0 in float32."""


def check_weights(weights: Any, example_shape: tuple[int, ...], where: Any) -> None:
    """Check one number ≥ 0 for each example; those that are left out may be anything."""
    if weights is None:
        return
    check_shape(weights, example_shape)
    if _checks.is_traced(weights) or _checks.is_traced(where):
        return
    counted = np.asarray(weights)[... if where is None else np.asarray(where)]
    wrong = ~(np.isfinite(counted) & (counted >= 0))
    if wrong.any():
        raise ValueError(
            f"weights: expected finite weights ≥ 0, got {counted[wrong][0]}; to leave an "
            f"example out give it the weight 0"
        )
    total = np.sum(counted, dtype=np.float64)
    if total and not 1 / _LARGEST_SUM <= total <= _LARGEST_SUM:
        raise ValueError(
            f"weights: expected a sum from {1 / _LARGEST_SUM:g} to {_LARGEST_SUM:g}, got "
            f"{total:.2g}; divide them by the largest one"
        )


def check_shape(weights: Any, example_shape: tuple[int, ...]) -> None:
    """Check one floating number for each example."""
    _checks.check_floating("weights", weights)
    if weights.shape != example_shape:
        raise ValueError(
            f"weights: expected shape {example_shape}, one weight for each example, got "
            f"{weights.shape}"
        )


def present(weights: Any, where: Any) -> Any:
    """Return which examples count, or None for all: a weight of 0 leaves out as a mask does.

    So does one below the normal range, which compiled programs take for 0.
    """
    if weights is None:
        return where
    array = jnp.asarray(weights)
    wide = array.astype(jnp.float64 if array.dtype == np.float64 else jnp.float32)
    weighs = ~(jnp.abs(wide) < float(np.finfo(wide.dtype).tiny))
    return weighs if where is None else weighs & where


def weighted(losses: Any, weights: Any, counted: Any) -> Array:
    """Return w ℓ in at least float32, 0 where an example does not count."""
    dtype = jnp.float64 if losses.dtype == np.float64 else jnp.float32
    terms: Array = losses.astype(dtype)
    if counted is not None:
        terms = jnp.where(counted, terms, 0)
    if weights is not None:
        # What cannot be refused in a compiled step is NaN, as a label that is no class.
        valid = jnp.where(weights >= 0, weights, jnp.nan).astype(dtype)
        terms = terms * jnp.where(counted, valid, 0)
    return terms


def mean_share(losses: Any, weights: Any, where: Any, axis_name: str | None) -> Array:
    """Return this device's share of the mean loss over all devices of an axis."""
    counted = present(weights, where)
    terms = weighted(losses, weights, counted)
    if weights is None:
        count = jnp.sum(jnp.ones(losses.shape, bool) if counted is None else counted)
        # A batch with nothing in it leaves the parameters as they are instead of NaN.
        total = jnp.maximum(_sum_over(count, axis_name), 1).astype(terms.dtype)
    else:
        total = _sum_over(jnp.sum(weighted(weights, None, counted)), axis_name)
        total = jnp.where(total == 0, 1, total).astype(terms.dtype)
        # A sum that overflows would make every share 0: a step that silently does nothing.
        total = jnp.where(jnp.isfinite(total), total, jnp.nan)
    return jnp.sum(terms) / total


def _sum_over(value: Array, axis_name: str | None) -> Array:
    return value if axis_name is None else jax.lax.psum(value, axis_name)


def mean_loss(
    losses: ArrayInput, *, where: ArrayInput | None = None, weights: ArrayInput | None = None
) -> Array:
    r"""Return the mean of the losses of a batch, as a training step minimises it.

    .. math:: \sum_i w_i \ell_i / \sum_i w_i

    over the examples that are not left out; 0, with gradient 0, if all are.

    Args:
        losses: one for each example, floating, of any shape.
        where: booleans of that shape, False where an example is left out; None if all count.
        weights: floating, of that shape, ≥ 0; a weight of 0 leaves out. None if all weigh 1.

    Returns:
        A scalar in the losses' dtype, at least float32.

    Raises:
        TypeError: ``losses`` or ``weights`` that are not floating, a mask not of booleans.
        ValueError: shapes that do not fit; negative weights or such as are not finite (outside
            of ``jax.jit``, where they are known).

    Example:
        >>> import jax.numpy as jnp
        >>> from esoftmax_jax.training import mean_loss
        >>> print(mean_loss(jnp.array([1.0, 4.0]), weights=jnp.array([2.0, 1.0])))
        2.0
    """
    _checks.check_floating("losses", losses)
    _checks.check_where(where, losses.shape)
    check_weights(weights, losses.shape, where)
    losses = jnp.asarray(losses)  # NumPy's float64 may be float32 here
    return mean_share(losses, weights, where, None)
