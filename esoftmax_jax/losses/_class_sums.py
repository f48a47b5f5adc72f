"""Sums over classes that the normalised and squared losses need, with their derivatives.

Each has its derivative written as one expression over classes. Autodiff of the sums would be
right, but XLA then keeps up to four arrays of the logits' size where one is enough.
"""

import functools

import jax
import jax.numpy as jnp

from esoftmax_jax import _numerics
from esoftmax_jax._numerics import exponentials, some_logit
from esoftmax_jax._types import Array, ArrayInput


def unfused(rows: Array) -> Array:
    """Return what came of a sum over classes, so that XLA ends a fusion with it.

    On a CPU it would otherwise go on to the gradient in the same fusion, which takes sums and
    products alone, and store every comparison of the gradient as an array of the logits' size.
    """
    return jnp.where(jnp.isnan(rows), jnp.nan, rows)


def one_if_positive(excess: Array) -> Array:
    """Return 1 where a value ≥ 0 is above 0; NaN stays NaN.

    By arithmetic, because a sum over a comparison stores it as an array of its own on a CPU.
    """
    return jnp.minimum(excess * 1e30, 1)  # no difference of two logits is as small as 1e-30


def count_of_present(logits: ArrayInput, axis: int) -> Array:
    """Return how many classes are not masked out by a logit of −inf."""
    return _sum_and_count_of_present(logits, axis)[1]


def _sum_and_count_of_present(logits: ArrayInput, axis: int) -> tuple[Array, Array]:
    """Return Σ_k (z_k − o) and the number of classes, both without those of logit −inf.

    o is ``some_logit`` of the row: a constant in all logits costs no digits.

    A plain sum is an order of magnitude faster on a CPU than one that looks at every term,
    so it is tried first; only −inf in some row's sum sends the batch the long way.
    """
    total = jnp.sum(_from_origin(logits, axis), axis=axis)

    def plain() -> tuple[Array, Array]:
        return total, jnp.full_like(total, logits.shape[axis])

    def masked() -> tuple[Array, Array]:
        gaps = _from_origin(logits, axis)
        present = gaps != -jnp.inf
        count = jnp.sum(present, axis=axis).astype(gaps.dtype)
        return jnp.sum(jnp.where(present, gaps, 0), axis=axis), count

    sums: tuple[Array, Array] = jax.lax.cond(jnp.any(total == -jnp.inf), masked, plain)
    return sums


def _from_origin(logits: ArrayInput, axis: int) -> Array:
    """Return z − o as a constant for the derivative.

    Each branch of a condition asks for it anew: what goes into one is stored.
    """
    origin = jnp.expand_dims(some_logit(logits, axis), axis)
    return jax.lax.stop_gradient(jnp.asarray(logits)) - origin


@functools.partial(jax.custom_jvp, nondiff_argnums=(1,))
def sum_of_log_probs(logits: ArrayInput, axis: int) -> Array:
    """Return Σ_k log p_k over the classes whose logit is not −inf (a masked class is none)."""
    maximum, _, total = exponentials(logits, axis)
    logit_sum, count = _sum_and_count_of_present(logits, axis)
    return logit_sum - count * ((maximum - some_logit(logits, axis)) + jnp.log(total))


@sum_of_log_probs.defjvp
def _sum_of_log_probs_jvp(
    axis: int, primals: tuple[Array], tangents: tuple[Array]
) -> tuple[Array, Array]:
    # d Σ_k log p_k = Σ_k (1 − K p_k) dz_k over the K classes present.
    (logits,), (direction,) = primals, tangents
    _, shifted, total = exponentials(logits, axis)
    _, count = _sum_and_count_of_present(logits, axis)
    present = (logits != -jnp.inf).astype(logits.dtype)
    slope = present - jnp.expand_dims(count / total, axis) * shifted
    return sum_of_log_probs(logits, axis), jnp.sum(slope * direction, axis=axis)


@functools.partial(jax.custom_jvp, nondiff_argnums=(2,))
def sum_above_floor(logits: ArrayInput, log_floor: Array, axis: int) -> Array:
    """Return Σ_k max(log p_k − log_floor, 0); a class below the floor counts nothing."""
    return _sum_and_count_above(logits, log_floor, axis)[0]


def _sum_and_count_above(
    logits: ArrayInput, log_floor: Array, axis: int
) -> tuple[Array, Array]:
    maximum, _, total = exponentials(logits, axis)
    # One number per row: class k is above the floor where z_k − max z exceeds it.
    threshold = jax.lax.stop_gradient(jnp.log(total) + log_floor)
    array = jax.lax.stop_gradient(jnp.asarray(logits))
    num_classes = array.shape[axis]

    def plain() -> tuple[Array, Array]:
        gaps = array - jnp.expand_dims(maximum, axis)
        everything = jnp.sum(gaps, axis=axis) - num_classes * threshold
        return everything, jnp.full_like(threshold, num_classes)

    def floored() -> tuple[Array, Array]:
        excess = array - jnp.expand_dims(maximum, axis) - jnp.expand_dims(threshold, axis)
        above = excess > 0
        count = jnp.sum(above.astype(array.dtype), axis=axis)
        # Written so that NaN stays NaN.
        return jnp.sum(jnp.where(excess <= 0, 0, excess), axis=axis), count

    below = jnp.any(jnp.min(array, axis=axis) - maximum < threshold)
    sums: tuple[Array, Array] = jax.lax.cond(below, floored, plain)
    return sums


@sum_above_floor.defjvp
def _sum_above_floor_jvp(
    axis: int, primals: tuple[Array, Array], tangents: tuple[Array, Array]
) -> tuple[Array, Array]:
    # With a_k = 1[class k is above]: d = Σ_k (a_k − p_k Σ_j a_j) dz_k − Σ_j a_j d log_floor.
    logits, log_floor = primals
    direction, floor_direction = tangents
    maximum, shifted, total = exponentials(logits, axis)
    _, count = _sum_and_count_above(logits, log_floor, axis)
    gaps = logits - jnp.expand_dims(maximum, axis)
    above = (gaps > jnp.expand_dims(jnp.log(total) + log_floor, axis)).astype(logits.dtype)
    slope = above - jnp.expand_dims(unfused(count / total), axis) * shifted
    tangent = jnp.sum(slope * direction, axis=axis) - count * floor_direction
    return sum_above_floor(logits, log_floor, axis), tangent


@functools.partial(jax.custom_jvp, nondiff_argnums=(1,))
def sum_of_squared_probs(logits: ArrayInput, axis: int) -> Array:
    """Return Σ_k p_k²."""
    _, shifted, total = exponentials(logits, axis)
    # XLA makes exp(2x) of exp(x)², and then has two exponentials where one is enough. The
    # barrier hides from it what is squared: 1.3 against 3.3 times cross-entropy.
    opaque = jax.lax.optimization_barrier(shifted)
    return jnp.sum(opaque * opaque, axis=axis) / (total * total)


@sum_of_squared_probs.defjvp
def _sum_of_squared_probs_jvp(
    axis: int, primals: tuple[Array], tangents: tuple[Array]
) -> tuple[Array, Array]:
    # d Σ_k p_k² = 2 Σ_k p_k (p_k − Σ_j p_j²) dz_k.
    (logits,), (direction,) = primals, tangents
    _, shifted, total = exponentials(logits, axis)
    squares = sum_of_squared_probs(logits, axis)
    probs = shifted * jnp.expand_dims(1 / total, axis)
    slope = 2 * probs * (probs - jnp.expand_dims(squares, axis))
    return squares, jnp.sum(slope * direction, axis=axis)


def sum_of_focal_terms(
    logits: ArrayInput,
    gamma: Array,
    log_floor: Array | float,
    axis: int,
    stop_modulator_gradient: bool,
) -> tuple[Array, Array]:
    """Return Σ_k −(1 − p_k)^γ log p_k and the number of terms, over log p_k > log_floor.

    γ and log_floor are scalars or have length 1 along ``axis``; a floor of −inf leaves out
    masked classes alone. With ``stop_modulator_gradient`` the powers are constants for the
    derivative with respect to the logits. The floor has no derivative here.
    """
    # Finite, so that a masked class is below it.
    floor = jnp.maximum(jnp.asarray(log_floor, logits.dtype), -1e38)
    sums: tuple[Array, Array] = _focal_sum(
        logits, gamma, jax.lax.stop_gradient(floor), axis, stop_modulator_gradient
    )
    return sums


@jax.custom_jvp
def _modulator(shifted: Array, inverse_total: Array, gamma: Array) -> Array:
    """Return (1 − p)^γ, and 0 at p = 1, for p = shifted · inverse_total.

    A square root where γ is 0.5, the value that is published: it is exact, and a logarithm and
    an exponential take four times as long.
    """

    def square_root(shifted: Array, inverse_total: Array) -> Array:
        return jnp.sqrt(jnp.maximum(1 - shifted * inverse_total, 0))

    def power(shifted: Array, inverse_total: Array) -> Array:
        rest = 1 - shifted * inverse_total
        safe = jnp.where(rest <= 0, 0.5, rest)
        return jnp.where(rest <= 0, 0, jnp.exp(gamma * jnp.log(safe)))

    if gamma.ndim:
        return power(shifted, inverse_total)
    result: Array = jax.lax.cond(gamma == 0.5, square_root, power, shifted, inverse_total)
    return result


@_modulator.defjvp
def _modulator_jvp(
    primals: tuple[Array, Array, Array], tangents: tuple[Array, Array, Array]
) -> tuple[Array, Array]:
    shifted, inverse_total, gamma = primals
    modulator = _modulator(shifted, inverse_total, gamma)
    rest = 1 - shifted * inverse_total
    safe = jnp.where(rest <= 0, 1, rest)
    probs_tangent = tangents[0] * inverse_total + shifted * tangents[1]
    relative = jnp.log(safe) * tangents[2] - gamma / safe * probs_tangent
    return modulator, modulator * relative


def _focal_parts(
    logits: ArrayInput, gamma: Array, log_floor: Array, axis: int
) -> tuple[Array, Array, Array, Array, Array]:
    """Return p, 1 − p (or 1 for 0), (1 − p)^γ, log p (0 where not counted), which count."""
    _, shifted, total = exponentials(logits, axis)
    inverse_total = jnp.expand_dims(unfused(1 / total), axis)
    # 1 − p is exact to a rounding of 1, which is small beside the sum: where one p is near 1
    # the sum consists of the other terms.
    probs = shifted * inverse_total
    rest = jnp.where(probs >= 1, 1, 1 - probs)
    log_probs = _numerics.log_probs(logits, axis)
    counts = one_if_positive(jnp.maximum(log_probs - log_floor, 0))
    counted = jnp.maximum(log_probs, -1e30) * counts  # −inf · 0 would be NaN
    return probs, rest, _modulator(shifted, inverse_total, gamma), counted, counts


@functools.partial(jax.custom_jvp, nondiff_argnums=(3, 4))
def _focal_sum(
    logits: ArrayInput,
    gamma: Array,
    log_floor: Array,
    axis: int,
    stop_modulator_gradient: bool,
) -> tuple[Array, Array]:
    del stop_modulator_gradient  # it changes the derivative only
    _, _, modulator, log_probs, counts = _focal_parts(logits, gamma, log_floor, axis)
    return -jnp.sum(modulator * log_probs, axis=axis), jnp.sum(counts, axis=axis)


@_focal_sum.defjvp
def _focal_sum_jvp(
    axis: int,
    stop_modulator_gradient: bool,
    primals: tuple[Array, Array, Array],
    tangents: tuple[Array, Array, Array],
) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
    # With s_k = dφ_k/d log p_k: d Σ_k φ_k = Σ_k (s_k − p_k Σ_j s_j) dz_k.
    logits, gamma, log_floor = primals
    direction, gamma_direction, _ = tangents
    probs, rest, modulator, log_probs, counts = _focal_parts(logits, gamma, log_floor, axis)
    slope = -counts
    if not stop_modulator_gradient:
        slope = gamma * probs / rest * log_probs - counts
    slope = modulator * slope
    slope_sum = unfused(jnp.sum(slope, axis=axis))
    slope -= probs * jnp.expand_dims(slope_sum, axis)
    by_gamma = -modulator * jnp.log(rest) * log_probs
    tangent = jnp.sum(slope * direction + by_gamma * gamma_direction, axis=axis)
    value, number = _focal_sum(logits, gamma, log_floor, axis, stop_modulator_gradient)
    return (value, number), (tangent, jnp.zeros_like(number))
