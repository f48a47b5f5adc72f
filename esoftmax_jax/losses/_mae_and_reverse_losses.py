"""Losses of p_y that stay bounded or nearly so: MAE, GCE, RCE and SCE."""

import jax.numpy as jnp

from esoftmax_jax import _numerics
from esoftmax_jax._checks import NON_NEGATIVE, PROBABILITY_FLOOR, Interval
from esoftmax_jax._types import Array, ArrayInput, Scalar
from esoftmax_jax.losses._loss_function import loss_function

UNIT_RANGE = Interval(low=0.0, high=1.0, low_open=True)
TARGET_FLOOR = Interval(low=0.0, high=1.0, low_open=True, high_open=True)


@loss_function()
def mean_absolute_error(
    logits: ArrayInput,
    labels: ArrayInput,
    *,
    axis: int = -1,
    where: ArrayInput | None = None,
) -> Array:
    r"""Mean absolute error, MAE: the L1 distance from the one-hot label.

    .. math:: \ell = \lVert e_y - p \rVert_1 = 2 (1 - p_y)

    The factor 2 is included. Symmetric: the losses of the K labels sum to 2(K − 1).

    Args:
        logits: floating (..., K, ...), K ≥ 2; half precision is computed in float32.
        labels: integer classes in [0, K), shape of ``logits`` without ``axis``.
        axis: the axis of classes.
        where: booleans with the shape of ``labels``; a masked example has loss and gradient
            exactly 0.

    Returns:
        One loss per example: shape of ``labels``, dtype of ``logits``. NaN where a label
        is outside [0, K).

    Raises:
        TypeError: an argument of the wrong type or dtype.
        ValueError: a shape that does not fit.

    Example:
        >>> import jax.numpy as jnp
        >>> from esoftmax_jax.losses import mean_absolute_error
        >>> logits = jnp.array([[2.0, 0.0, -1.0], [2.0, 0.0, -1.0]])
        >>> losses = mean_absolute_error(logits, jnp.array([0, 2]))
        >>> print(jnp.array_str(losses, precision=4))
        [0.3124 1.916 ]

    Reference:
        Ghosh et al., "Robust Loss Functions under Label Noise for Deep Neural Networks", AAAI
        2017, section 4; Wang et al., NeurIPS 2024 (arXiv 2508.02387), section 3.3.
    """
    return -2 * _numerics.expm1(_numerics.label_log_prob(logits, labels, axis))


@loss_function(q=UNIT_RANGE, min_prob=PROBABILITY_FLOOR)
def generalized_cross_entropy(
    logits: ArrayInput,
    labels: ArrayInput,
    *,
    q: Scalar = 0.7,
    min_prob: Scalar | None = None,
    axis: int = -1,
    where: ArrayInput | None = None,
) -> Array:
    r"""Generalised cross-entropy, GCE: between cross-entropy (q → 0) and MAE/2 (q = 1).

    .. math:: \ell = \frac{1 - p_y^q}{q}

    Args:
        logits: floating (..., K, ...), K ≥ 2; half precision is computed in float32.
        labels: integer classes in [0, K), shape of ``logits`` without ``axis``.
        q: in (0, 1]; larger is more robust and slower to fit.
        min_prob: in (0, 1), a floor for p_y below which the gradient is 0 (the ε-softmax
            authors' code has 1e-8), or None.
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
        >>> from esoftmax_jax.losses import generalized_cross_entropy
        >>> logits = jnp.array([[2.0, 0.0, -1.0], [2.0, 0.0, -1.0]])
        >>> losses = generalized_cross_entropy(logits, jnp.array([0, 2]))
        >>> print(jnp.array_str(losses, precision=4))
        [0.1601 1.2732]

    Reference:
        Zhang and Sabuncu, "Generalized Cross Entropy Loss for Training Deep Neural Networks
        with Noisy Labels", NeurIPS 2018, equation 6.
    """
    log_prob = _numerics.label_log_prob(logits, labels, axis)
    return _numerics.power_loss(_numerics.floor_log_prob(log_prob, min_prob), q)


@loss_function(min_target=TARGET_FLOOR)
def reverse_cross_entropy(
    logits: ArrayInput,
    labels: ArrayInput,
    *,
    min_target: Scalar = 1e-4,
    axis: int = -1,
    where: ArrayInput | None = None,
) -> Array:
    r"""Reverse cross-entropy, RCE: prediction and label exchanged.

    .. math:: \ell = -\sum_k p_k \log \max(1[k = y], t_{\min}) = -\log(t_{\min}) (1 - p_y)

    Args:
        logits: floating (..., K, ...), K ≥ 2; half precision is computed in float32.
        labels: integer classes in [0, K), shape of ``logits`` without ``axis``.
        min_target: in (0, 1), the floor t_min of the one-hot label; its logarithm A scales
            the loss. The ε-softmax authors' code has 1e-4 (A = −9.21); the text of both papers
            says A = −4, which is ``min_target=math.exp(-4)``.
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
        >>> from esoftmax_jax.losses import reverse_cross_entropy
        >>> logits = jnp.array([[2.0, 0.0, -1.0], [2.0, 0.0, -1.0]])
        >>> losses = reverse_cross_entropy(logits, jnp.array([0, 2]))
        >>> print(jnp.array_str(losses, precision=4))
        [1.4387 8.8234]

    Reference:
        Wang et al., "Symmetric Cross Entropy for Robust Learning with Noisy Labels", ICCV 2019,
        equation 5.
    """
    log_prob = _numerics.label_log_prob(logits, labels, axis)
    return jnp.log(min_target) * _numerics.expm1(log_prob)


@loss_function(alpha=NON_NEGATIVE, beta=NON_NEGATIVE, min_target=TARGET_FLOOR)
def symmetric_cross_entropy(
    logits: ArrayInput,
    labels: ArrayInput,
    *,
    alpha: Scalar,
    beta: Scalar,
    min_target: Scalar = 1e-4,
    axis: int = -1,
    where: ArrayInput | None = None,
) -> Array:
    r"""Symmetric cross-entropy, SCE: cross-entropy plus reverse cross-entropy.

    .. math:: \ell = -\alpha \log p_y - \beta \log(t_{\min}) (1 - p_y)

    Args:
        logits: floating (..., K, ...), K ≥ 2; half precision is computed in float32.
        labels: integer classes in [0, K), shape of ``logits`` without ``axis``.
        alpha: ≥ 0, weight of cross-entropy.
        beta: ≥ 0, weight of reverse cross-entropy.
        min_target: in (0, 1), see :func:`reverse_cross_entropy`.
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
        >>> from esoftmax_jax.losses import symmetric_cross_entropy
        >>> logits = jnp.array([[2.0, 0.0, -1.0], [2.0, 0.0, -1.0]])
        >>> losses = symmetric_cross_entropy(logits, jnp.array([0, 2]), alpha=0.1, beta=1.0)
        >>> print(jnp.array_str(losses, precision=4))
        [1.4557 9.1404]

    Reference:
        Wang et al., "Symmetric Cross Entropy for Robust Learning with Noisy Labels", ICCV 2019,
        equation 7.
    """
    log_prob = _numerics.label_log_prob(logits, labels, axis)
    return beta * jnp.log(min_target) * _numerics.expm1(log_prob) - alpha * log_prob
