"""Losses bounded by the variation ratio: VCE and its squared form."""

import jax.numpy as jnp

from esoftmax_jax import _numerics
from esoftmax_jax._checks import ABOVE_ONE, POSITIVE
from esoftmax_jax._types import Array, ArrayInput, Scalar
from esoftmax_jax.losses._loss_function import loss_function


@loss_function(a=ABOVE_ONE)
def variation_squared_error(
    logits: ArrayInput,
    labels: ArrayInput,
    *,
    a: Scalar,
    axis: int = -1,
    where: ArrayInput | None = None,
) -> Array:
    r"""Variation-bounded squared error, VMSE.

    .. math:: \ell = (a - p_y)^2

    Its slope in p_y varies by no more than the ratio a/(a − 1): the nearer to 1, the nearer to
    MAE and to its robustness.

    Args:
        logits: floating (..., K, ...), K ≥ 2; half precision is computed in float32.
        labels: integer classes in [0, K), shape of ``logits`` without ``axis``.
        a: > 1; the variation ratio is a/(a − 1).
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
        >>> from esoftmax_jax.losses import variation_squared_error
        >>> logits = jnp.array([[2.0, 0.0, -1.0], [2.0, 0.0, -1.0]])
        >>> losses = variation_squared_error(logits, jnp.array([0, 2]), a=5.0)
        >>> print(jnp.array_str(losses, precision=4))
        [17.274  24.5817]

    Reference:
        Wang et al., "Variation-Bounded Losses for Learning with Noisy Labels", AAAI 2026 (the
        formula is restated from a summary of the paper).
    """
    log_prob = _numerics.label_log_prob(logits, labels, axis)
    return (a - jnp.exp(log_prob)) ** 2


@loss_function(a=POSITIVE)
def variation_cross_entropy(
    logits: ArrayInput,
    labels: ArrayInput,
    *,
    a: Scalar,
    axis: int = -1,
    where: ArrayInput | None = None,
) -> Array:
    r"""Variation-bounded cross-entropy, VCE.

    .. math:: \ell = -\log (p_y + a)

    Negative where p_y > 1 − a. Its slope in p_y varies by no more than the ratio (1 + a)/a.
    With two logits [d, 0], label 0 and b/(1 − b) for a it is the bounded loss of a preference,
    −log((e^d + b)/(e^d + 1)), plus log(1 − b).

    Args:
        logits: floating (..., K, ...), K ≥ 2; half precision is computed in float32.
        labels: integer classes in [0, K), shape of ``logits`` without ``axis``.
        a: > 0; the variation ratio is (1 + a)/a.
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
        >>> from esoftmax_jax.losses import variation_cross_entropy
        >>> logits = jnp.array([[2.0, 0.0, -1.0], [2.0, 0.0, -1.0]])
        >>> losses = variation_cross_entropy(logits, jnp.array([0, 2]), a=1.0)
        >>> print(jnp.array_str(losses, precision=4))
        [-0.6118 -0.0412]

    Reference:
        Wang et al., "Variation-Bounded Losses for Learning with Noisy Labels", AAAI 2026 (the
        formula is restated from a summary of the paper).
    """
    log_prob = _numerics.label_log_prob(logits, labels, axis)
    return -jnp.logaddexp(log_prob, jnp.log(a))
