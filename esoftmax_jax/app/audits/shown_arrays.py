"""What shows examples in memory: pictures, cells of a table, texts."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from esoftmax_jax.app.audits.examples import Content
from esoftmax_jax.app.audits.pictures import pictures_of_arrays
from esoftmax_jax.app.audits.text_table import LONGEST_CELL, MOST_COLUMNS, cell_text, name_text
from esoftmax_jax.app.data.in_memory.labels import is_nothing
from esoftmax_jax.app.files.arrays import Array, as_numpy, as_rows
from esoftmax_jax.app.terminal.messages import UsageError

_CHANNELS = 4  # at most, of a picture


class Shown(NamedTuple):
    """How many examples there are, and what shows them by their rows."""

    num_rows: int
    content: Callable[[Sequence[int]], list[Content]]
    columns: tuple[str, ...] = ()
    identifiers: list[str] | None = None


def shown_data(data: Any) -> Shown:
    """Show an array, a list, or a table of pandas.

    Raises:
        UsageError: it has no rows.
    """
    if hasattr(data, "columns") or isinstance(data, Mapping):
        return _of_table(data)
    if hasattr(data, "tocsr"):  # sparse, of SciPy
        head = data.tocsr()[:, :MOST_COLUMNS].toarray()
        return Shown(len(head), *shown_array(head))
    array = as_rows("DATA", data)
    if array.ndim == 0:
        raise UsageError(
            f"DATA: expected an array of examples beside labels, got {type(data).__name__}; "
            "pass numbers, images or texts, a row for each label"
        )
    name = getattr(data, "name", None)  # of a column of pandas
    content, columns = shown_array(array, (str(name),) if isinstance(name, str) else ())
    return Shown(len(array), content, columns)


def shown_array(
    values: Array, names: tuple[str, ...] = ()
) -> tuple[Callable[[Sequence[int]], list[Content]], tuple[str, ...]]:
    """Return what shows images, features or texts, and what the columns are called."""
    if values.dtype.kind in "biuf":
        if values.ndim == 4 and values.shape[-1] <= _CHANNELS:
            return pictures_of_arrays(values), ()
        if values.ndim == 3:
            return pictures_of_arrays(values[..., None]), ()
    elif values.ndim == 1 and all(map(_is_picture, values.tolist())):
        pictures = [one[..., None] if one.ndim == 2 else one for one in values.tolist()]
        return lambda rows: [
            pictures_of_arrays(pictures[row][None])([0])[0] for row in rows
        ], ()
    rows = values.reshape(len(values), -1)
    count = min(rows.shape[1], MOST_COLUMNS)
    alone = ("text",) if values.ndim == 1 and values.dtype.kind not in "biuf" else ()
    columns = names[:count] or alone or tuple(str(column) for column in range(count))
    return lambda wanted: [_cells(rows[row, :count]) for row in wanted], columns


def _of_table(table: Any) -> Shown:
    names = list(table) if isinstance(table, Mapping) else list(table.columns)
    if not names:
        raise UsageError("DATA: expected columns beside labels, got none; leave data out")
    cells = {name: as_numpy("DATA", table[name]) for name in names}
    lengths = {len(column) for column in cells.values()}
    if len(lengths) > 1:
        raise UsageError(f"DATA: expected columns of one length, got {sorted(lengths)}")
    shown = [cells[name] for name in names[:MOST_COLUMNS]]
    own = [list(map(_name, cells[name].tolist())) for name in names if name == "id"]

    def content(rows: Sequence[int]) -> list[Content]:
        return [_cells([column[row] for column in shown]) for row in rows]

    columns = tuple(map(str, names[:MOST_COLUMNS]))
    return Shown(lengths.pop(), content, columns, own[0] if own else None)


def _is_picture(one: Any) -> bool:
    return (
        isinstance(one, np.ndarray)
        and one.dtype.kind in "biuf"
        and (one.ndim == 2 or (one.ndim == 3 and one.shape[-1] <= _CHANNELS))
    )


def _cells(row: Any) -> list[str]:
    return [_cell(one)[:LONGEST_CELL] for one in row]


def _name(one: Any) -> str:
    return name_text(one) if isinstance(one, bytes) else _cell(one)


def _cell(one: Any) -> str:
    if is_nothing(one):
        return ""
    if not isinstance(one, float | np.floating):
        return cell_text(one)
    return cell_text(float(one)) if one.is_integer() else f"{one:.6g}"
