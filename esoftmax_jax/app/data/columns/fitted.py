"""Columns with their fitted steps: from the cells of any table like it to features."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

import numpy as np

from esoftmax_jax.app.data.columns.cells import is_empty
from esoftmax_jax.app.data.columns.dates import date_numbers, read_date
from esoftmax_jax.app.data.columns.kind_names import BOOLEAN, DATE, NUMBER, TEXT
from esoftmax_jax.app.data.columns.kinds import Column, booleans
from esoftmax_jax.app.data.columns.steps import OneHot, Scaled, Step, Words
from esoftmax_jax.app.files.arrays import Array
from esoftmax_jax.app.files.memory import check_memory
from esoftmax_jax.app.terminal.messages import UsageError
from esoftmax_jax.app.terminal.short_repr import short_repr

_FLOAT = 4  # bytes

Cells: TypeAlias = Mapping[str, Sequence[str]]
"""Of each column, one for each row."""


@dataclasses.dataclass(frozen=True, eq=False)
class FittedColumns:
    """The columns that a model is made for, and how its features come from them.

    Attributes:
        columns: in the order of the table.
        steps: in the order of the features.
    """

    columns: tuple[Column, ...]
    steps: tuple[Step, ...]

    def __repr__(self) -> str:
        return short_repr(self, columns=self.names, features=self.width)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns."""
        return tuple(column.name for column in self.columns)

    @property
    def width(self) -> int:
        """How many features there are."""
        return sum(step.width for step in self.steps)

    def features(self, cells: Cells, where: Callable[[int], str]) -> Array:
        """Return the features of rows.

        Args:
            cells: of each column by name; others are passed over.
            where: names a row.

        Returns:
            float32 (N, width).

        Raises:
            UsageError: a number or a date is none, or memory is too small.
        """
        rows = len(cells[self.columns[0].name])
        check_memory("features of a table", 2 * rows * self.width * _FLOAT)
        numbers = {
            place: column_numbers(column, cells[column.name], where)
            for place, column in enumerate(self.columns)
            if column.kind in (NUMBER, BOOLEAN, DATE)
        }
        blocks = [
            step.features(numbers[step.column])
            if isinstance(step, Scaled)
            else step.features(cells[self.columns[step.column].name])
            for step in self.steps
        ]
        return np.concatenate(blocks, axis=1)

    def unknown(self, cells: Cells, where: Callable[[int], str]) -> list[str]:
        """Say which cells hold what training has not had, a sentence for each column."""
        found = []
        for step in self.steps:
            column = self.columns[step.column]
            rows = _unknown_rows(step, column, cells[column.name])
            if not rows:
                continue
            first = f"{len(rows)} in column {column.name!r}, first {where(rows[0])}"
            if isinstance(step, Words):
                found.append(f"texts without a word that training had: {first}")
            elif isinstance(step, OneHot):
                cell = cells[column.name][rows[0]] or "an empty cell"
                found.append(f"categories that training did not have: {first}, {cell[:40]!r}")
            else:
                found.append(
                    f"cells without a value, which training did not have: {first}; the median "
                    "takes their place"
                )
        return found


def _unknown_rows(step: Step, column: Column, cells: Sequence[str]) -> list[int]:
    if isinstance(step, Scaled):
        if step.indicator or 0 not in step.parts:
            return []
        return [row for row, cell in enumerate(cells) if is_empty(cell)]
    return [
        row
        for row, cell in enumerate(cells)
        if not step.is_known(cell) and not (column.kind == TEXT and is_empty(cell))
    ]


def column_numbers(column: Column, cells: Sequence[str], where: Callable[[int], str]) -> Array:
    """Return the numbers of a column, float64 (N, P), NaN for what is missing.

    Raises:
        UsageError: a cell is neither empty nor of the column's kind.
    """
    found: Array
    empty = np.array([is_empty(cell) for cell in cells], bool)
    if column.kind == BOOLEAN:
        found = booleans(cells)[:, np.newaxis]
    elif column.kind == NUMBER:
        form = column.number_form
        values = [
            np.nan if no else form.read(cell) for cell, no in zip(cells, empty, strict=True)
        ]
        found = np.array(values, np.float64)[:, np.newaxis]
    else:
        dates = [
            None if no else read_date(column.form, cell)
            for cell, no in zip(cells, empty, strict=True)
        ]
        found = np.stack([date_numbers(date) for date in dates])
    odd = np.isnan(found[:, 0]) & ~empty
    if odd.any():
        row = int(odd.argmax())
        raise UsageError(
            f"{where(row)}: expected {_described(column)} in column {column.name!r}, as in the "
            f"training rows, got {cells[row][:60]!r}; correct it, or leave the cell empty if "
            "the value is missing"
        )
    return found


def _described(column: Column) -> str:
    if column.kind == BOOLEAN:
        return "yes or no, true or false,"
    if column.kind == DATE:
        return f"a date ({column.form})"
    style = "" if column.form == "plain" else f" with {column.form}"
    return f"a finite number{style}{' in ' + column.unit if column.unit else ''}"
