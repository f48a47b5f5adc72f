"""Cells of a table as text, whatever holds them."""

import datetime
import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from esoftmax_jax.app.terminal.messages import UsageError
from esoftmax_jax.spreadsheets import is_missing

_NO_VALUE = ("NAType", "NaTType")  # of pandas, which need not be installed


def cell_text(cell: Any) -> str:
    """Bring a cell to text: nothing for none, and the same for the same value in any type.

    Raises:
        ValueError: it holds several values.
    """
    if isinstance(cell, str):
        return cell.strip()
    if cell is None or type(cell).__name__ in _NO_VALUE:
        return ""
    if isinstance(cell, bytes):
        return cell.decode("utf-8", "backslashreplace").strip()
    if isinstance(cell, float):
        if math.isnan(cell):
            return ""
        return str(int(cell)) if cell.is_integer() and abs(cell) < 2**53 else repr(cell)
    if isinstance(cell, datetime.timedelta):
        return repr(cell.total_seconds())
    if isinstance(cell, datetime.date):  # and times of a day
        return cell.isoformat()
    if hasattr(cell, "__len__"):
        raise ValueError(f"several values in a cell, {type(cell).__name__} of {len(cell)}")
    return str(cell).strip()


def is_empty(cell: str) -> bool:
    """Tell whether a cell has no value: nothing, a dash, or a word for that."""
    return not cell or cell == "-" or is_missing(cell)


def cell_texts(called: str | Path, name: str, cells: Iterable[Any], *, first: int) -> list[str]:
    """Return the texts of a column, or name the row whose cell has none.

    Args:
        called: what the table is called.
        name: of the column.
        cells: of the column.
        first: number of its first row.

    Raises:
        UsageError: a cell is of no kind that a feature has.
    """
    found: list[str] = []
    for row, cell in enumerate(cells, first):
        try:
            found.append(cell_text(cell))
        except ValueError as error:
            raise UsageError(
                f"{called}, row {row}: expected a finite number, category, date or text in "
                f"column {name!r}, got {error}; make a column of each or remove the column"
            ) from None
    return found
