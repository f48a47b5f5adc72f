"""The types that signatures are written in.

They are named types, so that ``help`` and error messages show the name.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import jax
import numpy as np
from numpy.typing import NDArray

if sys.version_info >= (3, 12):
    from typing import TypeAliasType
else:
    from typing_extensions import TypeAliasType

Array = TypeAliasType("Array", jax.Array)
ArrayInput = TypeAliasType("ArrayInput", jax.Array | NDArray[Any])
"""What array arguments may be; Python lists are refused at the door."""

ArrayLike = TypeAliasType("ArrayLike", jax.typing.ArrayLike)
"""What JAX makes an array of: arrays and single numbers."""

Labels = TypeAliasType("Labels", jax.typing.ArrayLike | Sequence[int])
Matrix = TypeAliasType("Matrix", jax.typing.ArrayLike | Sequence[Sequence[float]])
ClassMap = TypeAliasType(
    "ClassMap", str | Mapping[int, int] | Sequence[int] | NDArray[Any] | jax.Array
)
Scalar = TypeAliasType("Scalar", float | jax.Array)
"""A hyperparameter: a Python number, or an array that may be traced."""

ClassAxis = TypeAliasType("ClassAxis", int | tuple[int, ...])
"""The axis of classes, or several, whose flat index is the label."""

DType = TypeAliasType("DType", str | type[Any] | np.dtype[Any])
"""A dtype, as NumPy and JAX take one: ``jnp.float32``, ``"float32"``."""


class Loss(Protocol):
    """A per-example loss with its hyperparameters bound."""

    def __call__(
        self,
        logits: ArrayInput,
        labels: ArrayInput,
        *,
        axis: ClassAxis = -1,
        where: ArrayInput | None = None,
    ) -> Array:
        """Return one loss for each example."""
        ...


LossFunction = TypeAliasType("LossFunction", Callable[..., Array])
"""A loss whose hyperparameters are still keyword arguments."""
