"""The three numbers per example that the losses are made of, and their derivative.

Nearly every loss here is a function of log p_y (the log probability of the label) and of
whether the label is predicted. Both need only the row's maximum, its sum of exponentials and
the label's logit. Autodiff of that is right but slow; the derivative is therefore written by
hand, as a ``custom_jvp``: unlike ``custom_vjp`` it keeps forward mode and Hessians.
"""

import functools

import jax
import jax.numpy as jnp

from esoftmax_jax._array_kinds import narrow_labels as narrow_labels
from esoftmax_jax._types import Array, ArrayInput, Scalar


def compute_dtype(dtype: jnp.dtype) -> jnp.dtype:
    """Return the dtype that a loss computes in: at least float32."""
    return jnp.dtype(jnp.float32) if dtype.itemsize < 4 else dtype


def widened(values: ArrayInput) -> Array:
    """Return an array in the dtype that losses compute in."""
    # First without a dtype: NumPy's float64 becomes float32 silently where x64 is off.
    array = jnp.asarray(values)
    return array.astype(compute_dtype(array.dtype))


def safe_labels(labels: ArrayInput, num_classes: int) -> tuple[Array, Array]:
    """Return int32 labels with every invalid one set to K, and whether each was valid.

    Narrow integers are widened before the comparison (K may not fit in them) and wide ones
    narrowed after it (2**32 + 3 must not become class 3).
    """
    array = jnp.asarray(narrow_labels(labels))
    wide = array.astype(jnp.int32) if array.dtype.itemsize < 4 else array
    valid = (wide >= 0) & (wide < num_classes)
    return jnp.where(valid, wide, num_classes).astype(jnp.int32), valid


def class_is(shape: tuple[int, ...], labels: ArrayInput, axis: int) -> Array:
    """Compare class indices with labels; XLA fuses it, so no one-hot array is stored."""
    classes = jax.lax.broadcasted_iota(jnp.int32, shape, axis)
    return classes == jnp.expand_dims(jnp.asarray(labels, jnp.int32), axis)


def exponentials(logits: ArrayInput, axis: int) -> tuple[Array, Array, Array]:
    """Return max z, exp(z − max z) and its sum over classes.

    Written in one way everywhere, so that XLA finds the common part and evaluates each
    exponential once for value and gradient together.
    """
    maximum = jax.lax.stop_gradient(jnp.max(logits, axis=axis))
    shifted = jnp.exp(logits - jnp.expand_dims(maximum, axis))
    return maximum, shifted, jnp.sum(shifted, axis=axis)


@functools.partial(jax.custom_jvp, nondiff_argnums=(2,))
def _label_log_prob_and_gap(
    logits: ArrayInput, labels: ArrayInput, axis: int
) -> tuple[Array, Array]:
    maximum, _, total = exponentials(logits, axis)
    gap = pick(jnp.asarray(logits), labels, axis) - maximum
    return gap - jnp.log(total), gap


@_label_log_prob_and_gap.defjvp
def _label_log_prob_and_gap_jvp(
    axis: int, primals: tuple[ArrayInput, ArrayInput], tangents: tuple[Array, Array]
) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
    # d log p_y = Σ_k (1[k = y] − p_k) dz_k. A label that is no class makes it NaN.
    logits, labels = primals
    direction, _ = tangents
    safe, valid = safe_labels(labels, logits.shape[axis])
    _, shifted, total = exponentials(logits, axis)
    probs = shifted * jnp.expand_dims(jnp.where(valid, 1 / total, jnp.nan), axis)
    hot = class_is(logits.shape, safe, axis).astype(logits.dtype)
    outputs = _label_log_prob_and_gap(logits, labels, axis)
    # The gap is only ever compared with 0, and a comparison has no derivative.
    return outputs, (jnp.sum((hot - probs) * direction, axis=axis), jnp.zeros_like(total))


def label_log_prob(logits: ArrayInput, labels: ArrayInput | None, axis: int) -> Array:
    """Return log p_y; NaN for a label outside [0, K). Without labels, log p_k for every k."""
    if labels is None:
        return log_probs(logits, axis)
    return _label_log_prob_and_gap(logits, labels, axis)[0]


def label_log_prob_and_predicted(
    logits: ArrayInput, labels: ArrayInput | None, axis: int
) -> tuple[Array, Array]:
    """Return log p_y and whether z_y ≥ max z (a tie counts as predicted)."""
    if labels is None:
        maximum = jax.lax.stop_gradient(jnp.max(logits, axis=axis, keepdims=True))
        return label_log_prob(logits, None, axis), jnp.asarray(logits >= maximum)
    log_prob, gap = _label_log_prob_and_gap(logits, labels, axis)
    return log_prob, gap >= 0


def pick(values: Array, labels: ArrayInput, axis: int) -> Array:
    """Return the label's entry along ``axis``; NaN for a label outside [0, K)."""
    safe, _ = safe_labels(labels, values.shape[axis])
    return jnp.take_along_axis(
        values, jnp.expand_dims(safe, axis), axis=axis, mode="fill", fill_value=jnp.nan
    ).squeeze(axis)


@functools.partial(jax.custom_jvp, nondiff_argnums=(2,))
def pick_with_gradient(values: Array, labels: ArrayInput, axis: int) -> Array:
    """Return the label's entry; for a label outside [0, K) its gradient is NaN as well."""
    return pick(values, labels, axis)


@pick_with_gradient.defjvp
def _pick_with_gradient_jvp(
    axis: int, primals: tuple[Array, ArrayInput], tangents: tuple[Array, Array]
) -> tuple[Array, Array]:
    values, labels = primals
    direction, _ = tangents
    safe, valid = safe_labels(labels, values.shape[axis])
    hot = class_is(values.shape, safe, axis).astype(values.dtype)
    # Added, not multiplied: XLA makes a select of a product with a comparison.
    poison = jnp.expand_dims(jnp.where(valid, 0, jnp.nan).astype(values.dtype), axis)
    return pick(values, labels, axis), jnp.sum((hot + poison) * direction, axis=axis)


def nan_unless(valid: Array, dtype: jnp.dtype) -> Array:
    """Return the factor 1, or NaN: it makes a value and its gradient NaN."""
    return jnp.where(valid, jnp.asarray(1, dtype), jnp.nan)


def for_each_label(rows: Array, labels: ArrayInput | None, axis: int) -> Array:
    """Give what belongs to a row the axis of classes, where every label is asked for."""
    return jnp.expand_dims(rows, axis) if labels is None else rows


def for_each_row(value: Array, labels: ArrayInput | None, axis: int) -> Array:
    """Return a hyperparameter as a scalar or with one value per row (no axis of classes)."""
    return jnp.squeeze(value, axis) if labels is None and value.ndim else value


def for_each_class(value: Scalar, labels: ArrayInput | None, axis: int) -> Array:
    """Return a hyperparameter as a scalar or with an axis of classes of length 1."""
    array = jnp.asarray(value)
    return array if labels is None or not array.ndim else jnp.expand_dims(array, axis)


@functools.partial(jax.custom_jvp, nondiff_argnums=(1,))
def maximum_and_log_sum(logits: ArrayInput, axis: int) -> tuple[Array, Array]:
    """Return max z, as a constant, and log Σ_k exp(z_k − max z)."""
    maximum, _, total = exponentials(logits, axis)
    return maximum, jnp.log(total)


@maximum_and_log_sum.defjvp
def _maximum_and_log_sum_jvp(
    axis: int, primals: tuple[Array], tangents: tuple[Array]
) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
    # The maximum is a constant here, so that the whole derivative is the sum's.
    (logits,), (direction,) = primals, tangents
    maximum, shifted, total = exponentials(logits, axis)
    probs = shifted / jnp.expand_dims(total, axis)
    tangent = jnp.sum(probs * direction, axis=axis)
    return (maximum, jnp.log(total)), (jnp.zeros_like(maximum), tangent)


def some_logit(logits: ArrayInput, axis: int) -> Array:
    """Return one logit of each row, as a constant; 0 where it is infinite.

    What is taken from it on keeps its digits where all logits are large. It is there before
    the maximum is, which would take a pass over the logits.
    """
    first = jax.lax.stop_gradient(jax.lax.index_in_dim(logits, 0, axis, keepdims=False))
    return jnp.where(jnp.isinf(first), 0, first)


def logsumexp(logits: ArrayInput, axis: int) -> Array:
    """Return log Σ_k exp z_k, in the one way of writing it that is shared here."""
    maximum, log_sum = maximum_and_log_sum(logits, axis)
    return maximum + log_sum


def log_probs(logits: ArrayInput, axis: int) -> Array:
    """Return log p_k for every k."""
    maximum, log_sum = maximum_and_log_sum(logits, axis)
    # Two subtractions: max z + log Σ rounds away what matters where p is nearly 1.
    return jnp.asarray(logits) - jnp.expand_dims(maximum, axis) - jnp.expand_dims(log_sum, axis)


@jax.custom_jvp
def expm1(x: Array) -> Array:
    """Return e^x − 1 with the derivative e^x.

    JAX derives it as (e^x − 1) + 1, in which a probability of 1e-7 has lost its digits.
    """
    return jnp.expm1(x)


@expm1.defjvp
def _expm1_jvp(primals: tuple[Array], tangents: tuple[Array]) -> tuple[Array, Array]:
    return expm1(*primals), jnp.exp(primals[0]) * tangents[0]


def log_epsilon_top(log_prob: Array, m: Scalar, is_top: Array | bool = True) -> Array:
    """Return log((p + m) / (m + 1)) from log p ≤ 0, for the class that receives m.

    Two exact forms, each without cancellation where it is used (m is a scalar as a rule, so
    the choice costs nothing per class)::

        m ≥ 1:  log1p(expm1(log p) / (1 + m))                  (p + m is near 1 + m)
        m < 1:  log p + log1p(m / (1 + m) · expm1(−log p))     (exactly log p at m = 0)

    Where ``is_top`` is False the result means nothing, but it and its gradient are finite:
    only the second form could overflow, so only there log p is replaced. That leaves
    expm1(log p) in the first form as it is, and MAE can share it.
    """
    small = m < 1
    base = jnp.where(small, log_prob, 0)
    scale = jnp.where(small, m, 1) / (1 + m)
    exponent = jnp.where(small, jnp.where(is_top, -log_prob, 0), log_prob)
    return base + jnp.log1p(scale * expm1(exponent))


def log_epsilon_prob(
    log_prob: Array, predicted: Array, m: Scalar, min_prob: Scalar | None
) -> Array:
    """Return log p_ε,y from log p_y, floored at log min_prob unless that is None.

    The floor acts after the division by m + 1 (it is part of the method, not a guard).
    Where it acts the gradient is 0. Written so that NaN stays NaN.
    """
    top = log_epsilon_top(log_prob, m, predicted)
    value = jnp.where(predicted, top, log_prob - jnp.log1p(m))
    return floor_log_prob(value, min_prob)


def floor_log_prob(log_prob: Array, min_prob: Scalar | None) -> Array:
    """Return max(log p, log min_prob) with gradient 0 below the floor; None: no floor."""
    if min_prob is None:
        return log_prob
    floor = jnp.log(min_prob)
    return jnp.where(log_prob < floor, floor, log_prob)


def focal_term(log_prob: Array, gamma: Scalar, *, stop_modulator_gradient: bool) -> Array:
    """Return −(1 − p)^γ log p from log p.

    At p = 1 it is its limit 0, with gradient 0; at p = 0 it is the limit −log p, whose
    derivative by the modulator would be 0 · ∞.
    """
    certain, impossible = log_prob == 0, log_prob == -jnp.inf
    inside = jnp.where(certain | impossible, -1, log_prob)
    modulator = jnp.exp(gamma * jnp.log(-expm1(inside)))
    if stop_modulator_gradient:
        modulator = jax.lax.stop_gradient(modulator)
    value = jnp.where(impossible, -log_prob, -modulator * inside)
    return jnp.where(certain, 0, value)


def power_loss(log_prob: Array, q: Scalar) -> Array:
    """Return (1 − p^q)/q from log p, for q > 0."""
    impossible = log_prob == -jnp.inf  # 0^q is 0 for every q, and no derivative is 0 · ∞
    exponent = q * jnp.where(impossible, -1, log_prob)
    return jnp.where(impossible, 1, -expm1(exponent)) / q


def log_shifted_prob(log_prob: Array, a: Scalar) -> Array:
    """Return log((p + a) / (1 + a)) from log p ≤ 0 for a > 0, precise for small and large a."""
    large = a >= 1
    shift = jnp.where(large, a, 1)
    direct = jnp.log1p(expm1(log_prob) / (1 + shift))
    small = jnp.where(large, 1, a)
    return jnp.where(large, direct, jnp.logaddexp(log_prob, jnp.log(small)) - jnp.log1p(small))
