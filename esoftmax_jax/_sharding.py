"""Arrays that a mesh with explicit axes splits over devices.

Under such axes a layout is part of an array's type, and JAX wants operands of one layout.
Elsewhere (one device, automatic axes, ``pmap``, ``shard_map``) nothing here does anything. All
of it happens while a program is traced and costs the program nothing.
"""

from typing import TypeAlias

import jax
import jax.numpy as jnp
from jax.sharding import NamedSharding, PartitionSpec

from esoftmax_jax._types import Array, ArrayInput

Layout: TypeAlias = NamedSharding | None


def layout_of(array: ArrayInput) -> Layout:
    """Return how explicit axes split the array, or None where they do not."""
    sharding = jax.typeof(array).sharding
    return sharding if any(sharding.spec) else None


def without_axis(layout: Layout, axis: int) -> Layout:
    """Return the layout of an array that lacks that axis."""
    if layout is None:
        return None
    spec = tuple(layout.spec)
    return NamedSharding(layout.mesh, PartitionSpec(*spec[:axis], *spec[axis + 1 :]))


def with_axis(layout: Layout, axis: int) -> Layout:
    """Return the layout of an array that has one axis more, which is whole on each device."""
    if layout is None:
        return None
    spec = tuple(layout.spec)
    return NamedSharding(layout.mesh, PartitionSpec(*spec[:axis], None, *spec[axis:]))


def laid_out(array: ArrayInput, layout: Layout) -> Array:
    """Return the array in that layout; whole on each device where there is none."""
    own = layout_of(array)
    if layout is None and own is not None:
        layout = NamedSharding(own.mesh, PartitionSpec())
    if layout is None:
        return jnp.asarray(array)
    result: Array = jax.sharding.reshard(jnp.asarray(array), layout)
    return result


def split_as(array: ArrayInput, logits: ArrayInput, axis: int) -> Array:
    """Return an array of examples, or of their classes, split as the logits are."""
    layout = layout_of(logits)
    return laid_out(array, layout if array.ndim == logits.ndim else without_axis(layout, axis))


def whole(array: ArrayInput, layout: Layout) -> Array:
    """Return the array with a copy of it on each device of that layout's mesh."""
    return laid_out(array, layout and NamedSharding(layout.mesh, PartitionSpec()))


def broadcast_like(value: ArrayInput, array: Array) -> Array:
    """Return the value in the shape and layout of the array."""
    return laid_out(jnp.broadcast_to(value, array.shape), layout_of(array))


def check_class_axis(layout: Layout, axis: int) -> None:
    """Refuse logits whose classes are spread over devices."""
    if layout is not None and layout.spec[axis] is not None:
        raise ValueError(
            f"logits: expected every class of an example on one device, got axis {axis} split "
            f"over {layout.spec[axis]!r}; for classes over devices use a linear_* loss with "
            f"axis_name= inside shard_map"
        )


def check_layer_layout(hidden: Layout, kernel: Layout) -> None:
    """Refuse a last layer whose matrices are spread over devices."""
    if (hidden is None or hidden.spec[-1] is None) and kernel is None:
        return
    came = f"hidden split as {hidden and hidden.spec}, kernel as {kernel and kernel.spec}"
    raise ValueError(
        f"kernel: expected the whole of it on each device and hidden split by tokens alone, "
        f"got {came}; for classes over devices pass axis_name= inside shard_map, otherwise "
        f"jax.sharding.reshard(kernel, PartitionSpec())"
    )
