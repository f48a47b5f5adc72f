"""What the tests of networks share."""

import functools
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np


def images_of(*shape: int, seed: int = 0) -> jax.Array:
    """Make random normal images of a shape, float32."""
    return jnp.asarray(np.random.default_rng(seed).normal(size=shape), jnp.float32)


def count(tree: Any) -> int:
    """Count the numbers in a tree of arrays or shapes."""
    return sum(leaf.size for leaf in jax.tree.leaves(tree))


@functools.cache
def shapes_of(model: nn.Module, shape: tuple[int, ...]) -> Any:
    """Return the shapes of a network's variables for images of a shape."""
    return jax.eval_shape(
        lambda key: model.init(key, jnp.zeros(shape), train=False), jax.random.key(0)
    )


@functools.cache
def variables_of(model: nn.Module, shape: tuple[int, ...]) -> Any:
    """Draw variables by NumPy: compiling the initialisers takes longer than a test."""
    generator = np.random.default_rng(0)

    def draw(path: Any, leaf: Any) -> jax.Array:
        if path[-1].key != "kernel":
            return jnp.full(leaf.shape, float(path[-1].key in ("scale", "var")), leaf.dtype)
        scale = np.sqrt(2 / np.prod(leaf.shape[:-1]))
        return jnp.asarray(scale * generator.normal(size=leaf.shape), leaf.dtype)

    return jax.tree_util.tree_map_with_path(draw, shapes_of(model, shape))
