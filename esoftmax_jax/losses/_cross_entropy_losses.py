"""Losses that grow without bound: cross-entropy and its focal and normalised relatives."""

import jax
import jax.numpy as jnp

from esoftmax_jax import _numerics
from esoftmax_jax._checks import NON_NEGATIVE
from esoftmax_jax._types import Array, ArrayInput, Scalar
from esoftmax_jax.losses._loss_function import loss_function


@loss_function()
def cross_entropy(
    logits: ArrayInput,
    labels: ArrayInput,
    *,
    axis: int = -1,
    where: ArrayInput | None = None,
) -> Array:
    r"""Cross-entropy, the loss that the others are measured against.

    .. math:: \ell = -\log p_y

    Args:
        logits: floating (..., K, ...), K ≥ 2; half precision is computed in float32.
        labels: integer classes in [0, K), shape of ``logits`` without ``axis``.
        axis: the axis of classes.
        where: booleans with the shape of ``labels``; a masked example has loss and gradient
            exactly 0.

    Returns:
        One loss per example (nats): shape of ``labels``, dtype of ``logits``. NaN where a label
        is outside [0, K).

    Raises:
        TypeError: an argument of the wrong type or dtype.
        ValueError: a shape that does not fit.

    Example:
        >>> import jax.numpy as jnp
        >>> from esoftmax_jax.losses import cross_entropy
        >>> logits = jnp.array([[2.0, 0.0, -1.0], [2.0, 0.0, -1.0]])
        >>> losses = cross_entropy(logits, jnp.array([0, 2]))
        >>> print(jnp.array_str(losses, precision=4))
        [0.1698 3.1698]

    Reference:
        Bridle, "Probabilistic Interpretation of Feedforward Classification Network Outputs",
        1990; CE in Wang et al., NeurIPS 2024 (arXiv 2508.02387), table 2.
    """
    return -_numerics.label_log_prob(logits, labels, axis)


@loss_function(static=("stop_modulator_gradient",), gamma=NON_NEGATIVE)
def focal_loss(
    logits: ArrayInput,
    labels: ArrayInput,
    *,
    gamma: Scalar = 0.5,
    stop_modulator_gradient: bool = False,
    axis: int = -1,
    where: ArrayInput | None = None,
) -> Array:
    r"""Focal loss: cross-entropy with the weight of easy examples reduced.

    .. math:: \ell = -(1 - p_y)^\gamma \log p_y

    Args:
        logits: floating (..., K, ...), K ≥ 2; half precision is computed in float32.
        labels: integer classes in [0, K), shape of ``logits`` without ``axis``.
        gamma: ≥ 0, the focusing parameter; 0 gives cross-entropy.
        stop_modulator_gradient: treat (1 − p_y)^γ as a constant in the derivative, as the
            ε-softmax authors' code does; False is the derivative of the formula.
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
        >>> from esoftmax_jax.losses import focal_loss
        >>> logits = jnp.array([[2.0, 0.0, -1.0], [2.0, 0.0, -1.0]])
        >>> losses = focal_loss(logits, jnp.array([0, 2]))
        >>> print(jnp.array_str(losses, precision=4))
        [0.0671 3.1025]

    Reference:
        Lin et al., "Focal Loss for Dense Object Detection", ICCV 2017, equation 4; γ = 0.5 as
        in Wang et al., NeurIPS 2024 (arXiv 2508.02387), table 2.
    """
    log_prob = _numerics.label_log_prob(logits, labels, axis)
    return _numerics.focal_term(
        log_prob, gamma, stop_modulator_gradient=stop_modulator_gradient
    )


@loss_function()
def dynamic_fine_tuning_loss(
    logits: ArrayInput,
    labels: ArrayInput,
    *,
    axis: int = -1,
    where: ArrayInput | None = None,
) -> Array:
    r"""Dynamic fine-tuning, DFT: cross-entropy weighted by its own probability.

    .. math:: \ell = -\mathrm{stop\_gradient}(p_y) \log p_y

    Its gradient is that of −p_y, so it trains as MAE/2 does; only its value differs.

    Args:
        logits: floating (..., K, ...), K ≥ 2; half precision is computed in float32.
        labels: integer classes in [0, K), shape of ``logits`` without ``axis``.
        axis: the axis of classes.
        where: booleans with the shape of ``labels``; a masked example has loss and gradient
            exactly 0.

    Returns:
        One loss per example (nats): shape of ``labels``, dtype of ``logits``. NaN where a label
        is outside [0, K).

    Raises:
        TypeError: an argument of the wrong type or dtype.
        ValueError: a shape that does not fit.

    Example:
        >>> import jax.numpy as jnp
        >>> from esoftmax_jax.losses import dynamic_fine_tuning_loss
        >>> logits = jnp.array([[2.0, 0.0, -1.0], [2.0, 0.0, -1.0]])
        >>> losses = dynamic_fine_tuning_loss(logits, jnp.array([0, 2]))
        >>> print(jnp.array_str(losses, precision=4))
        [0.1433 0.1332]

    Reference:
        Wu et al., "On the Generalization of SFT: A Reinforcement Learning Perspective with
        Reward Rectification", 2025 (arXiv 2508.05629).
    """
    log_prob = _numerics.label_log_prob(logits, labels, axis)
    impossible = log_prob == -jnp.inf
    weight = jax.lax.stop_gradient(jnp.exp(log_prob))
    return -weight * jnp.where(impossible, 0, log_prob)
