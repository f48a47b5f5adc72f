"""Many training runs as one compiled program, an epoch or more per call.

Whatever differs between runs is an array with a leading axis of runs: labels, keys, learning
rates, hyperparameters and the choice of the loss. A run is a scan over steps; runs follow each
other on a device (``lax.map``), or several are computed at once (``vmap``, which does not pay
on a CPU), and are split over the devices (``shard_map``). The training data is on the device
once, as bytes where it came so.
"""

import dataclasses
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax.sharding import PartitionSpec

from esoftmax_jax.app.augment.stages import check_augmentation
from esoftmax_jax.app.data.dataset import Dataset
from esoftmax_jax.app.engine import one_run
from esoftmax_jax.app.engine.ahead import CompiledAhead
from esoftmax_jax.app.engine.config import RunConfig
from esoftmax_jax.app.engine.network_choice import make_network
from esoftmax_jax.app.engine.one_run import Data, Runs
from esoftmax_jax.app.engine.optimizer import RunState
from esoftmax_jax.app.engine.placement import SPLIT, WHOLE, placed_shapes, run_mesh
from esoftmax_jax.app.methods.methods import Methods
from esoftmax_jax.app.networks.convolution import Implementation


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
        methods: the losses that runs can choose among, by name.
        devices: how many devices the axis of runs is split over.
        batches: steps in an epoch, and examples in a step.
    """

    start: Callable[[Runs], RunState]
    advance: CompiledAhead
    predict: CompiledAhead
    logits: Callable[[RunState, jax.Array], jax.Array]
    methods: Methods
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
    methods: Methods,
    num_devices: int,
    *,
    at_once: int = 1,
) -> Program:
    """Compile nothing yet, but prepare the program for all runs like ``config``.

    Args:
        config: loss, hyperparameters, learning rate, noise and seed are not looked at.
        dataset: already cut to ``train_examples``.
        methods: the losses that runs can choose among, by name.
        num_devices: over how many devices the runs are split.
        at_once: how many runs a device computes at once, by ``vmap``; 1: one after the other.
    """
    # vmap over kernels is a grouped convolution, whose derivative is slow on GPUs; of patches
    # it is one batched product.
    convolution: Implementation = "patches" if at_once > 1 else "auto"
    shared = one_run.Shared(
        config=config,
        dataset=dataset,
        network=make_network(config, dataset.num_classes, convolution),
        methods=tuple(methods.values()),
    )
    check_augmentation(config.augment, dataset.train.images)

    def over_runs(function: Callable[[Any], Any], runs: Any) -> Any:
        return jax.lax.map(function, runs, batch_size=at_once if at_once > 1 else None)

    def start(runs: Runs) -> Any:
        return over_runs(lambda run: one_run.start(shared, run), runs)

    def advance(
        states: RunState, runs: Runs, data: Data, epochs: jax.Array, orders: jax.Array
    ) -> Any:
        return over_runs(
            lambda one: one_run.advance(shared, one[0], one[1], data, epochs, one[2]),
            (states, runs, orders),
        )

    def predict(states: RunState, images: jax.Array) -> Any:
        return over_runs(lambda state: one_run.predict(shared, state, images), states)

    def logits(states: RunState, images: jax.Array) -> Any:
        return over_runs(lambda state: one_run.logits(shared, state, images), states)

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
        methods=methods,
        devices=num_devices,
        batches=(shared.steps, config.batch_size),
    )


def _called_once() -> dict[str, Any]:
    """Return compiler options for what runs once: a CPU compiles it in half of the time."""
    return {"xla_backend_optimization_level": 1} if jax.default_backend() == "cpu" else {}
