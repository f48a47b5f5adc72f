"""A regulariser on the mean prediction of a batch."""

import jax
import jax.numpy as jnp

from esoftmax_jax import _checks, _numerics
from esoftmax_jax._types import Array, ArrayInput
from esoftmax_jax.losses._class_axes import on_one_axis


def entropy_regularizer(
    logits: ArrayInput,
    *,
    axis: int | tuple[int, ...] = -1,
    where: ArrayInput | None = None,
    axis_name: str | None = None,
) -> Array:
    r"""How far the mean prediction of a batch is from uniform, in nats.

    .. math:: R = \log K - H(\bar p), \qquad \bar p = \frac{1}{N} \sum_i p_i

    Added to active negative loss (ANL-ER) with the weight 2 on CIFAR-10 and 0.01 on CIFAR-100.
    It belongs to a batch, not to an example: add it after the mean over examples.

    Args:
        logits: floating (..., K, ...), K ≥ 2; half precision is computed in float32.
        axis: the axis of classes, or a tuple of several that make one; the mean is over all
            others.
        where: booleans with the shape of ``logits`` without ``axis``; masked examples do not
            enter the mean.
        axis_name: the mapped axis (or axes) of devices that hold parts of the batch.

    Returns:
        A scalar ≥ 0, float32 or wider; 0 for a batch without examples.

    Raises:
        TypeError: an argument of the wrong type or dtype.
        ValueError: a shape that does not fit.

    Example:
        >>> import jax.numpy as jnp
        >>> from esoftmax_jax.losses import entropy_regularizer
        >>> confident_but_balanced = 20 * jnp.eye(3)
        >>> collapsed = confident_but_balanced[:1]
        >>> print(f"{entropy_regularizer(confident_but_balanced):.4f}")
        0.0000
        >>> print(f"{entropy_regularizer(collapsed):.4f}")
        1.0986

    Reference:
        Ye et al., "Active Negative Loss: A Robust Framework for Learning with Noisy Labels",
        2024 (the entropy-based regularisation, ANL-ER).
    """
    if isinstance(axis, tuple):
        options = {"axis": axis, "where": where, "axis_name": axis_name}
        return on_one_axis(entropy_regularizer, (logits,), options)
    axis = _checks.check_logits(logits, axis)
    _checks.check_where(where, logits.shape[:axis] + logits.shape[axis + 1 :])
    num_classes = logits.shape[axis]
    last = jnp.moveaxis(_numerics.widened(logits), axis, -1)
    # Not reshaped: the axes of a batch may be split over devices.
    kept = jnp.ones(last.shape[:-1], bool) if where is None else jnp.asarray(where)
    probs = jnp.exp(_numerics.log_probs(jnp.where(kept[..., None], last, 0), -1))
    total = jnp.sum(jnp.where(kept[..., None], probs, 0), axis=tuple(range(last.ndim - 1)))
    count = jnp.sum(kept.astype(total.dtype))
    if axis_name is not None:
        total, count = jax.lax.psum((total, count), axis_name)
    mean = total / jnp.maximum(count, 1)
    positive = jnp.where(mean == 0, 1, mean)  # 0 log 0 = 0, in the gradient too
    surplus = jnp.log(jnp.asarray(num_classes, mean.dtype)) + jnp.sum(
        jnp.where(mean == 0, 0, positive * jnp.log(positive))
    )
    return jnp.where(count > 0, surplus, 0)
