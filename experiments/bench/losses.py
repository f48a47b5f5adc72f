"""``bench losses``: what a loss costs beside plain cross-entropy, in the same process."""

import statistics
import time
from pathlib import Path
from typing import Any

import jax

from esoftmax_jax.app.engine.config import ComputeDtype
from esoftmax_jax.app.terminal.names import names
from esoftmax_jax.app.terminal.progress import ProgressBar
from experiments.bench.candidates import PEER, SHAPES, Function, candidates, checked_names
from experiments.bench.line import report

COPY = "copy"
TARGET_SECONDS = 0.01  # length of one timed burst


def _copy(logits: jax.Array, labels: jax.Array) -> jax.Array:
    """Read the logits and write as much: what value and gradient must do at the least."""
    del labels
    return -logits


def bench_losses(
    *,
    repeats: int,
    json_path: Path | None,
    losses: str | None = None,
    shapes: Any = SHAPES,
    dtype: ComputeDtype = "float32",
) -> None:
    """Time value and gradient of every loss at every shape and print ratios to the peer.

    ``losses`` are names that commas divide; None are all. ``dtype`` is that of the logits.
    """
    only, own = checked_names([] if losses is None else names("--losses", losses))
    # One device, with all cores: virtual devices would share them.
    figures: dict[str, dict[str, dict[str, float]]] = {}
    copies: dict[str, float] = {}
    rounds = {shape: max(5, repeats // 10) if _large(shape) else repeats for shape in shapes}
    with ProgressBar("bench losses", sum(rounds.values()), unit="rounds") as bar:
        for shape in shapes:
            chosen = {
                name: f
                for name, f in candidates(shape[1], own).items()
                if not only or name in only or name == PEER
            }
            functions = {name: _value_and_grad(f) for name, f in chosen.items()}
            batch = _batch(shape, dtype)
            temporaries = _temporaries(functions, batch)
            functions[COPY] = jax.jit(_copy)
            timed = _time_interleaved(functions, batch, rounds[shape], bar)
            copies[_text(shape)] = statistics.median(timed.pop(COPY))
            for name, seconds in timed.items():
                figures.setdefault(name, {})[_text(shape)] = {
                    **_figures(seconds, timed[PEER]),
                    "temporaries": temporaries[name],
                    "copy_share": round(copies[_text(shape)] / statistics.median(seconds), 4),
                }
    report(
        json_path,
        "losses",
        dtype=dtype,
        repeats=repeats,
        figures=figures,
        copy_microseconds={k: round(1e6 * v, 2) for k, v in copies.items()},
    )


def _figures(seconds: list[float], peer: list[float]) -> dict[str, float]:
    ratios = [a / b for a, b in zip(seconds, peer, strict=True)]
    quartiles = statistics.quantiles(ratios, n=4)
    return {
        "microseconds": round(1e6 * statistics.median(seconds), 2),
        "ratio": round(statistics.median(ratios), 4),
        "ratio_quartile_1": round(quartiles[0], 4),
        "ratio_quartile_3": round(quartiles[2], 4),
    }


def _temporaries(
    functions: dict[str, Function], batch: tuple[jax.Array, jax.Array]
) -> dict[str, float]:
    """Return the compiler's temporary memory, in units of the logits' size."""
    logits, labels = batch
    return {
        name: round(
            function.lower(logits, labels).compile().memory_analysis().temp_size_in_bytes
            / logits.nbytes,
            2,
        )
        for name, function in functions.items()
    }


def _large(shape: tuple[int, ...]) -> bool:
    return shape[0] * shape[1] > 10_000_000


def _batch(shape: tuple[int, int], dtype: ComputeDtype) -> tuple[jax.Array, jax.Array]:
    logits_key, labels_key = jax.random.split(jax.random.key(0))
    logits = 3 * jax.random.normal(logits_key, shape, dtype)
    return logits, jax.random.randint(labels_key, shape[:1], 0, shape[1])


def _value_and_grad(loss: Function) -> Function:
    return jax.jit(jax.value_and_grad(lambda logits, labels: loss(logits, labels).mean()))


def _time_interleaved(
    functions: dict[str, Function],
    batch: tuple[jax.Array, jax.Array],
    repeats: int,
    bar: ProgressBar,
) -> dict[str, list[float]]:
    """Return seconds per call, each round timing every function once, one after another."""
    logits, labels = batch
    for function in functions.values():
        jax.block_until_ready(function(logits, labels))
    calls = max(
        1 if _large(logits.shape) else 3,
        round(TARGET_SECONDS / _burst(functions[PEER], logits, labels, 3)),
    )
    seconds: dict[str, list[float]] = {name: [] for name in functions}
    names = list(functions)
    for round_number in range(repeats):
        # Another first one in every round, and a call that is not timed before each burst:
        # otherwise a function would pay for the memory that the one before it left behind.
        for place in range(len(names)):
            name = names[(round_number + place) % len(names)]
            jax.block_until_ready(functions[name](logits, labels))
            seconds[name].append(_burst(functions[name], logits, labels, calls))
        bar.advance(1, f"at {_text(logits.shape)}")
    return seconds


def _burst(function: Function, logits: jax.Array, labels: jax.Array, calls: int) -> float:
    began = time.perf_counter()
    for _ in range(calls):
        result = function(logits, labels)
    jax.block_until_ready(result)
    return (time.perf_counter() - began) / calls


def _text(shape: tuple[int, ...]) -> str:
    return f"{shape[0]} × {shape[1]}"
