"""Frames of numbers: columns are found by name, and those that number the rows are none."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from esoftmax_jax.app.data.columns.choice import ColumnChoice
from esoftmax_jax.app.data.columns.numbers import objects_as_numbers
from esoftmax_jax.app.data.in_memory.tables import (
    check_lengths,
    check_same_columns,
    check_trained_columns,
    columns_by_name,
    is_table,
    passed_over_note,
)
from esoftmax_jax.app.data.readers.index_columns import index_places, numbers_rows
from esoftmax_jax.app.files.arrays import Array, as_numpy
from esoftmax_jax.app.terminal.messages import UsageError
from esoftmax_jax.spreadsheets import named


def features_of_frames(
    train: tuple[str, Any], test: tuple[str, Any], choice: ColumnChoice
) -> tuple[Any, Any, tuple[str, ...]]:
    """Return frames of numbers with the same features in the same order.

    Args:
        train: what the training part is called, and its frame.
        test: likewise; no frame: it stays as it is.
        choice: what is said of columns.

    Returns:
        The training part, the test part, and the columns that number the rows.

    Raises:
        UsageError: a name is there twice, no feature is left, or the parts have others.
    """
    called, frame = train
    names = columns_by_name(called, frame)
    index = [] if choice.columns is not None else _index(called, frame, names, choice)
    kept = [name for name in names if name not in index]
    if index and not kept:
        raise UsageError(
            f"{called}: expected columns of numbers that say something about an example, got "
            f"only {named(index)}, which numbers the rows; add features"
        )
    test_called, tested = test
    if is_table(tested):
        there = columns_by_name(test_called, tested)
        passed = {*index, *_unnamed(list(there))} - {*kept}
        check_same_columns(
            test_called, [name for name in there if name not in passed], called, kept
        )
        tested = tested[[there[name] for name in kept]]
    return frame[[names[name] for name in kept]], tested, tuple(index)


def _index(called: str, frame: Any, names: dict[str, Any], choice: ColumnChoice) -> list[str]:
    unnamed = _unnamed(list(names))
    return [
        name
        for name, column in names.items()
        if name not in choice.insisted
        and (name in unnamed or numbers_rows(name, _numbers(called, name, frame[column])))
    ]


def _unnamed(names: list[str]) -> list[str]:
    return [names[place] for place in index_places(names)]


def numbers_by_name(called: str, table: Any, wanted: Sequence[str]) -> tuple[Array, list[str]]:
    """Return the columns of numbers that a model was trained on, float64 (N, D), and notes.

    Raises:
        UsageError: a column is not there, or holds something else.
    """
    names = columns_by_name(called, table)
    check_trained_columns(called, names, wanted)
    columns = {name: _numbers(called, name, table[names[name]]) for name in wanted}
    check_lengths(called, columns)
    return np.stack(list(columns.values()), axis=1), passed_over_note(names, wanted)


def _numbers(called: str, name: str, column: Any) -> Array:
    where = f"{called}: column {name!r}"
    array = objects_as_numbers(as_numpy(where, column))
    if array.dtype.kind not in "biuf" or array.ndim != 1:
        raise UsageError(
            f"{where}: expected numbers, got dtype {array.dtype} of shape {array.shape}; "
            "convert text and fill empty cells before"
        )
    return array.astype(np.float64)
