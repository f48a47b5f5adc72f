"""Several axes of classes, which become one: the label is the flat index, as in optax."""

import math
from collections.abc import Callable, Mapping
from typing import Any

import jax.numpy as jnp

from esoftmax_jax import _checks, _sharding
from esoftmax_jax._types import Array


def on_one_axis(
    function: Callable[..., Array], arrays: tuple[Any, ...], given: Mapping[str, Any]
) -> Array:
    """Call a loss whose ``axis`` is a tuple on arrays whose classes are one axis, the last.

    ``arrays`` are the logits and, where there are any, the labels. What has the logits' rank
    (soft labels, a mask of classes, a loss for each class) has the same axes of classes.
    """
    logits, options = arrays[0], dict(given)
    axes = _checks.check_class_axes(logits, options.pop("axis"))
    for axis in axes:
        _sharding.check_class_axis(_sharding.layout_of(logits), axis)
    rest = tuple(axis for axis in range(logits.ndim) if axis not in axes)
    order = (*rest, *axes)
    num_classes = math.prod(logits.shape[axis] for axis in axes)

    def merged(array: Any) -> Any:
        if getattr(array, "ndim", None) != logits.ndim:
            return array
        last = array.transpose(order)
        return last.reshape((*last.shape[: len(rest)], num_classes))

    options = {name: merged(x) if name == "where" else x for name, x in options.items()}
    result = function(*map(merged, arrays), **options)
    if jnp.ndim(result) <= len(rest):
        return result
    split = result.reshape(tuple(logits.shape[axis] for axis in order))
    return split.transpose(tuple(map(order.index, range(logits.ndim))))
