"""The random keys of one step on one device."""

from collections.abc import Sequence

import jax
import jax.numpy as jnp

from esoftmax_jax._types import Array
from esoftmax_jax.training._state import TrainState

LOSS_STREAM = 0x6C6F7373
"""Folded in for the loss. Splitting in n may be folding in 0 … n − 1: this is far from them."""


def step_key(state: TrainState, wanted_by: str, axis_name: str | None) -> Array:
    """Return the key of this step and, under a device axis, of this device."""
    if state.key is None:
        raise ValueError(
            f"state.key: expected a PRNG key because {wanted_by}, got None; "
            f"pass key=jax.random.key(seed) to create_train_state"
        )
    key = jax.random.fold_in(state.key, state.step)
    if axis_name is not None:
        key = jax.random.fold_in(key, jax.lax.axis_index(axis_name))
    return key


def named_keys(key: Array, names: Sequence[str]) -> dict[str, Array]:
    """Return a key for each stream that the network draws from."""
    return dict(zip(names, jax.random.split(key, len(names)), strict=True))


def loss_key(key: Array) -> Array:
    """Return the loss's own key: typed, and none of those of :func:`named_keys`."""
    is_typed = jnp.issubdtype(key.dtype, jax.dtypes.prng_key)
    return jax.random.fold_in(key if is_typed else jax.random.wrap_key_data(key), LOSS_STREAM)
