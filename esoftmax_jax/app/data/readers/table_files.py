"""Reading CSV and Parquet files: columns of text with a meaning, and columns of numbers."""

import dataclasses
from collections import Counter
from collections.abc import Sequence
from pathlib import Path, PurePath
from typing import Any, NoReturn

import numpy as np

from esoftmax_jax.app.data.readers.image_decoding import IMAGE_SUFFIXES
from esoftmax_jax.app.data.readers.index_columns import (
    declared_index,
    index_places,
    numbers_rows,
)
from esoftmax_jax.app.data.readers.parquet_file import (
    parquet_cells,
    parquet_content,
    unreadable,
)
from esoftmax_jax.app.files.arrays import Array
from esoftmax_jax.app.files.csv_rows import csv_rows
from esoftmax_jax.app.files.regular_file import not_a_file
from esoftmax_jax.app.terminal.messages import UsageError
from esoftmax_jax.spreadsheets import named

_TEXT = ("path", "label", "clean_label", "split")


@dataclasses.dataclass(frozen=True, eq=False)
class Table:
    """The rows of a file.

    Attributes:
        path: of the file.
        rows: the number that each row has in the file, for messages.
        text: cells of the columns path, label, clean_label and split, those that are there.
        features: float64 (N, D), every other column; None if there are paths.
        feature_names: of those columns.
        index_names: of columns that number the rows, which are passed over.
    """

    path: Path
    rows: Sequence[int]
    text: dict[str, list[str]]
    features: Array | None
    feature_names: tuple[str, ...]
    index_names: tuple[str, ...]

    def where(self, row: int) -> str:
        """Name a row."""
        return f"{self.path}, row {self.rows[row]}"


@dataclasses.dataclass(frozen=True)
class _Header:
    """The columns of a file by what they are for, as their places."""

    names: list[str]
    text: dict[str, int]
    features: list[int]
    index: list[int]

    @property
    def feature_names(self) -> tuple[str, ...]:
        """Names of the columns of numbers."""
        return tuple(self.names[place] for place in self.features)


def read_table(kind: str, path: Path, wanted: Sequence[str] | None = None) -> Table:
    """Read a CSV file (the header is row 1) or a Parquet file (the first row is row 1).

    Args:
        kind: ``csv`` or ``parquet``.
        path: of the file.
        wanted: of a table without labels, the columns of numbers in the order in which they
            are wanted, or none at all for a column of paths; other columns are passed over.
    """
    if wrong := not_a_file(path):
        columns = "a column label and either a column path or columns of numbers"
        if wanted is not None:
            columns = _listed(wanted)
        raise UsageError(f"{wrong}: {kind}:PATH expects a file with {columns}")
    return _read_csv(path, wanted) if kind == "csv" else _read_parquet(path, wanted)


def _listed(wanted: Sequence[str]) -> str:
    return f"the columns {named(wanted)}" if wanted else "a column path"


def _header(
    path: Path, names: list[str], wanted: Sequence[str] | None, declared: Sequence[str] = ()
) -> _Header:
    if wanted is not None:
        return _wanted_header(path, names, wanted)
    index = [i for i in index_places(names, declared) if names[i] not in _TEXT]
    others = sorted({*range(len(names))} - {*index})
    repeated = [n for n, count in Counter(names[i] for i in others).items() if count > 1]
    if repeated or "" in [names[i] for i in others]:
        nameless = next((i + 1 for i in others if not names[i]), 0)
        got = f"{repeated[0]!r} twice" if repeated else f"none in column {nameless}"
        raise UsageError(
            f"{path}: expected a name of its own for every column, got {got}; rename or remove "
            "the column"
        )
    text = {name: names.index(name) for name in _TEXT if name in names}
    features = [] if "path" in text else [i for i in others if names[i] not in text]
    if "label" not in text or not ("path" in text or features):
        raise UsageError(
            f"{path}: expected a column 'label' and either a column 'path' or columns of "
            f"numbers, got {named(names)}; name the columns so"
        )
    return _Header(names, text, features, [] if "path" in text else index)


def _wanted_header(path: Path, names: list[str], wanted: Sequence[str]) -> _Header:
    counts = Counter(names)
    missing = [name for name in wanted or ["path"] if name not in counts]
    if missing:
        raise UsageError(
            f"{path}: expected {_listed(wanted)}, which the model was trained on, got no "
            f"{missing[0]!r} among {named(names)}; add the column"
        )
    twice = [name for name in wanted or ["path"] if counts[name] > 1]
    if twice:
        raise UsageError(
            f"{path}: expected one column {twice[0]!r}, got several; rename the others"
        )
    places = {name: place for place, name in enumerate(names)}
    text = {} if wanted else {"path": places["path"]}
    return _Header(names, text, [places[name] for name in wanted], [])


def _check_rows(path: Path, count: int) -> None:
    if not count:
        raise UsageError(f"{path}: expected rows below the header, got none; add examples")


def _read_csv(path: Path, wanted: Sequence[str] | None) -> Table:
    header: _Header | None = None
    rows: list[int] = []
    text: dict[str, list[str]] = {}
    features: list[Array] = []
    lines = csv_rows(str(path), path, skipinitialspace=True, strict=True)
    try:
        for row, cells in lines:
            if not cells:  # a blank line
                continue
            if header is None:
                header = _header(path, _until_blank([name.strip() for name in cells]), wanted)
                text = {name: [] for name in header.text}
                continue
            if len(cells) > len(header.names):
                cells = [*cells[: len(header.names)], *_until_blank(cells[len(header.names) :])]
            if len(cells) != len(header.names):
                raise UsageError(
                    f"{path}, row {row}: expected {len(header.names)} cells as in the "
                    f"header, got {len(cells)}; quote cells that contain a comma"
                )
            rows.append(row)
            for name, column in header.text.items():
                text[name].append(_text(cells[column], path, row, name))
            if header.features:
                features.append(_numbers(cells, header, path, row))
    except OSError as error:
        unreadable(path, error)
    if header is None:
        header = _header(path, [], wanted)
    _check_rows(path, len(rows))
    return _table(path, rows, text, np.stack(features) if features else None, header)


def _until_blank(cells: list[str]) -> list[str]:
    """Return cells without blank ones at the end, which spreadsheets write."""
    last = next((i for i in range(len(cells), 0, -1) if cells[i - 1].strip()), 0)
    return cells[:last]


def _table(
    path: Path,
    rows: Sequence[int],
    text: dict[str, list[str]],
    features: Array | None,
    header: _Header,
) -> Table:
    """Return what was read, without features that only number the rows."""
    names, index = header.feature_names, [header.names[place] for place in header.index]
    if features is not None and "label" in text:  # else the model says what it wants
        kept = [i for i, n in enumerate(names) if not numbers_rows(n, features[:, i])]
        index += [names[i] for i in sorted({*range(len(names))} - {*kept})]
        if not kept:
            raise UsageError(
                f"{path}: expected columns of numbers that say something about an example, got "
                f"only {named(index)}, which numbers the rows; add features"
            )
        features, names = features[:, kept], tuple(names[i] for i in kept)
    return Table(path, rows, text, features, names, tuple(index))


def _numbers(cells: list[str], header: _Header, path: Path, row: int) -> Array:
    wanted = [cells[column] for column in header.features]
    with np.errstate(over="ignore"):
        try:
            values = np.array(wanted, np.float64)
        except ValueError:
            values = np.array([_number(cell) for cell in wanted], np.float64)
        finite = np.isfinite(values.astype(np.float32))
    if not finite.all():
        first = int(np.argmin(finite))
        _no_number(path, row, header.names[header.features[first]], wanted[first])
    return values


def _number(cell: str) -> float:
    try:
        return float(cell)
    except ValueError:
        return float("nan")


def _no_number(path: Path, row: int, column: str, cell: Any) -> NoReturn:
    if PurePath(str(cell)).suffix.lower() in IMAGE_SUFFIXES:
        raise UsageError(
            f"{path}, row {row}: expected a finite number in column {column!r}, got "
            f"{str(cell)[:60]!r}; call the column 'path' if it names images, or remove it"
        )
    got = "an empty cell" if cell is None or not str(cell).strip() else repr(cell)[:60]
    raise UsageError(
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


def _read_parquet(path: Path, wanted: Sequence[str] | None) -> Table:
    content = parquet_content(path)
    names = content.column_names
    header = _header(path, names, wanted, declared_index(content.schema.metadata))
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
    return _table(path, range(1, content.num_rows + 1), text, features, header)


def _number_column(column: Any, path: Path, name: str) -> Array:
    try:
        with np.errstate(over="ignore"):
            cells = column.to_numpy()
            if cells.dtype.kind in "mM":
                raise TypeError("times would become numbers of nanoseconds")
            values = np.asarray(cells, np.float64)
            finite = np.isfinite(values.astype(np.float32))
    except (TypeError, ValueError):
        finite = np.zeros(1, bool)  # text or times: the first row shows it
    if not finite.all():
        row = int(np.argmin(finite))
        _no_number(path, row + 1, name, column[row].as_py())
    return values
