"""How features come from a table, as files beside a network: JSON and plain arrays.

``columns.json`` has kinds and forms of columns, means, scales, categories and terms;
``columns.npz`` the arrays of columns of texts, if there are some.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from esoftmax_jax.app.data.columns.fitted import FittedColumns
from esoftmax_jax.app.data.columns.stored import arrays_of, from_stored, to_json
from esoftmax_jax.app.data.readers.npz_file import open_archive, read_arrays
from esoftmax_jax.app.files.json_file import read_json
from esoftmax_jax.app.files.regular_file import regular

_VALUES, _ARRAYS = "columns.json", "columns.npz"
_HASHES = {_VALUES: "columns_sha256", _ARRAYS: "column_arrays_sha256"}


def write_columns(folder: Path, columns: FittedColumns | None) -> dict[str, str]:
    """Write files, and return their hashes by the names they have in ``model.json``."""
    if columns is None:
        return {}
    text = json.dumps(to_json(columns), indent=2)  # in ASCII: names need not be text
    (folder / _VALUES).write_text(text + "\n", encoding="utf-8")
    written, arrays = [_VALUES], arrays_of(columns)
    if arrays:
        named: Any = arrays
        np.savez(folder / _ARRAYS, allow_pickle=False, **named)
        written.append(_ARRAYS)
    return {_HASHES[name]: _hash(folder / name) for name in written}


def read_columns(
    folder: Path, hashes: Mapping[str, Any], shape: tuple[int, ...], remedy: str
) -> FittedColumns | None:
    """Read what ``write_columns`` has written; None where there is nothing.

    Args:
        folder: of the model.
        hashes: what is in ``model.json``.
        shape: of the inputs of its function.
        remedy: what to do about a file that is no JSON.

    Raises:
        UsageError: a file is larger than memory, or no JSON.
        ValueError: it is not as it was written, or does not fit the function.
    """
    if _HASHES[_VALUES] not in hashes:
        return None
    for name in _HASHES:
        if _HASHES[name] in hashes and _hash(folder / name) != hashes[_HASHES[name]]:
            raise ValueError(f"{name} is not as it was written")
    arrays = {}
    if _HASHES[_ARRAYS] in hashes:
        with open_archive(folder / _ARRAYS) as archive:
            names = list(archive.files)
            arrays = dict(
                zip(names, read_arrays(archive, names, folder / _ARRAYS), strict=True)
            )
    found = from_stored(read_json(folder / _VALUES, remedy), arrays)
    if (found.width,) != shape:
        raise ValueError(f"{found.width} features for the input_shape {list(shape)}")
    return found


def _hash(path: Path) -> str:
    return hashlib.sha256(regular(path).read_bytes()).hexdigest()
