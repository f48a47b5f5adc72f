"""The classes of a table: what its labels are called, and labels that are probably none."""

import dataclasses
from collections import Counter
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from esoftmax_jax.app.data.label_doubts import Doubt, find_doubt, may_have_gaps
from esoftmax_jax.app.data.label_text import (
    LITERAL,
    capitals_note,
    joined_alike,
    missing_words,
    plain,
    whole_number,
)
from esoftmax_jax.app.data.parts import in_class_order
from esoftmax_jax.app.data.readers.table_files import Table
from esoftmax_jax.app.files.arrays import Array
from esoftmax_jax.app.terminal.messages import UsageError

_COLUMNS = ("label", "clean_label")
_SHOWN = 12  # names of classes in a note


@dataclasses.dataclass(frozen=True, eq=False)
class TableLabels:
    """The labels of a table as class numbers.

    Attributes:
        names: of the classes.
        given: class numbers of the column label.
        clean: of the column clean_label; None without it.
        notes: what a reader has to know of them.
    """

    names: list[str]
    given: Array
    clean: Array | None
    notes: list[str]


def numbered_labels(
    table: Table, train: npt.NDArray[np.bool_], *, literal: bool
) -> TableLabels:
    """Number the classes of a table.

    Args:
        table: with the column label.
        train: the training rows, which tell the classes.
        literal: whether a label is a name whatever it looks like.

    Raises:
        UsageError: labels are missing or no classes, or not known from the training rows.
    """
    cells = {name: table.text[name] for name in _COLUMNS if name in table.text}
    cells, notes = joined_alike(cells, literal=literal)
    if literal:
        notes = [*_overruled(table, cells), *notes]
    else:
        table = dataclasses.replace(table, text={**table.text, **cells})
        _check(table, cells)
    names, further = _classes(table, train, literal)
    given = _numbered(table, "label", names)
    clean = _numbered(table, "clean_label", names) if "clean_label" in cells else None
    return TableLabels(names, given, clean, notes + further + capitals_note(names))


def _overruled(table: Table, cells: Mapping[str, list[str]]) -> list[str]:
    """Return notes on the labels that would have been refused."""
    notes = []
    for column, labels in cells.items():
        for word in missing_words(labels):
            notes.append(f"{word!r} names a class by {LITERAL} ({_rows(table, column, word)})")
        doubt = find_doubt(labels)
        if doubt is not None:
            rows = _rows(table, column, *doubt.labels)
            notes.append(
                f"labels that look like {doubt.looks} are classes by {LITERAL} ({rows})"
            )
    return notes


def _rows(table: Table, column: str, *labels: str) -> str:
    wanted = set(labels)
    rows = [row for row, label in enumerate(table.text[column]) if label in wanted]
    return f"{len(rows)} in column {column!r}, first in row {table.rows[rows[0]]}"


def _check(table: Table, cells: Mapping[str, list[str]]) -> None:
    """Refuse labels that are probably none."""
    for column, labels in cells.items():
        words = set(missing_words(labels))
        missing = [row for row, label in enumerate(labels) if label in words]
        if missing:
            label = labels[missing[0]]
            raise UsageError(
                f"{table.where(missing[0])}: expected a label in column {column!r}, got "
                f"{label!r}, which stands for a missing one (such rows: {len(missing)}); fill "
                f"them or remove the rows, or pass {LITERAL} if {label!r} names a class"
            )
    for column, labels in cells.items():
        doubt: Doubt | None = find_doubt(labels)
        if doubt is not None:
            where = table.where(labels.index(doubt.labels[0]))
            raise UsageError(f"{where}: {doubt.message(f'column {column!r}')}")


def _classes(
    table: Table, train: npt.NDArray[np.bool_], literal: bool
) -> tuple[list[str], list[str]]:
    """Return the names of the classes, which the training rows tell, and notes."""
    labels = table.text["label"]
    known = Counter(
        label for label, is_train in zip(labels, train.tolist(), strict=True) if is_train
    )
    numbers = Counter[int]()
    for label, rows in known.items():
        number = whole_number(label)
        if number is None:
            return in_class_order(known), []
        numbers[number] += rows
    names = in_class_order({plain(label) for label in known})
    first = 1 if {1, 2} <= set(numbers) and min(numbers) == 1 else 0
    if set(numbers) == set(range(first, first + len(numbers))):
        return names, []
    if not literal and not may_have_gaps(numbers):
        _refuse_numbers(table, sorted(numbers), first)
    shown = ", ".join(names[:_SHOWN]) + (", ..." if len(names) > _SHOWN else "")
    return names, [f"the classes are called by their numbers, {shown}"]


def _refuse_numbers(table: Table, numbers: list[int], first: int) -> None:
    labels = table.text["label"]
    if numbers[0] < 0:
        row = next(row for row, label in enumerate(labels) if label.startswith("-"))
        raise UsageError(
            f"{table.where(row)}: expected classes numbered from 0 or 1, got label "
            f"{labels[row]}; renumber the classes or drop the row, or pass {LITERAL} if it "
            "names a class"
        )
    gap = next(k for k, number in enumerate(numbers, first) if k != number)
    raise UsageError(
        f"{table.path}: expected training rows of every class from {first} to "
        f"{numbers[-1]}, got none of class {gap}; renumber the classes without a gap or group "
        f"numbers to be predicted, or pass {LITERAL} to take the numbers as names"
    )


def _numbered(table: Table, column: str, names: list[str]) -> Array:
    """Return the class numbers of a column."""
    place = {name: number for number, name in enumerate(names)}
    for label in set(table.text[column]) - set(place):
        place[label] = place.get(plain(label), -1)  # 01 and 1.0 are class 1
    labels = np.array([place[label] for label in table.text[column]], np.int64)
    unknown = labels < 0
    if unknown.any():
        row = int(unknown.argmax())
        shown = ", ".join(names[:5]) + (", ..." if len(names) > 5 else "")
        raise UsageError(
            f"{table.where(row)}: expected a class that the training rows label ({shown}), "
            f"got {table.text[column][row]!r} in column {column!r}; correct it or drop the row"
        )
    return labels
