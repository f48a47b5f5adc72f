"""``bench losses``: what a loss costs beside plain cross-entropy, in the same process."""

import functools
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import optax
from rich import box
from rich.console import Console
from rich.table import Table

from esoftmax_jax import losses
from experiments._progress import ProgressBar
from experiments._results import append_line
from experiments._runner import environment

SHAPES = ((128, 10), (4096, 10), (4096, 100), (4096, 1000))
PEER = "optax CE"
TARGET_SECONDS = 0.01  # length of one timed burst

Function = Callable[[jax.Array, jax.Array], Any]


def translated_ce_eps_mae(logits: jax.Array, labels: jax.Array) -> jax.Array:
    """CE_ε+MAE as one would write it down: one-hot, softmax, clip, logarithm."""
    num_classes = logits.shape[-1]
    probs = jax.nn.softmax(logits)
    top = jax.nn.one_hot(jnp.argmax(logits, axis=-1), num_classes)
    target = jax.nn.one_hot(labels, num_classes)
    shifted = jnp.clip((probs + 1e5 * top) / (1 + 1e5), 1e-8)
    cross_entropy = -jnp.sum(target * jnp.log(shifted), axis=-1)
    return 0.01 * cross_entropy + 5.0 * jnp.sum(jnp.abs(target - probs), axis=-1)


def candidates() -> dict[str, Function]:
    """Return the functions timed, the peer first."""
    settings: dict[str, tuple[Any, dict[str, float]]] = {
        "CE": (losses.cross_entropy, {}),
        "MAE": (losses.mean_absolute_error, {}),
        "GCE": (losses.generalized_cross_entropy, {"q": 0.7}),
        "RCE": (losses.reverse_cross_entropy, {}),
        "SCE": (losses.symmetric_cross_entropy, {"alpha": 0.1, "beta": 1.0}),
        "FL": (losses.focal_loss, {"gamma": 0.5}),
        "NCE": (losses.normalized_cross_entropy, {}),
        "CE_eps": (losses.epsilon_softmax_cross_entropy, {"m": 1e5}),
        "FL_eps": (losses.epsilon_softmax_focal_loss, {"m": 1e5}),
        "CE_eps+MAE": (
            losses.epsilon_softmax_cross_entropy_with_mae,
            {"m": 1e5, "alpha": 0.01, "beta": 5.0},
        ),
        "FL_eps+MAE": (
            losses.epsilon_softmax_focal_loss_with_mae,
            {"m": 1e5, "alpha": 0.01, "beta": 5.0},
        ),
    }
    return {
        PEER: optax.softmax_cross_entropy_with_integer_labels,
        **{name: functools.partial(loss, **kw) for name, (loss, kw) in settings.items()},
        "CE_eps+MAE, translated": translated_ce_eps_mae,
    }


def bench_losses(*, repeats: int, json_path: Path | None) -> None:
    """Time value and gradient of every loss at every shape and print ratios to the peer."""
    # One device, with all cores: virtual devices would share them.
    functions = {name: _value_and_grad(f) for name, f in candidates().items()}
    figures: dict[str, dict[str, dict[str, float]]] = {name: {} for name in functions}
    with ProgressBar("bench losses", len(SHAPES) * repeats, unit="rounds") as bar:
        for shape in SHAPES:
            timed = _time_interleaved(functions, shape, repeats, bar)
            for name, seconds in timed.items():
                ratios = [a / b for a, b in zip(seconds, timed[PEER], strict=True)]
                quartiles = statistics.quantiles(ratios, n=4)
                figures[name][_text(shape)] = {
                    "microseconds": round(1e6 * statistics.median(seconds), 2),
                    "ratio": round(statistics.median(ratios), 4),
                    "ratio_quartile_1": round(quartiles[0], 4),
                    "ratio_quartile_3": round(quartiles[2], 4),
                }
    title = f"value + gradient, ratio to {PEER}: median [quartiles]"
    table = Table(title=title, box=box.SIMPLE)
    table.add_column("loss")
    for shape in SHAPES:
        table.add_column(_text(shape), justify="right")
    for name, by_shape in figures.items():
        cells = []
        for figure in by_shape.values():
            if name == PEER:
                cells.append(f"{figure['microseconds']:.0f} µs")
            else:
                low, high = figure["ratio_quartile_1"], figure["ratio_quartile_3"]
                cells.append(f"{figure['ratio']:.2f} [{low:.2f}–{high:.2f}]")
        table.add_row(name, *cells)
    Console(width=110).print(table)
    print(f"float32, {repeats} interleaved rounds; {_machine()}")
    if json_path is not None:
        append_line(
            json_path,
            {"bench": "losses", "repeats": repeats, "figures": figures, **environment()},
        )


def _value_and_grad(loss: Function) -> Function:
    return jax.jit(jax.value_and_grad(lambda logits, labels: loss(logits, labels).mean()))


def _time_interleaved(
    functions: dict[str, Function], shape: tuple[int, int], repeats: int, bar: ProgressBar
) -> dict[str, list[float]]:
    """Return seconds per call, each round timing every function once, one after another."""
    logits_key, labels_key = jax.random.split(jax.random.key(0))
    logits = 3 * jax.random.normal(logits_key, shape)
    labels = jax.random.randint(labels_key, shape[:1], 0, shape[1])
    for function in functions.values():
        jax.block_until_ready(function(logits, labels))
    calls = max(3, round(TARGET_SECONDS / _burst(functions[PEER], logits, labels, 3)))
    seconds: dict[str, list[float]] = {name: [] for name in functions}
    names = list(functions)
    for round_number in range(repeats):
        # Another first one in every round, and a call that is not timed before each burst:
        # otherwise a function would pay for the memory that the one before it left behind.
        for place in range(len(names)):
            name = names[(round_number + place) % len(names)]
            jax.block_until_ready(functions[name](logits, labels))
            seconds[name].append(_burst(functions[name], logits, labels, calls))
        bar.advance(1, f"at {_text(shape)}")
    return seconds


def _burst(function: Function, logits: jax.Array, labels: jax.Array, calls: int) -> float:
    began = time.perf_counter()
    for _ in range(calls):
        result = function(logits, labels)
    jax.block_until_ready(result)
    return (time.perf_counter() - began) / calls


def _text(shape: tuple[int, int]) -> str:
    return f"{shape[0]} × {shape[1]}"


def _machine() -> str:
    device = jax.devices()[0]
    return f"jax {jax.__version__} on {device.device_kind}"
