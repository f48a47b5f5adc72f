"""Reading CSV and Parquet files: columns of text with a meaning, and columns of features."""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePath
from typing import Any, NoReturn

import numpy as np

from esoftmax_jax.app.data.columns.choice import EVERY_COLUMN, ColumnChoice
from esoftmax_jax.app.data.columns.numbers import number_of, numbers_of, objects_as_numbers
from esoftmax_jax.app.data.readers.image_decoding import IMAGE_SUFFIXES
from esoftmax_jax.app.data.readers.index_columns import declared_index, numbers_rows
from esoftmax_jax.app.data.readers.parquet_file import parquet_cells, parquet_content
from esoftmax_jax.app.data.readers.table_cells import read_cells
from esoftmax_jax.app.data.readers.table_header import (
    Header,
    Wanted,
    csv_table,
    make_header,
)
from esoftmax_jax.app.files.arrays import Array
from esoftmax_jax.app.files.regular_file import not_a_file
from esoftmax_jax.app.terminal.messages import UsageError
from esoftmax_jax.spreadsheets import named


class NotNumbersError(UsageError):
    """A table has other columns than numbers, or empty cells among these."""


@dataclasses.dataclass(frozen=True, eq=False)
class Table:
    """The rows of a file.

    Attributes:
        path: of the file.
        rows: the number that each row has in the file, for messages.
        text: cells of the columns path, label, clean_label and split, those that are there.
        features: float64 (N, D), every other column if all are numbers; else None.
        feature_names: of those columns.
        index_names: of columns that number the rows, which are passed over.
        cells: of every other column by name, if they are not all numbers; else empty.
        passed_over: of a table without labels, the columns that are not wanted.
    """

    path: Path
    rows: Sequence[int]
    text: dict[str, list[str]]
    features: Array | None
    feature_names: tuple[str, ...]
    index_names: tuple[str, ...]
    cells: Mapping[str, Sequence[str]] = dataclasses.field(default_factory=dict)
    passed_over: tuple[str, ...] = ()

    @property
    def of_files(self) -> bool:
        """Whether the rows name images."""
        return "path" in self.text

    def where(self, row: int) -> str:
        """Name a row."""
        return f"{self.path}, row {self.rows[row]}"


def read_table(
    kind: str,
    path: Path,
    wanted: Sequence[str] | None = None,
    choice: ColumnChoice = EVERY_COLUMN,
) -> Table:
    """Read a CSV file (the header is row 1) or a Parquet file (the first row is row 1).

    Args:
        kind: ``csv`` or ``parquet``.
        path: of the file.
        wanted: of a table without labels, the columns of numbers in the order in which they
            are wanted, or none at all for a column of paths; other columns are passed over.
        choice: what is said of the features of a table with labels.
    """
    columns = Wanted(wanted, choice)
    _check_file(kind, path, columns)
    if not choice.of_numbers:
        return _cells_table(kind, path, columns)
    try:
        return (_read_csv if kind == "csv" else _read_parquet)(path, columns)
    except NotNumbersError:
        if not columns.labelled:
            raise
    return _cells_table(kind, path, columns)


def read_cell_table(kind: str, path: Path, wanted: Sequence[str]) -> Table:
    """Read the cells of columns of a table without labels; others are passed over."""
    columns = Wanted(wanted)
    _check_file(kind, path, columns)
    return _cells_table(kind, path, columns)


def _check_file(kind: str, path: Path, wanted: Wanted) -> None:
    if wrong := not_a_file(path):
        raise UsageError(f"{wrong}: {kind}:PATH expects a file with {wanted.listed}")


def _cells_table(kind: str, path: Path, wanted: Wanted) -> Table:
    header, rows, columns = read_cells(kind, path, wanted)
    _check_rows(path, len(rows))
    text = {
        name: [_text(cell, path, row, name) for row, cell in zip(rows, column, strict=True)]
        for name, column in zip(header.text, columns, strict=False)
    }
    index = tuple(header.names[place] for place in header.index)
    cells = dict(zip(header.feature_names, columns[len(text) :], strict=True))
    return Table(path, rows, text, None, (), index, cells, header.passed_over)


def _check_rows(path: Path, count: int) -> None:
    if not count:
        raise UsageError(f"{path}: expected rows below the header, got none; add examples")


def _read_csv(path: Path, wanted: Wanted) -> Table:
    header, lines = csv_table(path, wanted)
    rows: list[int] = []
    text: dict[str, list[str]] = {name: [] for name in header.text}
    features: list[Array] = []
    for row, cells in lines:
        rows.append(row)
        for name, column in header.text.items():
            text[name].append(_text(cells[column], path, row, name))
        if header.features:
            features.append(_numbers(cells, header, path, row))
    _check_rows(path, len(rows))
    return _table(path, rows, text, np.stack(features) if features else None, header, wanted)


def _table(
    path: Path,
    rows: Sequence[int],
    text: dict[str, list[str]],
    features: Array | None,
    header: Header,
    wanted: Wanted,
) -> Table:
    """Return what was read, without features that only number the rows."""
    names, index = header.feature_names, [header.names[place] for place in header.index]
    if features is not None and wanted.labelled and wanted.choice.columns is None:
        kept = [
            i
            for i, name in enumerate(names)
            if name in wanted.choice.insisted or not numbers_rows(name, features[:, i])
        ]
        index += [names[i] for i in sorted({*range(len(names))} - {*kept})]
        if not kept:
            raise UsageError(
                f"{path}: expected columns of numbers that say something about an example, got "
                f"only {named(index)}, which numbers the rows; add features"
            )
        features, names = features[:, kept], tuple(names[i] for i in kept)
    return Table(path, rows, text, features, names, tuple(index))


def _numbers(cells: list[str], header: Header, path: Path, row: int) -> Array:
    wanted = [cells[column] for column in header.features]
    with np.errstate(over="ignore"):
        try:
            values = numbers_of(wanted)
        except ValueError:
            values = np.array([_number(cell) for cell in wanted], np.float64)
        finite = np.isfinite(values.astype(np.float32))
    if not finite.all():
        first = int(np.argmin(finite))
        _no_number(path, row, header.names[header.features[first]], wanted[first])
    return values


def _number(cell: str) -> float:
    try:
        return number_of(cell)
    except ValueError:
        return float("nan")


def _no_number(path: Path, row: int, column: str, cell: Any) -> NoReturn:
    if PurePath(str(cell)).suffix.lower() in IMAGE_SUFFIXES:
        raise NotNumbersError(
            f"{path}, row {row}: expected a finite number in column {column!r}, got "
            f"{str(cell)[:60]!r}; call the column 'path' if it names images, or remove it"
        )
    got = "an empty cell" if cell is None or not str(cell).strip() else repr(cell)[:60]
    raise NotNumbersError(
        f"{path}, row {row}: expected a finite number in column {column!r}, got {got}; write "
        "numbers or remove the row or column"
    )


def _text(cell: Any, path: Path, row: int, column: str) -> str:
    """Bring a cell to text; whole numbers look the same whatever type holds them."""
    if isinstance(cell, bytes):
        cell = cell.decode("utf-8", "backslashreplace")
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    missing = cell is None or (isinstance(cell, float) and np.isnan(cell))
    stripped = "" if missing else str(cell).strip()
    if not stripped:
        raise UsageError(
            f"{path}, row {row}: expected a value in column {column!r}, got an empty cell; "
            "fill it or remove the row"
        )
    return stripped


def _read_parquet(path: Path, wanted: Wanted) -> Table:
    content = parquet_content(path)
    names = content.column_names
    header = make_header(path, names, wanted, declared_index(content.schema.metadata))
    _check_rows(path, content.num_rows)
    cells = {name: parquet_cells(path, content.column(name)) for name in header.text}
    text = {
        name: [_text(cell, path, row, name) for row, cell in enumerate(column, 1)]
        for name, column in cells.items()
    }
    columns = [
        _number_column(content.column(names[place]), path, names[place])
        for place in header.features
    ]
    features = np.stack(columns, axis=1) if columns else None
    rows = range(1, content.num_rows + 1)
    return _table(path, rows, text, features, header, wanted)


def _number_column(column: Any, path: Path, name: str) -> Array:
    try:
        with np.errstate(over="ignore"):
            cells = objects_as_numbers(column.to_numpy())
            if cells.dtype.kind in "mMO":
                raise TypeError("text, or times, which would become numbers of nanoseconds")
            values = np.asarray(cells, np.float64)
            finite = np.isfinite(values.astype(np.float32))
    except (TypeError, ValueError):
        finite = np.zeros(1, bool)  # text or times: the first row shows it
    if not finite.all():
        row = int(np.argmin(finite))
        _no_number(path, row + 1, name, column[row].as_py())
    return values
