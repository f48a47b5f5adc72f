"""One's own predicted probabilities and features, brought to the order of the labels."""

import dataclasses

import numpy as np
import numpy.typing as npt

from esoftmax_jax.app.audits.class_columns import SUM_TOLERANCE, in_order_of_classes
from esoftmax_jax.app.audits.example_rows import rows_of_examples
from esoftmax_jax.app.audits.examples import AuditedExamples
from esoftmax_jax.app.audits.own_arrays import OwnArray, OwnNumbers, read_numbers
from esoftmax_jax.app.data.readers.index_columns import index_places
from esoftmax_jax.app.data.telling_columns import warn_of_telling_columns
from esoftmax_jax.app.terminal.messages import UsageError
from esoftmax_jax.spreadsheets import named

Matrix = npt.NDArray[np.float64]

PROBABILITIES = ("probabilities", "pred_probs", "probs", "train_probabilities")
_FEATURES = ("features", "embeddings", "train_features")
_CLEARLY = 2  # times as often right in another order
_FEWEST = 10  # labels that are right in it, where only some columns lie in another order


def read_probabilities(given: OwnArray, examples: AuditedExamples) -> Matrix:
    """Return probabilities (N, K) of the examples, columns in the order of the classes.

    Columns that are called as the classes, or ``p(CLASS)`` as ``predict`` writes them, are
    found by their names; others must be in the order of the classes.

    Raises:
        UsageError: rows or columns that do not fit, or rows that are no distributions.
    """
    found = in_order_of_classes(
        read_numbers("--probabilities", given, PROBABILITIES), examples.class_names
    )
    rows = rows_of_examples(found, examples)
    off = np.flatnonzero(~(np.abs(rows.sum(axis=1) - 1) <= SUM_TOLERANCE))
    outside = np.flatnonzero(~((rows >= -1e-6) & (rows <= 1 + 1e-6)).all(axis=1))
    for bad, what in ((outside, "numbers in [0, 1]"), (off, "rows that sum to 1")):
        if bad.size:
            row = rows[bad[0]]
            raise UsageError(
                f"{found.where}: expected {what}, got {', '.join(f'{x:.4g}' for x in row[:4])}"
                f"{', ...' if len(row) > 4 else ''} for {examples.called(bad[0])} "
                f"({bad.size} such rows); {_remedy(row)}"
            )
    _check_order(found.where, rows, examples)
    return rows


def _remedy(row: npt.NDArray[np.float64]) -> str:
    if np.isnan(row).any():
        return "predict these examples, or leave them out"
    if abs(row.sum() - 100) <= 100 * SUM_TOLERANCE and row.min() >= 0:
        return "divide percents by 100"
    return "pass the softmax of logits, a column for every class"


def read_features(
    given: OwnArray, examples: AuditedExamples
) -> tuple[Matrix, list[str], list[str]]:
    """Return features (N, D) of the examples, notes, and warnings.

    Raises:
        UsageError: rows that do not fit or are all the same, or numbers that are not finite.
    """
    found = read_numbers("--features", given, _FEATURES)
    if found.gaps:
        raise UsageError(f"{found.where}: {found.gaps[0]}")
    found, notes = _without_index(found)
    rows = rows_of_examples(found, examples)
    bad = np.flatnonzero(~np.isfinite(rows).all(axis=1))
    if bad.size:
        column = int(np.argmin(np.isfinite(rows[bad[0]])))
        called = f"column {found.names[column]!r}" if found.names else f"column {column}"
        raise UsageError(
            f"{found.where}: expected finite numbers, got {rows[bad[0], column]:g} in {called} "
            f"for {examples.called(bad[0])} ({bad.size} such rows); fill them in, or leave "
            "the option out"
        )
    if (rows == rows[0]).all():
        raise UsageError(
            f"{found.where}: expected rows that differ, got the same for every example; pass "
            "other features, or leave the option out"
        )
    if found.passed_over:
        notes.append(
            f"{found.where}: columns of texts are passed over: {named(found.passed_over)}"
        )
    names = found.names or list(map(str, range(rows.shape[1])))
    columns = zip(names, rows.T, strict=True)
    telling = warn_of_telling_columns(columns, examples.labels.tolist())
    return rows, notes, [f"{found.where}: {text}" for text in telling]


def _without_index(found: OwnNumbers) -> tuple[OwnNumbers, list[str]]:
    """Return numbers without columns that number the rows, and a note of these."""
    names = found.names or ()
    index = index_places(names)
    if not index or len(index) == len(names):
        return found, []
    passed_over = set(index)
    kept = [place for place in range(len(names)) if place not in passed_over]
    told = named([names[place] for place in index])
    note = f"{found.where}: columns that number the rows are passed over: {told}"
    values, rest = found.values[:, kept], tuple(names[place] for place in kept)
    return dataclasses.replace(found, values=values, names=rest), [note]


def _check_order(where: str, rows: Matrix, examples: AuditedExamples) -> None:
    """Refuse columns that fit the labels far better in another order: all of them, or some."""
    labels, names = examples.labels, examples.class_names
    count = len(names)
    cells = labels * count + rows.argmax(axis=1)
    table = np.bincount(cells, minlength=count**2).reshape(count, count)
    best = table.argmax(axis=1)
    # Classes that lead to each other in a circle, by what is predicted most often for each.
    circles = np.arange(count)
    while len(fewer := np.unique(best[circles])) < len(circles):
        circles = fewer
    moved = circles[best[circles] != circles]
    own, other = table[moved, moved].sum(), table[moved, best[moved]].sum()
    enough = len(moved) == count or other >= _FEWEST
    if enough and other > _CLEARLY * own and 2 * other > table[moved].sum():
        order = np.arange(count)
        order[best[moved]] = moved
        agreed = np.trace(table)
        raise UsageError(
            f"{where}: expected columns in the order {named(names)}, got some that agree with "
            f"{agreed / len(labels):.0%} of the labels, and with "
            f"{(agreed - own + other) / len(labels):.0%} in the order "
            f"{named([names[one] for one in order])}; reorder them, or name them"
        )
