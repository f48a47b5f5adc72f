"""Arrays as readers hand them over, and what tells one from another."""

import hashlib
from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

ClassNumbers = npt.NDArray[np.int32]
"""Classes by their numbers, int32 (N,)."""


def content_hash(arrays: Iterable[Array]) -> str:
    """Return 16 hexadecimal digits that tell arrays from others: values, types and shapes."""
    digest = hashlib.blake2b(digest_size=8)
    for array in arrays:
        digest.update(f"{array.dtype.str}{array.shape}".encode())
        digest.update(np.ascontiguousarray(array).view(np.uint8).data)
    return digest.hexdigest()
