"""Cross-entropy corrected by a known transition matrix: forward and backward."""

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.custom_derivatives import SymbolicZero

from esoftmax_jax import _checks, _numerics, _sharding
from esoftmax_jax._types import Array, ArrayInput
from esoftmax_jax.losses._loss_function import loss_function
from esoftmax_jax.losses._matrix_checks import check_invertible_matrix, check_transition_matrix


@loss_function(arrays={"transition_matrix": check_transition_matrix}, every_class=False)
def forward_corrected_cross_entropy(
    logits: ArrayInput,
    labels: ArrayInput,
    *,
    transition_matrix: ArrayInput,
    axis: int = -1,
    where: ArrayInput | None = None,
) -> Array:
    r"""Forward correction: cross-entropy of the noisy label under the model's clean prediction.

    .. math:: \ell = -\log \sum_k T_{ky} \, p_k

    Its minimiser on noisy labels is the clean posterior. The identity matrix gives
    cross-entropy.

    Args:
        logits: floating (..., K, ...), K ≥ 2; half precision is computed in float32.
        labels: integer classes in [0, K), shape of ``logits`` without ``axis``.
        transition_matrix: floating (K, K), T[i, j] the probability of label j where class i is
            true; its rows sum to 1.
        axis: the axis of classes.
        where: booleans with the shape of ``labels``; a masked example has loss and gradient
            exactly 0.

    Returns:
        One loss per example (nats): shape of ``labels``, dtype of ``logits``. NaN where a label
        is outside [0, K).

    Raises:
        TypeError: an argument of the wrong type or dtype.
        ValueError: a shape that does not fit or a hyperparameter outside its range.

    Example:
        >>> import jax.numpy as jnp
        >>> from esoftmax_jax.losses import forward_corrected_cross_entropy
        >>> matrix = jnp.array([[0.8, 0.1, 0.1], [0.1, 0.8, 0.1], [0.1, 0.1, 0.8]])
        >>> logits = jnp.array([[2.0, 0.0, -1.0], [2.0, 0.0, -1.0]])
        >>> losses = forward_corrected_cross_entropy(
        ...     logits, jnp.array([0, 2]), transition_matrix=matrix
        ... )
        >>> print(jnp.array_str(losses, precision=4))
        [0.3701 2.0448]

    Reference:
        Patrini et al., "Making Deep Neural Networks Robust to Label Noise: A Loss Correction
        Approach", CVPR 2017, theorem 2.
    """
    safe, _ = _numerics.safe_labels(labels, logits.shape[axis])
    matrix = jnp.asarray(transition_matrix)
    # From one of the logits on: log T would be rounded to the digits of large ones.
    origin = _numerics.some_logit(logits, axis)
    maximum, log_sum = _numerics.maximum_and_log_sum(logits, axis)
    weighted = _log_weighted_sum(logits, origin, matrix, safe, axis)
    return (maximum - origin) + log_sum - weighted


def _columns(matrix: Array, labels: Array, axis: int) -> Array:
    """Return the label's column for each example, along ``axis``; NaN for a label of K."""
    layout = _sharding.layout_of(labels)
    columns = (
        _sharding.whole(matrix, layout)
        .T.at[labels]
        .get(
            mode="fill",
            fill_value=jnp.nan,
            out_sharding=_sharding.with_axis(layout, labels.ndim),
        )
    )
    return jnp.moveaxis(columns, -1, axis)


@functools.partial(jax.custom_jvp, nondiff_argnums=(4,))
def _log_weighted_sum(
    logits: Array, origin: Array, matrix: Array, labels: Array, axis: int
) -> Array:
    """Return log Σ_k T_ky exp(z_k − o) for a constant o."""
    weighted, possible = _weighted(logits, origin, matrix, labels, axis)
    return jnp.where(possible, _numerics.logsumexp(weighted, axis), -jnp.inf)


def _weighted(
    logits: Array, origin: Array, matrix: Array, labels: Array, axis: int
) -> tuple[Array, Array]:
    """Return z_k − o + log T_ky, 0 if no class can have this label, and whether one can."""
    gaps = logits - jnp.expand_dims(origin, axis)
    weighted = gaps + _columns(jnp.log(matrix), labels, axis)
    possible = jnp.max(weighted, axis=axis) != -jnp.inf
    return jnp.where(jnp.expand_dims(possible, axis), weighted, 0), possible


def _log_weighted_sum_jvp(
    axis: int, primals: tuple[Array, ...], tangents: tuple[Any, ...]
) -> tuple[Array, Array]:
    # d log S = Σ_k exp(z_k − log S) (T_ky dz_k + dT_ky), which log T would make 0/0 at T = 0.
    logits, origin, matrix, labels = primals
    direction, _, matrix_direction, _ = tangents
    log_sum = _log_weighted_sum(logits, origin, matrix, labels, axis)
    gaps = logits - jnp.expand_dims(origin, axis)
    tangent = jnp.zeros_like(log_sum)
    if not isinstance(direction, SymbolicZero):
        weighted, possible = _weighted(logits, origin, matrix, labels, axis)
        _, shifted, total = _numerics.exponentials(weighted, axis)
        probs = shifted / jnp.expand_dims(total, axis)
        tangent += jnp.where(possible, jnp.sum(probs * direction, axis=axis), 0)
    if not isinstance(matrix_direction, SymbolicZero):
        # Bounded: an infinite derivative, times a weight that stays, would be NaN.
        slope = jnp.exp(jnp.minimum(gaps - jnp.expand_dims(log_sum, axis), 80))
        tangent += jnp.sum(slope * _columns(matrix_direction, labels, axis), axis=axis)
    return log_sum, tangent


_log_weighted_sum.defjvp(_log_weighted_sum_jvp, symbolic_zeros=True)


def _inverse(matrix: Any, dtype: jnp.dtype) -> Any:
    if _checks.is_traced(matrix):
        return jnp.linalg.inv(jnp.asarray(matrix).astype(dtype))
    return np.linalg.inv(np.asarray(matrix, np.float64)).astype(dtype)


@loss_function(
    arrays={"transition_matrix": check_invertible_matrix},
    prepared={"transition_matrix": _inverse},
)
def backward_corrected_cross_entropy(
    logits: ArrayInput,
    labels: ArrayInput,
    *,
    transition_matrix: ArrayInput,
    axis: int = -1,
    where: ArrayInput | None = None,
) -> Array:
    r"""Backward correction: an unbiased estimate of the clean cross-entropy.

    .. math:: \ell = -\sum_k (T^{-1})_{yk} \log p_k

    Its mean over the noisy label is the cross-entropy of the true class. Single values may be
    negative. The identity matrix gives cross-entropy. It is not defined (infinite or NaN) where
    a class is masked by −inf.

    Args:
        logits: floating (..., K, ...), K ≥ 2; half precision is computed in float32.
        labels: integer classes in [0, K), shape of ``logits`` without ``axis``.
        transition_matrix: floating (K, K), T[i, j] the probability of label j where class i is
            true; its rows sum to 1 and it is invertible.
        axis: the axis of classes.
        where: booleans with the shape of ``labels``; a masked example has loss and gradient
            exactly 0.

    Returns:
        One loss per example (nats): shape of ``labels``, dtype of ``logits``. NaN where a label
        is outside [0, K).

    Raises:
        TypeError: an argument of the wrong type or dtype.
        ValueError: a shape that does not fit or a hyperparameter outside its range.

    Example:
        >>> import jax.numpy as jnp
        >>> from esoftmax_jax.losses import backward_corrected_cross_entropy
        >>> matrix = jnp.array([[0.8, 0.1, 0.1], [0.1, 0.8, 0.1], [0.1, 0.1, 0.8]])
        >>> logits = jnp.array([[2.0, 0.0, -1.0], [2.0, 0.0, -1.0]])
        >>> losses = backward_corrected_cross_entropy(
        ...     logits, jnp.array([0, 2]), transition_matrix=matrix
        ... )
        >>> print(jnp.array_str(losses, precision=4))
        [-0.5444  3.7413]

    Reference:
        Patrini et al., "Making Deep Neural Networks Robust to Label Noise: A Loss Correction
        Approach", CVPR 2017, theorem 1.
    """
    inverse = jnp.asarray(transition_matrix)  # what became of it in _inverse
    return _weighted_log_probs(logits, labels, -inverse, axis)


def _weighted_log_probs(
    logits: ArrayInput, labels: ArrayInput | None, weights: Array, axis: int
) -> Array:
    """Return Σ_k W_yk log p_k; without labels, for every y."""
    if labels is None:
        log_probs = jnp.moveaxis(_numerics.log_probs(logits, axis), axis, -1)
        sums = jnp.matmul(log_probs, weights.T, precision=jax.lax.Precision.HIGHEST)
        return jnp.moveaxis(sums, -1, axis)
    safe, _ = _numerics.safe_labels(labels, logits.shape[axis])
    rows = _columns(weights.T, safe, axis)
    maximum, log_sum = _numerics.maximum_and_log_sum(logits, axis)
    gaps = logits - jnp.expand_dims(maximum, axis)
    return jnp.sum(rows * gaps, axis=axis) - log_sum * jnp.sum(rows, axis=axis)
