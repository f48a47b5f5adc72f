"""One's own predicted probabilities and features, brought to the order of the labels."""

import dataclasses

import numpy as np
import numpy.typing as npt

from esoftmax_jax.app.audits.examples import AuditedExamples
from esoftmax_jax.app.audits.own_arrays import OwnArray, OwnNumbers, is_number, read_numbers
from esoftmax_jax.app.terminal.messages import UsageError
from esoftmax_jax.spreadsheets import named

Matrix = npt.NDArray[np.float64]

_PROBABILITIES = ("probabilities", "pred_probs", "probs", "train_probabilities")
_FEATURES = ("features", "embeddings", "train_features")
_SUM_TOLERANCE = 1e-2
_CLEARLY = 2  # times as often right in another order


def read_probabilities(given: OwnArray, examples: AuditedExamples) -> Matrix:
    """Return probabilities (N, K) of the examples, columns in the order of the classes.

    Columns that are called as the classes, or ``p(CLASS)`` as ``predict`` writes them, are
    found by their names; others must be in the order of the classes.

    Raises:
        UsageError: rows or columns that do not fit, or rows that are no distributions.
    """
    found = read_numbers("--probabilities", given, _PROBABILITIES)
    found = _in_order_of_classes(found, examples.class_names)
    rows = _rows(found, examples)
    off = np.flatnonzero(~(np.abs(rows.sum(axis=1) - 1) <= _SUM_TOLERANCE))
    outside = np.flatnonzero(~((rows >= -1e-6) & (rows <= 1 + 1e-6)).all(axis=1))
    for bad, what in ((outside, "numbers in [0, 1]"), (off, "rows that sum to 1")):
        if bad.size:
            row = rows[bad[0]]
            raise UsageError(
                f"{found.where}: expected {what}, got {', '.join(f'{x:.4g}' for x in row[:4])}"
                f"{', ...' if len(row) > 4 else ''} for {examples.called(bad[0])} "
                f"({bad.size} such rows); pass the softmax of logits, a column for every class"
            )
    _check_order(found.where, rows, examples)
    return rows


def read_features(given: OwnArray, examples: AuditedExamples) -> Matrix:
    """Return features (N, D) of the examples.

    Raises:
        UsageError: rows that do not fit, or numbers that are not finite.
    """
    found = read_numbers("--features", given, _FEATURES)
    rows = _rows(found, examples)
    bad = np.flatnonzero(~np.isfinite(rows).all(axis=1))
    if bad.size:
        column = int(np.argmin(np.isfinite(rows[bad[0]])))
        called = f"column {found.names[column]!r}" if found.names else f"column {column}"
        raise UsageError(
            f"{found.where}: expected finite numbers, got {rows[bad[0], column]:g} in {called} "
            f"for {examples.called(bad[0])} ({bad.size} such rows); fill them in, or leave "
            "the option out"
        )
    return rows


def _rows(found: OwnNumbers, examples: AuditedExamples) -> Matrix:
    """Return a row for each label."""
    values = found.values
    wanted = _named(found, examples)
    if found.examples is not None and wanted is not None:
        place = {name: row for row, name in enumerate(found.examples)}
        missing = [name for name in wanted if name not in place]
        if missing:
            raise UsageError(
                f"{found.where}: expected a row for every example of {examples.name}, got none "
                f"for {missing[0]!r} ({len(missing)} missing, column {found.called!r} has such "
                f"as {found.examples[0]!r}); correct the names, or leave the column out if the "
                "rows are in the order of the data"
            )
        if len(place) == len(found.examples):
            return values[[place[name] for name in wanted]]
    if len(values) == len(examples):
        return values
    if len(values) == examples.num_rows:
        return values[examples.places]
    which = f"{len(examples)} labels of {examples.name}"
    if examples.num_rows != len(examples):
        which += f", or of its {examples.num_rows} rows"
    raise UsageError(
        f"{found.where}: expected a row for each of the {which}, got {len(values)}; "
        + (
            "leave out the rows without a label"
            if len(values) > len(examples)
            else "predict the others too"
        )
        + ", in the order of the data"
    )


def _named(found: OwnNumbers, examples: AuditedExamples) -> list[str] | None:
    """Return what the rows call the examples; None where the data does not tell.

    A column id is one of the data's own: numbers in it are no numbers of rows.
    """
    if found.called != "id":
        sources: list[str] = examples.sources.tolist()
        return sources
    if "id" not in examples.columns:
        return None
    column = examples.columns.index("id")
    return [(cells or [])[column] for cells in examples.content(range(len(examples)))]


def _in_order_of_classes(found: OwnNumbers, classes: tuple[str, ...]) -> OwnNumbers:
    count = found.values.shape[1]
    if found.names is not None:
        places = _places(found.names, classes)
        if places is not None:
            # A line of numbers is a header only if it names all classes.
            below = found.values[int(found.first_is_names) :]
            return dataclasses.replace(found, values=below[:, places], names=None)
        if not all(map(is_number, found.names)):
            raise UsageError(
                f"{found.where}: expected a column for each class ({named(classes)}), called "
                f"so, got {named(found.names)}; rename the columns"
            )
    if count != len(classes):
        raise UsageError(
            f"{found.where}: expected {len(classes)} columns, one for each class "
            f"({named(classes)}), got {count}; give a column to every class"
        )
    return found


def _places(names: tuple[str, ...], classes: tuple[str, ...]) -> list[int] | None:
    """Return the column of each class, None unless all are there."""
    for form in ("{}", "p({})"):
        wanted = [form.format(name) for name in classes]
        if set(wanted) <= set(names):
            return [names.index(name) for name in wanted]
    return None


def _check_order(where: str, rows: Matrix, examples: AuditedExamples) -> None:
    """Refuse columns that fit the labels far better in another order."""
    labels, names = examples.labels, examples.class_names
    count = len(names)
    cells = labels * count + rows.argmax(axis=1)
    table = np.bincount(cells, minlength=count**2).reshape(count, count)
    best = table.argmax(axis=1)
    agreed, other = np.trace(table), table[np.arange(count), best].sum()
    if (
        len(set(best.tolist())) == count
        and other > _CLEARLY * agreed
        and 2 * other > len(labels)
    ):
        order = np.empty(count, np.int64)
        order[best] = np.arange(count)
        raise UsageError(
            f"{where}: expected columns in the order {named(names)}, got some that agree with "
            f"{agreed / len(labels):.0%} of the labels, and with {other / len(labels):.0%} in "
            f"the order {named([names[one] for one in order])}; reorder them, or name them"
        )
