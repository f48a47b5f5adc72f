"""Types of what lies in NumPy's memory, named as those of ``_types``, without JAX."""

import sys
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

if sys.version_info >= (3, 12):
    from typing import TypeAliasType
else:
    from typing_extensions import TypeAliasType


class SupportsArray(Protocol):
    """What NumPy can make an array of: a tensor of PyTorch, a column of pandas."""

    def __array__(self) -> NDArray[Any]:
        """Return the values as a NumPy array."""
        ...


AnyArray = TypeAliasType("AnyArray", NDArray[Any] | SupportsArray)
"""An array of any framework: JAX's can be read by NumPy too."""

HostIntegers = TypeAliasType("HostIntegers", np.ndarray[Any, np.dtype[np.integer[Any]]])
"""Integers in NumPy's memory, as the label noise returns them."""

HostFloats = TypeAliasType("HostFloats", np.ndarray[Any, np.dtype[np.float64]])

Numbers = TypeAliasType("Numbers", ArrayLike)
"""What NumPy makes an array of: a number, a list of them, an array."""
