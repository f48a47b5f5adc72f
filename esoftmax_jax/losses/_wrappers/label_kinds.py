"""Losses of integer labels and of one-hot labels, which are easily taken for each other."""

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from esoftmax_jax._types import Array, ArrayInput


def with_labels_of_its_kind(
    caller: str,
    loss: Callable[..., Any],
    logits: ArrayInput,
    labels: Any,
    given: dict[str, Any],
) -> Array:
    """Return the loss; say it in one sentence if it takes the other kind of labels.

    One-hot labels (one entry for each class) broadcast against logits. Integer labels do so
    only where two sizes happen to be equal, and the loss would then be of something else:
    there a loss that is not of this library is tried on shapes in which they differ.
    """
    if not (hasattr(logits, "ndim") and hasattr(labels, "ndim")):  # EVERY_CLASS, or refused
        return loss(logits, labels, **given)  # type: ignore[no-any-return]
    one_hot = labels.ndim == logits.ndim
    axis = given.get("axis", -1) % logits.ndim
    if not one_hot and not _is_of_this_library(loss) and _fits(labels.shape, logits.shape):
        _refuse_the_other_kind(caller, loss, logits, axis, given, one_hot=False)
    try:
        return loss(logits, labels, **given)  # type: ignore[no-any-return]
    except (TypeError, ValueError):
        _refuse_the_other_kind(caller, loss, logits, axis, given, one_hot=one_hot)
        raise


def _refuse_the_other_kind(
    caller: str,
    loss: Callable[..., Any],
    logits: ArrayInput,
    axis: int,
    given: dict[str, Any],
    *,
    one_hot: bool,
) -> None:
    """Raise if the loss takes the other kind of labels, and not this one."""
    options = {name: value for name, value in given.items() if name != "where"}
    classes = max(logits.shape[axis], 2)
    sizes = [classes + 1 + i for i in range(logits.ndim)]  # all of them different
    sizes[axis] = classes
    if logits.ndim == 1:  # a label without axes would broadcast against anything
        sizes, axis = [classes + 1, classes], 1
        options.pop("axis", None)
    scores = jax.ShapeDtypeStruct(sizes, logits.dtype)
    integers = jax.ShapeDtypeStruct((*sizes[:axis], *sizes[axis + 1 :]), jnp.int32)

    def takes(labels: jax.ShapeDtypeStruct) -> bool:
        try:
            jax.eval_shape(functools.partial(loss, **options), scores, labels)
        except Exception:  # whatever a loss that is not ours raises
            return False
        return True

    kinds = (takes(integers), takes(scores))
    if kinds != ((True, False) if one_hot else (False, True)):
        return
    name = name_of(loss)
    if one_hot:
        raise TypeError(
            f"{caller}: {name} takes one integer label for each example, and gets one entry "
            f"for each class; write expected_loss({name}) for it"
        ) from None
    raise TypeError(
        f"{caller}: {name} takes labels with one entry for each class, and gets one integer "
        f"for each example; use a loss of integer labels, such as cross_entropy"
    ) from None


def _fits(labels: tuple[int, ...], logits: tuple[int, ...]) -> bool:
    """Whether labels broadcast against logits."""
    trailing = logits[len(logits) - len(labels) :]
    return all(a == b or 1 in (a, b) for a, b in zip(labels, trailing, strict=True))


def _unbound(loss: Any) -> Any:
    while isinstance(loss, functools.partial):
        loss = loss.func
    return loss


def _is_of_this_library(loss: Any) -> bool:
    return str(getattr(_unbound(loss), "__module__", "")).startswith("esoftmax_jax.")


def name_of(loss: Any) -> str:
    """Return what errors call a loss."""
    function = _unbound(loss)
    return str(getattr(function, "__name__", type(function).__name__))
