"""Losses from divergences: Jensen–Shannon and bi-tempered logistic."""

import jax
import jax.numpy as jnp

from esoftmax_jax import _numerics, _sharding
from esoftmax_jax._checks import (
    OPEN_UNIT,
    POSITIVE_INTEGER,
    Interval,
    check_hyperparameter,
    check_labels,
    check_logits,
    check_where,
)
from esoftmax_jax._types import Array, ArrayInput, Scalar
from esoftmax_jax.losses import _tempered
from esoftmax_jax.losses._loss_function import loss_function

UP_TO_ONE = Interval(low=0.0, high=1.0)
FROM_ONE = Interval(low=1.0, high=4.0)
_FAR = 80.0
"""Of −log p_y: 1 / p_y is finite before."""


@loss_function(pi=OPEN_UNIT)
def jensen_shannon_loss(
    logits: ArrayInput,
    labels: ArrayInput,
    *,
    pi: Scalar = 0.5,
    axis: int = -1,
    where: ArrayInput | None = None,
) -> Array:
    r"""Jensen–Shannon loss, JS: a divergence between the label and the prediction.

    .. math:: \ell = \frac{\pi D(e_y \Vert m) + (1 - \pi) D(p \Vert m)}
              {-(1 - \pi) \log (1 - \pi)}, \qquad
              m = \pi e_y + (1 - \pi) p

    D is the Kullback–Leibler divergence. It is cross-entropy for π → 0 and MAE/2 for π → 1. It
    depends on p_y alone; :func:`generalized_jensen_shannon_loss` takes several predictions.

    Args:
        logits: floating (..., K, ...), K ≥ 2; half precision is computed in float32.
        labels: integer classes in [0, K), shape of ``logits`` without ``axis``.
        pi: in (0, 1), the weight π of the label's distribution.
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
        >>> from esoftmax_jax.losses import jensen_shannon_loss
        >>> logits = jnp.array([[2.0, 0.0, -1.0], [2.0, 0.0, -1.0]])
        >>> losses = jensen_shannon_loss(logits, jnp.array([0, 2]), pi=0.5)
        >>> print(jnp.array_str(losses, precision=4))
        [0.1658 1.746 ]

    Reference:
        Englesson and Azizpour, "Generalized Jensen-Shannon Divergence Loss for Learning with
        Noisy Labels", NeurIPS 2021.
    """
    return _jensen_shannon(_numerics.label_log_prob(logits, labels, axis), pi)


def _jensen_shannon(log_prob: Array, pi: Scalar) -> Array:
    """Return JS as a function of log p_y."""
    log_mixture = _numerics.log_shifted_prob(log_prob, pi / (1 - pi))
    # log p − log m is −log(1 + π (1/p − 1)), which for a small π is nearly 0.
    near = log_prob > -_FAR
    inverse = _numerics.expm1(-jnp.where(near, log_prob, -1))
    far = jnp.where(near | (log_prob == -jnp.inf), 0, log_prob)
    log_ratio = jnp.where(near, -jnp.log1p(pi * inverse), far - log_mixture)
    log_weight = jnp.log1p(-pi)
    from_label = -pi * log_mixture
    from_prediction = (1 - pi) * (
        jnp.exp(log_prob) * log_ratio + _numerics.expm1(log_prob) * log_weight
    )
    return (from_label + from_prediction) / (-(1 - pi) * log_weight)


@loss_function(t1=UP_TO_ONE, t2=FROM_ONE, num_iterations=POSITIVE_INTEGER)
def bi_tempered_loss(
    logits: ArrayInput,
    labels: ArrayInput,
    *,
    t1: Scalar = 0.8,
    t2: Scalar = 1.2,
    num_iterations: int = 8,
    axis: int = -1,
    where: ArrayInput | None = None,
) -> Array:
    r"""Bi-tempered logistic loss: a bounded logarithm of a heavy-tailed softmax.

    .. math:: \ell = -\log_{t_1} p_y - \frac{1 - \sum_k p_k^{2 - t_1}}{2 - t_1}, \qquad
              p_k = \exp_{t_2}(z_k - \lambda(z)), \quad
              \log_t x = \frac{x^{1 - t} - 1}{1 - t}, \quad
              \exp_t x = [1 + (1 - t) x]_+^{1 / (1 - t)}

    t₁ = t₂ = 1 is cross-entropy. At t₂ = 1 its first term is GCE with q = 1 − t₁. λ makes the
    probabilities sum to 1; it is found by Newton's method on a concave function, which cannot
    overshoot, and differentiated implicitly, to every order.

    Args:
        logits: floating (..., K, ...), K ≥ 2; half precision is computed in float32.
        labels: integer classes in [0, K), shape of ``logits`` without ``axis``.
        t1: in [0, 1], the temperature of the logarithm; below 1 the loss is bounded.
        t2: in [1, 4], the temperature of the exponential; above 1 its tail is heavy.
        num_iterations: ≥ 1, the most Newton steps for the normaliser of the heavy-tailed
            softmax; fewer where it no longer changes.
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
        >>> from esoftmax_jax.losses import bi_tempered_loss
        >>> logits = jnp.array([[2.0, 0.0, -1.0], [2.0, 0.0, -1.0]])
        >>> losses = bi_tempered_loss(logits, jnp.array([0, 2]))
        >>> print(jnp.array_str(losses, precision=4))
        [0.16   1.8787]

    Reference:
        Amid et al., "Robust Bi-Tempered Logistic Loss Based on Bregman Divergences", NeurIPS
        2019.
    """
    tempered = _tempered.bi_tempered if labels is None else _tempered.label_bi_tempered
    return tempered(logits, labels, t1, t2, axis, num_iterations)


def generalized_jensen_shannon_loss(
    logits: ArrayInput,
    labels: ArrayInput,
    *,
    pi: Scalar = 0.5,
    axis: int = -1,
    where: ArrayInput | None = None,
) -> Array:
    r"""Generalised Jensen–Shannon loss, GJS: JS with several predictions of one example.

    .. math:: \ell = \frac{H(m) - \frac{1 - \pi}{V} \sum_v H(p_v)}{-(1 - \pi) \log (1 - \pi)},
              \qquad m = \pi e_y + \frac{1 - \pi}{V} \sum_v p_v

    The predictions are those of V augmented views. The loss is the larger the more they differ
    from the label and from each other. With one view it is :func:`jensen_shannon_loss`.

    Args:
        logits: floating (V, ..., K, ...), the views along the first axis.
        labels: integer classes in [0, K), shape of ``logits`` without its first axis and
            ``axis``.
        pi: in (0, 1), the weight π of the label's distribution. Of several views take 1e-4 or
            more in float32: their distance counts 1 / π times, its rounding too.
        axis: the axis of classes; not the first.
        where: booleans with the shape of ``labels``; a masked example has loss and gradient
            exactly 0.

    Returns:
        One loss per example: shape of ``labels``, dtype of ``logits``. NaN where a label is
        outside [0, K).

    Raises:
        TypeError: an argument of the wrong type or dtype.
        ValueError: a shape that does not fit or a hyperparameter outside its range.

    Example:
        >>> import jax.numpy as jnp
        >>> from esoftmax_jax.losses import generalized_jensen_shannon_loss
        >>> views = jnp.array([[[2.0, 0.0, -1.0]], [[0.0, 2.0, -1.0]]])
        >>> losses = generalized_jensen_shannon_loss(views, jnp.array([0]))
        >>> print(jnp.array_str(losses, precision=4))
        [1.1093]

    Reference:
        Englesson and Azizpour, NeurIPS 2021 (GJS).
    """
    axis = check_logits(logits, axis)
    if axis == 0:
        raise ValueError(
            f"axis: expected the axis of classes to follow that of views, got the first of "
            f"logits {logits.shape}; stack the views with jnp.stack(views)"
        )
    check_labels(labels, logits[0], axis - 1)
    check_where(where, labels.shape)
    check_hyperparameter(
        "pi", pi, OPEN_UNIT, labels.shape, _numerics.compute_dtype(logits.dtype)
    )
    labels = _numerics.narrow_labels(labels)
    logits = jnp.asarray(logits)
    clean = _numerics.widened(logits)
    _sharding.check_class_axis(_sharding.layout_of(clean), axis)
    dtype = clean.dtype
    if where is not None:
        clean = jnp.where(jnp.expand_dims(where, (0, axis)), clean, 0)
        labels = jnp.where(where, labels, 0)
    log_probs = _numerics.log_probs(clean, axis)
    weight = jnp.asarray(pi).astype(dtype)
    weight = jnp.broadcast_to(weight, labels.shape) if weight.ndim else weight
    safe, valid = _numerics.safe_labels(labels, clean.shape[axis])
    hot = _numerics.class_is(clean.shape[1:], safe, axis - 1)
    # JS of the mean prediction, and how far the predictions are from it.
    log_mean = jax.nn.logsumexp(log_probs, axis=0) - jnp.log(len(log_probs))
    of_label = jnp.sum(jnp.where(hot, log_mean, 0), axis=axis - 1)
    losses = _jensen_shannon(of_label, weight)
    if len(log_probs) > 1:  # of one it is 0, but for rounding, which a small π enlarges
        possible = log_probs != -jnp.inf
        gaps = jnp.where(possible, log_probs, 0) - jnp.where(possible, log_mean, 0)
        spread = jnp.sum(jnp.exp(log_probs) * gaps, axis=axis).mean(axis=0)
        losses -= spread / jnp.log1p(-weight)
    losses *= _numerics.nan_unless(valid, dtype)
    if where is not None:
        losses = jnp.where(where, losses, 0)
    return losses.astype(logits.dtype)
