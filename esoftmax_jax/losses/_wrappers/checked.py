"""Checks of values, for debugging: labels outside [0, K) and logits that are not finite."""

import functools
from typing import Any

import jax
import jax.numpy as jnp
from jax.experimental import checkify

from esoftmax_jax import _checks, _numerics
from esoftmax_jax._types import Array, ArrayInput, LossFunction
from esoftmax_jax.losses._loss_function import EVERY_CLASS, gives_every_class, mark_every_class
from esoftmax_jax.losses._wrappers.derived_loss import makes_a_loss
from esoftmax_jax.losses._wrappers.label_kinds import with_labels_of_its_kind


@makes_a_loss
def checked(loss: LossFunction, *, allow_masked_classes: bool = False) -> LossFunction:
    """Wrap a loss so that it raises on bad labels and on logits that are not finite.

    Without it, a label outside [0, K) gives NaN (under ``jit`` nothing can be raised), and
    logits that are not finite give what the formula makes of them. Masked examples
    (``where``) are not looked at.

    Called with concrete arrays it raises at once. Inside ``jit``, ``grad`` under ``jit`` or
    ``vmap`` the checks are :func:`jax.experimental.checkify.check` calls: wrap the outermost
    function with ``checkify.checkify`` and throw the error it returns (JAX says so if you do
    not).

    Args:
        loss: ``loss(logits, labels)``; it needs the arguments ``axis`` and ``where`` only
            where they are given.
        allow_masked_classes: accept logits of −inf (classes that are masked out); NaN and
            +inf are still errors.

    Returns:
        A loss with the same signature.

    Raises:
        TypeError: ``loss`` is not callable.
        ValueError: from the returned loss, on a bad label or logit.

    Example:
        >>> import jax.numpy as jnp
        >>> from esoftmax_jax.losses import checked, cross_entropy
        >>> checked(cross_entropy)(jnp.zeros((2, 3)), jnp.array([0, 3]))
        Traceback (most recent call last):
            ...
        ValueError: labels: expected classes in [0, 3), got 3 (1 of 2 examples); \
mask such examples with `where` or correct them
    """
    if not callable(loss):
        raise TypeError(f"checked: expected a loss function, got {loss!r}")
    _checks.check_flag("allow_masked_classes", allow_masked_classes)

    @functools.wraps(loss)
    def checked_loss(logits: ArrayInput, labels: Any, **given: Any) -> Array:
        axis, where = given.get("axis", -1), given.get("where")
        values = with_labels_of_its_kind("checked", loss, logits, labels, given)
        if not logits.size:
            return values
        if labels is EVERY_CLASS or labels.ndim == logits.ndim:
            # There is no label to look at; look at the logits.
            axis %= logits.ndim
            labels = jnp.zeros(logits.shape[:axis] + logits.shape[axis + 1 :], jnp.int32)
        # Shapes and types are right from here on: the loss has checked them.
        whole = _numerics.narrow_labels(labels)
        inspected = [jax.lax.stop_gradient(jnp.asarray(x)) for x in (logits, whole)]
        inspected += [] if where is None else [jnp.asarray(where)]
        positive_axis = axis % inspected[0].ndim
        inspect = functools.partial(
            _inspect, axis=positive_axis, allow_masked_classes=allow_masked_classes
        )
        if any(_checks.is_traced(x) for x in inspected):
            inspect(*inspected)
        else:
            error, _ = checkify.checkify(jax.jit(inspect))(*inspected)
            if (message := error.get()) is not None:
                # checkify appends where in this file the check stands.
                raise ValueError(message.rsplit(" (`check` failed)", 1)[0])
        return values

    if gives_every_class(loss):
        mark_every_class(checked_loss)
    return checked_loss


def _inspect(
    logits: Array,
    labels: Array,
    where: Array | None = None,
    *,
    axis: int,
    allow_masked_classes: bool,
) -> None:
    num_classes = logits.shape[axis]
    bad_labels = (labels < 0) | (labels >= num_classes)
    bad_logits = ~jnp.isfinite(logits)
    if allow_masked_classes:
        bad_logits &= logits != -jnp.inf
    if where is not None:
        by_class = where.ndim == logits.ndim
        bad_labels &= jnp.any(where, axis=axis) if by_class else where
        bad_logits &= where if by_class else jnp.expand_dims(where, axis)
    checkify.check(
        ~jnp.any(bad_labels),
        f"labels: expected classes in [0, {num_classes}), got {{label}} ({{count}} of "
        f"{labels.size} examples); mask such examples with `where` or correct them",
        label=_first(labels, bad_labels),
        count=jnp.sum(bad_labels),
    )
    hint = "" if allow_masked_classes else "; if −inf masks a class, allow_masked_classes=True"
    checkify.check(
        ~jnp.any(bad_logits),
        f"logits: expected finite values, got {{value}} ({{count}} of {logits.size}){hint}",
        value=_first(logits, bad_logits),
        count=jnp.sum(bad_logits),
    )


def _first(values: Array, chosen: Array) -> Array:
    """Return the first value that is chosen, by reductions: they work on split arrays too."""
    for axis in range(values.ndim):
        place = jax.lax.broadcasted_iota(jnp.int32, values.shape, axis)
        chosen &= place == jnp.min(jnp.where(chosen, place, 2**31 - 1))
    return jnp.sum(jnp.where(chosen, values, 0))
