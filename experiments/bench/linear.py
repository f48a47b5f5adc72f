"""``bench linear``: a last layer fused with its loss, beside the layer and then the loss."""

import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp

from esoftmax_jax import losses
from esoftmax_jax.app.engine.config import ComputeDtype
from esoftmax_jax.app.terminal.progress import ProgressBar
from experiments.bench.line import report

TOKENS, WIDTH = 2048, 512
CLASSES = (32_768, 131_072)
"""Memory is read at both, time taken at the last."""

HYPERPARAMETERS: dict[str, Any] = {"m": 1e4, "alpha": 0.1, "beta": 1.0}

Function = Callable[[jax.Array, jax.Array, jax.Array], Any]


def fused(hidden: jax.Array, kernel: jax.Array, labels: jax.Array) -> jax.Array:
    """Return the mean CE_ε+MAE without the logits."""
    loss = losses.linear_epsilon_softmax_cross_entropy_with_mae
    return jnp.mean(loss(hidden, kernel, labels, **HYPERPARAMETERS))


def unfused(hidden: jax.Array, kernel: jax.Array, labels: jax.Array) -> jax.Array:
    """Return the mean CE_ε+MAE of the logits."""
    loss = losses.epsilon_softmax_cross_entropy_with_mae
    return jnp.mean(loss(hidden @ kernel, labels, **HYPERPARAMETERS))


def bench_linear(
    *, repeats: int, json_path: Path | None, dtype: ComputeDtype = "float32"
) -> None:
    """Print memory and time of value and gradient, fused and unfused.

    ``dtype`` is that of the hidden states, the kernel and thereby of the matrix products.
    """
    with ProgressBar("bench linear", repeats, unit="rounds") as bar:
        programs = {
            function.__name__: {count: _compile(function, count, dtype) for count in CLASSES}
            for function in (fused, unfused)
        }
        timed = {name: by_count[CLASSES[-1]] for name, by_count in programs.items()}
        seconds, difference = _time_interleaved(timed, repeats, bar, dtype)
    pairs = zip(seconds["fused"], seconds["unfused"], strict=True)
    ratios = sorted(mine / peer for mine, peer in pairs)
    memory = {
        name: {str(count): _temporary_bytes(program) for count, program in by_count.items()}
        for name, by_count in programs.items()
    }
    report(
        json_path,
        "linear",
        dtype=dtype,
        repeats=repeats,
        figures={
            "temporary_bytes": memory,
            "seconds": {name: statistics.median(times) for name, times in seconds.items()},
            "ratio": statistics.median(ratios),
            "ratio_lowest": ratios[0],
            "ratio_highest": ratios[-1],
            "gradient_difference": difference,
        },
    )


def _compile(function: Function, num_classes: int, dtype: ComputeDtype) -> Any:
    arguments = (
        jax.ShapeDtypeStruct((TOKENS, WIDTH), dtype),
        jax.ShapeDtypeStruct((WIDTH, num_classes), dtype),
        jax.ShapeDtypeStruct((TOKENS,), jnp.int32),
    )
    return jax.jit(jax.value_and_grad(function, (0, 1))).lower(*arguments).compile()


def _temporary_bytes(program: Any) -> int:
    return int(program.memory_analysis().temp_size_in_bytes)


def _time_interleaved(
    programs: dict[str, Any], repeats: int, bar: ProgressBar, dtype: ComputeDtype
) -> tuple[dict[str, list[float]], float]:
    """Return the seconds of every call, and how far the gradients are apart."""
    keys = jax.random.split(jax.random.key(0), 3)
    hidden = jax.random.normal(keys[0], (TOKENS, WIDTH), dtype)
    kernel = jax.random.normal(keys[1], (WIDTH, CLASSES[-1]), dtype) / WIDTH**0.5
    labels = jax.random.randint(keys[2], (TOKENS,), 0, CLASSES[-1])
    # These calls are not timed: the first use of memory is slower.
    gradients = [program(hidden, kernel, labels)[1] for program in programs.values()]
    differences = jax.tree.map(
        lambda a, b: float(jnp.max(jnp.abs(a - b)) / jnp.max(jnp.abs(b))), *gradients
    )
    del gradients
    seconds: dict[str, list[float]] = {name: [] for name in programs}
    names = list(programs)
    for round_number in range(repeats):
        for name in names[:: 1 if round_number % 2 else -1]:
            began = time.perf_counter()
            jax.block_until_ready(programs[name](hidden, kernel, labels))
            seconds[name].append(time.perf_counter() - began)
        bar.advance(1, names[0])
    return seconds, max(differences)
