"""How far estimated noise rates are off, where the noise is known.

    python -m experiments estimates --seeds 3

On the data of the regret networks are trained on folds, with CE_ε+MAE at the rate that agrees
best with the noisy labels, and both estimates are made of the same labels: the confident joint
of the networks' probabilities, and the consensus of neighbours by the inputs. Beside it stand
classes that overlap, with logistic regression: its own errors look like wrong labels.
"""

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict

from esoftmax_jax import estimate
from esoftmax_jax.app.data.dataset import Dataset
from esoftmax_jax.app.files.arrays import Array
from esoftmax_jax.app.files.json_lines import append_lines
from esoftmax_jax.app.files.markdown import markdown_table
from esoftmax_jax.app.jobs.auto_runs import LOSS
from esoftmax_jax.app.runs.fold_networks import out_of_fold_logits
from esoftmax_jax.app.runs.softmax import softmax
from experiments.lines import Row, read_rows
from experiments.regret.data import SOURCES
from experiments.regret.folds import trained_on_folds, work_on_folds
from experiments.regret.lines import Work, complete, reported_rows

KEY = ("dataset", "noise", "seed", "method", "share")
"""What tells a row from others."""

DATASETS = ("digits", "mnist-components", "breast_cancer", "wine", "cifar10-features")
OVERLAP = "normal classes"
METHODS: Mapping[str, Callable[..., estimate.NoiseEstimate]] = {
    "confident joint": lambda chances, _, labels, **more: estimate.confident_joint(
        chances, labels, **more
    ),
    "consensus, order 3": lambda _, inputs, labels, **more: estimate.neighbour_consensus(
        inputs, labels, order=3, **more
    ),
    "consensus, order 2": lambda _, inputs, labels, **more: estimate.neighbour_consensus(
        inputs, labels, order=2, **more
    ),
}
SHARES = {"chosen": None, "all": 1.0}
_CENTRES, _RATE = 2.8, 0.2
_DRAWS = {(0.5, 300): 30, (1.0, 300): 30, (1.0, 1000): 20, (1.5, 300): 30, (1.5, 1000): 20}


def measure(dataset: Dataset, noises: Sequence[str], seed: int, **options: Any) -> list[Row]:
    """Return a row for each noise, method and share of examples."""
    inputs = dataset.normalised(dataset.train.images).reshape(len(dataset.train), -1)
    rows: list[Row] = []
    for one in trained_on_folds(dataset, noises, seed, [LOSS], **options):
        labels, truth = one.noisy.labels.observed, one.noisy.labels.reference
        chances = softmax(out_of_fold_logits(one.networks))
        for method, make in METHODS.items():
            for name, share in SHARES.items():
                where = {"dataset": dataset.name, "noise": one.noise, "seed": seed}
                given = partial(make, chances, inputs, labels, share=share)
                rows.append(
                    {**where, "method": method, "share": name, **_row(given, labels, truth)}
                )
    return rows


def of_overlap() -> Iterator[Row]:
    """Yield a row for each draw of three normal classes of which a fifth is labelled wrong."""
    centres = _CENTRES * np.array([[0, 0], [1, 0], [0.5, np.sqrt(0.75)]])
    for (deviation, count), draws in _DRAWS.items():
        for seed in range(draws):
            rng = np.random.default_rng([seed, count, int(10 * deviation)])
            truth = np.arange(count) % 3
            features = centres[truth] + deviation * rng.normal(size=(count, 2))
            moved = rng.integers(1, 3, count) * (rng.random(count) < _RATE)
            labels = (truth + moved) % 3
            chances = _logistic(features, labels)
            given = partial(estimate.confident_joint, chances, labels)
            where = {"dataset": OVERLAP, "noise": f"{deviation:g}, {count}", "seed": seed}
            right = {"model_right": round(float(np.mean(chances.argmax(axis=1) == truth)), 4)}
            method = {"method": "confident joint", "share": "chosen"}
            yield {**where, **method, **right, **_row(given, labels, truth)}


def _logistic(features: Array, labels: Array) -> Array:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        found: Array = cross_val_predict(
            LogisticRegression(), features, labels, cv=5, method="predict_proba"
        )
    return found


def _row(make: Callable[[], estimate.NoiseEstimate], labels: Array, truth: Array) -> Row:
    """Return what is estimated beside what is true."""
    known = {"wrong": round(float(np.mean(labels != truth)), 4)}
    try:
        found = make()
    except ValueError:  # predictions agree with labels no more than by chance
        return known | {"refused": True, "rate": None}
    counts = np.zeros_like(found.matrix)
    np.add.at(counts, (truth, labels), 1)
    matrix = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    return known | {
        "refused": bool(found.refused),
        "rate": round(found.rate, 4),
        "interval": [round(one, 4) for one in found.interval],
        "bounds": [round(one, 4) for one in found.bounds],
        "matrix_error": round(float(np.abs(found.matrix - matrix).sum(axis=1).mean() / 2), 4),
    }


def estimates_report(rows: Sequence[Row]) -> str:
    """Return the tables: rates by data and noise, how far they are off, and overlap."""
    known = [row for row in rows if row["dataset"] != OVERLAP]
    parts = [_rates(known), "All of them:", _errors(known), "Overlapping classes:"]
    return "\n\n".join([*parts, _overlap([row for row in rows if row["dataset"] == OVERLAP])])


def _rates(rows: Sequence[Row]) -> str:
    lines = []
    for where in dict.fromkeys((row["dataset"], row["noise"]) for row in rows):
        own = [row for row in rows if (row["dataset"], row["noise"]) == where]
        cells = []
        for method in METHODS:
            chosen, every = (_of(own, method, one) for one in SHARES)
            told = [row["rate"] for row in chosen if not row["refused"]]
            mean = f"{np.mean(told):.3f}" if told else "refused"
            some = f", {len(told)} of {len(chosen)}" if 0 < len(told) < len(chosen) else ""
            of_all = [row["rate"] for row in every if row["rate"] is not None]
            published = f" ({np.mean(of_all):.3f})" if of_all else ""
            cells.append(f"{mean}{published}{some}")
        lines.append([*where, f"{np.mean([row['wrong'] for row in own]):.3f}", *cells])
    return "\n".join(markdown_table(["data", "noise", "true rate", *METHODS], lines))


def _errors(rows: Sequence[Row]) -> str:
    def line(title: str, cell: Callable[[Sequence[Row]], str]) -> list[str]:
        cells = []
        for method in METHODS:
            chosen, every = (_of(rows, method, one) for one in SHARES)
            told = [row for row in chosen if not row["refused"]]
            made = [row for row in every if row["rate"] is not None]
            cells.append(f"{cell(told)} ({cell(made)})")
        return [title, *cells]

    def errors(some: Sequence[Row]) -> Array:
        return np.array([abs(row["rate"] - row["wrong"]) for row in some])

    lines = [
        line("sets of labels", lambda some: str(len(some))),
        line("mean error of the rate", lambda some: f"{errors(some).mean():.3f}"),
        line("greatest", lambda some: f"{errors(some).max():.3f}"),
        line("mean error of the matrix", _matrix_error),
        *(
            line(f"… with {noise} noise", partial(_matrix_error, noise=noise))
            for noise in ("symmetric", "pairwise", "instance")
        ),
        line("the interval holds the true rate", lambda some: str(_held(some, "interval"))),
        line("the bounds hold it", lambda some: str(_held(some, "bounds"))),
    ]
    return "\n".join(markdown_table(["", *METHODS], lines))


def _matrix_error(rows: Sequence[Row], noise: str = "") -> str:
    own = [row["matrix_error"] for row in rows if row["noise"].startswith(noise)]
    return f"{np.mean(own):.3f}" if own else "–"


def _overlap(rows: Sequence[Row]) -> str:
    lines = []
    for noise in dict.fromkeys(row["noise"] for row in rows):
        own = [row for row in rows if row["noise"] == noise]
        told = [row for row in own if not row["refused"]]
        errors = [row["rate"] - row["wrong"] for row in told]
        off = float(np.mean(errors)) if errors else np.nan
        lines.append(
            [
                f"{noise} ({100 * np.mean([row['model_right'] for row in own]):.0f} %)",
                f"{len(own) - len(told)} of {len(own)}",
                f"{round(off, 3) + 0.0:+.3f}",
                f"{_held(told, 'interval')} of {len(told)}",
                f"{_held(own, 'bounds')} of {len(own)}",
            ]
        )
    columns = ["deviation, examples (model right on)", "refused", "error of the rate"]
    return "\n".join(markdown_table([*columns, "the interval holds", "the bounds hold"], lines))


def _of(rows: Sequence[Row], method: str, share: str) -> list[Row]:
    return [row for row in rows if (row["method"], row["share"]) == (method, share)]


def _held(rows: Sequence[Row], name: str) -> int:
    return sum(row[name][0] <= row["wrong"] <= row[name][1] for row in rows)


def report_estimates(*, seeds: int, epochs: int, report: bool, out: Path) -> None:
    """Measure what a file of lines lacks, and print the tables.

    Args:
        seeds: how many draws of each dataset.
        epochs: of every run.
        report: whether to print the tables of what is there, and train nothing.
        out: the file.
    """
    if not report:
        work = [_work(name, seed, epochs) for name in DATASETS for seed in range(seeds)]
        complete(out, work, KEY)
        if not any(row["dataset"] == OVERLAP for row in read_rows(out, KEY)):
            append_lines(out, list(of_overlap()))
    print(estimates_report(reported_rows(out, KEY)))


def _work(name: str, seed: int, epochs: int) -> Work:
    noises = SOURCES[name].noises
    return work_on_folds(name, seed, noises, (METHODS, SHARES), measure, [LOSS], epochs=epochs)
