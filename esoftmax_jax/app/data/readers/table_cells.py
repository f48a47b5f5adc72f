"""Cells of CSV and Parquet files as text, whatever their columns hold."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from esoftmax_jax.app.data.columns.cells import cell_texts
from esoftmax_jax.app.data.readers.index_columns import declared_index
from esoftmax_jax.app.data.readers.parquet_file import parquet_cells, parquet_content
from esoftmax_jax.app.data.readers.table_header import (
    Header,
    Wanted,
    csv_table,
    make_header,
)
from esoftmax_jax.app.files.memory import check_memory

_CELL_BYTES = 60  # of a text, at least


def read_cells(
    kind: str, path: Path, wanted: Wanted
) -> tuple[Header, Sequence[int], list[list[str]]]:
    """Read the columns that have a meaning or are features.

    Args:
        kind: ``csv`` or ``parquet``.
        path: of the file.
        wanted: see there.

    Returns:
        The header, the number of each row in the file, and the cells of ``header.text`` and
        behind them of ``header.features``, column by column.

    Raises:
        UsageError: the file cannot be read, or a cell holds several values.
    """
    return (_csv_cells if kind == "csv" else _parquet_cells)(path, wanted)


def _csv_cells(path: Path, wanted: Wanted) -> tuple[Header, Sequence[int], list[list[str]]]:
    header, lines = csv_table(path, wanted)
    places = [*header.text.values(), *header.features]
    rows: list[int] = []
    columns: list[list[str]] = [[] for _ in places]
    seen: dict[str, str] = {}  # equal cells are kept once
    for row, cells in lines:
        rows.append(row)
        for column, place in zip(columns, places, strict=True):
            cell = cells[place].strip()
            column.append(seen.setdefault(cell, cell))
    return header, rows, columns


def _parquet_cells(path: Path, wanted: Wanted) -> tuple[Header, Sequence[int], list[list[str]]]:
    content = parquet_content(path)
    names = content.column_names
    header = make_header(path, names, wanted, declared_index(content.schema.metadata))
    places = [*header.text.values(), *header.features]
    check_memory(str(path), content.num_rows * len(places) * _CELL_BYTES)
    columns = [_texts(path, content.column(names[place]), names[place]) for place in places]
    return header, range(1, content.num_rows + 1), columns


def _texts(path: Path, column: Any, name: str) -> list[str]:
    import pyarrow  # type: ignore[import-untyped]

    if pyarrow.types.is_timestamp(column.type):  # nanoseconds need pandas
        zone = column.type.tz
        column = column.cast(pyarrow.timestamp("us", zone), safe=False)
    return cell_texts(path, name, parquet_cells(path, column), first=1)
