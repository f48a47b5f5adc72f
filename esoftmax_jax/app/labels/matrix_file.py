"""A transition matrix from a file, for ``--noise matrix:PATH``."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from esoftmax_jax.app.data.label_file import named_hash
from esoftmax_jax.app.files.array_header import npy_array
from esoftmax_jax.app.files.json_file import parse_json
from esoftmax_jax.app.files.regular_file import regular
from esoftmax_jax.app.terminal.messages import UsageError
from esoftmax_jax.spreadsheets import CsvRows


def _csv_rows(content: bytes, _: Path) -> list[list[float]]:
    """Read numbers as NumPy and spreadsheets write them, these with decimal commas perhaps."""
    return [
        [float(cell.replace(",", ".")) for cell in cells]
        for _, cells in CsvRows("the table", content)
        if cells and not cells[0].lstrip().startswith("#")
    ]


_READERS: dict[str, Callable[[bytes, Path], Any]] = {
    ".npy": npy_array,
    ".csv": _csv_rows,
    ".json": lambda content, path: parse_json(content, str(path), "correct the file"),
}

_MOST_BYTES = 100  # of a number and what is around it


@dataclasses.dataclass(frozen=True, eq=False)
class MatrixFile:
    """A transition matrix and the file that it was read from.

    Attributes:
        name: the file's name and the beginning of the SHA-256 of what was read.
        values: (K, K), the share of class i that is labelled j.
    """

    name: str
    values: npt.NDArray[np.float64]


def read_matrix(path: Path, num_classes: int) -> MatrixFile:
    """Read a (K, K) matrix whose entry (i, j) is the share of class i that is labelled j.

    Raises:
        UsageError: no such file, another form, or another shape.
    """
    path = path.expanduser()
    expected = f"expected {num_classes} × {num_classes} numbers as .npy, .csv or .json"
    if path.suffix not in _READERS:
        raise UsageError(f"--noise matrix: {expected}, got the file {str(path)!r}")
    try:
        size = regular(path).stat().st_size
        if size > _MOST_BYTES * (num_classes + 100) ** 2:
            raise UsageError(f"{expected}, got {size} bytes in {str(path)!r}")
        content = path.read_bytes()
        matrix = np.array(_READERS[path.suffix](content, path), np.float64)
    except FileNotFoundError:
        raise UsageError(f"--noise matrix: no file {str(path)!r}; {expected}") from None
    except UsageError as error:
        raise UsageError(f"--noise matrix: {error}") from error
    except (ValueError, TypeError, OSError, EOFError) as error:
        reason = " ".join(str(error).split())[:120]
        if "magic" in reason or "objects" in reason:
            reason = "no array of numbers"
        raise UsageError(
            f"--noise matrix: {str(path)!r} cannot be read ({reason}); {expected}"
        ) from error
    if matrix.shape != (num_classes, num_classes):
        raise UsageError(
            f"--noise matrix: {str(path)!r}: {expected}, got the shape {matrix.shape}"
        )
    return MatrixFile(named_hash(path, content), matrix)
