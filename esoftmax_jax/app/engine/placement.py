"""Where the arrays of a program lie: split over devices by run, or whole on each."""

from typing import Any

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

SPLIT, WHOLE = PartitionSpec("runs"), PartitionSpec()


def run_mesh(num_devices: int) -> Mesh:
    """Return this process's first devices, along an axis of runs."""
    return Mesh(np.array(jax.local_devices()[:num_devices]), ("runs",))


def place(tree: Any, num_devices: int, *, split: bool) -> Any:
    """Put arrays where the program expects them: split over devices by run, or whole."""
    return jax.device_put(tree, _sharding(num_devices, split))


def placed_shapes(tree: Any, num_devices: int, *, split: bool) -> Any:
    """Return the shapes, types and places that arrays, or shapes, have once they are placed."""
    sharding = _sharding(num_devices, split)
    return jax.tree.map(
        lambda x: jax.ShapeDtypeStruct(x.shape, x.dtype, sharding=sharding), tree
    )


def _sharding(num_devices: int, split: bool) -> NamedSharding:
    return NamedSharding(run_mesh(num_devices), SPLIT if split else WHOLE)
