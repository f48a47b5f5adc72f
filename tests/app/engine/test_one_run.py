"""What one run computes, function by function."""

import dataclasses
import functools

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from esoftmax_jax import cleaning, losses
from esoftmax_jax.app.data.load import load_dataset
from esoftmax_jax.app.data.subset import first_examples
from esoftmax_jax.app.engine import one_run
from esoftmax_jax.app.engine.optimizer import WatchedState, make_optimizer
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
    return shared, run, data, start(shared, run.seed)


def same(first, second):
    for one, other in zip(jax.tree.leaves(first), jax.tree.leaves(second), strict=True):
        np.testing.assert_allclose(one, other, rtol=2e-5, atol=1e-6)


def test_the_seed_alone_decides_the_start(parts):
    shared, run, _, state = parts
    same(start(shared, run.seed).train.params, state.train.params)
    other = start(shared, jnp.int32(4))
    differing = jax.tree.map(
        lambda a, b: bool((a != b).any()), other.train.params, state.train.params
    )
    assert any(jax.tree.leaves(differing))


def test_a_step_is_the_update_written_by_hand(parts):
    shared, run, data, state = parts
    images, labels = data.train_images[:32], run.labels[:32]
    optimizer = make_optimizer(shared.config, RATE)
    new, metrics, said = step(shared, state, images, labels)

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
    variables = {"params": state.train.params}
    before = shared.network.apply(variables, shared.normalised(images), train=False)
    np.testing.assert_allclose(said, before, rtol=1e-5, atol=1e-6)


def test_a_watched_run_remembers_the_margins_of_what_it_is_trained_on(parts):
    plain, run, data, _ = parts
    shared = dataclasses.replace(plain, watched=True)
    state = one_run.start(shared, run.seed)
    order = jnp.array([[5, 4, 3, 2], [1, 0, 5, 4], [7, 8, 9, 7]], jnp.int32)
    epoch = jax.jit(functools.partial(one_run.epoch, shared))
    after, _ = epoch(state, run, data, jnp.int32(0), order)
    assert isinstance(after, WatchedState)
    margins = []
    for rows in order:
        images, labels = data.train_images[rows], run.labels[rows]
        state, _, logits = step(shared, state, images, labels)
        margins.append(np.asarray(cleaning.label_margins(logits, labels)))
    same(after.train.params, state.train.params)
    (five, four, three, two), (one, zero, five_again, four_again), _ = margins
    dynamics = after.dynamics
    np.testing.assert_array_equal(dynamics.updates[:8], [1, 1, 1, 1, 2, 2, 0, 2])
    sums = [zero, one, two, three, four + four_again, five + five_again]
    np.testing.assert_allclose(dynamics.margin_sums.sum(axis=0)[:6], sums, rtol=1e-4, atol=1e-5)
    events = [zero < 0, one < 0, two < 0, three < 0]
    np.testing.assert_array_equal(dynamics.disagreements[:4], events)


def test_only_runs_on_folds_are_watched_and_no_blended_ones(parts):
    shared, *_ = parts
    dataset, config = load_dataset("digits"), shared.config
    kinds = [config, dataclasses.replace(config, fold=(0, 5))]
    blended = dataclasses.replace(config.augment, mixup=0.2)
    kinds.append(dataclasses.replace(kinds[1], augment=blended))
    methods = selected(["CE"])
    found = [shared_by(one, dataset, methods, "auto").watched for one in kinds]
    assert found == [False, True, False]


def test_an_epoch_is_its_steps_and_an_evaluation(parts):
    shared, run, data, state = parts
    order = jnp.arange(96, dtype=jnp.int32)[::-1].reshape(3, 32)
    after, metrics = jax.jit(
        lambda s: one_run.epoch(shared, s, run, data, jnp.int32(0), order)
    )(state)
    for rows in order:
        state, *_ = step(shared, state, data.train_images[rows], run.labels[rows])
    same(after.train.params, state.train.params)
    assert metrics.train.count == 96
    classes = jax.jit(one_run.predict, static_argnums=0)(shared, after, data.test_images)
    np.testing.assert_allclose(
        metrics.test.accuracy, np.mean(classes == data.test_labels), rtol=1e-6
    )
    found = jax.jit(one_run.logits, static_argnums=0)(shared, after, data.test_images)
    assert found.shape == (len(data.test_labels), 10)
    np.testing.assert_array_equal(found.argmax(axis=1), classes)
