"""Cross-entropy whose gradient for small p_y is kept small: Taylor and PHuber."""

import jax.numpy as jnp

from esoftmax_jax import _numerics
from esoftmax_jax._checks import ABOVE_ONE, Interval
from esoftmax_jax._types import Array, ArrayInput, Scalar
from esoftmax_jax.losses._loss_function import loss_function

SMALL_INTEGER = Interval(low=1, high=64, integer=True)  # the terms are written out


@loss_function(order=SMALL_INTEGER)
def taylor_cross_entropy(
    logits: ArrayInput,
    labels: ArrayInput,
    *,
    order: int = 2,
    axis: int = -1,
    where: ArrayInput | None = None,
) -> Array:
    r"""Taylor cross-entropy: the first terms of cross-entropy's series at p_y = 1.

    .. math:: \ell = \sum_{i=1}^{\mathrm{order}} \frac{(1 - p_y)^i}{i}

    Args:
        logits: floating (..., K, ...), K ≥ 2; half precision is computed in float32.
        labels: integer classes in [0, K), shape of ``logits`` without ``axis``.
        order: in 1, …, 64, the number of terms; 1 gives 1 − p_y (MAE/2), and cross-entropy is
            the limit of many. 2 and 6 are common.
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
        >>> from esoftmax_jax.losses import taylor_cross_entropy
        >>> logits = jnp.array([[2.0, 0.0, -1.0], [2.0, 0.0, -1.0]])
        >>> losses = taylor_cross_entropy(logits, jnp.array([0, 2]))
        >>> print(jnp.array_str(losses, precision=4))
        [0.1684 1.4169]

    Reference:
        Feng et al., "Can Cross Entropy Loss Be Robust to Label Noise?", IJCAI 2020.
    """
    log_prob = _numerics.label_log_prob(logits, labels, axis)
    rest = -_numerics.expm1(log_prob)
    total = jnp.zeros_like(rest)
    for i in range(order, 0, -1):
        total = rest * (total + 1 / i)
    return total


@loss_function(tau=ABOVE_ONE)
def partially_huberised_cross_entropy(
    logits: ArrayInput,
    labels: ArrayInput,
    *,
    tau: Scalar = 10.0,
    axis: int = -1,
    where: ArrayInput | None = None,
) -> Array:
    r"""Partially Huberised cross-entropy, PHuber-CE: cross-entropy with its slope clipped.

    .. math:: \ell = \begin{cases} -\log p_y & p_y > 1 / \tau \\
              -\tau p_y + \log \tau + 1 & \text{otherwise} \end{cases}

    Optimised gradient clipping is this loss with τ chosen anew during training, see
    :func:`update_gradient_clipping`.

    Args:
        logits: floating (..., K, ...), K ≥ 2; half precision is computed in float32.
        labels: integer classes in [0, K), shape of ``logits`` without ``axis``.
        tau: > 1, the largest slope in p_y; the authors use 2 (MNIST, CIFAR-10) and 10
            (CIFAR-100).
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
        >>> from esoftmax_jax.losses import partially_huberised_cross_entropy
        >>> logits = jnp.array([[2.0, 0.0, -1.0], [2.0, 0.0, -1.0]])
        >>> losses = partially_huberised_cross_entropy(logits, jnp.array([0, 2]))
        >>> print(jnp.array_str(losses, precision=4))
        [0.1698 2.8825]

    Reference:
        Menon et al., "Can Gradient Clipping Mitigate Label Noise?", ICLR 2020.
    """
    log_prob = _numerics.label_log_prob(logits, labels, axis)
    log_tau = jnp.log(tau)
    clipped = log_prob <= -log_tau
    tangent = log_tau + 1 - tau * jnp.exp(log_prob)
    return jnp.where(clipped, tangent, -jnp.where(clipped, 0, log_prob))
