"""How much a network agrees with a label, and which class it would rather give."""

import functools

import jax
import jax.numpy as jnp
import numpy as np

from esoftmax_jax import _checks, _numerics
from esoftmax_jax._host_types import AnyArray
from esoftmax_jax._types import Array, ArrayInput
from esoftmax_jax.cleaning._foreign_arrays import as_array


def label_margins(logits: AnyArray, labels: AnyArray, *, axis: int = -1) -> Array:
    r"""Margin of each label: its logit minus the largest of the other classes.

    .. math:: M = z_y - \max_{k \ne y} z_k

    Below 0 the network prefers another class; the lower, the likelier is the label wrong,
    provided that the network has not memorised its labels. A robust loss helps with
    that; held-out examples or an average of margins over the epochs of training, which the
    source calls AUM, do so too. The margin is also log p_y minus the largest other log p_k.

    Args:
        logits: floating (..., K, ...), K ≥ 2, of any framework.
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
        >>> from esoftmax_jax.cleaning import label_margins
        >>> logits = jnp.array([[2.0, 0.0, -1.0], [2.0, 0.0, -1.0]])
        >>> print(label_margins(logits, jnp.array([0, 2])))
        [ 2. -3.]

    Reference:
        Pleiss et al., "Identifying Mislabeled Data using the Area Under the Margin Ranking",
        NeurIPS 2020, equation 1.
    """
    margins: Array = _margins(*_checked(logits, labels, axis))
    return margins


def suggested_labels(logits: AnyArray, labels: AnyArray, *, axis: int = -1) -> Array:
    r"""Class that a network would put in the place of each label: the likeliest other one.

    .. math:: \hat y = \arg\max_{k \ne y} z_k

    It is never the label itself, so that a reviewer has a choice. Of equal logits it is the
    lowest class.

    Args:
        logits: floating (..., K, ...), K ≥ 2, of any framework.
        labels: integer classes in [0, K), shape of ``logits`` without ``axis``. For a label
            outside [0, K) the likeliest of all classes is returned.
        axis: the axis of classes.

    Returns:
        One class per example: int32, shape of ``labels``.

    Raises:
        TypeError: an argument of the wrong type or dtype.
        ValueError: a shape that does not fit.

    Example:
        >>> import jax.numpy as jnp
        >>> from esoftmax_jax.cleaning import suggested_labels
        >>> logits = jnp.array([[2.0, 0.0, -1.0], [2.0, 0.0, -1.0]])
        >>> print(suggested_labels(logits, jnp.array([0, 2])))
        [1 0]

    Reference:
        The class k of the largest other logit in Pleiss et al., NeurIPS 2020, equation 1.
    """
    suggested: Array = _suggested(*_checked(logits, labels, axis))
    return suggested


# One program in place of one for each operation, of which nothing remains in a caller's.
_compiled = functools.partial(jax.jit, static_argnums=2, inline=True)


@_compiled
def _margins(logits: ArrayInput, labels: ArrayInput, axis: int) -> Array:
    scores = jnp.asarray(logits)
    safe, _ = _numerics.safe_labels(labels, scores.shape[axis])
    own = _numerics.class_is(scores.shape, safe, axis)
    others = jnp.max(jnp.where(own, -jnp.inf, scores), axis=axis)
    label = _numerics.pick_with_gradient(scores, safe, axis)
    # Not −inf − (−inf), which is NaN, for a masked label beside masked classes.
    return jnp.where(label == -jnp.inf, -jnp.inf, label - others)


@_compiled
def _suggested(scores: ArrayInput, labels: ArrayInput, axis: int) -> Array:
    safe, _ = _numerics.safe_labels(labels, scores.shape[axis])
    own = _numerics.class_is(scores.shape, safe, axis)
    wide = _numerics.widened(scores)
    # A masked class is still a suggestion, and the label never is.
    others = jnp.maximum(wide, float(np.finfo(wide.dtype).min))
    return jnp.argmax(jnp.where(own, -jnp.inf, others), axis=axis).astype(jnp.int32)


def _checked(
    logits: AnyArray, labels: AnyArray, axis: int
) -> tuple[ArrayInput, ArrayInput, int]:
    """Return logits, labels that JAX can hold, and the axis counted from the front."""
    scores, classes = as_array("logits", logits), as_array("labels", labels)
    axis = _checks.check_logits(scores, axis)
    _checks.check_labels(classes, scores, axis)
    return scores, _numerics.narrow_labels(classes), axis
