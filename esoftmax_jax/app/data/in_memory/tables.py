"""Tables in memory as they come: columns of pandas, dictionaries of columns, lists of texts."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from esoftmax_jax.app.data.columns.cells import cell_texts
from esoftmax_jax.app.data.columns.choice import ColumnChoice
from esoftmax_jax.app.data.columns.fitted import FittedColumns
from esoftmax_jax.app.data.columns.mixed import kinds_of_table, mixed_features
from esoftmax_jax.app.data.parts import Parts, sentences
from esoftmax_jax.app.data.readers.index_columns import index_places
from esoftmax_jax.app.files.arrays import Array
from esoftmax_jax.app.terminal.messages import UsageError
from esoftmax_jax.spelling import did_you_mean
from esoftmax_jax.spreadsheets import named

TEXT = "text"
"""What a list of texts is called, as a column."""

Cells = dict[str, list[str]]


@dataclasses.dataclass(frozen=True)
class MemoryTable:
    """A table in memory that is not all numbers.

    Attributes:
        called: what the user calls it.
        cells: of each column by name.
        alone: whether it is a list of texts, not a table.
        index: names of columns that number the rows, which are passed over.
    """

    called: str
    cells: Cells
    alone: bool = False
    index: tuple[str, ...] = ()

    @property
    def places(self) -> Array:
        """The places of rows, float64 (N, 1), which stand for them until they are parted."""
        count = len(next(iter(self.cells.values())))
        return np.arange(count, dtype=np.float64)[:, np.newaxis]

    def where(self, row: int) -> str:
        """Name a row."""
        return f"{self.called}, row {row}"


def is_table(value: Any) -> bool:
    """Tell whether something has columns with names."""
    return isinstance(value, Mapping) or hasattr(value, "columns")


def is_texts(value: Any) -> bool:
    """Tell whether something is a list or a column of texts."""
    if isinstance(value, str | bytes) or is_table(value) or getattr(value, "ndim", 1) != 1:
        return False
    try:
        cells = list(value)
    except TypeError:
        return False
    return bool(cells) and any(isinstance(cell, str) for cell in cells)


def chosen_columns(called: str, value: Any, choice: ColumnChoice) -> Any:
    """Return a table with the columns that are chosen.

    Raises:
        UsageError: it has no such columns, or is no table.
    """
    if not choice.is_made:
        return value
    if not is_table(value):
        raise UsageError(
            f"{choice.option}: expected a table with names of columns beside it, got {called} "
            f"of type {type(value).__name__}; leave the option out"
        )
    names = {str(name): name for name in _names(value)}
    kept = [names[name] for name in choice.features(list(names), (), called)]
    if not kept:
        raise UsageError(f"--ignore: expected to leave a column of {called}, got all of them")
    return {name: value[name] for name in kept} if isinstance(value, Mapping) else value[kept]


def as_table(
    called: str,
    value: Any,
    wanted: Sequence[str] | None = None,
    *,
    whatever: bool = False,
) -> MemoryTable | None:
    """Return what is not all numbers as a table; None for arrays, images and numbers.

    Args:
        called: what the user calls it.
        value: anything.
        wanted: the columns of a model, whatever they hold; None: all.
        whatever: whether a table is one also if it is all numbers.

    Raises:
        UsageError: columns of several lengths, or a cell with several values.
    """
    if is_texts(value):
        texts = list(value)
        if wanted is not None and len(wanted) != 1:
            raise UsageError(
                f"{called}: expected a table with the columns {named(wanted)}, which the model "
                "was trained on, got texts alone"
            )
        name = getattr(value, "name", None)
        name = wanted[0] if wanted else name if isinstance(name, str) and name else TEXT
        return MemoryTable(called, {name: cell_texts(called, name, texts, first=0)}, alone=True)
    if not is_table(value) or (wanted is None and not whatever and _is_numbers(value)):
        return None
    names = {str(name): name for name in _names(value)}
    if len(names) < len(_names(value)):
        raise UsageError(
            f"{called}: expected a name of its own for every column, got one twice among "
            f"{named(list(map(str, _names(value))))}; rename or remove the column"
        )
    missing = [name for name in wanted or () if name not in names]
    if missing:
        raise UsageError(
            f"{called}: expected the columns {named(list(wanted or ()))}, which the model was "
            f"trained on, got no {missing[0]!r} among {named(list(names))}; add the column"
            f"{did_you_mean(missing[0], names)}"
        )
    listed = list(names)
    index = [] if wanted is not None else [listed[place] for place in index_places(listed)]
    passed_over = set(index)
    cells = {
        name: cell_texts(called, name, _column(value[names[name]]), first=0)
        for name in (listed if wanted is None else wanted)
        if name not in passed_over
    }
    lengths = {name: len(column) for name, column in cells.items()}
    if len(set(lengths.values())) > 1 or not next(iter(lengths.values()), 0):
        raise UsageError(
            f"{called}: expected columns of one length, at least one row, got {lengths}"
        )
    return MemoryTable(called, cells, index=tuple(index))


def _names(value: Any) -> list[Any]:
    return list(value) if isinstance(value, Mapping) else list(value.columns)


def _column(column: Any) -> list[Any]:
    found: list[Any] = np.asarray(column, object).tolist()  # times keep their type
    return found


def _is_numbers(value: Any) -> bool:
    """Tell whether a table is taken as an array of finite numbers."""
    if isinstance(value, Mapping):
        return False
    try:
        array = np.asarray(value)
        if array.dtype.kind == "O":
            array = array.astype(np.float64)
    except (TypeError, ValueError):
        return False
    if array.dtype.kind not in "biuf":
        return array.size == 0
    return bool(np.isfinite(array).all())


def with_features(
    parts: Parts, table: MemoryTable, test: MemoryTable | None, choice: ColumnChoice
) -> Parts:
    """Return parts whose examples are places in a table with the features in their stead.

    Args:
        parts: as read of ``table.places``, and of ``test.places`` if there is a test part.
        table: of the training part, or of both.
        test: of the test part; None: a part of the other is held out.
        choice: what is said of columns.

    Raises:
        UsageError: a column is of no one kind, or the test part lacks one.
    """
    rows = len(table.places)
    if test is not None and set(test.cells) != set(table.cells):
        raise UsageError(
            f"{test.called}: expected the columns {named(list(table.cells))} of "
            f"{table.called}, got {named(list(test.cells))}; pass the same"
        )
    cells = {
        name: [*column, *(test.cells[name] if test else ())]
        for name, column in table.cells.items()
    }

    def where(row: int) -> str:
        return test.where(row - rows) if test and row >= rows else table.where(row)

    insisted = tuple(cells) if table.alone else choice.insisted
    kinds = kinds_of_table(cells, range(rows), where, insisted, table.called, choice.kinds)
    places = {part: of.images[:, 0].astype(np.int64) for part, of in
              (("train", parts.train), ("test", parts.test))}  # fmt: skip
    places["test"] += rows if test else 0
    mixed = mixed_features(kinds, cells, places["train"].tolist(), where)
    train, tested = (
        dataclasses.replace(
            of,
            images=mixed.values[places[part]],
            content=mixed.content[places[part]],
            cells=mixed.cells[places[part]],
        )
        for part, of in (("train", parts.train), ("test", parts.test))
    )
    told = [f"columns that number the rows are passed over: {named(table.index)}"]
    told = told if table.index else []
    note = " ".join(filter(None, [parts.note, sentences([str(kinds), *told, *mixed.notes])]))
    return dataclasses.replace(parts, train=train, test=tested, columns=mixed.fitted, note=note)


def features_of_table(
    called: str, value: Any, columns: FittedColumns
) -> tuple[Array, list[str]] | None:
    """Return the features of a table for a model, and notes; None for what is an array.

    Raises:
        UsageError: a column lacks, or holds something else than those of training.
    """
    table = as_table(called, value, columns.names)
    if table is None:
        return None
    notes = columns.unknown(table.cells, table.where)
    others = [] if table.alone else [
        str(name) for name in _names(value) if str(name) not in table.cells
    ]  # fmt: skip
    if others:
        notes.append(f"columns that are passed over: {named(others)}")
    return columns.features(table.cells, table.where), notes
