"""The ε-softmax activation and the bound of Lemma 1."""

import functools

import jax
import jax.numpy as jnp

from esoftmax_jax import _checks, _numerics, _sharding
from esoftmax_jax._types import Array, ArrayInput, Scalar
from esoftmax_jax.losses._class_axes import on_one_axis


def epsilon_softmax(
    logits: ArrayInput, *, m: Scalar, axis: int | tuple[int, ...] = -1
) -> Array:
    r"""ε-softmax: softmax pushed towards the one-hot vector of its own prediction.

    .. math:: p_\epsilon = \frac{p + m \, e_t}{m + 1}, \quad p = \mathrm{softmax}(z),
              \quad t = \arg\max_k z_k

    ``t`` is a constant for the gradient; of tied maxima the first receives ``m``. With m = 0
    it is softmax, and for m → ∞ one-hot. A class with logit −inf has probability 0.

    Args:
        logits: floating (..., K, ...); half precision is computed in float32.
        m: ≥ 0, a number or an array of the shape of ``logits`` without ``axis``.
        axis: the axis of classes, or a tuple of several that make one.

    Returns:
        Probabilities with the shape and dtype of ``logits``; they sum to 1.

    Raises:
        TypeError: ``logits`` is no floating array, or ``m`` no number.
        ValueError: fewer than two classes, or ``m`` negative or not finite.

    Example:
        >>> import jax.numpy as jnp
        >>> from esoftmax_jax import epsilon_softmax
        >>> print(epsilon_softmax(jnp.zeros(4), m=1.0))
        [0.625 0.125 0.125 0.125]

    Reference:
        Wang et al., "ε-Softmax: Approximating One-Hot Vectors for Mitigating Label Noise",
        NeurIPS 2024 (arXiv 2508.02387), section 3.1.
    """
    if isinstance(axis, tuple):
        return on_one_axis(epsilon_softmax, (logits,), {"m": m, "axis": axis})
    axis = _check(logits, m, axis)
    probs: Array = _epsilon_softmax(logits, m=m, axis=axis)
    return probs


def log_epsilon_softmax(
    logits: ArrayInput, *, m: Scalar, axis: int | tuple[int, ...] = -1
) -> Array:
    r"""Logarithm of :func:`epsilon_softmax`, computed without leaving log space.

    .. math:: \log p_{\epsilon,t} = \log\frac{p_t + m}{m + 1}, \qquad
              \log p_{\epsilon,k} = \log p_k - \log(m + 1) \quad (k \ne t)

    Softmax of the result is ε-softmax, so any loss that takes logits becomes its ε-form when
    it is given this array instead. Nothing is clipped.

    Args:
        logits: floating (..., K, ...); half precision is computed in float32.
        m: ≥ 0, a number or an array of the shape of ``logits`` without ``axis``.
        axis: the axis of classes, or a tuple of several that make one.

    Returns:
        Log probabilities with the shape and dtype of ``logits``.

    Raises:
        TypeError: ``logits`` is no floating array, or ``m`` no number.
        ValueError: fewer than two classes, or ``m`` negative or not finite.

    Example:
        >>> import jax.numpy as jnp
        >>> from esoftmax_jax import log_epsilon_softmax
        >>> print(jnp.exp(log_epsilon_softmax(jnp.zeros(4), m=1.0)).round(3))
        [0.625 0.125 0.125 0.125]

    Reference:
        Wang et al., NeurIPS 2024 (arXiv 2508.02387), section 3.1.
    """
    if isinstance(axis, tuple):
        return on_one_axis(log_epsilon_softmax, (logits,), {"m": m, "axis": axis})
    axis = _check(logits, m, axis)
    _sharding.check_class_axis(_sharding.layout_of(logits), axis)
    log_probs: Array = _log_epsilon_softmax(logits, m=m, axis=axis)
    return log_probs


def epsilon_bound(m: Scalar, num_classes: int) -> Array:
    r"""Largest distance of ε-softmax from the nearest one-hot vector (Lemma 1).

    .. math:: \min_k \lVert p_\epsilon - e_k \rVert_2 \le \epsilon
              = \frac{\sqrt{1 - 1/K}}{m + 1}

    Args:
        m: ≥ 0, a number or an array of any shape.
        num_classes: K ≥ 2.

    Returns:
        ε, with the shape of ``m``.

    Raises:
        TypeError: ``m`` is no number or ``num_classes`` no integer.
        ValueError: ``m`` is negative, or ``num_classes`` < 2.

    Example:
        >>> from esoftmax_jax import epsilon_bound
        >>> print(f"{epsilon_bound(99.0, 10):.6f}")
        0.009487

    Reference:
        Wang et al., NeurIPS 2024 (arXiv 2508.02387), Lemma 1.
    """
    _checks.check_num_classes(num_classes)
    _checks.check_hyperparameter("m", m, _checks.NON_NEGATIVE, None)
    return _farthest(num_classes) / (1 + jnp.asarray(m, dtype=float))


def m_for_epsilon(epsilon: Scalar, num_classes: int) -> Array:
    r"""The m whose bound is ε: the inverse of :func:`epsilon_bound`.

    .. math:: m = \frac{\sqrt{1 - 1/K}}{\epsilon} - 1

    Args:
        epsilon: in (0, √(1 − 1/K)], a number or an array of any shape.
        num_classes: K ≥ 2.

    Returns:
        m ≥ 0, with the shape of ``epsilon``.

    Raises:
        TypeError: ``epsilon`` is no number or ``num_classes`` no integer.
        ValueError: ``epsilon`` is outside its range (softmax itself, m = 0, is already
            within √(1 − 1/K)), or ``num_classes`` < 2.

    Example:
        >>> from esoftmax_jax import m_for_epsilon
        >>> print(f"{m_for_epsilon(0.01, 10):.4f}")
        93.8683

    Reference:
        Wang et al., NeurIPS 2024 (arXiv 2508.02387), Lemma 1.
    """
    _checks.check_num_classes(num_classes)
    farthest = _farthest(num_classes)
    # One rounding of slack, so that epsilon_bound(0, K) is accepted back.
    interval = _checks.Interval(0.0, farthest * (1 + 1e-6), low_open=True)
    _checks.check_hyperparameter("epsilon", epsilon, interval, None)
    return jnp.maximum(farthest / jnp.asarray(epsilon, dtype=float) - 1, 0)


def _farthest(num_classes: int) -> float:
    """Distance of the uniform distribution from a one-hot vector."""
    return float((1 - 1 / num_classes) ** 0.5)


def _check(logits: ArrayInput, m: Scalar, axis: int) -> int:
    axis = _checks.check_logits(logits, axis)
    example_shape = logits.shape[:axis] + logits.shape[axis + 1 :]
    dtype = _numerics.compute_dtype(logits.dtype)
    _checks.check_hyperparameter("m", m, _checks.NON_NEGATIVE, example_shape, dtype)
    return axis


@functools.partial(jax.jit, static_argnames="axis", inline=True)
def _epsilon_softmax(logits: ArrayInput, *, m: Scalar, axis: int) -> Array:
    dtype = _numerics.compute_dtype(logits.dtype)
    clean = logits.astype(dtype)
    m = _along(m, dtype, axis)
    _, shifted, total = _numerics.exponentials(clean, axis)
    top = _numerics.class_is(clean.shape, jnp.argmax(clean, axis=axis), axis)
    probs = shifted / jnp.expand_dims(total, axis)
    return ((probs + jnp.where(top, m, 0)) / (1 + m)).astype(logits.dtype)


@functools.partial(jax.jit, static_argnames="axis", inline=True)
def _log_epsilon_softmax(logits: ArrayInput, *, m: Scalar, axis: int) -> Array:
    dtype = _numerics.compute_dtype(logits.dtype)
    clean = logits.astype(dtype)
    log_probs = _numerics.log_probs(clean, axis)
    label = jnp.argmax(clean, axis=axis)
    top_log_prob = _numerics.label_log_prob(clean, label, axis)
    m_example = jnp.asarray(m).astype(dtype)
    top_value = _numerics.log_epsilon_top(top_log_prob, m_example)
    return jnp.where(
        _numerics.class_is(clean.shape, label, axis),
        jnp.expand_dims(top_value, axis),
        log_probs - jnp.log1p(_along(m, dtype, axis)),
    ).astype(logits.dtype)


def _along(m: Scalar, dtype: jnp.dtype, axis: int) -> Array:
    """Give a hyperparameter per example its axis of classes; a scalar stays one."""
    array = jnp.asarray(m).astype(dtype)
    return jnp.expand_dims(array, axis) if array.ndim else array
