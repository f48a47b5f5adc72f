"""A loss for every possible label at once, and its mean under a distribution of labels."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from esoftmax_jax import _checks, _numerics, _sharding
from esoftmax_jax._types import Array, ArrayInput, LossFunction
from esoftmax_jax.losses._loss_function import EVERY_CLASS, gives_every_class
from esoftmax_jax.losses._wrappers.derived_loss import derived_signature, makes_a_loss
from esoftmax_jax.losses._wrappers.label_kinds import name_of, with_labels_of_its_kind


@makes_a_loss
def per_class_loss(loss: LossFunction) -> Callable[..., Array]:
    r"""Turn a loss of one label into the losses of all K labels.

    .. math:: \ell_k = \ell(z, k), \qquad k = 0, \dots, K - 1

    The losses of this library share one softmax over the K labels. A loss whose logits depend
    on the label, or one that is not of this library, is called K times.

    Args:
        loss: ``loss(logits, labels)``; it needs the arguments ``axis`` and ``where`` only
            where they are given.

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

    def every_class(logits: ArrayInput, **given: Any) -> Array:
        """Return the loss of each possible label, along ``axis``."""
        if gives_every_class(loss):
            return loss(logits, EVERY_CLASS, **given)
        positive_axis = _checks.check_logits(logits, given.pop("axis", -1))
        logits = jnp.asarray(logits)
        # Classes last, the default: under jax.jit an axis that is passed on would be traced.
        last = jnp.moveaxis(logits, positive_axis, -1)
        where = given.get("where")
        if where is not None and where.ndim == logits.ndim:
            given["where"] = jnp.moveaxis(where, positive_axis, -1)

        def one_class(label: Array) -> Array:
            labels = jnp.broadcast_to(label, last.shape[:-1])
            values = with_labels_of_its_kind("per_class_loss", loss, last, labels, given)
            if jnp.shape(values) != labels.shape:
                raise ValueError(
                    f"per_class_loss: expected one loss for each example, shape "
                    f"{labels.shape}, got shape {jnp.shape(values)} of {name_of(loss)}; "
                    f"average afterwards, not within the loss"
                )
            return values

        values: Array = jax.lax.map(one_class, jnp.arange(last.shape[-1]))
        return jnp.moveaxis(values, 0, positive_axis).astype(logits.dtype)

    every_class.__signature__ = derived_signature(loss, arrays=("logits",))  # type: ignore[attr-defined]
    return every_class


@makes_a_loss
def expected_loss(loss: LossFunction) -> Callable[..., Array]:
    r"""Turn a loss of one label into its mean under a distribution of labels.

    .. math:: \ell = \sum_k q_k \, \ell(z, k)

    For soft labels, label smoothing and MixUp. A class with q_k = 0 adds nothing, even where
    its loss is infinite. For cross-entropy this is the cross-entropy of soft labels.

    Args:
        loss: ``loss(logits, labels)``; it needs the arguments ``axis`` and ``where`` only
            where they are given.

    Returns:
        A function ``f(logits, labels, *, axis=-1, where=None, **hyperparameters)``; ``labels``
        are floating, of the shape of ``logits``, non-negative and as a rule with sums of 1. One
        loss per example, in the dtype of ``logits``. Classes that a ``where`` of that shape
        leaves out add nothing.

    Raises:
        TypeError: ``loss`` is not callable; from the function, labels that are not a
            floating array, or a loss that takes one-hot labels by itself.
        ValueError: from the function, labels of another shape than the logits'.

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

    def mean_over_labels(logits: ArrayInput, labels: ArrayInput, **given: Any) -> Array:
        """Return the mean loss of each example under its distribution of labels."""
        logits, labels = _two_classes_at_least(logits, labels)
        positive_axis = _checks.check_logits(logits, given.get("axis", -1))
        logits, where = jnp.asarray(logits), given.get("where")
        _checks.check_distribution("labels", labels, logits.shape)
        losses = every_class(_numerics.widened(logits), **given)
        weights = _sharding.split_as(labels, logits, positive_axis).astype(losses.dtype)
        # Finite losses stay: the derivative by a weight of 0 is its class's loss.
        without = (weights == 0) & ~jnp.isfinite(losses)
        if where is not None:
            by_class = where.ndim == logits.ndim
            mask = _sharding.split_as(where, logits, positive_axis)
            kept = mask if by_class else jnp.expand_dims(mask, positive_axis)
            without, weights = without | ~kept, jnp.where(kept, weights, 0)
        weighted = weights * jnp.where(without, 0, losses)
        return jnp.sum(weighted, axis=positive_axis).astype(logits.dtype)

    mean_over_labels.__signature__ = derived_signature(loss)  # type: ignore[attr-defined]
    return mean_over_labels


def _two_classes_at_least(logits: Any, labels: Any) -> tuple[Any, Any]:
    """Give one example from which classes were taken out until fewer are left others of −inf.

    A batch of one class is refused as everywhere: it is mostly a logit of two classes.
    """
    if getattr(logits, "shape", None) not in ((0,), (1,)) or jnp.shape(labels) != logits.shape:
        return logits, labels
    return jnp.pad(logits, (0, 2), constant_values=-jnp.inf), jnp.pad(labels, (0, 2))
