"""A loss for every possible label at once, and its mean under a distribution of labels."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from esoftmax_jax import _checks, _numerics
from esoftmax_jax._types import Array, ArrayInput, LossFunction
from esoftmax_jax.losses._loss_function import EVERY_CLASS, gives_every_class


def per_class_loss(loss: LossFunction) -> Callable[..., Array]:
    r"""Turn a loss of one label into the losses of all K labels.

    .. math:: \ell_k = \ell(z, k), \qquad k = 0, \dots, K - 1

    The losses of this library share one softmax over the K labels. A loss whose logits depend
    on the label, or one that is not of this library, is called K times.

    Args:
        loss: a loss with the signature ``loss(logits, labels, *, ..., axis, where)``.

    Returns:
        A function ``f(logits, *, axis=-1, where=None, **hyperparameters)`` whose result has
        the shape and dtype of ``logits``. ``where`` has that shape without ``axis``.

    Raises:
        TypeError: ``loss`` is not callable.

    Example:
        >>> import jax.numpy as jnp
        >>> from esoftmax_jax.losses import mean_absolute_error, per_class_loss
        >>> losses = per_class_loss(mean_absolute_error)(jnp.array([2.0, 0.0, -1.0]))
        >>> print(jnp.array_str(losses, precision=4))
        [0.3124 1.7716 1.916 ]

    Reference:
        The sum of these losses is the constant of a symmetric loss: Ghosh et al., "Robust
        Loss Functions under Label Noise for Deep Neural Networks", AAAI 2017, equation 3.
    """
    if not callable(loss):
        raise TypeError(f"per_class_loss: expected a loss function, got {loss!r}")

    def every_class(
        logits: ArrayInput, *, axis: int = -1, where: ArrayInput | None = None, **options: Any
    ) -> Array:
        """Return the loss of each possible label, along ``axis``."""
        if gives_every_class(loss):
            return loss(logits, EVERY_CLASS, axis=axis, where=where, **options)
        positive_axis = _checks.check_logits(logits, axis)
        logits = jnp.asarray(logits)
        # Classes last, the default: under jax.jit an axis that is passed on would be traced.
        last = jnp.moveaxis(logits, positive_axis, -1)
        mask = {} if where is None else {"where": where}

        def one_class(label: Array) -> Array:
            return loss(last, jnp.broadcast_to(label, last.shape[:-1]), **mask, **options)

        values: Array = jax.lax.map(one_class, jnp.arange(last.shape[-1]))
        return jnp.moveaxis(values, 0, positive_axis)

    return every_class


def expected_loss(loss: LossFunction) -> Callable[..., Array]:
    r"""Turn a loss of one label into its mean under a distribution of labels.

    .. math:: \ell = \sum_k q_k \, \ell(z, k)

    For soft labels, label smoothing and MixUp. A class with q_k = 0 adds nothing, even where
    its loss is infinite. For cross-entropy this is the cross-entropy of soft labels.

    Args:
        loss: a loss with the signature ``loss(logits, labels, *, ..., axis, where)``.

    Returns:
        A function ``f(logits, label_distribution, *, axis=-1, where=None,
        **hyperparameters)``; ``label_distribution`` is floating, of the shape of ``logits``,
        non-negative and as a rule with sums of 1. One loss per example, in the dtype of
        ``logits``.

    Raises:
        TypeError: ``loss`` is not callable; from the function, a distribution that is not a
            floating array.
        ValueError: from the function, a distribution of another shape than the logits'.

    Example:
        >>> import jax.numpy as jnp
        >>> import optax
        >>> from esoftmax_jax.losses import expected_loss, generalized_cross_entropy
        >>> smooth = optax.smooth_labels(jnp.array([1.0, 0.0, 0.0]), 0.1)
        >>> loss = expected_loss(generalized_cross_entropy)
        >>> print(f"{loss(jnp.array([2.0, 0.0, -1.0]), smooth, q=0.7):.4f}")
        0.2291

    Reference:
        MixUp: Zhang et al., "mixup: Beyond Empirical Risk Minimization", ICLR 2018.
    """
    if not callable(loss):
        raise TypeError(f"expected_loss: expected a loss function, got {loss!r}")
    every_class = per_class_loss(loss)

    def mean_over_labels(
        logits: ArrayInput,
        label_distribution: ArrayInput,
        *,
        axis: int = -1,
        where: ArrayInput | None = None,
        **options: Any,
    ) -> Array:
        """Return the mean loss of each example under its distribution of labels."""
        positive_axis = _checks.check_logits(logits, axis)
        logits = jnp.asarray(logits)
        _checks.check_distribution("label_distribution", label_distribution, logits.shape)
        losses = every_class(_numerics.widened(logits), axis=axis, where=where, **options)
        weights = jnp.asarray(label_distribution).astype(losses.dtype)
        # Finite losses stay: the derivative by a weight of 0 is its class's loss.
        without = (weights == 0) & ~jnp.isfinite(losses)
        weighted = weights * jnp.where(without, 0, losses)
        if where is not None:
            weighted = jnp.where(jnp.expand_dims(where, positive_axis), weighted, 0)
        return jnp.sum(weighted, axis=positive_axis).astype(logits.dtype)

    return mean_over_labels
