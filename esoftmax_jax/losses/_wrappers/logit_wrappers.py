"""Losses made from losses by changing the logits that they see."""

import functools
import math
from typing import Any

import jax.numpy as jnp
import numpy as np

from esoftmax_jax import _checks, _numerics, _sharding
from esoftmax_jax._types import Array, ArrayInput, LossFunction, Scalar
from esoftmax_jax.losses._activation import log_epsilon_softmax
from esoftmax_jax.losses._loss_function import gives_every_class, mark_every_class
from esoftmax_jax.losses._wrappers.derived_loss import makes_a_loss
from esoftmax_jax.losses._wrappers.label_kinds import with_labels_of_its_kind


@makes_a_loss
def with_epsilon_softmax(
    loss: LossFunction, *, m: Scalar, min_prob: Scalar | None = 1e-8
) -> LossFunction:
    r"""Make an ε-loss of a loss: it sees ε-softmax where it would see softmax.

    .. math:: \ell_\epsilon(z, y) = \ell(\log \max(p_\epsilon(z), p_{\min}), y)

    The losses take softmax of what they are given, and softmax of log p_ε is p_ε. The floor
    raises that sum by up to K · min_prob, which is how far the result for cross-entropy is
    from :func:`epsilon_softmax_cross_entropy`. At an exact tie for the maximum the first
    class receives m. The dedicated losses are faster, count a tie as predicted, and are the
    more precise ones: the inner loss adds probabilities to 1 again, which in float32 rounds by
    1e-7. For m = 1e5 that is a tenth of a loss (1e-6) where the label is predicted.

    Args:
        loss: ``loss(logits, labels)``; it needs the arguments ``axis`` and ``where`` only
            where they are given.
        m: ≥ 0, how far towards one-hot.
        min_prob: in (0, 1), a floor for the probabilities below which the gradient is 0, or
            None.

    Returns:
        A loss with the signature of ``loss``.

    Raises:
        TypeError: ``loss`` is not callable or a hyperparameter no number.
        ValueError: a hyperparameter outside its range.

    Example:
        >>> import jax.numpy as jnp
        >>> from esoftmax_jax.losses import generalized_cross_entropy, with_epsilon_softmax
        >>> loss = with_epsilon_softmax(generalized_cross_entropy, m=10.0)
        >>> losses = loss(jnp.array([[2.0, 0.0, -1.0]] * 2), jnp.array([0, 2]), q=0.7)
        >>> print(jnp.array_str(losses, precision=4))
        [0.0142 1.3996]

    Reference:
        Wang et al., NeurIPS 2024 (arXiv 2508.02387), section 3.1.
    """
    if not callable(loss):
        raise TypeError(f"with_epsilon_softmax: expected a loss function, got {loss!r}")
    _checks.check_hyperparameter("m", m, _checks.NON_NEGATIVE, None)
    _checks.check_hyperparameter("min_prob", min_prob, _checks.PROBABILITY_FLOOR)

    @functools.wraps(loss)
    def epsilon_loss(logits: ArrayInput, labels: Any, **given: Any) -> Array:
        axis, where = given.get("axis", -1), given.get("where")
        positive_axis = _checks.check_logits(logits, axis)
        logits = jnp.asarray(logits)
        clean = _numerics.widened(logits)
        _checks.check_hyperparameter(
            "min_prob", min_prob, _checks.PROBABILITY_FLOOR, dtype=clean.dtype
        )
        if where is not None:
            examples = clean.shape[:positive_axis] + clean.shape[positive_axis + 1 :]
            _checks.check_where(where, examples, clean.shape)
            kept = _sharding.split_as(where, clean, positive_axis)
            if kept.ndim == clean.ndim:  # of classes; the loss leaves them out as well
                clean = jnp.where(kept, clean, -jnp.inf)
                kept = jnp.any(kept, axis=positive_axis)
            clean = jnp.where(jnp.expand_dims(kept, positive_axis), clean, 0)
        log_probs = log_epsilon_softmax(clean, m=m, axis=axis)
        if min_prob is not None:
            floor = jnp.log(jnp.asarray(min_prob, clean.dtype))
            log_probs = jnp.where(log_probs < floor, floor, log_probs)
        losses = with_labels_of_its_kind("with_epsilon_softmax", loss, log_probs, labels, given)
        return losses.astype(logits.dtype)

    if gives_every_class(loss):
        mark_every_class(epsilon_loss)
    return epsilon_loss


@makes_a_loss
def with_logit_bias(loss: LossFunction, *, bias: Scalar) -> LossFunction:
    r"""Add a constant to the label's logit before the loss sees it.

    .. math:: \ell_b(z, y) = \ell(z + b \, e_y, y)

    Bounded losses have next to no gradient where p_y is tiny, which is everywhere at the start
    of training with many classes; the bias moves the start into their active range.

    Args:
        loss: ``loss(logits, labels)``; it needs the arguments ``axis`` and ``where`` only
            where they are given.
        bias: a real number, see :func:`logit_bias_for_initial_prob`.

    Returns:
        A loss with the signature of ``loss``.

    Raises:
        TypeError: ``loss`` is not callable or ``bias`` no number.
        ValueError: ``bias`` is not finite.

    Example:
        >>> import jax.numpy as jnp
        >>> from esoftmax_jax.losses import mean_absolute_error, with_logit_bias
        >>> loss = with_logit_bias(mean_absolute_error, bias=3.0)
        >>> losses = loss(jnp.array([[2.0, 0.0, -1.0]] * 2), jnp.array([0, 2]))
        >>> print(jnp.array_str(losses, precision=4))
        [0.0183 1.0634]

    Reference:
        Staats et al., "Enhancing Noise-Robust Losses for Large-Scale Noisy Data Learning",
        AAAI 2025 (arXiv 2306.05497).
    """
    if not callable(loss):
        raise TypeError(f"with_logit_bias: expected a loss function, got {loss!r}")
    _checks.check_hyperparameter("bias", bias, _checks.REAL)

    @functools.wraps(loss)
    def biased_loss(logits: ArrayInput, labels: ArrayInput, **given: Any) -> Array:
        positive_axis = _checks.check_logits(logits, given.get("axis", -1))
        logits = jnp.asarray(logits)
        _checks.check_labels(labels, logits, positive_axis)
        clean = _numerics.widened(logits)
        _checks.check_hyperparameter("bias", bias, _checks.REAL, dtype=clean.dtype)
        safe, _ = _numerics.safe_labels(labels, clean.shape[positive_axis])
        hot = _numerics.class_is(clean.shape, safe, positive_axis)
        shifted = clean + jnp.where(hot, jnp.asarray(bias, clean.dtype), 0)
        values = with_labels_of_its_kind("with_logit_bias", loss, shifted, labels, given)
        return values.astype(logits.dtype)

    # The logits depend on the label, so no softmax is shared between labels.
    return biased_loss


def logit_bias_for_initial_prob(num_classes: int, *, initial_prob: float = 0.1) -> float:
    r"""Return the logit bias with which equal logits give the label a chosen probability.

    .. math:: b = \log (K - 1) + \log \frac{p_0}{1 - p_0}

    The default 0.1 lets a network with many classes start as one with ten classes does. (The
    paper too sets its bias from K and the initial logits; this rule is this library's own.)

    Args:
        num_classes: K ≥ 2.
        initial_prob: p_0 in (0, 1).

    Returns:
        The bias b.

    Raises:
        TypeError: an argument of the wrong type.
        ValueError: an argument outside its range.

    Example:
        >>> from esoftmax_jax.losses import logit_bias_for_initial_prob
        >>> print(f"{logit_bias_for_initial_prob(1000):.4f}")
        4.7095

    Reference:
        Motivated by Staats et al., AAAI 2025 (arXiv 2306.05497).
    """
    _checks.check_num_classes(num_classes)
    # Python's floats compute it, whatever JAX's are.
    _checks.check_hyperparameter(
        "initial_prob", initial_prob, _checks.OPEN_UNIT, dtype=np.float64
    )
    return math.log(num_classes - 1) + math.log(initial_prob) - math.log1p(-initial_prob)
