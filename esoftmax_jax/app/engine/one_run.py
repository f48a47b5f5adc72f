"""What one run computes, as functions of what never changes and of arrays.

``program`` maps them over runs and devices. Each can be called by itself, compiled or not.
"""

import functools
from collections.abc import Callable
from typing import Any

import flax.struct
import jax
import jax.numpy as jnp

from esoftmax_jax import losses
from esoftmax_jax.app.augment.mixup import MixedLabels, mixup
from esoftmax_jax.app.augment.stages import augment, stage_keys
from esoftmax_jax.app.engine.optimizer import (
    RunState,
    WatchedState,
    make_optimizer,
    move_average,
    rate_factor,
    start_average,
)
from esoftmax_jax.app.engine.shared import Shared
from esoftmax_jax.app.methods.switching import switching_loss
from esoftmax_jax.cleaning import init_training_dynamics
from esoftmax_jax.training import (
    Metrics,
    create_train_state,
    make_eval_step,
    make_train_step_with_logits,
)

EVAL_BATCH = 500


class Data(flax.struct.PyTreeNode):
    """The images of a dataset, on the device, foreign ones last; labels are per run."""

    train_images: jax.Array
    test_images: jax.Array
    test_labels: jax.Array


class Runs(flax.struct.PyTreeNode):
    """What differs between runs; of several runs every array has a leading axis of runs.

    Attributes:
        seed: () int32.
        labels: (N,) int32, the labels trained on.
        image_rows: (N,) int32, where the image of each example lies in ``Data``.
        loss_index: () int32, position in the program's losses.
        settings: (H,) float32, the loss's hyperparameters.
        learning_rate: () float32, at the start.
    """

    seed: jax.Array
    labels: jax.Array
    image_rows: jax.Array
    loss_index: jax.Array
    settings: jax.Array
    learning_rate: jax.Array


class EpochMetrics(flax.struct.PyTreeNode):
    """Sums over the training batches of an epoch, and over the test set after it."""

    train: Metrics
    test: Metrics


def start(shared: Shared, seed: jax.Array) -> RunState:
    """Return the state before the first step."""
    images = jnp.zeros((1, *shared.shape), jnp.float32)
    variables = shared.network.init(_stream(seed, 0), images, train=False)
    optimizer = make_optimizer(shared.config, learning_rate=0.0)
    state = create_train_state(variables, optimizer)
    run_state = start_average(state, shared.config.ema_decay)
    if not shared.watched:
        return run_state
    dynamics = init_training_dynamics(shared.examples, shared.num_classes)
    return WatchedState(run_state.train, run_state.average, dynamics)


def advance(
    shared: Shared,
    state: RunState,
    run: Runs,
    data: Data,
    epochs: jax.Array,
    orders: jax.Array,
) -> tuple[RunState, EpochMetrics]:
    """Train epochs with the numbers (E,) and the orders (E, steps, batch), one by one."""

    def one(state: RunState, numbered: Any) -> tuple[RunState, EpochMetrics]:
        return epoch(shared, state, run, data, *numbered)

    return jax.lax.scan(one, state, (epochs, orders))


def epoch(
    shared: Shared,
    state: RunState,
    run: Runs,
    data: Data,
    number: jax.Array,
    order: jax.Array,
) -> tuple[RunState, EpochMetrics]:
    """Train one epoch and evaluate what came out of it.

    Args:
        shared: see there.
        state: before the epoch.
        run: its labels, seed, loss and rate.
        data: images.
        number: () int32, of the epoch, from 0; decides rate and random keys.
        order: (steps, batch) int32, the examples of each batch.
    """
    config = shared.config
    factor = rate_factor(config.schedule, config.epochs)
    optimizer = make_optimizer(config, run.learning_rate * factor(number))
    loss_fn = switching_loss(
        shared.methods, run.loss_index, run.settings, config.label_smoothing
    )
    augment_key = jax.random.fold_in(_stream(run.seed, 1), number)
    loss_key = jax.random.fold_in(_stream(run.seed, 2), number) if shared.draws else None

    def one_step(state: RunState, numbered: Any) -> tuple[RunState, Any]:
        index, rows = numbered
        key = jax.random.fold_in(augment_key, index)
        step_loss = loss_fn
        if loss_key is not None:
            step_loss = functools.partial(loss_fn, key=jax.random.fold_in(loss_key, index))
        images, labels = data.train_images[run.image_rows[rows]], run.labels[rows]
        state, *found = step(shared, state, images, labels, key, step_loss, optimizer)
        return state, found if shared.watched else found[:1]

    state, (metrics, *logits) = jax.lax.scan(one_step, state, (jnp.arange(shared.steps), order))
    if isinstance(state, WatchedState):  # once an epoch: an update costs as much as N examples
        rows = order.reshape(-1)
        said = logits[0].reshape(len(rows), -1).astype(jnp.float32)
        dynamics = state.dynamics.update(said, run.labels[rows], indices=rows)
        state = state.replace(dynamics=dynamics)
    train = jax.tree.map(lambda x: x.sum(axis=0), metrics)
    return state, EpochMetrics(train, evaluate(shared, state, data))


def step(
    shared: Shared,
    state: RunState,
    images: jax.Array,
    labels: jax.Array,
    key: jax.Array,
    loss_fn: Callable[..., jax.Array],
    optimizer: Any,
) -> tuple[RunState, Metrics, jax.Array]:
    """Update the parameters by one batch: augmented, normalised, perhaps mixed.

    Returns:
        The state, sums over the batch, and its logits (batch, K) before the update.
    """
    augmentation = shared.config.augment
    inputs = shared.normalised(augment(augmentation, key, images))
    if augmentation.mixup:
        mixup_key = stage_keys(key)["mixup"]
        inputs, mixed = mixup(mixup_key, inputs, labels, augmentation.mixup)
        loss_fn = _blended(loss_fn, mixed)
    train_step = make_train_step_with_logits(shared.network.apply, loss_fn, optimizer)
    new, metrics, logits = train_step(state.train, {"inputs": inputs, "labels": labels})
    return move_average(state, new, shared.config.ema_decay), metrics, logits


def evaluate(shared: Shared, state: RunState, data: Data) -> Metrics:
    """Return cross-entropy and accuracy on the test set, as sums."""
    eval_step = make_eval_step(shared.network.apply, losses.cross_entropy)

    def add_batch(total: Metrics, batch: Any) -> tuple[Metrics, None]:
        batch = {**batch, "inputs": shared.normalised(batch["inputs"])}
        return total.merge(eval_step(state.evaluated(), batch)), None

    batches = _batches(inputs=data.test_images, labels=data.test_labels)
    total, _ = jax.lax.scan(add_batch, Metrics.empty(), batches)
    return total


def predict(shared: Shared, state: RunState, images: jax.Array) -> jax.Array:
    """Return the predicted class of every image, (N,) int32."""
    return _of_logits(
        shared, state, images, lambda logits: jnp.argmax(logits, axis=-1).astype(jnp.int32)
    )


def logits(shared: Shared, state: RunState, images: jax.Array) -> jax.Array:
    """Return the logits of every image, (N, K) float32."""
    return _of_logits(shared, state, images, lambda logits: logits.astype(jnp.float32))


def _of_logits(
    shared: Shared,
    state: RunState,
    images: jax.Array,
    function: Callable[[jax.Array], jax.Array],
) -> jax.Array:
    """Return a function of the logits of all images, batch by batch."""
    evaluated = state.evaluated()
    variables = {"params": evaluated.params, "batch_stats": evaluated.batch_stats}

    def one(batch: Any) -> jax.Array:
        inputs = shared.normalised(batch["inputs"])
        logits: Any = shared.network.apply(variables, inputs, train=False)
        return function(logits)

    batches: jax.Array = jax.lax.map(one, _batches(inputs=images))
    return batches.reshape(-1, *batches.shape[2:])[: images.shape[0]]


def _blended(loss_fn: Any, mixed: MixedLabels) -> Any:
    """Return the loss of blended examples: that of both labels, by their shares."""

    def loss(logits: jax.Array, _: jax.Array, *, where: jax.Array | None = None) -> jax.Array:
        return mixed.blend(lambda labels: loss_fn(logits, labels, where=where))

    return loss


def _stream(seed: jax.Array, stream: int) -> jax.Array:
    """Return the key of one of a run's independent random streams."""
    return jax.random.fold_in(jax.random.key(seed), stream)


def _batches(**arrays: jax.Array) -> dict[str, jax.Array]:
    """Cut arrays into batches for a scan, padding the last one with masked zeros."""
    count = next(iter(arrays.values())).shape[0]
    size = min(EVAL_BATCH, count)
    missing = -count % size
    padded = {
        name: jnp.pad(x, [(0, missing)] + [(0, 0)] * (x.ndim - 1)) for name, x in arrays.items()
    }
    padded["where"] = jnp.arange(count + missing) < count
    return {name: x.reshape(-1, size, *x.shape[1:]) for name, x in padded.items()}
