"""Which network learns from a few images: on edges and colours, or by convolutions.

    python -m experiments few-images --labels CIFAR-10_human.npy

A cell is a set, a number of images, a network, a loss and a learning rate. Each is trained
without one fold of five, twice. What the recipe takes was chosen by the agreement with
held-out noisy labels. Clean test labels are a report.
"""

import itertools
from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import fmean

import numpy as np

from esoftmax_jax.app.augment.augment_spec import SHIFT_AND_FLIP
from esoftmax_jax.app.data.dataset import Dataset
from esoftmax_jax.app.data.in_memory.dataset import dataset_from_arrays
from esoftmax_jax.app.data.label_file import LabelFile, read_labels
from esoftmax_jax.app.data.load import load_dataset
from esoftmax_jax.app.files.arrays import Array
from esoftmax_jax.app.files.markdown import markdown_table
from esoftmax_jax.app.jobs.auto_runs import LOSS
from esoftmax_jax.app.labels.noise_spec import NoiseSpec
from esoftmax_jax.app.methods.loss_spec import Pairs
from esoftmax_jax.app.runs.recipes import make_config
from esoftmax_jax.app.runs.run_all import run_all
from experiments.audits.sets import human_pictures
from experiments.lines import Row, key_of, measure_missing, read_rows
from experiments.messy_tables import with_wrong_labels

KEY = ("dataset", "images", "network", "loss", "learning_rate")
SIZES = (500, 1000)
FOLDS = 5
_TESTED, _RATE = 1000, 0.3
_NETWORKS = {  # of each: width, epochs, rates
    "gradient_mlp": (0.5, 40, (0.003, 0.01, 0.03)),
    "eight_layer_cnn": (0.125, 20, (0.01, 0.03, 0.1)),
}
_LOSSES: dict[str, Pairs] = {"CE": (), LOSS: (("alpha", 0.03), ("beta", 1.0), ("m", 1e4))}


def _pictures(file: LabelFile) -> tuple[Array, Array, Array]:
    return human_pictures(0, file)


def _digits(_file: LabelFile) -> tuple[Array, Array, Array]:
    train = load_dataset("mnist").train
    truth = train.labels.reference
    return train.images, with_wrong_labels(truth, _RATE, np.random.default_rng(0)), truth


SETS: Mapping[str, Callable[[LabelFile], tuple[Array, Array, Array]]] = {
    "pictures": _pictures,
    "mnist": _digits,
}
"""Images, labels and right ones: CIFAR-10 as people labelled it, MNIST with 30 % wrong."""


def dataset_of(name: str, size: int, file: LabelFile) -> Dataset:
    """Return the first images of a set; the next ones, with right labels, are the test set."""
    images, labels, truth = SETS[name](file)
    test = np.s_[size : size + _TESTED]
    return dataset_from_arrays(
        images[:size], labels[:size], test_inputs=images[test], test_labels=truth[test]
    )


def measure(name: str, size: int, dataset: Dataset, network: str) -> list[Row]:
    """Return a row for each loss and rate."""
    width, epochs, rates = _NETWORKS[network]
    cells = list(itertools.product(_LOSSES, rates))
    configs = [
        make_config(
            dataset,
            NoiseSpec("none"),
            loss,
            hyperparameters=_LOSSES[loss],
            network=network,
            width=width,
            epochs=epochs,
            batch_size=32,
            weight_decay=1e-4,
            augment=SHIFT_AND_FLIP,
            learning_rate=rate,
            fold=(fold, FOLDS),
        )
        for loss, rate in cells
        for fold in (0, 1)
    ]
    runs = run_all(configs, dataset, None, f"{name}, {size} images, {network}")
    rows = []
    for place, (loss, rate) in enumerate(cells):
        both = runs[2 * place : 2 * place + 2]
        where = {"dataset": name, "images": size, "network": network}
        rows.append(
            where
            | {
                "loss": loss,
                "learning_rate": rate,
                "held_out": round(fmean(one.holdout_accuracy or 0.0 for one in both), 4),
                "clean_test": round(fmean(one.test_accuracy for one in both), 4),
                "seconds": round(fmean(one.seconds for one in both), 2),
            }
        )
    return rows


def few_images_table(rows: list[Row]) -> str:
    """Return a table: of each network and loss the rate that the held-out labels choose."""
    lines = []
    for where in dict.fromkeys(key_of(row, KEY[:4]) for row in rows):
        own = [row for row in rows if key_of(row, KEY[:4]) == where]
        best = max(own, key=lambda row: row["held_out"])
        shares = [f"{100 * best[name]:.1f} %" for name in ("held_out", "clean_test")]
        name, size, *rest = where
        lines.append([name, str(size), *rest, f"{best['learning_rate']:g}", *shares])
    columns = ["images of", "how many", "network", "loss", "rate"]
    return "\n".join(markdown_table([*columns, "held-out noisy labels", "clean test"], lines))


def report_few_images(*, labels: Path, out: Path) -> None:
    """Measure what a file of lines lacks, append the lines and print the table."""
    file = read_labels(labels)
    measure_missing(
        out,
        itertools.product(SETS, SIZES, _NETWORKS),
        lambda: {key_of(row, KEY[:3]) for row in read_rows(out, KEY)},
        lambda name, size, network: measure(name, size, dataset_of(name, size, file), network),
        lambda name, size, network: f"{name}, {size} images, {network}",
    )
    print(few_images_table(read_rows(out, KEY)))
