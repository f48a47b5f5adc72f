"""Wrong steps, states and batches: one message that says what to do, at the door."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from esoftmax_jax import losses
from esoftmax_jax.training import (
    Metrics,
    Step,
    create_train_state,
    data_parallel,
    make_eval_step,
    make_train_step,
    pad_batch,
)
from tests.helpers.training import Network, initial_state, loss_fn, make_data, optimizer


def plain_step(axis_name=None):
    return make_train_step(Network().apply, loss_fn, optimizer(), axis_name=axis_name)


def test_states_and_devices():
    with pytest.raises(ValueError, match=r'with "params", got a mapping with \[\'w\'\]'):
        create_train_state({"w": jnp.ones(3)}, optimizer())
    with pytest.raises(ValueError, match=r"got also \['cache'\], which a step would not carry"):
        create_train_state({"params": {}, "cache": {}}, optimizer())
    with pytest.raises(
        ValueError, match=r"batch: expected .*got \['x'\]; add \['inputs', 'lab"
    ):
        plain_step()(initial_state(), {"x": jnp.ones(3)})
    with pytest.raises(ValueError, match=r"state.key: expected a PRNG key because rng_names"):
        make_train_step(Network().apply, loss_fn, optimizer(), rng_names=["dropout"])(
            initial_state(), make_data()
        )
    with pytest.raises(TypeError, match="step: expected what make_train_step"):
        data_parallel(lambda state, batch: state)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"backend: expected one of .*got 'tpu'"):
        data_parallel(plain_step(), backend="tpu")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="made with an axis_name.*for backend 'pmap'"):
        data_parallel(plain_step())
    with pytest.raises(ValueError, match="made with no axis_name for backend 'jit'"):
        data_parallel(plain_step("devices"), backend="jit")
    with pytest.raises(ValueError, match="devices: expected at least one"):
        data_parallel(plain_step("devices"), devices=[])
    with pytest.raises(ValueError, match=r"divisible by 8 devices, got 20; use another"):
        parallel = data_parallel(Step(lambda s, b: s, "d"))
        parallel(jnp.zeros(8), make_data(20))
    with pytest.raises(
        ValueError, match=r"multiple_of: expected an integer in \[1, inf\), got 0"
    ):
        pad_batch(make_data(), multiple_of=0)
    for number in ("3", None, [4], float("nan"), jnp.array(4), True):
        with pytest.raises(TypeError, match="multiple_of: expected a Python integer, got"):
            pad_batch(make_data(), multiple_of=number)  # type: ignore[arg-type]


X, Y = jnp.ones((4, 3)), jnp.zeros(4, jnp.int32)


def linear(variables, inputs, train):
    return inputs * variables["params"]


def linear_state(**options):
    return create_train_state({"params": jnp.ones(3)}, optax.sgd(0.1), **options)


def run_both(apply_fn, loss, batch, compile_it, state=None):
    """Yield what training and evaluation do with a batch, as functions to call."""
    state = linear_state() if state is None else state
    for step in (
        make_train_step(apply_fn, loss, optax.sgd(0.1)),
        make_eval_step(apply_fn, loss),
    ):
        run = jax.jit(step.function) if compile_it else step
        yield lambda run=run: run(state, batch)


WRONG_BATCHES = [
    ((X, Y), TypeError, r"batch: expected a mapping with .* got tuple; pass \{\"inputs\": inp"),
    ({"inputs": X}, ValueError, r"batch: expected the entries .*; add \['labels'\]"),
    (
        {"inputs": X, "labels": [0, 1, 2, 0]},
        TypeError,
        r"batch\['labels'\]: expected a jax or numpy array, got list; .*jnp.asarray",
    ),
    (
        {"inputs": X, "labels": Y, "where": [True] * 4},
        TypeError,
        r"batch\['where'\]: expected a jax or numpy array, got list",
    ),
    ({"inputs": X, "labels": Y[0]}, ValueError, r"batch\['labels'\]: .* got a scalar; a batch"),
    (
        {"inputs": {"a": X, "b": X[0, 0]}, "labels": Y},
        ValueError,
        r"batch\['inputs'\]\['b'\]: expected an array with the examples .* got a scalar",
    ),
    ({"inputs": None, "labels": Y}, TypeError, r"batch\['inputs'\]: .* got None; give the net"),
    (
        {"inputs": X, "labels": Y, "where": jnp.ones(4)},
        TypeError,
        r"where: expected a boolean mask, got float32",
    ),
    (
        {"inputs": X, "labels": Y, "where": jnp.ones(3, bool)},
        ValueError,
        r"where: expected shape \(4,\), one entry.*got \(3,\)",
    ),
    (
        {"inputs": X, "labels": Y[:3]},
        ValueError,
        r"labels: expected integer classes of shape \(4,\) or a floating distribution of "
        r"shape \(4, 3\) for logits of shape \(4, 3\), got int32 of shape \(3,\); let apply_fn",
    ),
    (
        {"inputs": X, "labels": X.astype(jnp.int32)},
        ValueError,
        r"got int32 of shape \(4, 3\); for one-hot labels pass their argmax",
    ),
    (
        {"inputs": X, "labels": Y.astype(jnp.float32)},
        TypeError,
        r"got float32 of shape \(4,\); cast classes with labels.astype\(jnp.int32\)",
    ),
    ({"inputs": X, "labels": Y > 0}, TypeError, r"got bool of shape \(4,\); cast classes"),
    (
        {"inputs": X, "labels": X[:, :2]},
        ValueError,
        r"got float32 of shape \(4, 2\); let apply",
    ),
]


@pytest.mark.parametrize("compile_it", [False, True])
@pytest.mark.parametrize(("batch", "error", "message"), WRONG_BATCHES)
def test_batches_that_steps_refuse(batch, error, message, compile_it):
    for run in run_both(linear, losses.cross_entropy, batch, compile_it):
        with pytest.raises(error, match=message):
            run()


@pytest.mark.parametrize("compile_it", [False, True])
def test_results_of_networks_and_losses_that_steps_refuse(compile_it):
    batch = {"inputs": X, "labels": Y}

    def mean(logits, labels, where=None):
        return losses.cross_entropy(logits, labels, where=where).mean()

    mistaken = [
        (
            linear,
            mean,
            ValueError,
            r"loss_fn: expected one loss per example, shape \(4,\), got shape \(\); do not "
            r"average, the step does",
        ),
        (
            linear,
            lambda z, y, where: (z[:, 0], {}),
            TypeError,
            r"loss_fn: .*, got tuple; return",
        ),
        (linear, lambda z, y, where: z, ValueError, r"loss_fn: .*, got shape \(4, 3\)"),
        (
            lambda v, x, train: (linear(v, x, train), {}),
            losses.cross_entropy,
            TypeError,
            r"apply_fn: expected the logits, one array \(N, K\), got tuple",
        ),
        (
            lambda v, x, train: linear(v, x, train)[:, 0],
            losses.cross_entropy,
            ValueError,
            r"logits of shape \(4,\), got int32 of shape \(4,\); let apply_fn return logits \(N,",
        ),
    ]
    for apply_fn, loss, error, message in mistaken:
        for run in run_both(apply_fn, loss, batch, compile_it):
            with pytest.raises(error, match=message):
                run()
    flat = {"inputs": X, "labels": X[:, 0]}
    for run in run_both(lambda v, x, train: linear(v, x, train)[:, 0], mean, flat, compile_it):
        with pytest.raises(ValueError, match=r"got float32 of shape \(4,\); let apply_fn"):
            run()
    step = make_train_step(lambda v, x, train, mutable: x, loss_fn, optax.sgd(0.1))
    state = linear_state().replace(batch_stats={"mean": X[0]})
    with pytest.raises(TypeError, match=r"apply_fn: expected \(logits, updated collections\)"):
        step(state, batch)
    with pytest.raises(ValueError, match=r"losses: .* got shape \(\); do not average them"):
        Metrics.from_batch(X.mean(), X, Y, None)


@pytest.mark.parametrize("compile_it", [False, True])
def test_a_loss_that_leaves_nobody_out_needs_no_mask(compile_it):
    def plain(logits, labels):
        return losses.cross_entropy(logits, labels)

    batch = {"inputs": X, "labels": Y}
    for run in run_both(linear, plain, batch, compile_it):
        run()
    for left_out in ({"where": Y >= 0}, {"weights": jnp.ones(4)}):
        for run in run_both(linear, plain, batch | left_out, compile_it):
            with pytest.raises(
                TypeError, match=r"loss_fn: expected an argument where, .*add whe"
            ):
                run()


def test_what_steps_are_made_of():
    tx = optax.sgd(0.1)
    with pytest.raises(TypeError, match=r"apply_fn: .*the module Network; .* model.apply"):
        make_train_step(Network(), loss_fn, tx)
    with pytest.raises(TypeError, match=r"apply_fn: .*the module Dense; pass .* model.apply"):
        make_eval_step(nn.Dense(3), loss_fn)
    with pytest.raises(TypeError, match=r"apply_fn: expected a function, got 3; pass Flax's"):
        make_eval_step(3, loss_fn)  # type: ignore[arg-type]
    for make in (
        lambda loss: make_train_step(linear, loss, tx),
        lambda loss: make_eval_step(linear, loss),
    ):
        with pytest.raises(TypeError, match=r"loss_fn: expected a function, got 'CE'; pass a"):
            make("CE")
    for wrong, came in ((0.1, "0.1"), (optax.sgd, "sgd")):
        message = f"tx: expected an Optax transformation, got {came}; pass .*optax.sgd"
        with pytest.raises(TypeError, match=message):
            make_train_step(linear, loss_fn, wrong)
        with pytest.raises(TypeError, match=message):
            create_train_state({"params": X}, wrong)
    with pytest.raises(
        TypeError, match=r"got the string 'dropout'; pass rng_names=\(\"dropout\",\)"
    ):
        make_train_step(linear, loss_fn, tx, rng_names="dropout")
    for names in ((1,), {"dropout"}, None):
        with pytest.raises(TypeError, match=r"rng_names: expected a sequence of names, got"):
            make_train_step(linear, loss_fn, tx, rng_names=names)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="loss_takes_key: expected True or False, got 'key'"):
        make_train_step(linear, loss_fn, tx, loss_takes_key="key")  # type: ignore[arg-type]
    step = make_train_step(linear, losses.get("NLNL"), tx, loss_takes_key=True)
    with pytest.raises(
        ValueError, match=r"state.key: .* because loss_takes_key=True, got None"
    ):
        step(linear_state(), {"inputs": X, "labels": Y})


def test_keys():
    for key in (jax.random.key(0), jax.random.PRNGKey(0), np.zeros(2, np.uint32)):
        assert linear_state(key=key).key is key
    mapped = jax.vmap(lambda key: linear_state(key=key))(jax.random.split(jax.random.key(0)))
    assert mapped.key.shape == (2,)
    for wrong, came in (
        (0, "0"),
        (jnp.int32(0), r"an array of int32, shape \(\)"),
        ("0", "'0'"),
    ):
        with pytest.raises(
            TypeError, match=rf"key: expected a key from jax.random.key\(seed\), got {came};"
        ):
            linear_state(key=wrong)
    for key in (jax.random.key(0), jax.random.PRNGKey(0)):
        with pytest.raises(ValueError, match=r"expected one key, got keys of shape \(2,\)"):
            linear_state(key=jax.random.split(key))


def test_batches_that_padding_and_splitting_refuse():
    parallel = data_parallel(Step(lambda s, b: s, "d"))
    for use in (lambda b: parallel(jnp.zeros(8), b), lambda b: pad_batch(b, multiple_of=8)):
        with pytest.raises(TypeError, match="batch: expected a mapping"):
            use((X, Y))
        for labels in ([0, 1], None):
            with pytest.raises(TypeError, match=r"batch\['labels'\]: expected a jax or numpy"):
                use({"inputs": X, "labels": labels})
        with pytest.raises(TypeError, match=r"batch\['epoch'\]: expected .* array, got int"):
            use({"inputs": X, "labels": Y, "epoch": 3})
        with pytest.raises(ValueError, match=r"batch\['epoch'\]: .* got a scalar"):
            use({"inputs": X, "labels": Y, "epoch": jnp.int32(3)})
    with pytest.raises(ValueError, match=r"batch\['inputs'\]\['a'\]: .*by 8 devices, got 4"):
        parallel(jnp.zeros(8), {"inputs": {"a": X}, "labels": jnp.zeros(8, jnp.int32)})
    with pytest.raises(ValueError, match=r"batch: expected .* add \['labels'\]"):
        pad_batch({"inputs": X}, multiple_of=8)
    with pytest.raises(ValueError, match=r"batch\['inputs'\]\['a'\]: expected 3 examples, as "):
        pad_batch({"inputs": {"a": X}, "labels": Y[:3]}, multiple_of=8)
    with pytest.raises(TypeError, match=r"labels'\]: .* got float32 of shape \(4,\); cast"):
        pad_batch({"inputs": X, "labels": X[:, 0]}, multiple_of=8)
    with pytest.raises(ValueError, match=r"where: expected shape \(4,\), one entry"):
        pad_batch({"inputs": X, "labels": X, "where": X > 0}, multiple_of=8)
