"""Arrays as readers hand them over, and what tells one from another."""

import hashlib
from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from esoftmax_jax.app.terminal.messages import UsageError

Array = npt.NDArray[Any]

ClassNumbers = npt.NDArray[np.int32]
"""Classes by their numbers, int32 (N,)."""


def as_numpy(name: str, value: Any, dtype: Any = None) -> Array:
    """Return an array, a list or a tensor of another framework as an array of NumPy.

    Args:
        name: what it is called in messages.
        value: see above.
        dtype: what is wanted; None: its own.

    Raises:
        UsageError: NumPy cannot read it, or its rows have different lengths.
    """
    if hasattr(value, "detach"):  # PyTorch: out of its graph, from its device
        value = value.detach().cpu()
    try:
        found: Array = np.asarray(value, dtype)
    except (TypeError, ValueError, RuntimeError) as error:
        if isinstance(value, list | tuple) and isinstance(error, ValueError):
            raise UsageError(
                f"{name}: expected an array, got a list with rows of different lengths; make "
                "them equally long"
            ) from error
        reason = " ".join(str(error).split()).rstrip(".")[:160]
        raise UsageError(
            f"{name}: expected an array that NumPy can read, got {type(value).__name__} "
            f"({reason}); convert it to an array of NumPy first"
        ) from error
    return found


def as_rows(name: str, value: Any) -> Array:
    """Return what ``as_numpy`` does, but rows of several shapes as objects (N,).

    Raises:
        UsageError: NumPy cannot read it.
    """
    try:
        return as_numpy(name, value)
    except UsageError:
        if not isinstance(value, list | tuple):
            raise
    rows = np.empty(len(value), object)
    for place, one in enumerate(value):
        rows[place] = as_numpy(name, one)
    return rows


def refuse_masked(name: str, value: object) -> None:
    """Refuse a masked array of NumPy of which some numbers are masked.

    Raises:
        UsageError: it is one.
    """
    if np.ma.is_masked(value):
        masked = np.ma.count_masked(value)  # type: ignore[no-untyped-call]
        raise UsageError(
            f"{name}: expected numbers, got {masked} masked; leave these examples out"
        )


def content_hash(arrays: Iterable[Array]) -> str:
    """Return 16 hexadecimal digits that tell arrays from others: values, types and shapes."""
    digest = hashlib.blake2b(digest_size=8)
    for array in arrays:
        digest.update(f"{array.dtype.str}{array.shape}".encode())
        digest.update(np.ascontiguousarray(array).view(np.uint8).data)
    return digest.hexdigest()
