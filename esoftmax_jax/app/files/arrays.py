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
