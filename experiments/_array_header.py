"""What a NumPy file says of its arrays, compared with what it holds before any is read."""

import math
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from experiments._memory import check_memory
from experiments._regular_file import regular

# How many times smaller a block becomes at best, by how archives keep it.
_SMALLEST = {zipfile.ZIP_STORED: 1, zipfile.ZIP_DEFLATED: 1100}


def check_archive(path: Path, archive: zipfile.ZipFile, names: list[str]) -> None:
    """Check arrays of a NumPy archive by name.

    Raises:
        ValueError: one is larger than what the archive holds of it.
        UsageError: together they are larger than the memory that is free.
    """
    entries = set(archive.namelist())
    total = 0
    for name in names:
        entry = archive.getinfo(name if name in entries else f"{name}.npy")
        most = _SMALLEST.get(entry.compress_type, math.inf) * (entry.compress_size + 1)
        if entry.file_size > most:
            raise ValueError(
                f"it is said to have {entry.file_size} bytes, of which {entry.compress_size} "
                "are kept"
            )
        with archive.open(entry) as file:
            total += _declared(file, entry.file_size)
    check_memory(f"{str(path)!r}, {path.stat().st_size} bytes", total)


def read_npy(path: Path) -> Any:
    """Read the one array of a ``.npy`` file; see ``check_archive``."""
    with regular(path).open("rb") as file:
        size = path.stat().st_size
        check_memory(f"{str(path)!r}, {size} bytes", _declared(file, size))
        file.seek(0)
        return np.load(file, allow_pickle=False)


def _declared(file: Any, size: int) -> int:
    """Read a header, and return the bytes of its array."""
    version = np.lib.format.read_magic(file)
    if version == (1, 0):
        shape, _, dtype = np.lib.format.read_array_header_1_0(file)
    elif version == (2, 0):
        shape, _, dtype = np.lib.format.read_array_header_2_0(file)
    else:
        raise ValueError(f"version {version} of the .npy format is not known here")
    if dtype.hasobject:
        raise ValueError("it holds Python objects")
    declared, there = math.prod(shape) * dtype.itemsize, size - file.tell()
    if declared > there or min(shape, default=0) < 0:
        raise ValueError(f"its shape is {shape}, {declared} bytes, and it has {there}")
    return int(declared)
