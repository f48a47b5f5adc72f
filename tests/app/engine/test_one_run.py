"""What one run computes, function by function."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from esoftmax_jax import losses
from esoftmax_jax.app.data.load import load_dataset
from esoftmax_jax.app.data.subset import first_examples
from esoftmax_jax.app.engine import one_run
from esoftmax_jax.app.engine.optimizer import make_optimizer
from esoftmax_jax.app.engine.shared import shared_by
from esoftmax_jax.app.labels.noise_spec import parse_noise
from esoftmax_jax.app.methods.methods import selected
from esoftmax_jax.app.runs.recipes import make_config

RATE = 0.1


start = jax.jit(one_run.start, static_argnums=0)


@functools.partial(jax.jit, static_argnums=0)
def step(shared, state, images, labels):
    optimizer = make_optimizer(shared.config, RATE)
    key, loss = jax.random.key(0), losses.cross_entropy
    return one_run.step(shared, state, images, labels, key, loss, optimizer)


@pytest.fixture(scope="module")
def parts():
    """Return what runs share, one run, the data, and the state before the first step."""
    dataset = first_examples(load_dataset("digits"), 96)
    config = make_config(dataset, parse_noise("none"), "CE", batch_size=32, epochs=2)
    shared = shared_by(config, dataset, selected(["CE"]), "lax")
    run = one_run.Runs(
        seed=jnp.int32(3),
        labels=jnp.asarray(dataset.train.labels.observed),
        image_rows=jnp.arange(96, dtype=jnp.int32),
        loss_index=jnp.int32(0),
        settings=jnp.zeros(0),
        learning_rate=jnp.float32(RATE),
    )
    data = one_run.Data(
        train_images=jnp.asarray(dataset.train.images),
        test_images=jnp.asarray(dataset.test.images),
        test_labels=jnp.asarray(dataset.test.labels.observed),
    )
    return shared, run, data, start(shared, run)


def same(first, second):
    for one, other in zip(jax.tree.leaves(first), jax.tree.leaves(second), strict=True):
        np.testing.assert_allclose(one, other, rtol=2e-5, atol=1e-6)


def test_the_seed_alone_decides_the_start(parts):
    shared, run, _, state = parts
    same(start(shared, run).train.params, state.train.params)
    other = start(shared, run.replace(seed=jnp.int32(4)))
    differing = jax.tree.map(
        lambda a, b: bool((a != b).any()), other.train.params, state.train.params
    )
    assert any(jax.tree.leaves(differing))


def test_a_step_is_the_update_written_by_hand(parts):
    shared, run, data, state = parts
    images, labels = data.train_images[:32], run.labels[:32]
    optimizer = make_optimizer(shared.config, RATE)
    new, metrics = step(shared, state, images, labels)

    def mean_loss(params):
        logits = shared.network.apply(
            {"params": params}, shared.normalised(images), train=False
        )
        return optax.softmax_cross_entropy_with_integer_labels(logits, labels).mean()

    @jax.jit
    def by_hand(params, opt_state):
        loss, gradient = jax.value_and_grad(mean_loss)(params)
        updates, _ = optimizer.update(gradient, opt_state, params)
        return loss, optax.apply_updates(params, updates)

    loss, params = by_hand(state.train.params, state.train.opt_state)
    same(new.train.params, params)
    np.testing.assert_allclose(metrics.loss, loss, rtol=1e-6)
    assert metrics.count == 32


def test_an_epoch_is_its_steps_and_an_evaluation(parts):
    shared, run, data, state = parts
    order = jnp.arange(96, dtype=jnp.int32)[::-1].reshape(3, 32)
    after, metrics = jax.jit(
        lambda s: one_run.epoch(shared, s, run, data, jnp.int32(0), order)
    )(state)
    for rows in order:
        state, _ = step(shared, state, data.train_images[rows], run.labels[rows])
    same(after.train.params, state.train.params)
    assert metrics.train.count == 96
    classes = jax.jit(one_run.predict, static_argnums=0)(shared, after, data.test_images)
    np.testing.assert_allclose(
        metrics.test.accuracy, np.mean(classes == data.test_labels), rtol=1e-6
    )
    found = jax.jit(one_run.logits, static_argnums=0)(shared, after, data.test_images)
    assert found.shape == (len(data.test_labels), 10)
    np.testing.assert_array_equal(found.argmax(axis=1), classes)
