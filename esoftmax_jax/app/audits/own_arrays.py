"""Files and tables of one's own numbers: a row for each label, a column for each class."""

import dataclasses
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from esoftmax_jax.app.audits.text_table import name_text, read_text
from esoftmax_jax.app.data.columns.numbers import number_of, numbers_of
from esoftmax_jax.app.data.label_text import whole_number
from esoftmax_jax.app.data.readers.npz_file import open_archive, read_arrays
from esoftmax_jax.app.files.array_cache import UNREADABLE
from esoftmax_jax.app.files.array_header import npy_array
from esoftmax_jax.app.files.arrays import Array, as_numpy, refuse_masked
from esoftmax_jax.app.files.csv_rows import csv_rows
from esoftmax_jax.app.files.regular_file import not_a_file
from esoftmax_jax.app.terminal.messages import UsageError
from esoftmax_jax.spreadsheets import named

OwnArray: TypeAlias = Any
"""A path of .npy, .npz, .csv or .parquet, an array, or a table with named columns."""

_KINDS = ".npy, .npz, .csv or .parquet"
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_PROBABILITIES = "--probabilities"
ONE_COLUMN = (
    "of two classes pass both columns, numpy.column_stack([1 - p, p]) where p is the "
    "probability of the second"
)
"""What to do with the probability of one class alone."""

_CALLED = ("example", "path", "id")  # columns that name examples


@dataclasses.dataclass(frozen=True, eq=False)
class OwnNumbers:
    """Numbers as they came.

    Attributes:
        where: what to call them in a message.
        values: float64 (N, D).
        names: of the columns, if they have some.
        examples: what each row says it is about; None if it says nothing.
        called: the column that says so.
        labels: what each row says its label is; None if it says nothing.
        first_is_names: whether the first row may be numbers or, as well, the header.
        passed_over: columns of texts.
        gaps: what is wrong with those of them that are numbers in most rows.
    """

    where: str
    values: npt.NDArray[np.float64]
    names: tuple[str, ...] | None = None
    examples: list[str] | None = None
    called: str = ""
    labels: list[str] | None = None
    first_is_names: bool = False
    passed_over: tuple[str, ...] = ()
    gaps: tuple[str, ...] = ()


def read_numbers(option: str, given: OwnArray, arrays: Sequence[str]) -> OwnNumbers:
    """Read numbers of one's own.

    Args:
        option: that names them, for messages.
        given: see ``OwnArray``; numbers that were read already stay as they are.
        arrays: what the array of an archive may be called, the first that is there; without
            any of them the only one.

    Raises:
        UsageError: there is no such file, or it has no numbers.
    """
    if isinstance(given, OwnNumbers):
        return given
    if isinstance(given, str | Path):
        return _read(option, Path(given).expanduser(), arrays)
    if hasattr(given, "columns") or isinstance(given, Mapping):  # of pandas and the like
        keys = list(given if isinstance(given, Mapping) else given.columns)
        names = [str(name) for name in keys]
        text = {name: name_text if name in _CALLED else str for name in names}
        columns = (
            [as_numpy(option, given[key]) for key in keys]
            if len(set(names)) == len(keys)
            else []
        )
        if not columns or len({one.shape for one in columns}) > 1 or columns[0].ndim != 1:
            shapes = ", ".join(str(one.shape) for one in columns) or named(names)
            raise UsageError(
                f"{option}: expected columns of one length, each with a name of its own, got "
                f"{shapes}; correct the table"
            )
        cells = [column.tolist() for column in columns]
        return _of_columns(
            option,
            names,
            [list(map(text[name], column)) for name, column in zip(names, cells, strict=True)],
        )
    refuse_masked(option, given)
    return _of_array(option, as_numpy(option, given))


def _read(option: str, path: Path, arrays: Sequence[str]) -> OwnNumbers:
    where, kind = f"{option}: {path}", path.suffix.lower()
    if wrong := not_a_file(path):
        raise UsageError(f"{option}: {wrong}; expected a file {_KINDS}")
    if kind == ".npy":
        try:
            found = npy_array(path.read_bytes(), path)
        except UNREADABLE as error:
            raise UsageError(
                f"{where}: expected a NumPy array of numbers that can be read; write "
                "numpy.asarray(numbers, float) with numpy.save"
            ) from error
        return _of_array(where, found)
    if kind == ".npz":
        with open_archive(path) as archive:
            there = [name for name in arrays if name in archive.files]
            if not there and len(archive.files) != 1:
                raise UsageError(
                    f"{where}: expected an array {' or '.join(arrays)}, found "
                    f"{named(sorted(archive.files))}; name it so"
                )
            wanted = (there or archive.files)[:1]
            names = [name for name in ("class_names",) if name in archive.files]
            array, *classes = read_arrays(archive, [*wanted, *names], path)
        found = _of_array(where, array)
        if not classes:
            return found
        return dataclasses.replace(found, names=tuple(map(str, classes[0].tolist())))
    if kind in (".csv", ".tsv", ".txt", ".parquet"):
        if kind != ".parquet":
            lines = [cells for _, cells in csv_rows(where, path) if cells]
            if lines and all(map(is_number, lines[0])):
                return _of_lines(where, lines)
        table = read_text("parquet" if kind == ".parquet" else "csv", path)
        for name, column in table.indexes.items():
            _check_index(where, name, column)
        return _of_columns(where, list(table.columns), list(table.columns.values()))
    raise UsageError(f"{option}: expected a file {_KINDS}, got {path}; convert it")


def calls_examples(table: Any) -> bool:
    """Tell whether a table has a column that names its examples."""
    columns = table if isinstance(table, Mapping) else getattr(table, "columns", ())
    return bool(set(map(str, columns)) & set(_CALLED))


def is_number(text: str) -> bool:
    """Tell whether a cell is a number."""
    return bool(_NUMBER.fullmatch(text.strip()))


def _of_lines(where: str, lines: list[list[str]]) -> OwnNumbers:
    """Return lines that may have no header: of names that are numbers the caller knows."""
    try:
        values = np.array([numbers_of(line) for line in lines])
    except ValueError as error:
        raise UsageError(
            f"{where}: expected as many numbers in every line, got others ({error}); write it "
            "with pandas or numpy.savetxt"
        ) from error
    names = tuple(name.strip() for name in lines[0])
    return OwnNumbers(where, values, names, first_is_names=True)


def _of_array(where: str, array: Array) -> OwnNumbers:
    if array.dtype.kind not in "fiub" or array.ndim != 2:
        remedy = "pass numpy.asarray(numbers, float), of a sparse matrix numbers.toarray()"
        if array.dtype.kind in "fiub" and array.ndim == 1:
            remedy = ONE_COLUMN if _PROBABILITIES in where else "pass array.reshape(-1, 1)"
        raise UsageError(
            f"{where}: expected numbers of shape (N, columns), a row for each label, got "
            f"{array.dtype} of shape {array.shape}; {remedy}"
        )
    return OwnNumbers(where, array.astype(np.float64))


def _of_columns(where: str, names: list[str], columns: list[list[str]]) -> OwnNumbers:
    """Return the columns of numbers, and what the rows are about."""
    called = next((one for one in _CALLED if one in names), "")
    examples = columns[names.index(called)] if called else None
    labels = columns[names.index("label")] if "label" in names else None
    kept, values, texts, gaps = [], [], list[str](), list[str]()
    for name, column in zip(names, columns, strict=True):
        if name in _CALLED:
            continue
        try:
            values.append(numbers_of(column))
        except ValueError:  # text, such as a prediction
            odd = [row for row, cell in enumerate(column) if not _is_float(cell)]
            if 2 * len(odd) < len(column):
                gaps.append(
                    f"expected numbers in column {name!r}, got {column[odd[0]]!r} in its row "
                    f"{odd[0] + 1} ({len(odd)} such); correct it, or remove the column"
                )
            texts.append(name)
            continue
        kept.append(name)
    if not kept:
        cell = next((column[0] for column in columns if column), "nothing")
        raise UsageError(
            f"{where}: expected columns of numbers, got {named(names)} with cells such as "
            f"{cell!r}; write numbers, with a decimal point"
        )
    numbers = np.stack(values, axis=1)
    found = OwnNumbers(where, numbers, tuple(kept), examples, called, labels)
    return dataclasses.replace(found, passed_over=tuple(texts), gaps=tuple(gaps))


def _check_index(where: str, name: str, column: list[str]) -> None:
    """Refuse rows whose numbers say that they were put in another order."""
    if not counts(column) and counts(sorted(column, key=lambda cell: whole_number(cell) or 0)):
        raise UsageError(
            f"{where}: expected rows in order, got another order in the column {name!r}, which "
            "numbers them; sort by it, or leave it out if the rows are in the order of the data"
        )


def counts(column: Sequence[str]) -> bool:
    """Tell whether the cells are 0, 1, 2, … or 1, 2, 3, …."""
    numbers = [whole_number(cell) for cell in column]
    return numbers in [list(range(first, first + len(numbers))) for first in (0, 1)]


def _is_float(cell: str) -> bool:
    try:
        number_of(cell)
    except ValueError:
        return False
    return True
