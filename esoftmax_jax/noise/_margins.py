"""How much a network agrees with a label: what a list of wrong labels is sorted by."""

import jax.numpy as jnp

from esoftmax_jax import _checks, _numerics
from esoftmax_jax._types import Array, ArrayInput


def label_margins(logits: ArrayInput, labels: ArrayInput, *, axis: int = -1) -> Array:
    r"""Margin of each label: its logit minus the largest of the other classes.

    .. math:: M = z_y - \max_{k \ne y} z_k

    Below 0 the network prefers another class; the lower, the likelier is the label wrong,
    provided that the network has not learnt its labels by heart. A robust loss helps with
    that; held-out examples or an average of margins over the epochs of training, which the
    source calls AUM, do so too. The margin is also log p_y minus the largest other log p_k.

    Args:
        logits: floating (..., K, ...), K ≥ 2.
        labels: integer classes in [0, K), shape of ``logits`` without ``axis``.
        axis: the axis of classes.

    Returns:
        One margin per example: shape of ``labels``, dtype of ``logits``. NaN where a label is
        outside [0, K); −inf for a label whose logit is −inf.

    Raises:
        TypeError: an argument of the wrong type or dtype.
        ValueError: a shape that does not fit.

    Example:
        >>> import jax.numpy as jnp
        >>> from esoftmax_jax.noise import label_margins
        >>> logits = jnp.array([[2.0, 0.0, -1.0], [2.0, 0.0, -1.0]])
        >>> print(label_margins(logits, jnp.array([0, 2])))
        [ 2. -3.]

    Reference:
        Pleiss et al., "Identifying Mislabeled Data using the Area Under the Margin Ranking",
        NeurIPS 2020, equation 1.
    """
    axis = _checks.check_logits(logits, axis)
    _checks.check_labels(labels, logits, axis)
    scores = jnp.asarray(logits)
    safe, _ = _numerics.safe_labels(labels, scores.shape[axis])
    own = _numerics.class_is(scores.shape, safe, axis)
    others = jnp.max(jnp.where(own, -jnp.inf, scores), axis=axis)
    label = _numerics.pick_with_gradient(scores, safe, axis)
    # Not −inf − (−inf), which is NaN, for a masked label beside masked classes.
    return jnp.where(label == -jnp.inf, -jnp.inf, label - others)
