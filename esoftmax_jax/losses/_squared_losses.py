"""Squared distances from a label: MSE, its asymmetric form, and a variation-bounded one."""

import jax.numpy as jnp

from esoftmax_jax import _numerics
from esoftmax_jax._checks import Interval
from esoftmax_jax._types import Array, ArrayInput, Scalar
from esoftmax_jax.losses import _class_sums
from esoftmax_jax.losses._loss_function import loss_function

AT_LEAST_ONE = Interval(low=1.0)


@loss_function()
def mean_squared_error(
    logits: ArrayInput,
    labels: ArrayInput,
    *,
    axis: int = -1,
    where: ArrayInput | None = None,
) -> Array:
    r"""Mean squared error, MSE: the Brier score divided by the number of classes.

    .. math:: \ell = \frac{1}{K} \sum_k (p_k - 1[k = y])^2

    The mean is over classes (of which masked ones, of logit −inf, still count).

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
        >>> from esoftmax_jax.losses import mean_squared_error
        >>> logits = jnp.array([[2.0, 0.0, -1.0], [2.0, 0.0, -1.0]])
        >>> losses = mean_squared_error(logits, jnp.array([0, 2]))
        >>> print(jnp.array_str(losses, precision=4))
        [0.0131 0.5476]

    Reference:
        Ghosh et al., "Robust Loss Functions under Label Noise for Deep Neural Networks", AAAI
        2017, section 4; Wang et al., NeurIPS 2024 (arXiv 2508.02387), section 3.
    """
    return _mean_squared_distance(logits, labels, 1.0, axis)


@loss_function(a=AT_LEAST_ONE)
def asymmetric_mean_squared_error(
    logits: ArrayInput,
    labels: ArrayInput,
    *,
    a: Scalar,
    axis: int = -1,
    where: ArrayInput | None = None,
) -> Array:
    r"""Asymmetric mean squared error, AMSE: the passive half of joint asymmetric loss.

    .. math:: \ell = \frac{1}{K} \lVert a \, e_y - p \rVert_2^2

    The mean is over classes, as in the authors' code.

    Args:
        logits: floating (..., K, ...), K ≥ 2; half precision is computed in float32.
        labels: integer classes in [0, K), shape of ``logits`` without ``axis``.
        a: ≥ 1, the target for p_y; 1 gives MSE. It is asymmetric for symmetric noise of rate
            0.8 at K = 10 from a = 9 on.
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
        >>> from esoftmax_jax.losses import asymmetric_mean_squared_error
        >>> logits = jnp.array([[2.0, 0.0, -1.0], [2.0, 0.0, -1.0]])
        >>> losses = asymmetric_mean_squared_error(logits, jnp.array([0, 2]), a=30.0)
        >>> print(jnp.array_str(losses, precision=4))
        [283.3664 299.4021]

    Reference:
        Wang et al., "Joint Asymmetric Loss for Learning with Noisy Labels", ICCV 2025 (AMSE).
    """
    return _mean_squared_distance(logits, labels, a, axis)


def _mean_squared_distance(
    logits: ArrayInput, labels: ArrayInput, target: Scalar, axis: int
) -> Array:
    """Return the mean over classes of (p_k − target · 1[k = y])², from Σ p² and p_y."""
    prob = jnp.exp(_numerics.label_log_prob(logits, labels, axis))
    squares = _class_sums.sum_of_squared_probs(logits, axis)
    squares = _numerics.for_each_label(squares, labels, axis)
    return (squares - 2 * target * prob + target * target) / logits.shape[axis]
