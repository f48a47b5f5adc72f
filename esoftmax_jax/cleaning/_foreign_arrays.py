"""Arrays of other frameworks, taken as NumPy arrays."""

from typing import TYPE_CHECKING, Any

import numpy as np

from esoftmax_jax._checks import check_unmasked, is_of_jax

if TYPE_CHECKING:  # it needs JAX
    from esoftmax_jax._types import ArrayInput


def as_array(name: str, value: Any) -> "ArrayInput":
    """Return a JAX or NumPy array as it is and any other array as NumPy's.

    Raises:
        TypeError: it is no array, or one that NumPy cannot read.
        ValueError: some of it is masked.
    """
    check_unmasked(name, value)
    if isinstance(value, np.ndarray) or is_of_jax(value):
        array: ArrayInput = value
        return array
    if hasattr(value, "detach"):  # PyTorch: out of its graph, from its device
        value = value.detach().cpu()
    if not hasattr(value, "__array__"):
        raise TypeError(
            f"{name}: expected an array of JAX, NumPy or another framework, got "
            f"{type(value).__name__}; convert it with np.asarray"
        )
    try:
        return np.asarray(value)
    except (TypeError, ValueError, RuntimeError) as error:
        raise TypeError(
            f"{name}: expected an array that NumPy can read, got {type(value).__name__} "
            f"({error}); cast it to float32 first"
        ) from error
