"""Many training runs as one compiled program, an epoch or more per call.

Whatever differs between runs is an array with a leading axis of runs: labels, keys, learning
rates, hyperparameters and the choice of the loss. A run is a scan over steps; runs follow each
other on a device (``lax.map``), or several are computed at once (``vmap``, which does not pay
on a CPU), and are split over the devices (``shard_map``). The training data is on the device
once, as bytes where it came so.
"""

import dataclasses
import functools
from collections.abc import Callable, Sequence
from typing import Any

import flax.struct
import jax
import jax.numpy as jnp
from jax.sharding import PartitionSpec

from esoftmax_jax import losses
from esoftmax_jax.app.augment.augment_spec import parse_augmentation
from esoftmax_jax.app.augment.mixup import MixedLabels, mixup
from esoftmax_jax.app.augment.stages import augment, check_augmentation, stage_keys
from esoftmax_jax.app.data.dataset import Dataset
from esoftmax_jax.app.engine.ahead import CompiledAhead
from esoftmax_jax.app.engine.config import RunConfig
from esoftmax_jax.app.engine.network_choice import make_network
from esoftmax_jax.app.engine.optimizer import (
    RunState,
    make_optimizer,
    move_average,
    rate_factor,
    start_average,
)
from esoftmax_jax.app.engine.placement import SPLIT, WHOLE, placed_shapes, run_mesh
from esoftmax_jax.app.methods.methods import method_named
from esoftmax_jax.app.methods.switching import switching_loss
from esoftmax_jax.app.networks.convolution import Implementation
from esoftmax_jax.training import (
    Metrics,
    create_train_state,
    make_eval_step,
    make_train_step,
)

EVAL_BATCH = 500


class Data(flax.struct.PyTreeNode):
    """The images of a dataset, on the device, foreign ones last; labels are per run."""

    train_images: jax.Array
    test_images: jax.Array
    test_labels: jax.Array


class Runs(flax.struct.PyTreeNode):
    """What differs between runs; every array has a leading axis of runs.

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


@dataclasses.dataclass(frozen=True, eq=False)
class Program:
    """The compiled functions for runs that share all shapes.

    Attributes:
        start: ``start(runs) -> states``.
        advance: ``advance(states, runs, data, epochs, orders) -> (states, EpochMetrics)``,
            with (E,) int32 consecutive epoch numbers and (R, E, steps, batch) int32 indices of
            the examples of every batch; consumes ``states``.
        predict: ``predict(states, images) -> (R, N) int32`` predicted classes.
        logits: ``logits(states, images) -> (R, N, K) float32``.
        devices: how many devices the axis of runs is split over.
        batches: steps in an epoch, and examples in a step.
    """

    start: Callable[[Runs], RunState]
    advance: CompiledAhead
    predict: CompiledAhead
    logits: Callable[[RunState, jax.Array], jax.Array]
    devices: int
    batches: tuple[int, int]

    def prepare(self, runs: Runs, data: Data, epochs: int) -> None:
        """Begin to compile ``advance``, for so many epochs a call, and ``predict``.

        Args:
            runs: arrays, or their shapes and types.
            data: likewise.
            epochs: how many one call is to advance.
        """
        states = jax.eval_shape(self.start, runs)
        states, runs = (placed_shapes(x, self.devices, split=True) for x in (states, runs))
        numbers = jax.ShapeDtypeStruct((epochs,), jnp.int32)
        data, numbers = (placed_shapes(x, self.devices, split=False) for x in (data, numbers))
        orders = jax.ShapeDtypeStruct((runs.seed.shape[0], epochs, *self.batches), jnp.int32)
        orders = placed_shapes(orders, self.devices, split=True)
        self.advance.prepare(states, runs, data, numbers, orders)
        self.predict.prepare(states, data.train_images)


def make_program(
    config: RunConfig,
    dataset: Dataset,
    loss_names: Sequence[str],
    num_devices: int,
    *,
    at_once: int = 1,
) -> Program:
    """Compile nothing yet, but prepare the program for all runs like ``config``.

    Args:
        config: loss, hyperparameters, learning rate, noise and seed are not looked at.
        dataset: already cut to ``train_examples``.
        loss_names: the losses that runs can choose among.
        num_devices: over how many devices the runs are split.
        at_once: how many runs a device computes at once, by ``vmap``; 1: one after the other.
    """

    def over_runs(function: Callable[[Any], Any], runs: Any) -> Any:
        return jax.lax.map(function, runs, batch_size=at_once if at_once > 1 else None)

    # vmap over kernels is a grouped convolution, whose derivative is slow on GPUs; of patches
    # it is one batched product.
    convolution: Implementation = "patches" if at_once > 1 else "auto"
    network = make_network(config, dataset.num_classes, convolution)
    factor = rate_factor(config.schedule, config.epochs)
    augmentation = parse_augmentation(config.augment)
    check_augmentation(augmentation, dataset.train_images)
    steps = len(dataset.train_labels) // config.batch_size
    draws = any(method_named(name).draws for name in loss_names)

    def start_one(run: Runs) -> RunState:
        images = jnp.zeros((1, *dataset.train_images.shape[1:]), jnp.float32)
        variables = network.init(_stream(run.seed, 0), images, train=False)
        state = create_train_state(variables, make_optimizer(config, run.learning_rate))
        return start_average(state, config.ema_decay)

    def advance_one(
        state: RunState, run: Runs, data: Data, epochs: jax.Array, orders: jax.Array
    ) -> tuple[RunState, EpochMetrics]:
        loss_fn = switching_loss(
            loss_names, run.loss_index, run.settings, config.label_smoothing
        )
        evaluate = make_eval_step(network.apply, losses.cross_entropy)

        def epoch(
            state: RunState, numbered: tuple[jax.Array, jax.Array]
        ) -> tuple[RunState, EpochMetrics]:
            number, order = numbered
            rate = run.learning_rate * factor(number)
            optimizer = make_optimizer(config, rate)
            augment_key = jax.random.fold_in(_stream(run.seed, 1), number)
            loss_key = jax.random.fold_in(_stream(run.seed, 2), number) if draws else None

            def one_step(
                carry: RunState, numbered: tuple[jax.Array, jax.Array]
            ) -> tuple[RunState, Metrics]:
                index, rows = numbered
                images = data.train_images[run.image_rows[rows]]
                labels, key = run.labels[rows], jax.random.fold_in(augment_key, index)
                inputs = dataset.normalised(augment(augmentation, key, images))
                step_loss = loss_fn
                if loss_key is not None:
                    step_key = jax.random.fold_in(loss_key, index)
                    step_loss = functools.partial(loss_fn, key=step_key)
                if augmentation.mixup:
                    mixup_key = stage_keys(key)["mixup"]
                    inputs, mixed = mixup(mixup_key, inputs, labels, augmentation.mixup)
                    step_loss = _blended(step_loss, mixed)
                train_step = make_train_step(network.apply, step_loss, optimizer)
                new, metrics = train_step(carry.train, {"inputs": inputs, "labels": labels})
                return move_average(carry, new, config.ema_decay), metrics

            state, metrics = jax.lax.scan(one_step, state, (jnp.arange(steps), order))
            train = jax.tree.map(lambda x: x.sum(axis=0), metrics)

            def evaluate_batch(total: Metrics, batch: Any) -> tuple[Metrics, None]:
                batch = {**batch, "inputs": dataset.normalised(batch["inputs"])}
                return total.merge(evaluate(state.evaluated(), batch)), None

            batches = _batches(inputs=data.test_images, labels=data.test_labels)
            test, _ = jax.lax.scan(evaluate_batch, Metrics.empty(), batches)
            return state, EpochMetrics(train, test)

        return jax.lax.scan(epoch, state, (epochs, orders))

    def of_images(
        state: RunState, images: jax.Array, function: Callable[[jax.Array], jax.Array]
    ) -> jax.Array:
        """Return a function of the logits of all images, batch by batch."""
        evaluated = state.evaluated()
        variables = {"params": evaluated.params, "batch_stats": evaluated.batch_stats}

        def one(batch: Any) -> jax.Array:
            inputs = dataset.normalised(batch["inputs"])
            return function(network.apply(variables, inputs, train=False))

        batches: jax.Array = jax.lax.map(one, _batches(inputs=images))
        return batches.reshape(-1, *batches.shape[2:])[: images.shape[0]]

    def start(runs: Runs) -> RunState:
        states: RunState = over_runs(start_one, runs)
        return states

    def advance(
        states: RunState, runs: Runs, data: Data, epochs: jax.Array, orders: jax.Array
    ) -> tuple[RunState, EpochMetrics]:
        result: tuple[RunState, EpochMetrics] = over_runs(
            lambda one: advance_one(one[0], one[1], data, epochs, one[2]),
            (states, runs, orders),
        )
        return result

    def predict(states: RunState, images: jax.Array) -> jax.Array:
        def classes(logits: jax.Array) -> jax.Array:
            return jnp.argmax(logits, axis=-1).astype(jnp.int32)

        predicted: jax.Array = over_runs(lambda one: of_images(one, images, classes), states)
        return predicted

    def logits(states: RunState, images: jax.Array) -> jax.Array:
        def as_float32(values: jax.Array) -> jax.Array:
            return values.astype(jnp.float32)

        found: jax.Array = over_runs(lambda one: of_images(one, images, as_float32), states)
        return found

    mesh = run_mesh(num_devices)

    def over_devices(function: Any, *in_specs: PartitionSpec) -> Any:
        return jax.shard_map(
            function, mesh=mesh, in_specs=in_specs, out_specs=SPLIT, check_vma=False
        )

    return Program(
        start=jax.jit(over_devices(start, SPLIT), compiler_options=_called_once()),
        advance=CompiledAhead(
            jax.jit(over_devices(advance, SPLIT, SPLIT, WHOLE, WHOLE, SPLIT), donate_argnums=0)
        ),
        predict=CompiledAhead(jax.jit(over_devices(predict, SPLIT, WHOLE))),
        logits=jax.jit(over_devices(logits, SPLIT, WHOLE)),
        devices=num_devices,
        batches=(steps, config.batch_size),
    )


def _called_once() -> dict[str, Any]:
    """Return compiler options for what runs once: a CPU compiles it in half of the time."""
    return {"xla_backend_optimization_level": 1} if jax.default_backend() == "cpu" else {}


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
