"""``bench augmentation``: the input of a training step beside the step itself."""

import dataclasses
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax

from esoftmax_jax import losses
from esoftmax_jax.app.augment.augment_spec import AugmentationSpec, parse_augmentation
from esoftmax_jax.app.augment.mixup import mixup
from esoftmax_jax.app.augment.stages import augment, stage_keys
from esoftmax_jax.app.networks.small import EightLayerCNN, MnistCNN
from esoftmax_jax.app.terminal.progress import ProgressBar
from esoftmax_jax.training import create_train_state, make_train_step
from experiments.bench.line import report

BATCH, BATCHES, EXAMPLES = 128, 50, 10_000


@dataclasses.dataclass(frozen=True)
class _Case:
    """A network, the images it takes and the augmentations that fit them.

    ``steps`` is how many steps are timed together.
    """

    title: str
    network: nn.Module
    shape: tuple[int, int, int]
    steps: int
    policies: tuple[str, ...]


CASES = (
    _Case(
        "MNIST CNN",
        MnistCNN(10),
        (28, 28, 1),
        10,
        ("none", "shift", "rotate", "randaugment:3:5", "mixup"),
    ),
    _Case(
        "8-layer CNN",
        EightLayerCNN(10),
        (32, 32, 3),
        2,
        ("none", "shift,flip", "shift,flip,rotate", "randaugment:3:5", "mixup"),
    ),
)


def bench_augmentation(*, repeats: int, json_path: Path | None) -> None:
    """Print the time per batch of each policy's input, and its share of a training step.

    The input of a batch is the gather from the set on the device, augmentation and
    normalisation, in a scan over batches as in an epoch. The steps take it without
    augmentation. Steps and inputs are timed in turn.
    """
    if repeats < 2:
        raise ValueError(f"expected repeats >= 2, got {repeats}; quartiles need two")
    figures: dict[str, dict[str, dict[str, float]]] = {}
    with ProgressBar("bench augmentation", repeats * len(CASES), unit="rounds") as bar:
        for case in CASES:
            figures[case.title] = _figures(case, repeats, bar)
    report(json_path, "augmentation", repeats=repeats, figures=figures)


def _figures(case: _Case, repeats: int, bar: ProgressBar) -> dict[str, dict[str, float]]:
    """Median, quartiles and share of the step, for each policy and for the step."""
    rng = np.random.default_rng(0)
    images = jnp.asarray(rng.integers(0, 256, (EXAMPLES, *case.shape), dtype=np.uint8))
    labels = jnp.asarray(rng.integers(0, 10, EXAMPLES, dtype=np.int32))
    rows = jnp.asarray(rng.integers(0, EXAMPLES, (BATCHES, BATCH), dtype=np.int32))
    programs: dict[str, tuple[Any, int]] = {
        policy: (jax.jit(_inputs(parse_augmentation(policy))), BATCHES)
        for policy in case.policies
    }
    programs["step"] = (jax.jit(_steps(case.network, case.shape)), case.steps)
    calls = {
        # The data is an argument: a constant would be copied into the program.
        name: (program.lower(images, labels, rows[:count]).compile(), count)
        for name, (program, count) in programs.items()
    }
    for program, count in calls.values():  # the first use of memory is slower
        jax.block_until_ready(program(images, labels, rows[:count]))
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    for round_number in range(repeats):
        for name in list(calls)[:: 1 if round_number % 2 else -1]:
            program, count = calls[name]
            taken = rows[:count]
            began = time.perf_counter()
            jax.block_until_ready(program(images, labels, taken))
            seconds[name].append((time.perf_counter() - began) / count)
        bar.advance(1, case.title)
    step = statistics.median(seconds["step"])
    figures = {}
    for name, times in seconds.items():
        lower, median, upper = statistics.quantiles(times, n=4, method="inclusive")
        figures[name] = {
            "seconds": median,
            "lower_quartile": lower,
            "upper_quartile": upper,
            "share": median / step,
        }
    return figures


def _prepare(images: jax.Array) -> jax.Array:
    scaled = images.astype(jnp.float32) * np.float32(1 / 255)
    return (scaled - np.float32(0.5)) / np.float32(0.25)


def _inputs(spec: AugmentationSpec) -> Callable[[jax.Array, jax.Array, jax.Array], jax.Array]:
    """Return a scan that makes the input of every batch and keeps the last."""

    def run(images: jax.Array, labels: jax.Array, rows: jax.Array) -> jax.Array:
        def one(carry: Any, taken: jax.Array) -> tuple[Any, None]:
            key, step_key = jax.random.split(carry[0])
            batch = _prepare(augment(spec, step_key, images[taken]))
            if spec.mixup:
                mix_key = stage_keys(step_key)["mixup"]
                batch, _ = mixup(mix_key, batch, labels[taken], spec.mixup)
            # The carry is written to memory each time, as a batch is that a network reads; a
            # sum of it would be compiled into one loop with what makes it.
            return (key, batch), None

        first = jnp.zeros((rows.shape[1], *images.shape[1:]), jnp.float32)
        (_, last), _ = jax.lax.scan(one, (jax.random.key(0), first), rows)
        return last

    return run


def _steps(
    network: nn.Module, shape: tuple[int, int, int]
) -> Callable[[jax.Array, jax.Array, jax.Array], Any]:
    """Return a scan over training steps."""
    apply: Any = network.apply

    def run(images: jax.Array, labels: jax.Array, rows: jax.Array) -> Any:
        # Weights of one value: their numbers do not matter for time, and drawing them would
        # be part of it.
        shapes = jax.eval_shape(
            lambda: network.init(jax.random.key(0), jnp.zeros((1, *shape)), train=False)
        )
        variables = jax.tree.map(lambda x: jnp.full(x.shape, 0.01, x.dtype), shapes)
        optimizer = optax.chain(
            optax.clip_by_global_norm(5.0),
            optax.add_decayed_weights(1e-4),
            optax.sgd(0.01, momentum=0.9),
        )
        step = make_train_step(apply, losses.cross_entropy, optimizer)

        def one(state: Any, taken: jax.Array) -> Any:
            batch = {"inputs": _prepare(images[taken]), "labels": labels[taken]}
            return step(state, batch)

        return jax.lax.scan(one, create_train_state(variables, optimizer), rows)[1]

    return run
