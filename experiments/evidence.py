"""How well wrong labels are found by each kind of evidence that networks on folds leave.

    python -m experiments evidence --seeds 3

Each cell is a dataset, a noise and a seed. Cross-entropy and the loss of ``auto`` are trained
on folds; each takes the rate whose networks agree best with the noisy labels that they have not
seen. The kinds of evidence then rank the labels. What was drawn wrong is read in ``quality``
alone. The self-confidence of cross-entropy is what ``cleanlab`` ranks by unless asked otherwise
(``get_label_quality_scores``), of the same probabilities.
"""

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from esoftmax_jax import cleaning
from esoftmax_jax.app.audits.findings import against_rival
from esoftmax_jax.app.data.dataset import Dataset
from esoftmax_jax.app.data.load import load_dataset
from esoftmax_jax.app.engine.config import RunConfig
from esoftmax_jax.app.files.arrays import Array
from esoftmax_jax.app.files.json_lines import append_lines
from esoftmax_jax.app.files.markdown import markdown_table
from esoftmax_jax.app.files.outputs import check_file
from esoftmax_jax.app.jobs.auto_runs import LOSS, AutoRuns, auto_runs
from esoftmax_jax.app.labels.noise_spec import parse_noise
from esoftmax_jax.app.labels.noisy_labels import apply_noise
from esoftmax_jax.app.runs.fold_choice import choose_by_folds
from esoftmax_jax.app.runs.fold_networks import FoldNetwork, FoldNetworks, out_of_fold_logits
from esoftmax_jax.app.runs.run_all import run_all
from esoftmax_jax.app.runs.softmax import softmax
from esoftmax_jax.app.suspects.training_evidence import TrainingEvidence
from esoftmax_jax.app.terminal.names import names
from experiments.lines import Row, key_of, read_rows

DATASETS = ("digits", "wine", "breast_cancer")
NOISES = ("symmetric:0.2", "symmetric:0.4", "pairwise:0.4")
COMBINED = "order of auto"
FIRST = 200
_TITLE = "AUROC / average precision"
KEY = ("dataset", "noise", "seed", "loss", "kind")
"""What tells a row from others."""


def measure(dataset: Dataset, noises: Sequence[str], seeds: int, **options: Any) -> list[Row]:
    """Return a row for each noise, seed, loss and kind of evidence."""
    cells: dict[tuple[str, int], AutoRuns] = {
        (noise, seed): auto_runs(dataset, parse_noise(noise), "more", seed=seed, **options)
        for noise, seed in itertools.product(noises, range(seeds))
    }
    losses = {where: (of_ce(cell), cell.rule) for where, cell in cells.items()}
    runs = [config for both in losses.values() for configs in both for config in configs]
    networks = FoldNetworks(None)
    found = run_all(runs, dataset, None, dataset.name, networks=networks)
    results = dict(zip(runs, found, strict=True))
    rows: list[Row] = []
    for (noise, seed), both in losses.items():
        labels = apply_noise(parse_noise(noise), dataset, seed).labels
        for name, configs in zip(("CE", LOSS), both, strict=True):
            chosen = _best(configs, [results[one] for one in configs])
            kinds = evidence([networks.read(one) for one in chosen], labels.observed)
            for kind, scores in kinds.items():
                where = {"dataset": dataset.name, "noise": noise, "seed": seed}
                row = {**where, "loss": name, "rate": chosen[0].learning_rate, "kind": kind}
                rows.append({**row, **quality(scores, labels.wrong)})
    return rows


def of_ce(runs: AutoRuns) -> tuple[RunConfig, ...]:
    """Return the runs of cross-entropy."""
    return tuple(one for one in runs.voters if one.loss.name == "CE")


def _best(configs: Sequence[RunConfig], results: Sequence[Any]) -> list[RunConfig]:
    rate = choose_by_folds(results).order[0].learning_rate
    return [one for one in configs if one.learning_rate == rate]


def evidence(networks: Sequence[FoldNetwork], labels: Array) -> dict[str, Array]:
    """Return scores (N,) by kind, the lower the more suspicious.

    Args:
        networks: of one setting, one for each fold.
        labels: int (N,), as they were trained on.
    """
    said = cleaning.label_evidence(softmax(out_of_fold_logits(networks)), labels)
    learnt = TrainingEvidence.of(
        [one.training_margins for one in networks], [one.wrong_events for one in networks]
    )
    return {
        "self-confidence out of fold": said.self_confidences,
        "margin out of fold": said.margins,
        "mean margin in training": learnt.margins,
        "wrong events in training": -learnt.wrong_events,
        COMBINED: learnt.scores(against_rival(said)),
    }


def quality(scores: Array, wrong: Array) -> dict[str, float]:
    """Return how far wrong labels come first."""
    first = min(FIRST, len(wrong))
    found = cleaning.ranking_quality(scores, wrong, first=first)
    whole = cleaning.ranking_quality(scores, wrong, first=int(wrong.sum()))
    return {
        "auroc": round(found.auroc, 4),
        "average_precision": round(found.average_precision, 4),
        "precision_first": round(found.precision, 4),
        "precision_as_many": round(whole.precision, 4),
    }


def evidence_table(rows: Sequence[Row]) -> str:
    """Return a table: mean AUROC and average precision of each loss and kind, by noise."""
    noises = list(dict.fromkeys(row["noise"] for row in rows))
    columns = ["loss", "evidence", *noises, "all", f"first {FIRST}", "as many as are wrong"]
    lines = []
    for loss, kind in dict.fromkeys((row["loss"], row["kind"]) for row in rows):
        own = [row for row in rows if (row["loss"], row["kind"]) == (loss, kind)]
        cells = [_areas([row for row in own if row["noise"] == one]) for one in noises]
        precisions = [_mean(own, f"precision_{name}") for name in ("first", "as_many")]
        shares = [f"{100 * one:.1f} %" for one in precisions]
        lines.append([loss, kind, *cells, _areas(own), *shares])
    return "\n".join(markdown_table(columns, lines))


def _areas(rows: Sequence[Row]) -> str:
    return f"{_mean(rows, 'auroc'):.3f} / {_mean(rows, 'average_precision'):.3f}"


def _mean(rows: Sequence[Row], name: str) -> float:
    return float(np.mean([row[name] for row in rows]))


def report_evidence(
    *, datasets: str | None, noises: str | None, seeds: int, epochs: int, out: Path
) -> None:
    """Measure the datasets that a file lacks, append the rows and print the tables.

    Names of ``datasets`` and ``noises`` are divided by commas; None are ``DATASETS`` and
    ``NOISES``.
    """
    noise = NOISES if noises is None else names("--noises", noises)
    chosen = DATASETS if datasets is None else names("--datasets", datasets)
    loaded = {name: load_dataset(name) for name in chosen}
    out.parent.mkdir(parents=True, exist_ok=True)
    check_file("--out", out)
    there = {key_of(row, KEY[:3]) for row in read_rows(out, KEY)}
    for name, dataset in loaded.items():
        # One compiled program trains all of a dataset.
        if {(name, *cell) for cell in itertools.product(noise, range(seeds))} - there:
            append_lines(out, measure(dataset, noise, seeds, epochs=epochs))
    rows = [
        row
        for row in read_rows(out, KEY)
        if row["dataset"] in loaded and row["noise"] in noise and row["seed"] < seeds
    ]
    for name in loaded:
        table = evidence_table([row for row in rows if row["dataset"] == name])
        print(f"{name}: {_TITLE}\n\n{table}\n", flush=True)
    print(f"all: {_TITLE}\n\n{evidence_table(rows)}")
