"""How well wrong labels are found by each kind of evidence that networks on folds leave.

    python -m experiments evidence --seeds 3

Each cell is a dataset, a noise and a seed. Cross-entropy and the loss of ``auto`` are trained
on folds; each takes the rate whose networks agree best with the noisy labels that they have not
seen. The kinds of evidence then rank the labels. What was drawn wrong is read in ``quality``
alone. The self-confidence of cross-entropy is what ``cleanlab`` ranks by unless asked otherwise
(``get_label_quality_scores``), of the same probabilities.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from esoftmax_jax import cleaning
from esoftmax_jax.app.audits.findings import against_rival
from esoftmax_jax.app.data.dataset import Dataset
from esoftmax_jax.app.files.arrays import Array
from esoftmax_jax.app.files.markdown import markdown_table
from esoftmax_jax.app.runs.fold_networks import FoldNetwork, out_of_fold_logits
from esoftmax_jax.app.runs.softmax import softmax
from esoftmax_jax.app.suspects.neighbours import neighbour_margins
from esoftmax_jax.app.suspects.training_evidence import TrainingEvidence
from experiments.lines import Row
from experiments.regret.data import SOURCES
from experiments.regret.folds import LOSSES, trained_on_folds, work_on_folds
from experiments.regret.lines import Work, chosen_sources, complete, reported_rows

COMBINED = "order of auto: all four"
KINDS = (
    "self-confidence out of fold",
    "margin out of fold",
    "mean margin in training",
    "wrong events in training",
    "neighbours",
    "both of training",
    "both of training, out of fold",
    "both of training, neighbours",
    "out of fold, neighbours",
    COMBINED,
)
FIRST, SECOND = 200, 500
KEY = ("dataset", "noise", "seed", "loss", "kind")
"""What tells a row from others."""


def measure(dataset: Dataset, noises: Sequence[str], seed: int, **options: Any) -> list[Row]:
    """Return a row for each noise, loss and kind of evidence."""
    rows: list[Row] = []
    for one in trained_on_folds(dataset, noises, seed, **options):
        observed, wrong = one.noisy.labels.observed, one.noisy.labels.wrong
        near = neighbour_margins(dataset, one.noisy)
        where = {"dataset": dataset.name, "noise": one.noise, "seed": seed}
        where |= {"loss": one.loss, "rate": one.rate}
        kinds = evidence(one.networks, observed, near)
        rows += [
            {**where, "kind": kind, **quality(scores, wrong)} for kind, scores in kinds.items()
        ]
    return rows


def evidence(
    networks: Sequence[FoldNetwork], labels: Array, near: Array | None
) -> dict[str, Array]:
    """Return scores (N,) by kind, the lower the more suspicious.

    Args:
        networks: of one setting, one for each fold.
        labels: int (N,), as they were trained on.
        near: (N,), margins of neighbours; None: kinds with them are left out.
    """
    said = cleaning.label_evidence(softmax(out_of_fold_logits(networks)), labels)
    rival = against_rival(said)
    learnt = TrainingEvidence.of(
        [one.training_margins for one in networks],
        [one.wrong_events for one in networks],
        near,
    )
    margins, events = learnt.margins, -learnt.wrong_events
    kinds: dict[str, Sequence[Array | None]] = {
        "self-confidence out of fold": [said.self_confidences],
        "margin out of fold": [said.margins],
        "mean margin in training": [margins],
        "wrong events in training": [events],
        "neighbours": [near],
        "both of training": [margins, events],
        "both of training, out of fold": [margins, events, rival],
        "both of training, neighbours": [margins, events, near],
        "out of fold, neighbours": [rival, near],
    }
    found: dict[str, Array] = {}
    for kind, parts in kinds.items():
        known = [one for one in parts if one is not None]
        if len(known) == len(parts):
            found[kind] = known[0] if len(known) == 1 else cleaning.mean_ranks(*known)
    return {**found, COMBINED: learnt.scores(rival)}


def quality(scores: Array, wrong: Array) -> dict[str, float]:
    """Return how far wrong labels come first."""
    counts = {"first": FIRST, "second": SECOND, "as_many": int(wrong.sum())}
    found = {
        name: cleaning.ranking_quality(scores, wrong, first=min(count, len(wrong)))
        for name, count in counts.items()
    }
    precisions = {f"precision_{name}": one.precision for name, one in found.items()}
    areas = found["first"]
    both = {"auroc": areas.auroc, "average_precision": areas.average_precision}
    return {name: round(value, 4) for name, value in {**both, **precisions}.items()}


def evidence_report(rows: Sequence[Row]) -> str:
    """Return a table of the data on which the order was developed, and one of the others."""
    parts = []
    for title, held_out in (("Development", False), ("Held out", True)):
        names = [name for name, one in SOURCES.items() if one.held_out == held_out]
        own = [row for row in rows if row["dataset"] in names]
        if own:
            parts.append(f"**{title}**:\n\n{_table(own, names)}")
    return "\n\n".join(parts)


def _table(rows: Sequence[Row], names: Sequence[str]) -> str:
    """Return mean AUROC and average precision of each loss and kind, by dataset."""
    there = [name for name in names if any(row["dataset"] == name for row in rows)]
    columns = ["loss", "evidence", *there, "all", f"first {FIRST}", f"first {SECOND}"]
    lines = []
    for loss, kind in dict.fromkeys((row["loss"], row["kind"]) for row in rows):
        own = [row for row in rows if (row["loss"], row["kind"]) == (loss, kind)]
        by_name = [[row for row in own if row["dataset"] == name] for name in there]
        areas = [_areas([part]) for part in by_name]
        shares = [_mean(by_name, f"precision_{one}") for one in ("first", "second", "as_many")]
        percents = [f"{100 * one:.1f} %" for one in shares]
        lines.append([loss, kind, *areas, _areas(by_name), *percents])
    return "\n".join(markdown_table([*columns, "as many as are wrong"], lines))


def _areas(parts: Sequence[Sequence[Row]]) -> str:
    return f"{_mean(parts, 'auroc'):.3f} / {_mean(parts, 'average_precision'):.3f}"


def _mean(parts: Sequence[Sequence[Row]], name: str) -> float:
    """Return the mean over datasets, each with the same weight."""
    return float(np.mean([np.mean([row[name] for row in part]) for part in parts]))


def report_evidence(
    *, datasets: str | None, seeds: int, epochs: int, report: bool, out: Path
) -> None:
    """Measure what a file of lines lacks, and print the tables.

    Args:
        datasets: names of ``SOURCES`` divided by commas; None: all.
        seeds: how many of each.
        epochs: of every run.
        report: whether to print the tables of what is there, and train nothing.
        out: the file.
    """
    if not report:
        names = chosen_sources(datasets)
        complete(
            out, [_work(name, seed, epochs) for name in names for seed in range(seeds)], KEY
        )
    print(evidence_report(reported_rows(out, KEY)))


def _work(name: str, seed: int, epochs: int) -> Work:
    noises = [one for one in SOURCES[name].noises if one != "none"]
    return work_on_folds(name, seed, noises, (LOSSES, KINDS), measure, epochs=epochs)
