"""The types that signatures are written in."""

from collections.abc import Callable
from typing import Any, Protocol, TypeAlias

import jax
from numpy.typing import NDArray

Array: TypeAlias = jax.Array
ArrayInput: TypeAlias = jax.Array | NDArray[Any]
"""What array arguments may be; Python lists are refused at the door."""

Scalar: TypeAlias = float | jax.Array
"""A hyperparameter: a Python number, or an array that may be traced."""


class Loss(Protocol):
    """A per-example loss with its hyperparameters bound."""

    def __call__(
        self,
        logits: ArrayInput,
        labels: ArrayInput,
        *,
        axis: int = -1,
        where: ArrayInput | None = None,
    ) -> Array:
        """Return one loss for each example."""
        ...


LossFunction: TypeAlias = Callable[..., Array]
"""A loss whose hyperparameters are still keyword arguments."""
