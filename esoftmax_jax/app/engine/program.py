"""Many training runs as one compiled program, an epoch or more per call.

Whatever differs between runs is an array with a leading axis of runs: labels, keys, learning
rates, hyperparameters and the choice of the loss. A run is a scan over steps; runs follow each
other on a device (``lax.map``), or several are computed at once (``vmap``, which does not pay
on a CPU), and are split over the devices (``shard_map``). The training data is on the device
once, as bytes where it came so.

Programs are kept, and shared by all who ask for the same: a second call compiles nothing.
"""

import dataclasses
import functools
import os
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax.sharding import PartitionSpec

from esoftmax_jax.app.augment.stages import check_augmentation
from esoftmax_jax.app.data.dataset import Dataset
from esoftmax_jax.app.engine import one_run
from esoftmax_jax.app.engine.ahead_of_time import CompiledAheadOfTime
from esoftmax_jax.app.engine.config import RunConfig
from esoftmax_jax.app.engine.one_run import Data, Runs
from esoftmax_jax.app.engine.optimizer import RunState
from esoftmax_jax.app.engine.placement import SPLIT, WHOLE, placed_shapes, run_mesh
from esoftmax_jax.app.engine.shared import Shared, beginning_of, shared_by
from esoftmax_jax.app.methods.methods import Methods
from esoftmax_jax.app.networks.convolution import Implementation

_KEPT = 8  # programs; none of them holds data


@dataclasses.dataclass(frozen=True, eq=False)
class Program:
    """The compiled functions for runs that share all shapes.

    Attributes:
        start: ``start(seeds) -> states``.
        advance: ``advance(states, runs, data, epochs, orders) -> (states, EpochMetrics)``,
            with (E,) int32 consecutive epoch numbers and (R, E, steps, batch) int32 indices of
            the examples of every batch; consumes ``states``.
        predict: ``predict(states, images) -> (R, N) int32`` predicted classes.
        logits: ``logits(states, images) -> (R, N, K) float32``.
        methods: the losses that runs can choose among, by name.
        devices: how many devices the axis of runs is split over.
        batches: steps in an epoch, and examples in a step.
    """

    start: Callable[[jax.Array], RunState]
    advance: CompiledAheadOfTime
    predict: CompiledAheadOfTime
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
        runs = placed_shapes(runs, self.devices, split=True)
        states = jax.eval_shape(self.start, runs.seed)
        states = placed_shapes(states, self.devices, split=True)
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
    """Return the program for all runs like ``config``, compiled as far as it was used before.

    Args:
        config: loss, hyperparameters, learning rate, noise and seed are not looked at.
        dataset: already cut to ``train_examples``.
        methods: the losses that runs can choose among, by name.
        num_devices: over how many devices the runs are split.
        at_once: how many runs a device computes at once, by ``vmap``; 1: one after the other.
    """
    check_augmentation(config.augment, dataset.train.images)
    # vmap over kernels is a grouped convolution, whose derivative is slow on GPUs; of patches
    # it is one batched product.
    convolution: Implementation = "patches" if at_once > 1 else "auto"
    shared = shared_by(config, dataset, methods, convolution)
    # What is compiled also depends on JAX's settings, such as the precision of products.
    return _program(shared, num_devices, at_once, str(jax.config.values))


def forget_programs() -> None:
    """Compile anew what ``make_program`` returns from now on."""
    _program.cache_clear()
    _start_program.cache_clear()


@functools.lru_cache(_KEPT)
def _start_program(beginning: Shared, devices: int, at_once: int, settings: str) -> Any:
    del settings
    options = _called_once()
    return _compiled(beginning, devices, at_once, _start, SPLIT, compiler_options=options)


@functools.lru_cache(_KEPT)
def _program(shared: Shared, devices: int, at_once: int, settings: str) -> Program:
    compiled = functools.partial(_compiled, shared, devices, at_once)
    return Program(
        start=_start_program(beginning_of(shared), devices, at_once, settings),
        advance=CompiledAheadOfTime(
            compiled(_advance, SPLIT, SPLIT, WHOLE, WHOLE, SPLIT, donate_argnums=0)
        ),
        predict=CompiledAheadOfTime(compiled(_predict, SPLIT, WHOLE)),
        logits=compiled(_logits, SPLIT, WHOLE),
        methods=dict(zip(dict(shared.losses), shared.methods, strict=True)),
        devices=devices,
        batches=(shared.steps, shared.config.batch_size),
    )


def _compiled(
    shared: Shared,
    devices: int,
    at_once: int,
    function: Callable[..., Any],
    *in_specs: PartitionSpec,
    **options: Any,
) -> Any:
    """Return a function of this module, compiled for what is shared and split over devices."""
    over_devices = jax.shard_map(
        functools.partial(function, shared, at_once),
        mesh=run_mesh(devices),
        in_specs=in_specs,
        out_specs=SPLIT,
        check_vma=False,
    )
    return jax.jit(over_devices, **options)


def _start(shared: Shared, at_once: int, seeds: jax.Array) -> Any:
    return _over_runs(lambda seed: one_run.start(shared, seed), seeds, at_once)


def _advance(
    shared: Shared,
    at_once: int,
    states: RunState,
    runs: Runs,
    data: Data,
    epochs: jax.Array,
    orders: jax.Array,
) -> Any:
    def of_one(one: tuple[RunState, Runs, jax.Array]) -> Any:
        state, run, order = one
        return one_run.advance(shared, state, run, data, epochs, order)

    return _over_runs(of_one, (states, runs, orders), at_once)


def _predict(shared: Shared, at_once: int, states: RunState, images: jax.Array) -> Any:
    return _over_runs(lambda state: one_run.predict(shared, state, images), states, at_once)


def _logits(shared: Shared, at_once: int, states: RunState, images: jax.Array) -> Any:
    return _over_runs(lambda state: one_run.logits(shared, state, images), states, at_once)


def _over_runs(function: Callable[[Any], Any], runs: Any, at_once: int) -> Any:
    return jax.lax.map(function, runs, batch_size=at_once if at_once > 1 else None)


def _called_once() -> dict[str, Any]:
    """Return compiler options for what runs once: a CPU compiles it in half of the time.

    A level that the environment gives stays: it may be lower.
    """
    given = "xla_backend_optimization_level" in os.environ.get("XLA_FLAGS", "")
    on_cpu = jax.default_backend() == "cpu"
    return {"xla_backend_optimization_level": 1} if on_cpu and not given else {}
