"""Audits of one set by several tools, as rows of a file and of a table."""

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
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
    error = calibration_error(table["probability_wrong"], wrong)
    found = row_of(wrong, table["score"], table["suspect"], seconds)
    return found | {"calibration_error": round(error, 4)}


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
    """Return a table: means over seeds of each dataset, model, tool and order."""
    columns = ["data", "probabilities of", "tool", "order by", "AUROC", "average precision"]
    columns += [f"first {FIRST}", f"first {SECOND}", "as many as are wrong"]
    columns += ["taken for wrong", "of these wrong", "calibration error", "seconds"]
    lines = []
    parts = ("dataset", "model", "tool", "order")
    for where in dict.fromkeys(tuple(row[one] for one in parts) for row in rows):
        own = [row for row in rows if tuple(row[one] for one in parts) == where]
        areas = [f"{_mean(own, one):.3f}" for one in ("auroc", "average_precision")]
        shares = [_share(own, one) for one in ("first", "second", "as_many")]
        found, right = (sum(row[one] for row in own) for one in ("flagged", "flagged_wrong"))
        flagged = [f"{found / len(own):.0f}", f"{100 * right / max(found, 1):.1f} %"]
        known = [row for row in own if "calibration_error" in row]
        error = f"{_mean(known, 'calibration_error'):.3f}" if known else "–"
        lines.append([*where, *areas, *shares, *flagged, error, f"{_mean(own, 'seconds'):.1f}"])
    return "\n".join(markdown_table(columns, lines))


def _share(rows: Iterable[Row], name: str) -> str:
    return f"{100 * _mean(rows, f'precision_{name}'):.1f} %"


def _mean(rows: Iterable[Row], name: str) -> float:
    return float(np.mean([row[name] for row in rows]))
