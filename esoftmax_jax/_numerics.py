"""The three numbers per example that the losses are made of, and their derivative.

Nearly every loss here is a function of log p_y (the log probability of the label) and of
whether the label is predicted. Both need only the row's maximum, its sum of exponentials and
the label's logit. Autodiff of that is right but slow; the derivative is therefore written by
hand, as a ``custom_jvp``: unlike ``custom_vjp`` it keeps forward mode and Hessians.
"""

import functools

import jax
import jax.numpy as jnp

from esoftmax_jax._types import Array, ArrayInput, Scalar


def compute_dtype(dtype: jnp.dtype) -> jnp.dtype:
    """Return the dtype that a loss computes in: at least float32."""
    return jnp.dtype(jnp.float32) if dtype.itemsize < 4 else dtype


def safe_labels(labels: ArrayInput, num_classes: int) -> tuple[Array, Array]:
    """Return int32 labels with every invalid one set to K, and whether each was valid.

    Narrow integers are widened before the comparison (K may not fit in them) and wide ones
    narrowed after it (2**32 + 3 must not become class 3).
    """
    wide = jnp.asarray(labels, dtype=jnp.int32 if labels.dtype.itemsize < 4 else labels.dtype)
    valid = (wide >= 0) & (wide < num_classes)
    return jnp.where(valid, wide, num_classes).astype(jnp.int32), valid


def class_is(shape: tuple[int, ...], labels: ArrayInput, axis: int) -> Array:
    """Compare class indices with labels; XLA fuses it, so no one-hot array is stored."""
    classes = jax.lax.broadcasted_iota(jnp.int32, shape, axis)
    return classes == jnp.expand_dims(labels, axis)


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
    safe, _ = safe_labels(labels, logits.shape[axis])
    maximum, _, total = exponentials(logits, axis)
    label_logit = jnp.take_along_axis(
        logits, jnp.expand_dims(safe, axis), axis=axis, mode="fill", fill_value=jnp.nan
    ).squeeze(axis)
    gap = label_logit - maximum
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


def label_log_prob(logits: ArrayInput, labels: ArrayInput, axis: int) -> Array:
    """Return log p_y; NaN for a label outside [0, K)."""
    return _label_log_prob_and_gap(logits, labels, axis)[0]


def label_log_prob_and_predicted(
    logits: ArrayInput, labels: ArrayInput, axis: int
) -> tuple[Array, Array]:
    """Return log p_y and whether z_y ≥ max z (a tie counts as predicted)."""
    log_prob, gap = _label_log_prob_and_gap(logits, labels, axis)
    return log_prob, gap >= 0


def _sum_and_count_of_present(logits: ArrayInput, axis: int) -> tuple[Array, Array]:
    """Return Σ_k z_k and the number of classes, both without those of logit −inf.

    A plain sum is an order of magnitude faster on a CPU than one that looks at every term,
    so it is tried first; only −inf in some row's sum sends the batch the long way.
    """
    array = jax.lax.stop_gradient(jnp.asarray(logits))
    total = jnp.sum(array, axis=axis)

    def plain() -> tuple[Array, Array]:
        return total, jnp.full_like(total, array.shape[axis])

    def masked() -> tuple[Array, Array]:
        present = array != -jnp.inf
        count = jnp.sum(present, axis=axis).astype(array.dtype)
        return jnp.sum(jnp.where(present, array, 0), axis=axis), count

    sums: tuple[Array, Array] = jax.lax.cond(jnp.any(total == -jnp.inf), masked, plain)
    return sums


@functools.partial(jax.custom_jvp, nondiff_argnums=(1,))
def sum_of_log_probs(logits: ArrayInput, axis: int) -> Array:
    """Return Σ_k log p_k over the classes whose logit is not −inf (a masked class is none)."""
    maximum, _, total = exponentials(logits, axis)
    logit_sum, count = _sum_and_count_of_present(logits, axis)
    return logit_sum - count * (maximum + jnp.log(total))


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
    return base + jnp.log1p(scale * jnp.expm1(exponent))


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
    """Return −(1 − p)^γ log p from log p, with its limit 0 (and gradient 0) at p = 1."""
    certain = log_prob == 0
    inside = jnp.where(certain, -1, log_prob)
    modulator = jnp.exp(gamma * jnp.log(-jnp.expm1(inside)))
    if stop_modulator_gradient:
        modulator = jax.lax.stop_gradient(modulator)
    return jnp.where(certain, 0, -modulator * inside)
