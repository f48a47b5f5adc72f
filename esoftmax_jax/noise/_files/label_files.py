"""Files of labels that somebody else drew, in the formats in which they are published."""

import io
import itertools
import json
import lzma
import math
import os
import re
import reprlib
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from os import PathLike
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from esoftmax_jax.noise import _checks
from esoftmax_jax.noise._files.restricted_pickle import RefusedPickleError, load_restricted
from esoftmax_jax.spreadsheets import CsvRows

Columns: TypeAlias = dict[str, _checks.HostIntegers]

UNNAMED = "labels"
INDEX = "index"
_PANDAS_INDEX = ("", "Unnamed: 0")
_MOST_DEFLATED = 1100  # times smaller than it was, at best
_LONGEST_HEADER = 2**16  # bytes
# RuntimeError: of an archive with a password.
_UNREADABLE = (
    *(ValueError, OSError, EOFError, RuntimeError),
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError),
)


def read_label_file(path: str | PathLike[str], content: bytes | None = None) -> Columns:
    """Reads the columns of a file of labels, without running anything that it contains.

    - ``.npy``: an array of N integers, or a pickled dict {column: N integers}, the form of the
      official CIFAR-10N and CIFAR-100N files. The pickle is read by a restricted reader that
      knows lists, dicts, strings, numbers and arrays of numbers; one that names anything else
      is refused before any of it is run.
    - ``.npz``: arrays of N integers by name.
    - ``.json``: a list of N integers, or an object {column: list}.
    - ``.csv``: one row per example, a header with the names of the columns; the header may be
      missing if there is one column. A first column without a name, or named ``Unnamed: 0``, is
      the index that pandas writes and is called ``"index"``. Text is in UTF-8, or UTF-16 with
      its mark; cells are separated by commas, semicolons or tabs.

    A single column without a name is called ``"labels"``. Floating-point numbers that are whole
    are integers: 2.0, as pandas writes a column that once had gaps, is 2.

    Source: the files of Wei et al., "Learning with Noisy Labels Revisited: A Study Using
    Real-World Human Annotations", ICLR 2022 (CIFAR-N); JSON lists are what Wang et al.,
    "ε-Softmax", NeurIPS 2024, publish their instance-dependent labels in.

    Args:
        path: The file; its ending tells the format.
        content: What is in it, if it was read before, e.g. for its hash; None: it is read.

    Returns:
        A dict of int64 arrays of one shape (N,), in the file's order of columns.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the ending is unknown, the file is damaged, a pickle asks for more than
            plain data, or a column does not hold N integers. The file is named.

    Example:
        >>> import json, pathlib, tempfile
        >>> from esoftmax_jax.noise import read_label_file
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = pathlib.Path(folder) / "noisy.json"
        ...     _ = path.write_text(json.dumps({"worst": [1, 0, 2]}))
        ...     print(read_label_file(path))
        {'worst': array([1, 0, 2])}
    """
    path = Path(path)
    if path.suffix.lower() not in _READERS:
        raise ValueError(
            f"label file {path.name!r}: expected the ending {', '.join(_READERS)}, got "
            f"{path.suffix!r}; save the labels with numpy.savez(path, name=integers)"
        )
    if content is None and not path.is_file():
        raise FileNotFoundError(f"no label file {str(path)!r}; check the path")
    try:
        content = path.read_bytes() if content is None else content
        found = _READERS[path.suffix.lower()](content)
    except RefusedPickleError as error:
        raise ValueError(
            f"label file {path.name!r} is refused: {error}; a file of labels holds plain "
            "numbers, get it from its authors again"
        ) from None
    except _UNREADABLE as error:
        raise ValueError(
            f"label file {path.name!r} cannot be read: {' '.join(str(error).split())}; "
            "expected N integers, or columns of N integers by name"
        ) from error
    columns = found if isinstance(found, Mapping) else {UNNAMED: found}
    if not columns:
        raise ValueError(f"label file {path.name!r}: expected at least one column, got none")
    # Every number of a column takes a byte, but a pickle may name one column many times.
    if path.suffix.lower() != ".npz" and sum(map(_length, columns.values())) > len(content):
        raise ValueError(f"label file {path.name!r} is refused: it makes more than it holds")
    integers: Columns = {}
    for key, column in columns.items():
        name = key.decode("utf-8", "replace") if isinstance(key, bytes) else str(key)
        if name in integers:
            raise ValueError(
                f"label file {path.name!r}: expected a name of its own for every column, got "
                f"{name!r} twice"
            )
        integers[name] = _integers(path, name, column)
    lengths = {name: column.size for name, column in integers.items()}
    if len(set(lengths.values())) > 1:
        raise ValueError(
            f"label file {path.name!r}: expected columns of one length, got "
            f"{', '.join(f'{name}: {length}' for name, length in lengths.items())}"
        )
    return integers


def _length(column: object) -> int:
    return len(column) if isinstance(column, list | np.ndarray) else 1


def _integers(path: Path, name: object, column: object) -> _checks.HostIntegers:
    where = f"label file {path.name!r}, column {name!r}"
    expected = f"{where}: expected a list of integers"
    if isinstance(column, list):
        # np.asarray would turn True into 1 and "1" into a string.
        for row, value in enumerate(column):
            if type(value) is not int and not (type(value) is float and _is_whole(value)):
                raise ValueError(f"{expected}, got {reprlib.repr(value)} in row {row}")
        try:
            column = np.array(list(map(int, column)), np.int64)
        except OverflowError:
            raise ValueError(f"{expected}, got one that needs more than 64 bits") from None
    if not isinstance(column, np.ndarray):
        raise ValueError(f"{expected}, got {type(column).__name__}")
    if np.issubdtype(column.dtype, np.floating) and column.ndim == 1:
        values = column.astype(np.float64)
        whole = (np.abs(values) < 2**53) & (values == np.trunc(values))
        if not whole.all():
            row = int(np.argmin(whole))
            raise ValueError(f"{expected}, got {column[row].item()} in row {row}")
        column = column.astype(np.int64)
    if not np.issubdtype(column.dtype, np.integer) or column.ndim != 1 or not column.size:
        raise ValueError(
            f"{where}: expected integers of shape (N,), got {column.dtype} of shape "
            f"{column.shape}"
        )
    if column.max() > np.iinfo(np.int64).max:
        raise ValueError(f"{expected}, got one that needs more than 64 bits")
    return column.astype(np.int64)


def _read_npy(content: bytes) -> Any:
    file = io.BytesIO(content)
    if _check_size(file, len(content)).hasobject:
        return load_restricted(file)
    file.seek(0)
    return np.load(file, allow_pickle=False)


def _check_size(file: Any, size: int) -> np.dtype[Any]:
    """Read a header, refuse an array that is larger than its file, and return its dtype."""
    version = np.lib.format.read_magic(file)
    headers: dict[tuple[int, int], Callable[[Any], Any]] = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }
    if version not in headers:
        raise ValueError(f"version {version} of the .npy format is not known here")
    if version == (2, 0):  # as many bytes as it says would be read before they are refused
        length = int.from_bytes(file.read(4), "little")
        if length > _LONGEST_HEADER:
            raise ValueError(f"a header of {length} bytes")
        file.seek(-4, os.SEEK_CUR)
    shape, _, dtype = headers[version](file)
    declared, there = math.prod(shape) * dtype.itemsize, size - file.tell()
    if not dtype.hasobject and (declared > there or min(shape, default=0) < 0):
        raise ValueError(f"an array of shape {shape}, {declared} bytes, where {there} are left")
    found: np.dtype[Any] = dtype
    return found


def _read_npz(content: bytes) -> Any:
    file = io.BytesIO(content)
    # Of other content NumPy says that it might be a pickle, and how to load one.
    if not zipfile.is_zipfile(file):
        raise ValueError("not an archive of arrays")
    file.seek(0)
    with np.load(file, allow_pickle=False) as archive:
        for entry in archive.zip.infolist():
            if entry.file_size > _MOST_DEFLATED * (entry.compress_size + 1):
                raise ValueError(
                    f"{entry.filename!r} of {entry.file_size} bytes, where "
                    f"{entry.compress_size} are kept"
                )
            with archive.zip.open(entry) as member:
                _check_size(member, entry.file_size)
        return {name: _plain_array(archive, name) for name in archive.files}


def _plain_array(archive: Any, name: str) -> Any:
    try:
        return archive[name]
    except ValueError as error:
        if "allow_pickle" not in str(error):
            raise
        raise ValueError(f"column {name!r} holds Python objects") from None


def _read_json(content: bytes) -> Any:
    def without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        values = dict(pairs)
        if len(values) < len(pairs):
            raise ValueError("a name twice in one object")
        return values

    # RecursionError: what the parser raises for brackets nested without end.
    try:
        return json.loads(content.decode("utf-8-sig"), object_pairs_hook=without_repetition)
    except RecursionError as error:
        raise ValueError("nested too deep") from error


def _read_csv(content: bytes) -> Any:
    return _columns((number, row) for number, row in CsvRows("the table", content) if row)


def _columns(rows: Iterator[tuple[int, list[str]]]) -> dict[str, list[int]]:
    number, first = next(rows, (0, []))
    if not first:
        raise ValueError("the file is empty")
    names = [name.strip() for name in first]
    if len(first) == 1 and _whole_number(first[0]) is not None:
        names = [UNNAMED]
        rows = itertools.chain([(number, first)], rows)
    elif len(names) > 1 and names[0] in _PANDAS_INDEX and INDEX not in names:
        names[0] = INDEX
    numbers = [name for name in names if _whole_number(name) is not None]
    if numbers or len(set(names)) < len(names) or not all(names):
        raise ValueError(
            f"line 1: expected the columns' names, all different, got {reprlib.repr(first)}"
        )
    columns: dict[str, list[int]] = {name: [] for name in names}
    for number, row in rows:
        if len(row) != len(names):
            raise ValueError(f"line {number}: expected {len(names)} values, got {len(row)}")
        for name, text in zip(names, row, strict=True):
            value = _whole_number(text)
            if value is None:
                raise ValueError(
                    f"line {number}, column {name!r}: no whole number (id or class): {text!r}"
                )
            columns[name].append(value)
    return columns


def _whole_number(text: str) -> int | None:
    """Return the integer that a cell spells, be it as 2, 2.0 or 2.000e+00."""
    text = text.strip()
    # int() would also take "1_000" and digits of other scripts.
    if re.fullmatch(r"-?[0-9]+", text):
        return int(text)
    if not re.fullmatch(r"[+-]?[0-9]+(\.[0-9]*)?([eE][+-]?[0-9]+)?", text):
        return None
    value = float(text)
    return int(value) if _is_whole(value) else None


def _is_whole(value: float) -> bool:
    return abs(value) < 2**53 and value.is_integer()  # beyond, a float is not exact


_READERS: Mapping[str, Callable[[bytes], Any]] = {
    ".npy": _read_npy,
    ".npz": _read_npz,
    ".json": _read_json,
    ".csv": _read_csv,
}
