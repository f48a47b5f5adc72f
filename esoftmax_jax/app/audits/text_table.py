"""A table as text: its labels, and cells to show, whatever kind they are."""

import dataclasses
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from esoftmax_jax.app.audits.examples import AuditedExamples, Content, undivided
from esoftmax_jax.app.audits.pictures import pictures_of_files
from esoftmax_jax.app.data.readers.index_columns import declared_index, index_places
from esoftmax_jax.app.data.readers.manifest import split_names
from esoftmax_jax.app.data.readers.parquet_file import parquet_cells, parquet_content
from esoftmax_jax.app.data.readers.table_files import Table
from esoftmax_jax.app.data.readers.table_header import MEANT, csv_lines
from esoftmax_jax.app.data.repeated_rows import check_repeated_files, repeated_rows
from esoftmax_jax.app.data.same_examples import first_pair, first_places
from esoftmax_jax.app.data.table_labels import numbered_labels
from esoftmax_jax.app.files.arrays import Array
from esoftmax_jax.app.files.regular_file import not_a_file
from esoftmax_jax.app.terminal.messages import UsageError
from esoftmax_jax.app.terminal.number_text import counted
from esoftmax_jax.spelling import to_rename
from esoftmax_jax.spreadsheets import named

LONGEST_CELL = 2000  # characters shown
MOST_COLUMNS = 40
_NAMES = (*MEANT, "id", "example")  # columns of texts, never of content


@dataclasses.dataclass(frozen=True)
class TextTable:
    """Cells as text.

    Attributes:
        path: of the file.
        rows: the number that each row has in the file.
        columns: cells by name, in the order of the file.
        indexes: columns that number the rows, apart.
    """

    path: Path
    rows: Sequence[int]
    columns: dict[str, list[str]]
    indexes: dict[str, list[str]]


def table_examples(spec: str, kind: str, path: Path, *, literal: bool) -> AuditedExamples:
    """Read the labels of a table, and cells of any kind beside them.

    Raises:
        UsageError: there is no column ``label``, or its labels are none.
    """
    table = read_text(kind, path)
    if "label" not in table.columns:
        raise UsageError(
            f"{path}: expected a column 'label', got {named(list(table.columns))}; name the "
            f"column of labels so{to_rename('label', table.columns)}"
        )
    text = {name: table.columns[name] for name in MEANT if name in table.columns}
    labelled = Table(path, table.rows, text, None, (), ())
    asked = _asked(labelled)
    classes = numbered_labels(labelled, asked, literal=literal)
    notes = list(classes.notes)
    if not asked.all():
        notes.append(
            f"of {len(asked)} rows the {int(asked.sum())} of the split train are audited"
        )
    further: dict[str, Any] = {}
    sources = text.get("path", [str(row) for row in table.rows])
    if "path" in text:
        columns = {"label": classes.given}
        notes += check_repeated_files(
            labelled, repeated_rows(labelled), columns, None, asked, literal=literal
        )
        content = pictures_of_files(spec, [path.parent / cell for cell in sources], sources)
    else:
        shown = [name for name in table.columns if name not in MEANT][:MOST_COLUMNS]
        further |= {"columns": tuple(shown), "identifiers": table.columns.get("id")}
        notes += _contradicting(table, shown, classes.given)
        columns_shown = [table.columns[name] for name in shown]

        def content(rows: Sequence[int]) -> list[Content]:
            return [[column[row][:LONGEST_CELL] for column in columns_shown] for row in rows]

    truth = classes.clean if "clean_label" in text else None
    return undivided(
        spec, sources, classes.given, classes.names, content, asked, truth, notes=tuple(notes),
        **further,
    )  # fmt: skip


def _contradicting(table: TextTable, shown: Sequence[str], labels: Array) -> list[str]:
    """Say how many rows are alike but for their labels, of which one at least is wrong."""
    cells = zip(*(table.columns[name] for name in shown), strict=True)
    pair = first_pair(first_places(cells), labels) if shown else None
    if pair is None:
        return []
    return [
        f"{counted(pair.count, 'row')} like an earlier one with another label, first row "
        f"{table.rows[pair.places[1]]}; one of the two labels is wrong: keep one, or correct it"
    ]


def _asked(table: Table) -> Any:
    """Mark the rows whose labels are in question: those of a test set count as right."""
    if "split" not in table.text:
        return np.ones(len(table.rows), bool)
    asked = split_names(table) == "train"
    return asked if asked.any() else ~asked


def read_text(kind: str, path: Path) -> TextTable:
    """Read a CSV file (the header is row 1) or a Parquet file (the first row is row 1)."""
    if wrong := not_a_file(path):
        raise UsageError(f"{wrong}: expected a table; correct the path")
    table = _read_csv(path) if kind == "csv" else _read_parquet(path)
    if not table.rows:
        raise UsageError(f"{path}: expected rows below the header, got none; add examples")
    return table


def _read_csv(path: Path) -> TextTable:
    names, lines = csv_lines(path, padded=True)
    rows: list[int] = []
    columns: list[list[str]] = [[] for _ in names]
    for row, cells in lines:
        rows.append(row)
        for column, cell in zip(columns, cells, strict=True):
            column.append(cell.strip())
    return TextTable(path, rows, *_by_name(path, names, columns))


def _read_parquet(path: Path) -> TextTable:
    content = parquet_content(path)
    names, declared = content.column_names, declared_index(content.schema.metadata)
    texts = [name_text if name in _NAMES else cell_text for name in names]
    cells = [
        list(map(text, parquet_cells(path, column)))
        for text, column in zip(texts, content.columns, strict=True)
    ]
    by_name = _by_name(path, names, cells, declared)
    return TextTable(path, range(1, content.num_rows + 1), *by_name)


def _by_name(
    path: Path, names: list[str], cells: list[list[str]], declared: Sequence[str] = ()
) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """Return columns by name, and apart those that are an index by theirs."""
    index = {place for place in index_places(names, declared) if names[place] not in MEANT}
    kept = [place for place in range(len(names)) if place not in index]
    columns = {names[place]: cells[place] for place in kept}
    if len(columns) < len(kept):
        counts = Counter(names[place] for place in kept)
        twice = next(name for name in columns if counts[name] > 1)
        raise UsageError(
            f"{path}: expected a name of its own for every column, got {twice!r} twice; rename "
            "one"
        )
    return columns, {names[place]: cells[place] for place in sorted(index)}


def name_text(cell: Any) -> str:
    """Bring a cell that names something to text; bytes are what they spell."""
    if isinstance(cell, bytes):
        return cell.decode("utf-8", "backslashreplace").strip()
    return cell_text(cell)


def cell_text(cell: Any) -> str:
    """Bring a cell to text; whole numbers look the same whatever type holds them."""
    if isinstance(cell, bytes):
        return f"{len(cell)} bytes"
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    return "" if cell is None or cell != cell else str(cell).strip()
