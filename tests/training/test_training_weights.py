"""Weights of examples, entries that a step does not read, and optimisers that ask for more."""

import functools
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import nnx
from optax.contrib import reduce_on_plateau

from esoftmax_jax import losses
from esoftmax_jax.training import (
    Metrics,
    create_train_state,
    data_parallel,
    make_eval_step,
    make_train_step,
    mean_loss,
    pad_batch,
)
from tests.helpers.training import BACKENDS, Network, make_data

DATA = make_data(16)
WEIGHTS = jnp.arange(16, dtype=jnp.float32) / 4  # the first one is 0


def linear(variables, inputs, train):
    return inputs @ variables["params"]


def start(tx):
    params = np.full((8, 3), 0.1, np.float32)
    params[0, 0] = 0.5
    state = create_train_state({"params": params}, tx)
    # Through NumPy, which has no weak types: the second step takes the program of the first.
    return jax.device_put(jax.device_get(state))


def run_step(backend, tx, batch, steps=1):
    """Return parameters and metrics of some steps on one device, or on eight."""
    axis_name = "devices" if backend in ("pmap", "shard_map") else None
    step = make_train_step(linear, losses.cross_entropy, tx, axis_name=axis_name)
    parallel = None if backend == "none" else data_parallel(step, backend=backend)
    run = jax.jit(step) if parallel is None else parallel
    state = start(tx) if parallel is None else parallel.replicate(start(tx))
    for _ in range(steps):
        state, metrics = run(state, batch)
    return (state if parallel is None else parallel.unreplicate(state)).params, metrics


@pytest.mark.parametrize("backend", ["none", *BACKENDS])
def test_weights_weigh_the_loss_its_gradient_and_the_accuracy(backend):
    params, metrics = run_step(backend, optax.sgd(1.0), {**DATA, "weights": WEIGHTS})
    before = start(optax.sgd(1.0)).params

    def mean(params):
        each = losses.cross_entropy(DATA["inputs"] @ params, DATA["labels"])
        return jnp.sum(WEIGHTS * each) / jnp.sum(WEIGHTS)

    loss, gradient = jax.value_and_grad(mean)(before)
    np.testing.assert_allclose(params, before - gradient, rtol=1e-5, atol=1e-7)
    right = (DATA["inputs"] @ before).argmax(1) == DATA["labels"]
    np.testing.assert_allclose(metrics.loss, loss, rtol=1e-6)
    np.testing.assert_allclose(
        metrics.accuracy, WEIGHTS[right].sum() / WEIGHTS.sum(), rtol=1e-6
    )
    assert metrics.count == 15
    assert metrics.weight_sum == WEIGHTS.sum()


def test_weights_of_0_and_1_are_a_mask():
    where = jnp.arange(16) % 3 > 0
    step = make_train_step(linear, losses.cross_entropy, optax.sgd(1.0))
    evaluate = make_eval_step(linear, losses.cross_entropy)
    state = start(optax.sgd(1.0))
    # What is left out may be anything.
    inputs = jnp.where(where[:, None], DATA["inputs"], jnp.inf)
    labels = jnp.where(where, DATA["labels"], -100)
    data = {"inputs": jnp.where(where[:, None], inputs, 1e30), "labels": labels}
    masked = {**data, "where": where}
    weighted = {**data, "weights": where.astype(jnp.float32)}
    for run in (lambda batch: step(state, batch), lambda batch: evaluate(state, batch)):
        pairs = zip(jax.tree.leaves(run(masked)), jax.tree.leaves(run(weighted)), strict=True)
        for a, b in pairs:
            np.testing.assert_array_equal(a, b)
    nothing, metrics = step(state, {**data, "weights": jnp.zeros(16)})
    np.testing.assert_array_equal(nothing.params, state.params)
    assert metrics.count == 0


@pytest.mark.parametrize("run", [lambda step: step, jax.jit])
def test_weights_whose_sum_overflows(run):
    step = run(make_train_step(linear, losses.cross_entropy, optax.sgd(1.0)))
    batch = {**DATA, "weights": jnp.full(16, 3e38)}
    if run is jax.jit:  # nothing can be raised there; it is seen, as a label that is no class
        assert jnp.isnan(step(start(optax.sgd(1.0)), batch)[0].params).all()
        return
    with pytest.raises(
        ValueError, match=r"weights: .* sum from 1e-30 to 1e\+30, got 4.8e\+39;"
    ):
        step(start(optax.sgd(1.0)), batch)


@pytest.mark.parametrize("backend", BACKENDS)
def test_weights_are_checked_before_they_are_split(backend):
    tx = optax.sgd(1.0)
    axis_name = None if backend == "jit" else "devices"
    step = make_train_step(linear, losses.cross_entropy, tx, axis_name=axis_name)
    parallel = data_parallel(step, backend=backend)
    state = parallel.replicate(start(tx))
    with pytest.raises(ValueError, match=r"weights: expected shape \(16,\), .*got \(16, 1\)"):
        parallel(state, {**DATA, "weights": WEIGHTS[:, None]})
    with pytest.raises(ValueError, match=r"weights: expected finite weights ≥ 0, got -2\.0"):
        parallel(state, {**DATA, "weights": np.full(16, -2.0, np.float32)})
    if backend == "pmap":
        with pytest.raises(ValueError, match=r"replicated once, got one that was 2 times"):
            parallel(parallel.replicate(state), DATA)


def test_a_weight_that_programs_take_for_0_counts_nowhere():
    batch = (jnp.ones(2), jnp.eye(2), jnp.arange(2), None)
    for count in (Metrics.from_batch, jax.jit(Metrics.from_batch)):
        assert count(*batch, jnp.array([1e-38, 1.0])).count == 1
        # The least number above 0 of half precision is none of these.
        assert count(*batch, jnp.array([0.0, 6e-8], jnp.float16)).count == 1


def test_padding_has_no_weight():
    padded = pad_batch({**DATA, "weights": WEIGHTS}, multiple_of=10)
    np.testing.assert_array_equal(padded["weights"], [*WEIGHTS, 0, 0, 0, 0])
    evaluate = make_eval_step(linear, losses.cross_entropy)
    state = start(optax.sgd(1.0))
    short = evaluate(state, {**DATA, "weights": WEIGHTS})
    np.testing.assert_allclose(evaluate(state, padded).loss, short.loss, rtol=1e-6)


def test_the_mean_of_losses():
    values = jnp.array([1.0, 4.0, jnp.nan])
    where = jnp.array([True, True, False])
    assert mean_loss(values, where=where) == 2.5
    assert mean_loss(values, where=where, weights=jnp.array([2.0, 1.0, jnp.nan])) == 2.0
    assert mean_loss(values, where=jnp.zeros(3, bool)) == 0
    half = jnp.full(4096, 0.1, jnp.bfloat16)
    assert mean_loss(half).dtype == jnp.float32
    assert mean_loss(half) == pytest.approx(float(half[0]), rel=1e-6)
    gradient = jax.grad(lambda x: mean_loss(x, weights=jnp.array([3.0, 1.0, 0.0])))(values)
    np.testing.assert_array_equal(gradient, [0.75, 0.25, 0])
    with pytest.raises(
        ValueError, match=r"weights: expected finite weights ≥ 0, got -1\.0; to"
    ):
        mean_loss(values, weights=jnp.array([1.0, -1.0, 0.0]))
    with pytest.raises(
        ValueError, match=r"weights: expected shape \(3,\), one weight .*\(2,\)"
    ):
        mean_loss(values, weights=jnp.ones(2))
    with pytest.raises(
        TypeError, match="weights: expected a floating dtype, got bool; cast it"
    ):
        mean_loss(values, weights=where)


@pytest.mark.parametrize(
    ("batch", "message"),
    [
        ({**DATA, "weigths": WEIGHTS}, r"got also \['weigths'\].*mean 'weights' for 'weigths'"),
        ({**DATA, "sample_weight": WEIGHTS}, r"did you mean 'weights' for 'sample_weight'\?"),
        ({**DATA, "mask": WEIGHTS}, r"did you mean 'where' for 'mask'\?"),
        (
            {**DATA, "id": WEIGHTS},
            r"got also \['id'\], which a step does not read; remove them$",
        ),
        (
            {"image": DATA["inputs"], "label": DATA["labels"]},
            r"add \['inputs', 'labels'\]; did you mean 'inputs' for 'image', 'labels' for 'label'",
        ),
    ],
)
def test_entries_that_a_step_does_not_read(batch, message):
    tx = optax.sgd(1.0)
    for step in (
        make_train_step(linear, losses.cross_entropy, tx),
        make_eval_step(linear, losses.cross_entropy),
    ):
        with pytest.raises(ValueError, match=message):
            step(start(tx), batch)


def weighted_mean(params):
    each = losses.cross_entropy(DATA["inputs"] @ params, DATA["labels"])
    return mean_loss(each, weights=WEIGHTS)


@functools.cache
def searched_by_hand():
    """Return the parameters of three steps with a line search, written without a step."""
    tx = optax.lbfgs()
    first = start(tx)
    params, state = first.params, first.opt_state

    @jax.jit
    def update(params, state):
        value, grad = jax.value_and_grad(weighted_mean)(params)
        updates, state = tx.update(
            grad, state, params, value=value, grad=grad, value_fn=weighted_mean
        )
        return optax.apply_updates(params, updates), state

    for _ in range(3):
        params, state = update(params, state)
    return params


@pytest.mark.parametrize("backend", ["none", "shard_map"])
def test_a_line_search_sees_the_loss_of_all_devices(backend):
    params, _ = run_step(backend, optax.lbfgs(), {**DATA, "weights": WEIGHTS}, steps=3)
    assert weighted_mean(params) < 0.5 * weighted_mean(start(optax.lbfgs()).params)
    np.testing.assert_allclose(params, searched_by_hand(), rtol=2e-3, atol=2e-3)


def test_a_rate_that_waits_for_the_loss_gets_it():
    # Optax mixes whole numbers and floats in there.
    with jax.numpy_dtype_promotion("standard"):
        tx = optax.chain(optax.sgd(0.0), reduce_on_plateau(patience=1, factor=0.5))
        for chosen in (tx, optax.MultiSteps(tx, 1)):
            step = jax.jit(make_train_step(linear, losses.cross_entropy, chosen))
            state = start(chosen)
            for _ in range(4):
                state, _ = step(state, DATA)
            inner = state.opt_state if chosen is tx else state.opt_state.inner_opt_state
            assert inner[1].scale < 1  # the loss stood still


def test_a_transformation_that_needs_something_else():
    def update(updates, state, params=None, *, hessian, **extra):
        raise AssertionError(hessian)

    tx = optax.GradientTransformationExtraArgs(lambda params: optax.EmptyState(), update)
    with pytest.raises(
        TypeError, match=r"tx: expected .* got one that needs hessian; call its"
    ):
        make_train_step(linear, losses.cross_entropy, tx)(start(tx), DATA)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_state_that_lies_on_other_devices(backend):
    axis_name = None if backend == "jit" else "devices"
    tx = optax.sgd(1.0)
    step = make_train_step(linear, losses.cross_entropy, tx, axis_name=axis_name)
    parallel = data_parallel(step, backend=backend)
    one = jax.device_put(start(tx), jax.devices()[0])
    for use in (lambda: parallel(one, DATA), lambda: parallel.unreplicate(one)):
        with pytest.raises(
            ValueError, match=r"state: .* all 8 devices, .*call state = parallel.replicate\(st"
        ):
            use()
    plain = make_train_step(linear, losses.cross_entropy, tx)
    if backend == "pmap":
        with pytest.raises(
            ValueError, match=r"of one device, got one of 8; call .*unreplicate"
        ):
            plain(parallel.replicate(one), DATA)
    with pytest.raises(TypeError, match="state: expected a TrainState, got dict; start with"):
        plain({"params": jnp.ones(3)}, DATA)  # type: ignore[arg-type]


class Linear(nnx.Module):
    """A network in NNX."""

    def __init__(self, rngs):
        self.dense = nnx.Linear(8, 3, rngs=rngs)

    def __call__(self, x):
        return self.dense(x)


class Normalised(nnx.Module):
    """A network in NNX that has more than parameters."""

    def __init__(self, rngs):
        self.norm = nnx.BatchNorm(8, rngs=rngs)
        self.dropout = nnx.Dropout(0.5, rngs=rngs)


def test_modules_in_place_of_functions():
    model = Linear(nnx.Rngs(0))
    graphdef, params = nnx.split(model)
    wrong: Any
    for wrong in (model, model.__call__, graphdef, Linear):
        with pytest.raises(TypeError, match=r"got the NNX module \w+; for NNX take `graphdef"):
            make_eval_step(wrong, losses.cross_entropy)
    for wrong in (model, graphdef, (graphdef, params), nnx.state(model)):
        with pytest.raises(
            ValueError, match=r"variables: .*; for NNX take `graphdef, params ="
        ):
            create_train_state(wrong, optax.sgd(1.0))
    for wrong, named in ((model, "Linear"), (Normalised(nnx.Rngs(0)), "BatchStat, RngCount")):
        values = wrong if wrong is model else nnx.split(wrong)[1]
        with pytest.raises(TypeError, match=rf"got also {named}.* of NNX; for NNX take"):
            create_train_state({"params": values}, optax.sgd(1.0))
    with pytest.raises(TypeError, match=r"got the class Network; .*, Network\(\.\.\.\)\.apply"):
        make_eval_step(Network, losses.cross_entropy)
    with pytest.raises(
        TypeError, match=r"apply_fn: .* got \w+\.apply of a class; make a module"
    ):
        make_eval_step(nn.Dense.apply, losses.cross_entropy)


def test_the_remedy_for_nnx_works():
    tx = optax.sgd(1.0)
    graphdef, params = nnx.split(Linear(nnx.Rngs(0)), nnx.Param)
    state = create_train_state({"params": params}, tx)
    step = make_train_step(
        lambda variables, inputs, train: nnx.merge(graphdef, variables["params"])(inputs),
        losses.cross_entropy,
        tx,
    )
    state, first = step(state, DATA)
    _, second = step(state, DATA)
    assert second.loss < first.loss


def test_metrics_of_weighted_and_plain_batches_add_up():
    logits, labels = jnp.eye(2), jnp.array([0, 0])
    plain = Metrics.from_batch(jnp.array([1.0, 3.0]), logits, labels, None)
    weighted = Metrics.from_batch(
        jnp.array([1.0, 3.0]), logits, labels, None, jnp.array([0.5, 2.0])
    )
    both = plain.merge(weighted)
    assert both.loss == pytest.approx((1 + 3 + 0.5 + 6) / 4.5)
    assert both.accuracy == pytest.approx(1.5 / 4.5)
    assert both.count == 4
