"""The step that returns the logits of its batch: those that the loss was computed of."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from esoftmax_jax import losses
from esoftmax_jax.training import (
    create_train_state,
    data_parallel,
    make_train_step,
    make_train_step_with_logits,
)

INPUTS = np.linspace(-1, 1, 48, dtype=np.float32).reshape(16, 3)
BATCH = {"inputs": INPUTS, "labels": np.arange(16, dtype=np.int32) % 2}
TX = optax.sgd(1.0)
START = np.array([[1, 0], [0, 2], [-1, 1]], np.float32)


def linear(variables, inputs, train):
    return inputs @ variables["params"]


@pytest.mark.parametrize("backend", ["none", "jit", "pmap", "shard_map"])
def test_logits_are_those_of_the_whole_batch_before_the_update(backend):
    axis_name = "devices" if backend in ("pmap", "shard_map") else None
    step: Any = make_train_step_with_logits(
        linear, losses.cross_entropy, TX, axis_name=axis_name
    )
    state = create_train_state({"params": jnp.array(START)}, TX)
    if backend != "none":
        step = data_parallel(step, backend=backend)
        state = step.replicate(state)
    state, metrics, logits = step(state, BATCH)
    np.testing.assert_allclose(logits, INPUTS @ START, rtol=1e-6)
    assert int(metrics.count) == 16
    if backend != "none":
        state = step.unreplicate(state)
    plain = make_train_step(linear, losses.cross_entropy, TX)
    expected, _ = plain(create_train_state({"params": jnp.array(START)}, TX), BATCH)
    np.testing.assert_allclose(state.params, expected.params, rtol=1e-6)
    assert not np.array_equal(state.params, START)


def test_the_step_without_logits_computes_the_same_program():
    state = create_train_state({"params": jnp.array(START)}, TX)
    plain = jax.jit(make_train_step(linear, losses.cross_entropy, TX))
    whole = jax.jit(make_train_step_with_logits(linear, losses.cross_entropy, TX))
    for one, other in zip(plain(state, BATCH), whole(state, BATCH)[:2], strict=True):
        jax.tree.map(np.testing.assert_array_equal, one, other)
