"""Tables in memory as they come: columns of pandas, dictionaries of columns, lists of texts."""

import dataclasses
from collections.abc import Collection, Iterable, Mapping, Sequence, Sized
from typing import Any

import numpy as np

from esoftmax_jax.app.data.columns.cells import cell_texts
from esoftmax_jax.app.data.columns.choice import ColumnChoice
from esoftmax_jax.app.data.columns.fitted import FittedColumns
from esoftmax_jax.app.data.columns.mixed import kinds_of_table, mixed_features
from esoftmax_jax.app.data.columns.numbers import objects_as_numbers
from esoftmax_jax.app.data.parts import Parts, sentences
from esoftmax_jax.app.data.readers.index_columns import index_note, index_places
from esoftmax_jax.app.files.arrays import Array, as_numpy
from esoftmax_jax.app.terminal.messages import UsageError
from esoftmax_jax.spelling import did_you_mean
from esoftmax_jax.spreadsheets import named

TEXT = "text"
"""What a list of texts is called, as a column."""

Cells = dict[str, list[str]]

_FINER = ("ns", "ps", "fs", "as")  # units of time than Python's own


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
    insisted: Collection[str] = (),
) -> MemoryTable | None:
    """Return what is not all numbers as a table; None for arrays, images and numbers.

    Args:
        called: what the user calls it.
        value: anything.
        wanted: the columns of a model, whatever they hold; None: all.
        whatever: whether a table is one also if it is all numbers.
        insisted: columns that are features even if their names are those of an index.

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
    names = columns_by_name(called, value)
    check_trained_columns(called, names, wanted or ())
    listed = list(names)
    index = [] if wanted is not None else [listed[place] for place in index_places(listed)]
    index = [name for name in index if name not in insisted]
    passed_over = set(index)
    cells = {
        name: cell_texts(called, name, _column(called, value[names[name]]), first=0)
        for name in (listed if wanted is None else wanted)
        if name not in passed_over
    }
    check_lengths(called, cells)
    return MemoryTable(called, cells, index=tuple(index))


def _names(value: Any) -> list[Any]:
    return list(value) if isinstance(value, Mapping) else list(value.columns)


def columns_by_name(called: str, value: Any) -> dict[str, Any]:
    """Return the names of a table's columns as text, with what the table calls them.

    Raises:
        UsageError: two are the same.
    """
    names = {str(name): name for name in _names(value)}
    if len(names) < len(_names(value)):
        raise UsageError(
            f"{called}: expected a name of its own for every column, got one twice among "
            f"{named(list(map(str, _names(value))))}; rename or remove the column"
        )
    return names


def check_trained_columns(called: str, names: Collection[str], wanted: Sequence[str]) -> None:
    """Refuse a table that lacks a column which a model was trained on.

    Raises:
        UsageError: naming the column.
    """
    missing = [name for name in wanted if name not in names]
    if missing:
        raise UsageError(
            f"{called}: expected the columns {named(list(wanted))}, which the model was "
            f"trained on, got no {missing[0]!r} among {named(list(names))}; add the column"
            f"{did_you_mean(missing[0], names)}"
        )


def check_lengths(called: str, columns: Mapping[str, Sized]) -> None:
    """Refuse columns of several lengths, or without rows.

    Raises:
        UsageError: naming the lengths.
    """
    lengths = {name: len(column) for name, column in columns.items()}
    if len(set(lengths.values())) > 1 or not next(iter(lengths.values()), 0):
        raise UsageError(
            f"{called}: expected columns of one length, at least one row, got {lengths}"
        )


def check_same_columns(
    called: str, names: Collection[str], other: str, wanted: Collection[str]
) -> None:
    """Refuse a table with other columns than the training part has.

    Raises:
        UsageError: naming both.
    """
    if set(names) != set(wanted):
        raise UsageError(
            f"{called}: expected the columns {named(list(wanted))} of {other}, got "
            f"{named(list(names))}; pass the same"
        )


def passed_over_note(names: Iterable[str], used: Collection[str]) -> list[str]:
    """Say which columns of a table a model does not use."""
    others = [name for name in names if name not in used]
    return [f"columns that are passed over: {named(others)}"] if others else []


def _column(called: str, column: Any) -> list[Any]:
    kind = column.dtype.kind if isinstance(column, np.ndarray) else ""
    if kind in ("m", "M") and np.datetime_data(column.dtype)[0] in _FINER:
        column = column.astype(f"{kind}8[us]")  # of finer ones NumPy makes whole numbers
    found: list[Any] = as_numpy(called, column, object).tolist()  # times keep their type
    return found


def _is_numbers(value: Any) -> bool:
    """Tell whether a table is taken as an array of finite numbers."""
    if isinstance(value, Mapping):
        return False
    try:
        array = objects_as_numbers(as_numpy("", value))
    except UsageError:
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
    if test is not None:
        check_same_columns(test.called, test.cells, table.called, table.cells)
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
    told = [str(kinds), *index_note(table.index), *mixed.notes]
    note = " ".join(filter(None, [parts.note, sentences(told)]))
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
    if not table.alone:
        notes += passed_over_note(map(str, _names(value)), table.cells)
    return columns.features(table.cells, table.where), notes
