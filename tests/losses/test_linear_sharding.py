"""A last layer whose classes are spread over devices: equal to the whole layer."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import Mesh, PartitionSpec

from tests.helpers.linear_cases import (
    CLASSES,
    EPSILON,
    PAIRS,
    TOKENS,
    assert_close,
    layer,
    weighted,
)

# The classes over eight devices, or over four of them beside two shares of the tokens.
MESHES = {"8": ((8,), ("classes",)), "2x4": ((2, 4), ("data", "classes"))}


def every_loss(hidden, kernel, bias, labels, axis_name="classes", chunk_size=3):
    options = {"bias": bias, "axis_name": axis_name, "chunk_size": chunk_size}
    return {
        name: fused(hidden, kernel, labels, **options) for name, (fused, _) in PAIRS.items()
    }


@functools.partial(jax.jit, static_argnums=0)
def values_and_gradients(function, *args):
    def total(*args):
        values = function(*args)
        return sum(weighted(v) for v in values.values()), values

    (_, values), gradients = jax.value_and_grad(total, (0, 1, 2), has_aux=True)(*args)
    return values, gradients


@functools.cache
def of_the_whole_layer():
    whole = functools.partial(every_loss, axis_name=None, chunk_size=64)
    return values_and_gradients(whole, *layer(jnp.float64))


@pytest.mark.parametrize(
    ("mesh_name", "check_vma"), [("8", True), ("2x4", True), ("2x4", False)]
)
def test_classes_over_devices(mesh_name, check_vma):
    shape, axes = MESHES[mesh_name]
    mesh = Mesh(np.array(jax.devices()[:8]).reshape(shape), axes)
    tokens = PartitionSpec("data" if "data" in axes else None)
    specs = (tokens, PartitionSpec(None, "classes"), PartitionSpec("classes"), tokens)
    sharded = jax.shard_map(
        every_loss, mesh=mesh, in_specs=specs, out_specs=tokens, check_vma=check_vma
    )
    with jax.enable_x64(True):
        found = values_and_gradients(sharded, *layer(jnp.float64))
        expected = of_the_whole_layer()
    assert_close(found, expected, 1e-10)


def test_classes_over_devices_bad_labels_mask_and_ties():
    mesh = Mesh(np.array(jax.devices()[:8]), ("classes",))
    hidden, kernel, _, labels = layer()
    kernel = kernel.at[:, 39].set(kernel[:, 1])  # a tie between the first and last device
    labels = jnp.array([-1, CLASSES, 5, 2, 1, 39])
    where = jnp.arange(TOKENS) != 2
    loss = functools.partial(EPSILON, axis_name="classes")
    columns = PartitionSpec(None, "classes")
    sharded = jax.jit(
        jax.shard_map(
            lambda h, k, y, w: loss(h, k, y, where=w),
            mesh=mesh,
            in_specs=(PartitionSpec(), columns, PartitionSpec(), PartitionSpec()),
            out_specs=PartitionSpec(),
        )
    )
    values = sharded(hidden, kernel, labels, where)
    assert_close(values, EPSILON(hidden, kernel, labels, where=where), 1e-5)
    assert jnp.array_equal(jnp.isnan(values), jnp.array([1, 1, 0, 0, 0, 0], bool))
