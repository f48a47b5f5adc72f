"""Losses that learn from what an example is not: negative learning and its normalised kin."""

import jax
import jax.numpy as jnp

from esoftmax_jax import _numerics
from esoftmax_jax._checks import NON_NEGATIVE, OPEN_UNIT, POSITIVE_INTEGER, check_key
from esoftmax_jax._types import Array, ArrayInput, Scalar
from esoftmax_jax.losses import _class_sums
from esoftmax_jax.losses._loss_function import loss_function


@loss_function(min_prob=OPEN_UNIT)
def normalized_negative_cross_entropy(
    logits: ArrayInput,
    labels: ArrayInput,
    *,
    min_prob: Scalar = 1e-8,
    axis: int = -1,
    where: ArrayInput | None = None,
) -> Array:
    r"""Normalised negative cross-entropy, NNCE: the passive half of active negative loss.

    .. math:: \ell = 1 - \frac{A + \log \max(p_y, p_{\min})}
              {\sum_k (A + \log \max(p_k, p_{\min}))}, \qquad A = -\log p_{\min}

    A is the largest loss that is counted, so that A + log p is the negative of cross-entropy
    made positive. A class below ``min_prob`` adds nothing, and has no gradient. Symmetric: the
    losses of the K labels sum to K − 1.

    Args:
        logits: floating (..., K, ...), K ≥ 2; half precision is computed in float32.
        labels: integer classes in [0, K), shape of ``logits`` without ``axis``.
        min_prob: in (0, 1), the smallest probability whose loss is counted; it sets the scale.
            Where all classes are below it, all labels have the loss 1 − 1/K.
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
        >>> from esoftmax_jax.losses import normalized_negative_cross_entropy
        >>> logits = jnp.array([[2.0, 0.0, -1.0], [2.0, 0.0, -1.0]])
        >>> losses = normalized_negative_cross_entropy(logits, jnp.array([0, 2]))
        >>> print(jnp.array_str(losses, precision=4))
        [0.6332 0.6935]

    Reference:
        Ye et al., "Active Negative Loss Functions for Learning with Noisy Labels", NeurIPS 2023
        (NNCE).
    """
    log_prob = _numerics.label_log_prob(logits, labels, axis)
    log_floor = jnp.log(min_prob)
    total = _class_sums.sum_above_floor(
        logits, _numerics.for_each_row(log_floor, labels, axis), axis
    )
    total = _numerics.for_each_label(total, labels, axis)
    term = _numerics.floor_log_prob(log_prob, min_prob) - log_floor
    return 1 - _share(term, total, logits.shape[axis])


@loss_function(static=("stop_modulator_gradient",), gamma=NON_NEGATIVE, min_prob=OPEN_UNIT)
def normalized_negative_focal_loss(
    logits: ArrayInput,
    labels: ArrayInput,
    *,
    gamma: Scalar = 0.5,
    min_prob: Scalar = 1e-8,
    stop_modulator_gradient: bool = False,
    axis: int = -1,
    where: ArrayInput | None = None,
) -> Array:
    r"""Normalised negative focal loss, NNFL.

    .. math:: \ell = 1 - \frac{A - \phi(\max(p_y, p_{\min}))}
              {\sum_k (A - \phi(\max(p_k, p_{\min})))}, \qquad
              A = \phi(p_{\min}), \quad \phi(p) = -(1 - p)^\gamma \log p

    Symmetric: the losses of the K labels sum to K − 1.

    Args:
        logits: floating (..., K, ...), K ≥ 2; half precision is computed in float32.
        labels: integer classes in [0, K), shape of ``logits`` without ``axis``.
        gamma: ≥ 0, the focusing parameter; 0 gives NNCE.
        min_prob: in (0, 1), the smallest probability whose loss is counted; it sets the scale.
            Where all classes are below it, all labels have the loss 1 − 1/K.
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
        >>> from esoftmax_jax.losses import normalized_negative_focal_loss
        >>> logits = jnp.array([[2.0, 0.0, -1.0], [2.0, 0.0, -1.0]])
        >>> losses = normalized_negative_focal_loss(logits, jnp.array([0, 2]))
        >>> print(jnp.array_str(losses, precision=4))
        [0.6333 0.6939]

    Reference:
        Ye et al., "Active Negative Loss Functions for Learning with Noisy Labels", NeurIPS 2023
        (NNFL).
    """
    log_prob = _numerics.label_log_prob(logits, labels, axis)
    log_floor = jnp.log(min_prob)
    focal_sum, count = _class_sums.sum_of_focal_terms(
        logits,
        _numerics.for_each_class(gamma, labels, axis),
        _numerics.for_each_class(log_floor, labels, axis),
        axis,
        stop_modulator_gradient,
    )
    focal_sum = _numerics.for_each_label(focal_sum, labels, axis)
    count = _numerics.for_each_label(count, labels, axis)
    largest = _numerics.focal_term(
        log_floor, gamma, stop_modulator_gradient=stop_modulator_gradient
    )
    term = _numerics.focal_term(
        _numerics.floor_log_prob(log_prob, min_prob),
        gamma,
        stop_modulator_gradient=stop_modulator_gradient,
    )
    # The same number may be computed one unit in the last place apart: no gradient is exact.
    term = jnp.where(log_prob < log_floor, largest, term)
    total = jnp.where(count > 0, count * largest - focal_sum, 0)
    return 1 - _share(largest - term, total, logits.shape[axis])


def _share(term: Array, total: Array, num_classes: int) -> Array:
    """Return a class's share of the total: 1/K each where all are below the floor."""
    some = total != 0
    # Where all are below, a term is 0, or not a number.
    return jnp.where(some, term / jnp.where(some, total, 1), term + 1 / num_classes)


@loss_function(arrays={"key": check_key}, every_class=False, num_complementary=POSITIVE_INTEGER)
def negative_learning_loss(
    logits: ArrayInput,
    labels: ArrayInput,
    *,
    key: Array,
    num_complementary: int = 1,
    axis: int = -1,
    where: ArrayInput | None = None,
) -> Array:
    r"""Negative learning, NL: cross-entropy against classes that the example is said not to be.

    .. math:: \ell = -\log (1 - p_{\bar y}), \qquad \bar y \sim U(\{0, \dots, K - 1\}
              \setminus \{y\})

    A complementary label drawn at random is seldom wrong even where the label is. The draw of
    an example depends on the key and on its place in the batch. This is the first stage of
    NLNL; its selective stages are a training procedure.

    Args:
        logits: floating (..., K, ...), K ≥ 2; half precision is computed in float32.
        labels: integer classes in [0, K), shape of ``logits`` without ``axis``.
        key: a key from ``jax.random.key``; give every step another one.
        num_complementary: ≥ 1, how many complementary labels are drawn for an example; their
            losses are averaged. The NLNL authors draw 1 on CIFAR-10 and 110 on CIFAR-100.
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
        >>> import jax
        >>> import jax.numpy as jnp
        >>> from esoftmax_jax.losses import negative_learning_loss
        >>> logits = jnp.array([[2.0, 0.0, -1.0], [2.0, 0.0, -1.0]])
        >>> losses = negative_learning_loss(logits, jnp.array([0, 2]), key=jax.random.key(0))
        >>> print(jnp.array_str(losses, precision=4))
        [0.0429 0.1213]

    Reference:
        Kim et al., "NLNL: Negative Learning for Noisy Labels", ICCV 2019, equation 2.
    """
    num_classes = logits.shape[axis]
    safe, valid = _numerics.safe_labels(labels, num_classes)

    def one_draw(key: Array) -> Array:
        # y + 1, …, y + K − 1 modulo K are the other classes, each once.
        step = jax.random.randint(key, labels.shape, 1, num_classes, dtype=jnp.int32)
        complementary = (safe + step) % num_classes
        drawn = _numerics.class_is(logits.shape, complementary, axis)
        others = jnp.where(drawn, -jnp.inf, logits)
        maximum, log_sum = _numerics.maximum_and_log_sum(others, axis)
        gap = _numerics.pick_with_gradient(logits, complementary, axis) - maximum
        # −log(1 − p) is log(1 + p/(1 − p)), in which neither a small p nor 1 − p is rounded.
        return jax.nn.softplus(gap - log_sum) * _numerics.nan_unless(valid, log_sum.dtype)

    keys = jax.random.split(key, num_complementary)
    return jnp.mean(jax.lax.map(one_draw, keys), axis=0)
