"""Audits of one set by several tools, as rows of a file and of a table."""

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np

from esoftmax_jax.app.files.arrays import Array
from esoftmax_jax.app.files.markdown import markdown_table
from esoftmax_jax.app.jobs.audit.find_wrong_labels import find_wrong_labels
from experiments.audits import cleanlab_scores
from experiments.audits.sets import AuditedSet
from experiments.evidence import FIRST, SECOND, quality
from experiments.lines import Row

_TENTHS = 10
OURS, THEIRS = "esoftmax", "cleanlab"
BY_PROBABILITIES, BESIDE_FEATURES = "ratio", "ratio and neighbours"
TRAINED = "networks trained for it"
_LIST = "cleanlab: find_label_issues"
KEY = ("dataset", "seed", "model", "tool", "order")
"""What tells a row from others."""


def measure(audited: AuditedSet, seed: int) -> list[Row]:
    """Return a row for each tool and order: of a usual model's probabilities, and trained."""
    probabilities, seconds = _timed(audited.probabilities)
    where = {"dataset": audited.name, "seed": seed}
    rows = of_probabilities(
        where | {"model": "logistic regression"},
        audited.labels,
        audited.wrong,
        probabilities,
        seconds,
        audited.features,
    )
    table, took = _timed(lambda: find_wrong_labels(audited.data, audited.labels))
    found = _row_of_table(audited.wrong, table, took)
    return [*rows, where | {"model": "none", "tool": OURS, "order": TRAINED} | found]


def of_probabilities(
    where: Row,
    labels: Array,
    wrong: Array,
    probabilities: Array,
    seconds: float,
    features: Array | None = None,
) -> list[Row]:
    """Return a row for each order that probabilities give.

    Args:
        where: what the rows have in common.
        labels: int (N,).
        wrong: bool (N,), read in the measure of quality alone.
        probabilities: (N, K), out of fold.
        seconds: that they took.
        features: (N, D), evidence beside them.
    """
    rows = []
    if cleanlab_scores.installed():
        flagged, took = _timed(lambda: cleanlab_scores.issues(labels, probabilities))
        for method, order in cleanlab_scores.KINDS.items():
            scores = cleanlab_scores.quality_scores(labels, probabilities, method)
            found = row_of(wrong, scores, flagged, seconds + took)
            rows.append(where | {"tool": THEIRS, "order": order} | found)
    kinds: list[tuple[str, Array | None]] = [(BY_PROBABILITIES, None)]
    kinds += [] if features is None else [(BESIDE_FEATURES, features)]
    for order, beside in kinds:
        given = partial(find_wrong_labels, None, labels, probabilities=probabilities)
        table, took = _timed(partial(given, features=beside))
        found = _row_of_table(wrong, table, seconds + took)
        rows.append(where | {"tool": OURS, "order": order} | found)
    return rows


def _row_of_table(wrong: Array, table: Any, seconds: float) -> Row:
    found = row_of(wrong, table["score"], table["suspect"], seconds)
    return found | calibration(table["probability_wrong"], wrong)


def calibration(probabilities: Array, wrong: Array) -> Row:
    """Return the ``calibration_error``, or nothing where probabilities are not known."""
    if np.isnan(probabilities).any():
        return {}
    return {"calibration_error": round(calibration_error(probabilities, wrong), 4)}


def calibration_error(probabilities: Array, wrong: Array) -> float:
    """Return how far probabilities of being wrong are from the shares that are.

    Labels are put into tenths by their probability; it is the mean over these of the distance
    between mean probability and share of wrong labels.
    """
    count = min(_TENTHS, len(wrong))
    tenths = np.array_split(np.argsort(probabilities, kind="stable"), count)
    found = [abs(probabilities[one].mean() - wrong[one].mean()) for one in tenths]
    return float(np.average(found, weights=list(map(len, tenths))))


def row_of(wrong: Array, scores: Array, flagged: Array, seconds: float) -> Row:
    """Return how good an order is, and which labels were taken for wrong.

    Args:
        wrong: bool (N,).
        scores: (N,), the lower the more suspicious.
        flagged: bool (N,).
        seconds: from the data to the list.
    """
    return {
        "examples": len(wrong),
        "wrong": int(wrong.sum()),
        **quality(scores, wrong),
        "flagged": int(flagged.sum()),
        "flagged_wrong": int((flagged & wrong).sum()),
        "seconds": round(seconds, 2),
    }


def _timed(call: Callable[[], Any]) -> tuple[Any, float]:
    start = time.monotonic()
    found = call()
    return found, time.monotonic() - start


def measured(rows: Sequence[Row]) -> set[tuple[str, int]]:
    """Return the draws that are there: cleanlab's rows too, where it is installed."""
    needed = {OURS, THEIRS} if cleanlab_scores.installed() else {OURS}
    tools = defaultdict(set)
    for row in rows:
        tools[row["dataset"], row["seed"]].add(row["tool"])
    return {draw for draw, some in tools.items() if needed <= some}


def audits_table(rows: Sequence[Row]) -> str:
    """Return tables of means over seeds: the orders on each dataset, then what all cost."""
    parts = []
    for dataset in dict.fromkeys(row["dataset"] for row in rows):
        own = [row for row in rows if row["dataset"] == dataset]
        parts += [f"**{dataset.capitalize()}**:", _orders(own)]
    return "\n\n".join([*parts, "**What is taken for wrong**:", _suspects(rows)])


def _orders(rows: Sequence[Row]) -> str:
    """Return how well each order of one dataset finds wrong labels."""
    columns = ["probabilities of", "tool", "order by", "AUROC", "average precision"]
    columns += [f"first {FIRST}", f"first {SECOND}", "as many as are wrong"]
    lines = []
    for where, own in _together(rows, "model", "tool", "order"):
        areas = [f"{_mean(own, one):.3f}" for one in ("auroc", "average_precision")]
        shares = [_share(own, one) for one in ("first", "second", "as_many")]
        lines.append([*where, *areas, *shares])
    return "\n".join(markdown_table(columns, lines))


def _suspects(rows: Sequence[Row]) -> str:
    """Return which labels are taken for wrong: cleanlab has one list, ours one an order."""
    columns = ["data", "probabilities of", "list of", "taken for wrong", "of these wrong"]
    lines = []
    named = [row | {"list": _LIST if row["tool"] == THEIRS else row["order"]} for row in rows]
    for where, own in _together(named, "dataset", "model", "list"):
        found, right = (sum(row[one] for row in own) for one in ("flagged", "flagged_wrong"))
        flagged = [f"{found / len(own):.0f}", f"{100 * right / max(found, 1):.1f} %"]
        known = [row for row in own if "calibration_error" in row]
        error = f"{_mean(known, 'calibration_error'):.3f}" if known else "–"
        lines.append([*where, *flagged, error, f"{_mean(own, 'seconds'):.1f}"])
    return "\n".join(markdown_table([*columns, "calibration error", "seconds"], lines))


def _together(rows: Sequence[Row], *names: str) -> Iterator[tuple[tuple[str, ...], list[Row]]]:
    """Yield what rows have in these fields, and the rows that agree in it."""
    for where in dict.fromkeys(tuple(row[name] for name in names) for row in rows):
        yield where, [row for row in rows if tuple(row[name] for name in names) == where]


def _share(rows: Iterable[Row], name: str) -> str:
    return f"{100 * _mean(rows, f'precision_{name}'):.1f} %"


def _mean(rows: Iterable[Row], name: str) -> float:
    return float(np.mean([row[name] for row in rows]))
