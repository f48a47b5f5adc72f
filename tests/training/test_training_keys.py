"""The random keys of a step: the network's streams, and those of a loss that draws."""

from typing import Any

import jax
import jax.numpy as jnp
import optax
import pytest

from esoftmax_jax import losses
from esoftmax_jax.training import create_train_state, data_parallel, make_train_step
from tests.helpers.training import BACKENDS, Network, initial_state, make_data, optimizer


def keys_seen(state, **options):
    """Run a step that is not compiled; return the network's keys and the loss's."""
    seen = []

    def apply_fn(variables, inputs, train, rngs=None):
        seen.append(rngs)
        return inputs * variables["params"]

    def one_loss(logits, labels, *, where=None, key=None):
        seen.append(key)
        return jnp.mean(logits, axis=-1)

    batch = {"inputs": jnp.ones((4, 3)), "labels": jnp.zeros(4, jnp.int32)}
    make_train_step(apply_fn, one_loss, optax.sgd(0.1), **options)(state, batch)
    return seen


def test_a_loss_that_draws_has_its_own_key_and_changes_no_other():
    names = ("dropout", "noise")
    for key in (jax.random.key(7), jax.random.PRNGKey(7)):
        state = create_train_state({"params": jnp.ones(3)}, optax.sgd(0.1), key=key)
        state = state.replace(step=state.step + 5)
        # The keys that the streams have had since there are streams.
        streams = jax.random.split(jax.random.fold_in(key, 5), 2)
        network, nothing = keys_seen(state, rng_names=names)
        assert nothing is None
        both, mine = keys_seen(state, rng_names=names, loss_takes_key=True)
        for got in (network, both):
            assert list(got) == list(names)
            for a, b in zip(got.values(), streams, strict=True):
                assert a.dtype == b.dtype
                assert bool((a == b).all())
        assert jnp.issubdtype(mine.dtype, jax.dtypes.prng_key)
        none, alone = keys_seen(state, loss_takes_key=True)
        assert none is None
        assert alone == mine
        _, later = keys_seen(state.replace(step=state.step + 1), loss_takes_key=True)
        typed = streams if streams.ndim == 1 else jax.random.wrap_key_data(streams)
        assert mine not in [later, *typed]


@pytest.mark.parametrize("backend", ["none", *BACKENDS])
def test_negative_learning_trains_with_a_key_of_every_step_and_device(backend):
    axis_name = None if backend in ("none", "jit") else "devices"

    def power_of_what_is_drawn(logits, labels, *, key, where=None):
        return jax.random.uniform(key) ** labels.astype(jnp.float32)

    step: Any = make_train_step(
        Network(axis_name=axis_name).apply,
        losses.get("NLNL"),
        optimizer(),
        axis_name=axis_name,
        loss_takes_key=True,
    )
    state: Any = initial_state(key=jax.random.key(3))
    if backend == "none":
        run: Any = jax.jit(step)
    else:
        run = data_parallel(step, backend=backend)
        state = run.replicate(state)
    _, metrics = run(state, make_data(64))
    assert jnp.isfinite(metrics.loss)
    if axis_name is None:
        return
    drawn = make_train_step(
        Network(axis_name=axis_name).apply,
        power_of_what_is_drawn,
        optimizer(),
        axis_name=axis_name,
        loss_takes_key=True,
    )
    run, data = data_parallel(drawn, backend=backend), make_data(64)
    moments = []
    for power in (1, 2):
        labels = jnp.full_like(data["labels"], power)
        _, metrics = run(state, {**data, "labels": labels})
        moments.append(metrics.loss)
    assert moments[1] - moments[0] ** 2 > 1e-3  # the devices drew different numbers
