"""Bounded losses of p_y that favour the clean majority: AGCE, AUL and AEL."""

import jax.numpy as jnp

from esoftmax_jax import _numerics
from esoftmax_jax._checks import ABOVE_ONE, POSITIVE
from esoftmax_jax._types import Array, ArrayInput, Scalar
from esoftmax_jax.losses._loss_function import loss_function


@loss_function(a=POSITIVE, q=POSITIVE)
def asymmetric_generalized_cross_entropy(
    logits: ArrayInput,
    labels: ArrayInput,
    *,
    a: Scalar,
    q: Scalar,
    axis: int = -1,
    where: ArrayInput | None = None,
) -> Array:
    r"""Asymmetric generalised cross-entropy, AGCE.

    .. math:: \ell = \frac{(a + 1)^q - (a + p_y)^q}{q}

    For a → 0 it is :func:`generalized_cross_entropy`.

    Args:
        logits: floating (..., K, ...), K ≥ 2; half precision is computed in float32.
        labels: integer classes in [0, K), shape of ``logits`` without ``axis``.
        a: > 0, how far the pole of the gradient lies beyond p_y = 0.
        q: > 0, the power.
        axis: the axis of classes.
        where: booleans with the shape of ``labels``; a masked example has loss and gradient
            exactly 0.

    Returns:
        One loss per example: shape of ``labels``, dtype of ``logits``. NaN where a label
        is outside [0, K).

    Raises:
        TypeError: an argument of the wrong type or dtype.
        ValueError: a shape that does not fit or a hyperparameter outside its range.

    Example:
        >>> import jax.numpy as jnp
        >>> from esoftmax_jax.losses import asymmetric_generalized_cross_entropy
        >>> logits = jnp.array([[2.0, 0.0, -1.0], [2.0, 0.0, -1.0]])
        >>> losses = asymmetric_generalized_cross_entropy(
        ...     logits, jnp.array([0, 2]), a=0.6, q=0.6
        ... )
        >>> print(jnp.array_str(losses, precision=4))
        [0.1321 0.9321]

    Reference:
        Zhou et al., "Asymmetric Loss Functions for Learning with Noisy Labels", ICML 2021
        (AGCE).
    """
    log_prob = _numerics.label_log_prob(logits, labels, axis)
    shifted = _numerics.log_shifted_prob(log_prob, a)
    return -((1 + a) ** q) * _numerics.expm1(q * shifted) / q


@loss_function(a=ABOVE_ONE, q=POSITIVE)
def asymmetric_unhinged_loss(
    logits: ArrayInput,
    labels: ArrayInput,
    *,
    a: Scalar,
    q: Scalar,
    axis: int = -1,
    where: ArrayInput | None = None,
) -> Array:
    r"""Asymmetric unhinged loss, AUL.

    .. math:: \ell = \frac{(a - p_y)^q - (a - 1)^q}{q}

    Args:
        logits: floating (..., K, ...), K ≥ 2; half precision is computed in float32.
        labels: integer classes in [0, K), shape of ``logits`` without ``axis``.
        a: > 1.
        q: > 0, the power; 1 gives 1 − p_y (MAE/2).
        axis: the axis of classes.
        where: booleans with the shape of ``labels``; a masked example has loss and gradient
            exactly 0.

    Returns:
        One loss per example: shape of ``labels``, dtype of ``logits``. NaN where a label
        is outside [0, K).

    Raises:
        TypeError: an argument of the wrong type or dtype.
        ValueError: a shape that does not fit or a hyperparameter outside its range.

    Example:
        >>> import jax.numpy as jnp
        >>> from esoftmax_jax.losses import asymmetric_unhinged_loss
        >>> logits = jnp.array([[2.0, 0.0, -1.0], [2.0, 0.0, -1.0]])
        >>> losses = asymmetric_unhinged_loss(logits, jnp.array([0, 2]), a=5.5, q=3.0)
        >>> print(jnp.array_str(losses, precision=4))
        [ 3.2742 23.8222]

    Reference:
        Zhou et al., "Asymmetric Loss Functions for Learning with Noisy Labels", ICML 2021
        (AUL).
    """
    log_prob = _numerics.label_log_prob(logits, labels, axis)
    relative = jnp.log1p(-_numerics.expm1(log_prob) / (a - 1))
    return (a - 1) ** q * _numerics.expm1(q * relative) / q


@loss_function(a=POSITIVE)
def asymmetric_exponential_loss(
    logits: ArrayInput,
    labels: ArrayInput,
    *,
    a: Scalar,
    axis: int = -1,
    where: ArrayInput | None = None,
) -> Array:
    r"""Asymmetric exponential loss, AEL.

    .. math:: \ell = e^{-p_y / a}

    Its variation ratio, the largest slope in p_y over the smallest, is e^{1/a}: the exponential
    member of the variation-bounded losses (VEL) is the same function.

    Args:
        logits: floating (..., K, ...), K ≥ 2; half precision is computed in float32.
        labels: integer classes in [0, K), shape of ``logits`` without ``axis``.
        a: > 0, the scale of p_y.
        axis: the axis of classes.
        where: booleans with the shape of ``labels``; a masked example has loss and gradient
            exactly 0.

    Returns:
        One loss per example: shape of ``labels``, dtype of ``logits``. NaN where a label
        is outside [0, K).

    Raises:
        TypeError: an argument of the wrong type or dtype.
        ValueError: a shape that does not fit or a hyperparameter outside its range.

    Example:
        >>> import jax.numpy as jnp
        >>> from esoftmax_jax.losses import asymmetric_exponential_loss
        >>> logits = jnp.array([[2.0, 0.0, -1.0], [2.0, 0.0, -1.0]])
        >>> losses = asymmetric_exponential_loss(logits, jnp.array([0, 2]), a=2.5)
        >>> print(jnp.array_str(losses, precision=4))
        [0.7135 0.9833]

    Reference:
        Zhou et al., "Asymmetric Loss Functions for Learning with Noisy Labels", ICML 2021
        (AEL).
    """
    log_prob = _numerics.label_log_prob(logits, labels, axis)
    return jnp.exp(-jnp.exp(log_prob) / a)
