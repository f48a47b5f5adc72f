"""The training step: against a hand-written update, over devices, with padding."""

import functools
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from esoftmax_jax import losses
from esoftmax_jax.training import (
    Metrics,
    create_train_state,
    data_parallel,
    make_eval_step,
    make_train_step,
    pad_batch,
)
from tests.helpers.training import (
    BACKENDS,
    Network,
    initial_logits,
    initial_state,
    loss_fn,
    make_data,
    optimizer,
)


def train(step, state, steps, dtype=jnp.float32):
    data = jax.tree.map(np.asarray, make_data(1600, dtype))
    for i in range(steps):
        batch = {k: np.roll(v, -32 * i, axis=0)[:32] for k, v in data.items()}
        state, metrics = step(state, batch)
    return state, metrics


STEPS = 20


@functools.cache
def plain_step(dtype=jnp.float32):
    return jax.jit(make_train_step(Network(dtype=dtype).apply, loss_fn, optimizer()))


@functools.cache
def trained_on_one_device(dtype):
    return train(plain_step(dtype), initial_state(dtype), STEPS, dtype)


@functools.cache
def parallel_step(backend, dtype=jnp.float32):
    axis_name = None if backend == "jit" else "devices"
    network = Network(axis_name=axis_name, dtype=dtype)
    step = make_train_step(network.apply, loss_fn, optimizer(), axis_name=axis_name)
    return data_parallel(step, backend=backend)


@functools.cache
def evaluation(backend):
    axis_name = "devices" if backend in ("pmap", "shard_map") else None
    step = make_eval_step(Network(axis_name=axis_name).apply, loss_fn, axis_name=axis_name)
    return jax.jit(step) if backend == "none" else data_parallel(step, backend=backend)


def test_one_step_is_the_update_written_by_hand():
    state, batch = initial_state(), make_data(32)
    new_state, metrics = plain_step()(state, batch)

    def mean_loss(params):
        logits, updates = Network().apply(
            {"params": params, "batch_stats": state.batch_stats},
            batch["inputs"],
            train=True,
            mutable=["batch_stats"],
        )
        return loss_fn(logits, batch["labels"]).mean(), (logits, updates["batch_stats"])

    (loss, (logits, stats)), gradient = jax.jit(jax.value_and_grad(mean_loss, has_aux=True))(
        state.params
    )
    params = jax.tree.map(lambda p, g: p - 0.1 * (g + 1e-4 * p), state.params, gradient)
    jax.tree.map(
        lambda a, b: np.testing.assert_allclose(a, b, atol=1e-6), new_state.params, params
    )
    jax.tree.map(
        lambda a, b: np.testing.assert_allclose(a, b, atol=1e-6), new_state.batch_stats, stats
    )
    assert new_state.step == 1
    np.testing.assert_allclose(metrics.loss, loss, rtol=1e-5)
    assert metrics.count == 32
    assert metrics.correct == (logits.argmax(1) == batch["labels"]).sum()


def test_training_learns():
    _, first = train(plain_step(), initial_state(), 1)
    _, last = train(plain_step(), initial_state(), 50)
    assert last.accuracy > 0.8
    assert first.accuracy < 0.6


@pytest.mark.parametrize("backend", BACKENDS)
def test_one_device_and_eight_give_the_same_parameters(backend):
    # In float64 the only difference is the order of additions; in float32 it is rounding.
    for dtype, tolerance in ((jnp.float64, 1e-11), (jnp.float32, 2e-4)):
        with jax.enable_x64(dtype == jnp.float64), jax.numpy_dtype_promotion("standard"):
            one, one_metrics = trained_on_one_device(dtype)
            parallel = parallel_step(backend, dtype=dtype)
            assert len(parallel.devices) == 8
            eight = parallel.replicate(initial_state(dtype))
            eight, eight_metrics = train(parallel, eight, STEPS, dtype)
            eight = parallel.unreplicate(eight)
            assert eight.step == one.step == STEPS
            for a, b in zip(jax.tree.leaves(one), jax.tree.leaves(eight), strict=True):
                np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)
            assert one_metrics.count == eight_metrics.count == 32
            np.testing.assert_allclose(one_metrics.loss, eight_metrics.loss, rtol=1e-4)


@pytest.mark.parametrize("backend", BACKENDS)
def test_every_device_holds_the_same_state(backend):
    parallel = parallel_step(backend)
    state, _ = train(parallel, parallel.replicate(initial_state()), 3)
    for leaf in jax.tree.leaves(state):
        copies = [np.asarray(shard.data).reshape(-1) for shard in leaf.addressable_shards]
        assert len(copies) == 8
        for copy in copies[1:]:
            np.testing.assert_array_equal(copy, copies[0])


def test_masked_examples_do_not_train():
    # Without batch normalisation, which sees all inputs.
    def apply_fn(variables, inputs, train):
        return inputs @ variables["params"]

    step = jax.jit(make_train_step(apply_fn, loss_fn, optax.sgd(1.0)))
    state = create_train_state({"params": 0.1 * jnp.ones((8, 3))}, optax.sgd(1.0))
    small = {k: v[:10] for k, v in make_data().items()}
    padded = pad_batch(small, multiple_of=16)
    padded["inputs"] = padded["inputs"].at[10:].set(jnp.nan)
    expected, expected_metrics = step(state, small)
    got, metrics = step(
        state, {k: jnp.nan_to_num(v) if k == "inputs" else v for k, v in padded.items()}
    )
    np.testing.assert_allclose(got.params, expected.params, rtol=1e-6)
    assert metrics.count == 10
    np.testing.assert_allclose(metrics.loss, expected_metrics.loss, rtol=1e-6)
    nothing = {**small, "where": jnp.zeros(10, bool)}
    unchanged, metrics = step(state, nothing)
    np.testing.assert_array_equal(unchanged.params, state.params)
    assert metrics.count == 0


@pytest.mark.parametrize("batch_size", [7, 32, 100])
@pytest.mark.parametrize("backend", ["none", *BACKENDS])
def test_evaluation_is_exact_for_any_batch_size(backend, batch_size):
    state, data = initial_state(), jax.device_get(make_data(100))  # slices need no program
    logits = jax.device_get(initial_logits(data["inputs"]))
    run: Any = evaluation(backend)
    if backend != "none":
        state = run.replicate(state)
    total = Metrics.empty()
    for start in range(0, 100, batch_size):
        batch = {k: v[start : start + batch_size] for k, v in data.items()}
        total = total.merge(run(state, pad_batch(batch, multiple_of=8)))
    assert total.count == 100
    assert total.correct == (logits.argmax(1) == data["labels"]).sum()
    np.testing.assert_allclose(total.loss, loss_fn(logits, data["labels"]).mean(), rtol=1e-5)


def test_dropout_keys_follow_the_step_and_survive_a_restart():
    network = Network(dropout=0.5)
    step = jax.jit(make_train_step(network.apply, loss_fn, optimizer(), rng_names=["dropout"]))
    state = initial_state(key=jax.random.key(7))
    first, _ = step(state, make_data())
    again, _ = step(state, make_data())
    other, _ = step(state.replace(step=state.step + 1), make_data())
    kernel = lambda s: np.asarray(s.params["Dense_1"]["kernel"])  # noqa: E731
    np.testing.assert_array_equal(kernel(first), kernel(again))
    assert not np.array_equal(kernel(first), kernel(other))


def test_labels_are_compared_as_integers_of_their_own_size():
    logits = jax.nn.one_hot(jnp.array([299, 43, 7]), 300)
    labels = np.array([43, 43, 200])
    for dtype in (np.uint8, np.int16, np.uint32, np.int64):
        with jax.enable_x64(dtype == np.int64):
            metrics = Metrics.from_batch(jnp.zeros(3), logits, jnp.array(labels, dtype), None)
            assert metrics.correct == 1, dtype
            assert metrics.count == 3
    least = np.iinfo(np.int64).min  # what NaN becomes; JAX would narrow all to classes
    wide: Any = np.array([2**32 + 299, 43, least])
    assert Metrics.from_batch(jnp.zeros(3), logits, wide, None).correct == 1
    with jax.enable_x64(True):
        assert Metrics.from_batch(jnp.zeros(3), logits, jnp.asarray(wide), None).correct == 1
    padded = pad_batch({"inputs": np.ones((3, 2)), "labels": wide}, multiple_of=2)
    np.testing.assert_array_equal(padded["labels"], [-1, 43, -1, -1])


@pytest.mark.parametrize("backend", ["none", *BACKENDS])
def test_distributions_over_classes_train_as_their_loss_says(backend):
    axis_name = None if backend in ("none", "jit") else "devices"
    soft_loss = losses.expected_loss(losses.cross_entropy)
    data = make_data(16)
    soft = optax.smooth_labels(jax.nn.one_hot(data["labels"], 3), 0.1)
    network = Network(axis_name=axis_name)
    step: Any = make_train_step(network.apply, soft_loss, optimizer(), axis_name=axis_name)
    evaluate: Any = make_eval_step(network.apply, soft_loss, axis_name=axis_name)
    state = initial_state()
    logits = initial_logits(data["inputs"])
    expected = optax.softmax_cross_entropy(logits, soft)[:11]
    short = {"inputs": data["inputs"][:11], "labels": soft[:11]}
    padded = pad_batch(short, multiple_of=8)
    assert padded["where"].shape == (16,)
    np.testing.assert_array_equal(padded["labels"][11:], 0)
    if backend == "none":
        step, evaluate = jax.jit(step), jax.jit(evaluate)
    else:
        step = data_parallel(step, backend=backend)
        evaluate = data_parallel(evaluate, backend=backend)
        state = step.replicate(state)
    metrics = evaluate(state, padded)
    np.testing.assert_allclose(metrics.loss, expected.mean(), rtol=1e-5)
    assert metrics.count == 11
    assert metrics.correct == (logits.argmax(1) == data["labels"])[:11].sum()
    _, metrics = step(state, {"inputs": data["inputs"], "labels": soft})
    assert metrics.count == 16


@pytest.mark.parametrize("backend", ["none", *BACKENDS])
def test_inputs_may_be_a_pytree_and_the_mask_none(backend):
    axis_name = None if backend in ("none", "jit") else "devices"

    def apply_fn(variables, inputs, train):
        return inputs["left"] @ variables["params"] + inputs["right"][0]

    step: Any = make_train_step(apply_fn, loss_fn, optax.sgd(1.0), axis_name=axis_name)
    state: Any = create_train_state({"params": 0.1 * jnp.ones((8, 3))}, optax.sgd(1.0))
    data = make_data(16)
    inputs = {"left": np.asarray(data["inputs"]), "right": (jnp.ones((16, 3)),)}
    batch = {"inputs": inputs, "labels": data["labels"], "where": None}
    if backend == "none":
        new, metrics = jax.jit(step)(state, batch)
    else:
        parallel = data_parallel(step, backend=backend)
        new, metrics = parallel(parallel.replicate(state), batch)
        new = parallel.unreplicate(new)
    plain = jax.jit(make_train_step(apply_fn, loss_fn, optax.sgd(1.0)))
    expected, _ = plain(state, {"inputs": inputs, "labels": data["labels"]})
    np.testing.assert_allclose(new.params, expected.params, rtol=1e-6, atol=1e-7)
    assert metrics.count == 16
    padded = pad_batch(batch, multiple_of=10)
    assert [x.shape for x in jax.tree.leaves(padded["inputs"])] == [(20, 8), (20, 3)]
    np.testing.assert_array_equal(padded["where"], np.arange(20) < 16)


def test_a_module_without_train_is_adapted_as_the_docstring_says():
    model, data = nn.Dense(3), make_data()
    state = create_train_state(model.init(jax.random.key(0), data["inputs"]), optimizer())

    def apply_fn(variables, inputs, train, **options):
        return model.apply(variables, inputs, **options)

    state, metrics = jax.jit(make_train_step(apply_fn, loss_fn, optimizer()))(state, data)
    assert metrics.count == 64
    assert jax.jit(make_eval_step(apply_fn, loss_fn))(state, data).loss < metrics.loss


def test_padding_of_unsigned_labels_is_their_largest_number():
    batch = {"inputs": np.ones((3, 2)), "labels": np.zeros(3, np.uint8)}
    assert pad_batch(batch, multiple_of=4)["labels"][3] == 255


def test_the_step_scans_and_maps_over_runs():
    step = make_train_step(Network().apply, loss_fn, optimizer())
    batches = jax.tree.map(lambda x: x.reshape(2, 32, *x.shape[1:]), make_data(64))
    scanned, _ = jax.jit(lambda state: jax.lax.scan(step, state, batches))(initial_state())
    assert scanned.step == 2
    states = jax.tree.map(lambda x: jnp.stack([x, x]), initial_state())
    mapped, metrics = jax.jit(jax.vmap(step, in_axes=(0, None)))(states, make_data(64))
    assert metrics.count.shape == (2,)
    assert mapped.step.shape == (2,)
