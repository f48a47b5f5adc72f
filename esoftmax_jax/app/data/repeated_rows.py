"""Rows of a table that are about the same example."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from esoftmax_jax.app.data.label_text import LITERAL
from esoftmax_jax.app.data.parts import held_out_fifth
from esoftmax_jax.app.data.readers.table_files import Table
from esoftmax_jax.app.data.same_examples import (
    Groups,
    first_pair,
    first_places,
    same_content,
    same_files,
)
from esoftmax_jax.app.files.arrays import Array
from esoftmax_jax.app.terminal.messages import UsageError
from esoftmax_jax.app.terminal.number_text import counted

_LISTED_AGAIN = 0.95  # of the examples are there equally often

_Mask = npt.NDArray[np.bool_]


def repeated_rows(table: Table) -> Groups:
    """Return for each row the first that lists the same file, or has the same features."""
    if table.cells:
        return first_places(zip(*table.cells.values(), strict=True))
    if table.features is not None:
        return same_content(table.features)
    return same_files(table.path.parent / cell for cell in table.text["path"])


def check_repeated_files(
    table: Table,
    groups: Groups,
    labels: Mapping[str, Array],
    test: _Mask | None,
    used: _Mask,
    *,
    literal: bool,
) -> list[str]:
    """Refuse files that are listed with two labels or in two parts, and return notes.

    Numbers may well be the same for two examples; a file is one.

    Args:
        table: with paths.
        groups: of its rows, see ``repeated_rows``.
        labels: class numbers by column.
        test: the rows of the test set, if the table has a column for that.
        used: the rows of any part.
        literal: whether different labels are accepted, which is a note then.
    """
    if not table.of_files:
        return []
    notes = []
    for column, numbers in labels.items():
        if not literal:
            _check_alike(table, groups, numbers, column)
        elif pair := first_pair(groups, numbers):
            notes.append(
                f"rows with another {column} than an earlier one of the same file are taken by "
                f"{LITERAL} ({pair.count}, first row {table.rows[pair.places[1]]})"
            )
    if test is not None:
        alone = np.arange(len(groups))
        rows = np.flatnonzero(used)
        alone[rows] = rows[first_places(groups[rows].tolist())]
        _check_alike(table, alone, test, "split")
    return notes


def note_repeated_rows(table: Table, groups: Groups, test: _Mask) -> list[str]:
    """Count the rows that repeat another, if none of them is in the other part."""
    again = int((groups != np.arange(len(groups))).sum())
    if not again or (test != test[groups]).any():
        return []
    same = "file" if table.of_files else "features"
    return [
        f"{counted(again, 'row')} with the {same} of an earlier row, in the same part as that"
    ]


def _check_alike(table: Table, groups: Groups, values: Array, column: str) -> None:
    pair = first_pair(groups, values)
    if pair is None:
        return
    first, second = pair.places
    cells = table.text[column]
    insist = "" if column == "split" else f", or pass {LITERAL} to take them all"
    raise UsageError(
        f"{table.where(second)}: expected the {column} {cells[first]!r} that row "
        f"{table.rows[first]} has for the same file, got {cells[second]!r} for "
        f"{table.text['path'][second]!r} (rows that differ so: {pair.count}); remove one of "
        f"the two{insist}"
    )


def held_out_rows(table: Table, labels: Array, groups: Groups) -> _Mask:
    """Mark a fifth of each class, rows of the same example all or none of them.

    Where most rows have features that others have too, each row is an example of its own,
    unless nearly all are there equally often, as of a table listed three times; or where the
    parts would not be a fifth and the rest.
    """
    first = np.flatnonzero(groups == np.arange(len(groups)))
    times = np.bincount(groups)[first]
    alike = np.bincount(times).max() >= _LISTED_AGAIN * len(times)
    if not table.of_files and 2 * len(first) < len(groups) and not alike:
        return held_out_fifth(labels)
    test = np.zeros(len(groups), bool)
    test[first] = held_out_fifth(labels[first])
    test = test[groups]
    if not table.of_files and not _is_about_a_fifth(labels, test):
        return held_out_fifth(labels)
    return test


def _is_about_a_fifth(labels: Array, test: _Mask) -> bool:
    rows = np.bincount(labels)
    tested = np.bincount(labels[test], minlength=len(rows))
    fair = (10 * tested >= rows) & (10 * tested <= 3 * rows)
    few = (rows < 10) & (2 * tested <= rows)
    return bool(test.any() and (fair | few).all())
