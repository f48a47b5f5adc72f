"""``bench train``: images per second of the compiled epoch, by convolution and network."""

import dataclasses
import statistics
import time
from pathlib import Path
from typing import Any

import jax
import numpy as np
from rich import box
from rich.console import Console
from rich.table import Table

from experiments._config import RunConfig
from experiments._datasets import Dataset
from experiments._noise_option import parse_noise
from experiments._program import make_program
from experiments._progress import ProgressBar
from experiments._recipes import make_config
from experiments._results import append_line
from experiments._runner import Group, environment, make_group

NETWORKS: dict[str, tuple[str, tuple[int, ...], float]] = {
    "MNIST CNN": ("mnist", (28, 28, 1), 1.0),
    "8-layer CNN": ("cifar10", (32, 32, 3), 0.2),
}
"""Title → dataset whose recipe is used, image shape, share of the steps."""


def bench_train(*, steps: int, repeats: int, json_path: Path | None) -> None:
    """Time one epoch of random images through the program that the experiments use."""
    figures: dict[str, dict[str, float]] = {}
    with ProgressBar("bench train", (repeats + 1) * len(NETWORKS), unit="epochs") as bar:
        for title, (name, shape, share) in NETWORKS.items():
            count = max(2, round(steps * share))
            config, dataset = _task(name, shape, count, epochs=repeats + 1)
            began = time.perf_counter()
            group = _group(config, dataset)
            group.advance(1)
            first = time.perf_counter() - began
            bar.advance(1, title)
            rates = []
            for _ in range(repeats):
                began = time.perf_counter()
                group.advance(1)
                rates.append(count * config.batch_size / (time.perf_counter() - began))
                bar.advance(1, title)
            figures[title] = {
                "images_per_second": round(statistics.median(rates), 1),
                "lowest": round(min(rates), 1),
                "highest": round(max(rates), 1),
                "first_epoch_seconds": round(first, 2),
                "batch_size": config.batch_size,
                "steps": count,
            }
    table = Table(title="training, forward + backward + update", box=box.SIMPLE)
    for column in ("network", "images/s", "range", "first epoch with compilation"):
        table.add_column(column, justify="left" if column == "network" else "right")
    for title, figure in figures.items():
        table.add_row(
            title,
            f"{figure['images_per_second']:.0f}",
            f"{figure['lowest']:.0f}–{figure['highest']:.0f}",
            f"{figure['first_epoch_seconds']:.1f} s",
        )
    Console(width=100).print(table)
    machine = f"jax {jax.__version__} on {jax.devices()[0].device_kind}"
    print(f"batch 128, float32, {repeats} epochs; {machine}")
    if json_path is not None:
        append_line(json_path, {"bench": "train", "figures": figures, **environment()})


def _task(
    name: str, shape: tuple[int, ...], steps: int, *, epochs: int
) -> tuple[RunConfig, Dataset]:
    """Make random images in the form of a dataset, a whole number of batches."""
    rng = np.random.default_rng(0)
    batch_size = 128

    def images(count: int) -> Any:
        return rng.integers(0, 256, (count, *shape), dtype=np.uint8)

    def labels(count: int) -> Any:
        return rng.integers(0, 10, count, dtype=np.int32)

    dataset = Dataset(
        name=name,
        train_images=images(steps * batch_size),
        train_labels=labels(steps * batch_size),
        # The test set is evaluated in every epoch; one image costs nothing.
        test_images=images(1),
        test_labels=labels(1),
        num_classes=10,
        class_map=None,
        note="",
        mean=(0.5,) * shape[-1],
        std=(0.25,) * shape[-1],
    )
    config = make_config(dataset, parse_noise("none"), "CE_eps+MAE", epochs=epochs)
    return dataclasses.replace(config, batch_size=batch_size), dataset


def _group(config: RunConfig, dataset: Dataset) -> Group:
    program = make_program(config, dataset, [config.loss], num_devices=1)
    return make_group(program, [config], dataset, [config.loss])
