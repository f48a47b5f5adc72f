"""What a NumPy file says of its arrays, compared with what it holds before any is read."""

import io
import math
import os
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from esoftmax_jax.app.files.memory import check_memory

# How many times smaller a block becomes at best, by how archives keep it.
_SMALLEST = {zipfile.ZIP_STORED: 1, zipfile.ZIP_DEFLATED: 1100}
_LONGEST_HEADER = 2**16  # bytes


def check_archive(path: Path, archive: zipfile.ZipFile, names: Sequence[str]) -> None:
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


def npy_array(content: bytes, path: Path) -> Any:
    """Return the one array of the bytes of a ``.npy`` file; see ``check_archive``."""
    file, size = io.BytesIO(content), len(content)
    check_memory(f"{str(path)!r}, {size} bytes", _declared(file, size))
    file.seek(0)
    return np.load(file, allow_pickle=False)


def _declared(file: Any, size: int) -> int:
    """Read a header, and return the bytes of its array."""
    version = np.lib.format.read_magic(file)
    if version == (1, 0):
        shape, _, dtype = np.lib.format.read_array_header_1_0(file)
    elif version == (2, 0):
        # As many bytes as it says would be read before they are refused.
        length = int.from_bytes(file.read(4), "little")
        if length > _LONGEST_HEADER:
            raise ValueError(f"its header has {length} bytes")
        file.seek(-4, os.SEEK_CUR)
        shape, _, dtype = np.lib.format.read_array_header_2_0(file)
    else:
        raise ValueError(f"version {version} of the .npy format is not known here")
    if dtype.hasobject:
        raise ValueError("it holds Python objects")
    declared, there = math.prod(shape) * dtype.itemsize, size - file.tell()
    if declared > there or min(shape, default=0) < 0:
        raise ValueError(f"its shape is {shape}, {declared} bytes, and it has {there}")
    return int(declared)
