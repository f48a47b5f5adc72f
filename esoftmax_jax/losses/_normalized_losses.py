"""Losses divided by their sum over all possible labels: NCE and NFL."""

import jax.numpy as jnp

from esoftmax_jax import _numerics
from esoftmax_jax._checks import NON_NEGATIVE
from esoftmax_jax._types import Array, ArrayInput, Scalar
from esoftmax_jax.losses import _class_sums
from esoftmax_jax.losses._loss_function import loss_function


@loss_function()
def normalized_cross_entropy(
    logits: ArrayInput,
    labels: ArrayInput,
    *,
    axis: int = -1,
    where: ArrayInput | None = None,
) -> Array:
    r"""Normalised cross-entropy, NCE: the label's share of the loss over all possible labels.

    .. math:: \ell = \frac{\log p_y}{\sum_k \log p_k}

    Symmetric: the losses of the K labels sum to 1. Classes with logit −inf are left out of
    the sum; a label on such a class gives the limit 1.

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
        >>> from esoftmax_jax.losses import normalized_cross_entropy
        >>> logits = jnp.array([[2.0, 0.0, -1.0], [2.0, 0.0, -1.0]])
        >>> losses = normalized_cross_entropy(logits, jnp.array([0, 2]))
        >>> print(jnp.array_str(losses, precision=4))
        [0.0308 0.5753]

    Reference:
        Ma et al., "Normalized Loss Functions for Deep Learning with Noisy Labels", ICML 2020,
        equation 6.
    """
    log_prob = _numerics.label_log_prob(logits, labels, axis)
    total = _class_sums.sum_of_log_probs(logits, axis)
    total = _numerics.for_each_label(total, labels, axis)
    total = jnp.where(total == 0, -1, total)  # one class alone: the loss is 0
    impossible = log_prob == -jnp.inf
    return jnp.where(impossible, 1, jnp.where(impossible, 1, log_prob) / total)


@loss_function(static=("stop_modulator_gradient",), gamma=NON_NEGATIVE)
def normalized_focal_loss(
    logits: ArrayInput,
    labels: ArrayInput,
    *,
    gamma: Scalar = 0.5,
    stop_modulator_gradient: bool = False,
    axis: int = -1,
    where: ArrayInput | None = None,
) -> Array:
    r"""Normalised focal loss, NFL: the label's share of the focal loss over all labels.

    .. math:: \ell = \frac{\phi(p_y)}{\sum_k \phi(p_k)}, \qquad \phi(p) = -(1 - p)^\gamma \log p

    Symmetric: the losses of the K labels sum to 1. Classes with logit −inf are left out of the
    sum; a label on such a class gives the limit 1.

    Args:
        logits: floating (..., K, ...), K ≥ 2; half precision is computed in float32.
        labels: integer classes in [0, K), shape of ``logits`` without ``axis``.
        gamma: ≥ 0, the focusing parameter; 0 gives normalised cross-entropy.
        stop_modulator_gradient: treat every power of 1 − p as a constant in the derivative, as
            the ε-softmax authors' code does; False is the derivative of the formula.
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
        >>> from esoftmax_jax.losses import normalized_focal_loss
        >>> logits = jnp.array([[2.0, 0.0, -1.0], [2.0, 0.0, -1.0]])
        >>> losses = normalized_focal_loss(logits, jnp.array([0, 2]))
        >>> print(jnp.array_str(losses, precision=4))
        [0.0129 0.5953]

    Reference:
        Ma et al., "Normalized Loss Functions for Deep Learning with Noisy Labels", ICML 2020.
    """
    log_prob = _numerics.label_log_prob(logits, labels, axis)
    total, _ = _class_sums.sum_of_focal_terms(
        logits,
        _numerics.for_each_class(gamma, labels, axis),
        -jnp.inf,
        axis,
        stop_modulator_gradient,
    )
    total = _numerics.for_each_label(total, labels, axis)
    total = jnp.where(total == 0, 1, total)  # one class alone: the loss is 0
    impossible = log_prob == -jnp.inf
    term = _numerics.focal_term(
        jnp.where(impossible, -1, log_prob),
        gamma,
        stop_modulator_gradient=stop_modulator_gradient,
    )
    return jnp.where(impossible, 1, term / total)
