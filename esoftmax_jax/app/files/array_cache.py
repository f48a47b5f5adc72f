"""Decoded arrays kept between runs, in ``ESOFTMAX_CACHE_DIR`` or ``~/.cache/esoftmax_jax``.

Decoding tens of thousands of images takes several seconds, reading them back a fraction of
one. A file is named by what its content was made from, so that nothing has to be compared or
thrown away when the data changes.
"""

import contextlib
import hashlib
import json
import lzma
import re
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from esoftmax_jax.app.files.arrays import Array
from esoftmax_jax.app.files.cache_directory import cache_directory
from esoftmax_jax.whole_file import replacing

_CACHE_FORMAT = 2  # to be raised when what a cached file holds changes

# What NumPy raises for a damaged archive; RuntimeError for one with a password.
UNREADABLE = (
    *(ValueError, OSError, EOFError, RuntimeError),
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError),
)


def cached_arrays(
    name: str, source: Any, make: Callable[[], dict[str, Array]]
) -> dict[str, Array]:
    """Return the arrays kept for a source, or make and keep them.

    Args:
        name: for a reader of the directory; letters, digits and hyphens of it are used.
        source: what decides the arrays, as JSON values.
        make: makes the arrays; its errors are passed on.
    """
    digest = hashlib.sha256(json.dumps([_CACHE_FORMAT, name, source]).encode()).hexdigest()[:16]
    stem = re.sub(r"[^\w.-]+", "_", name)[-80:]
    path = cache_directory() / f"{stem}-{digest}.npz"
    with contextlib.suppress(*UNREADABLE):
        return _read(path)
    arrays = make()
    with contextlib.suppress(OSError):  # a run needs no cache
        _write(path, arrays)
    return arrays


def _read(path: Path) -> dict[str, Array]:
    with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
        return {key: archive[key] for key in archive.files}


def _write(path: Path, arrays: dict[str, Array]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as temporary:
        np.savez(temporary, allow_pickle=False, **arrays)
