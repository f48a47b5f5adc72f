"""Sums of metrics: exact where 32 bits are not enough; and the precision of the step."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from jax.sharding import Mesh, PartitionSpec

from esoftmax_jax import losses
from esoftmax_jax.training import (
    Metrics,
    create_train_state,
    data_parallel,
    make_train_step,
    mean_loss,
)

MANY = Metrics.empty().replace(loss_sum=2.0**24, correct=2**29, count=2**30)


@pytest.mark.parametrize("backend", ["pmap", "shard_map"])
def test_whole_numbers_among_the_statistics_stay_such(backend):
    def counting(variables, inputs, train, mutable=()):
        statistics = {
            "steps": variables["batch_stats"]["steps"] + 1,
            "mean": inputs.mean(axis=0),
        }
        return inputs @ variables["params"], {"batch_stats": statistics}

    optimizer = optax.sgd(0.1)
    step = make_train_step(counting, losses.cross_entropy, optimizer, axis_name="devices")
    parallel = data_parallel(step, backend=backend)
    start = {"steps": jnp.array(0, jnp.int32), "mean": jnp.zeros(3)}
    state = create_train_state({"params": jnp.zeros((3, 2)), "batch_stats": start}, optimizer)
    inputs = jnp.arange(48.0).reshape(16, 3)
    batch = {"inputs": inputs, "labels": jnp.arange(16) % 2}
    state = parallel.unreplicate(parallel(parallel.replicate(state), batch)[0])
    assert (state.batch_stats["steps"], state.batch_stats["steps"].dtype) == (1, jnp.int32)
    np.testing.assert_allclose(state.batch_stats["mean"], inputs.mean(axis=0), rtol=1e-6)


def test_arrays_of_numpy_need_no_dtype_of_their_own():
    assert mean_loss(np.array([1.0, 4.0])) == 2.5  # float64, which warns where it is asked for


def test_counts_do_not_overflow():
    assert MANY.merge(MANY).count == 2**31
    doubled, merge = MANY, jax.jit(Metrics.merge)
    for _ in range(22):
        doubled = merge(doubled, doubled)
    one = Metrics(loss_sum=1.0, correct=1, count=1)
    assert doubled.merge(one).count == 2**52 + 1
    assert doubled.merge(one).correct == 2**51 + 1
    assert doubled.merge(doubled).count == 2**53
    assert doubled.accuracy == 0.5


def test_sums_keep_what_one_float_rounds_off():
    one = Metrics(loss_sum=1.0, correct=1, count=1)
    assert MANY.merge(one).loss_sum == 2**24 + 1
    add = jax.jit(
        lambda: jax.lax.scan(
            lambda total, _: (total.merge(Metrics(0.1, 0, 1)), None),
            Metrics.empty(),
            length=100_000,
        )[0]
    )
    assert add().loss_sum == pytest.approx(10_000, rel=1e-12)
    count = 2**24 + 3
    logits, labels = jnp.zeros((count, 2)), jnp.zeros(count, jnp.int32)
    batch = jax.jit(Metrics.from_batch)(jnp.ones(count), logits, labels, None)
    assert batch.loss_sum == count
    assert batch.count == batch.correct == batch.weight_sum == count


def test_an_infinite_loss_stays_infinite():
    total = Metrics(np.inf, 0, 1).merge(Metrics(1.0, 1, 1))
    assert total.loss_sum == np.inf
    assert total.accuracy == 0.5
    assert np.isnan(Metrics.empty().loss)


def test_no_class_is_predicted_where_a_logit_is_no_number():
    logits = jnp.array([[jnp.nan, jnp.nan], [0.0, jnp.nan], [1.0, 0.0]])
    losses_of_each, labels = jnp.ones(3), jnp.array([0, 1, 0])
    assert Metrics.from_batch(losses_of_each, logits, labels, None).correct == 1


@pytest.mark.parametrize("add", ["psum", "method"])
def test_metrics_of_eight_devices_add_up(add):
    stacked = jax.tree.map(lambda x: jnp.stack([x] * 8), MANY)
    mesh = Mesh(np.array(jax.devices()), ("d",))

    def total(metrics):
        metrics = jax.tree.map(lambda x: x.reshape(()), metrics)
        return jax.lax.psum(metrics, "d") if add == "psum" else metrics.psum("d")

    split, whole = PartitionSpec("d"), PartitionSpec()
    mapped = jax.jit(jax.shard_map(total, mesh=mesh, in_specs=split, out_specs=whole))
    pmapped = jax.tree.map(lambda x: x[0], jax.pmap(total, axis_name="d")(stacked))
    for metrics in (mapped(stacked), pmapped):
        assert metrics.count == 2**33
        assert metrics.loss_sum == 2**27
        assert metrics.accuracy == 0.5


def test_metrics_are_a_pytree_of_numbers_inside_a_program():
    leaves, structure = jax.tree.flatten(MANY)
    again = jax.tree.unflatten(structure, leaves)
    assert again.count == 2**30
    assert jax.jit(lambda m: m.count + jnp.int32(1))(MANY) == 2**30 + 1
    # A program without 64 bits has no larger whole number.
    assert jax.jit(lambda m: m.merge(m).merge(m).count)(MANY) == 2**31 - 1
    with jax.enable_x64(True):
        wide = Metrics.empty().replace(count=2**40)
        assert jax.jit(lambda m: m.count)(wide) == 2**40
    with pytest.raises(TypeError, match=r"expected a whole number of examples, got 1\.5"):
        Metrics(0.0, 0, 1.5)


def test_the_mean_loss_is_differentiated_in_the_precision_of_the_loss():
    with jax.enable_x64(True):
        x = jnp.linspace(0.1, 1.3, 12).reshape(4, 3)
        labels = jnp.array([0, 1, 2, 0])
        tx = optax.sgd(1.0)
        step = make_train_step(
            lambda variables, inputs, train: inputs * variables["params"],
            losses.cross_entropy,
            tx,
        )
        state = create_train_state({"params": jnp.full(3, 0.3)}, tx)
        new, metrics = step(state, {"inputs": x, "labels": labels})
        gradient = jax.grad(lambda w: losses.cross_entropy(x * w, labels).mean())(state.params)
        np.testing.assert_allclose(new.params, state.params - gradient, rtol=1e-15)
        exact = losses.cross_entropy(x * state.params, labels).mean()
        np.testing.assert_allclose(metrics.loss, exact, rtol=1e-15)


@pytest.mark.parametrize("count", [-1, 2**53, 2**60, jnp.int8(-3)])
def test_a_count_that_cannot_be_held_is_refused(count):
    with pytest.raises(
        ValueError, match=rf"^count: .* number of examples in \[0, 2⁵³\), got {count}"
    ):
        Metrics(0.0, 0, count)


def test_sums_that_are_no_numbers():
    wrong: Any
    for wrong in (1.0, None, "a"):
        with pytest.raises(TypeError, match="^correct: expected a whole number of examples"):
            Metrics(0.0, wrong, 1)
    with pytest.raises(TypeError, match="^loss_sum: expected a number, got 'a'"):
        Metrics("a", 0, 1)
    for wrong in (None, {"count": 1}):
        with pytest.raises(TypeError, match=r"^other: expected a Metrics, got .*Metrics.empty"):
            Metrics.empty().merge(wrong)


def test_batches_of_symbolic_size_and_explicitly_split_ones():
    def loss_sum(losses, logits, labels):
        return Metrics.from_batch(losses, logits, labels, None).loss_sum

    (size,) = jax.export.symbolic_shape("b")
    shapes = [
        jax.ShapeDtypeStruct((size, *rest), dtype)
        for rest, dtype in (((), jnp.float32), ((3,), jnp.float32), ((), jnp.int32))
    ]
    exported = jax.export.export(jax.jit(loss_sum))(*shapes)
    arrays = jnp.ones(9000), jnp.zeros((9000, 3)), jnp.zeros(9000, jnp.int32)
    assert exported.call(*arrays) == 9000
    mesh = jax.make_mesh((8,), ("a",), axis_types=(jax.sharding.AxisType.Explicit,))
    with jax.set_mesh(mesh):
        split = [jax.device_put(x, jax.P("a")) for x in arrays]
        assert jax.jit(loss_sum)(*split) == 9000
