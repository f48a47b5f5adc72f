"""``python -m experiments pictures``: the pictures of the pages, but that of the report.

A minute on two cores. The curves of memorising are those of the replayed training; the labels
of digits are audited, which trains networks on folds.
"""

import functools
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from esoftmax_jax.app import audit
from esoftmax_jax.app.audits.result import Audit
from esoftmax_jax.app.files.arrays import Array
from esoftmax_jax.app.files.outputs import create_folder
from esoftmax_jax.app.files.picture_file import save_picture
from esoftmax_jax.app.runs.curves_picture import curves_figure
from esoftmax_jax.app.runs.results import read_results
from experiments.demo_table import label_of
from experiments.lines import read_rows
from experiments.pictures.excess_risk import excess_risk
from experiments.pictures.found_labels import matrices, suspects
from experiments.pictures.loss_curves import loss_curves
from experiments.pictures.memorisation import memorisation
from experiments.playground import replay
from experiments.theory.page import LINES

FOLDER = Path(__file__).parents[2] / "docs" / "pictures"
_DEMO = Path(__file__).parents[1] / "results" / "demo.jsonl"
_RATES = (0.01, 0.03, 0.1)
_NEXT = 0.3  # share of each digit that is labelled as the next one


def of_memorisation() -> Any:
    """Return the figure of the replayed training."""
    shared, *runs = replay.read_lines()
    return memorisation(shared, runs, _RATES)


@functools.cache
def audited_digits() -> tuple[Any, Array, Array, Audit]:
    """Return images, right classes, labels of which three in ten are the next, and an audit."""
    from sklearn.datasets import load_digits

    data = load_digits()
    wrong = np.random.default_rng(0).random(len(data.target)) < _NEXT
    labels = np.where(wrong, (data.target + 1) % 10, data.target)
    images = data.images.astype(np.float32)
    return images, data.target, labels, audit(images, labels=labels)


def of_matrices() -> Any:
    """Return the figure of a transition matrix beside its estimate."""
    _, truth, labels, found = audited_digits()
    counts = np.zeros((10, 10))
    np.add.at(counts, (truth, labels), 1)
    return matrices(
        {
            "how the labels were made wrong": counts / counts.sum(axis=1, keepdims=True),
            "what an audit of the noisy labels says": found.transition_matrix,
        }
    )


def of_suspects() -> Any:
    """Return the figure of the labels of digits that are doubted most."""
    images, truth, labels, found = audited_digits()
    suggested = found.evidence.suggestions
    return suspects(images, found.order.tolist(), labels, suggested, truth)


def of_demo() -> Any:
    """Return the figure of the README, of the lines that its command leaves."""
    runs = list(read_results(_DEMO).values())
    seeds = len({run.config.seed for run in runs})
    examples = {run.noise.num_examples for run in runs if run.noise is not None}
    title = f"digits, {max(examples)} training examples, {seeds} seeds"
    return curves_figure([label_of(run) for run in runs], runs, title=title)


PICTURES: Mapping[str, Callable[[], Any]] = {
    "demo.png": of_demo,
    "loss-and-weight.png": loss_curves,
    "excess-risk.png": lambda: excess_risk(read_rows(LINES)),
    "memorisation.png": of_memorisation,
    "transition-matrix.png": of_matrices,
    "suspects.png": of_suspects,
}
"""File → what returns its figure."""


def draw_pictures(*, out: Path | None) -> None:
    """Draw all pictures into a folder, None: that of the pages of this checkout."""
    folder = FOLDER if out is None else out
    create_folder("--out", folder, list(PICTURES))
    for name, figure in PICTURES.items():
        save_picture(figure(), folder / name)
        print(f"wrote {folder / name}")
