"""The ``--labels`` option: a file of noisy labels, kept with its hash until it is asked for."""

import dataclasses
import hashlib
import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from esoftmax_jax.app.files.array_cache import UNREADABLE
from esoftmax_jax.app.files.array_header import check_archive
from esoftmax_jax.app.files.memory import check_memory
from esoftmax_jax.app.files.regular_file import not_a_file
from esoftmax_jax.app.terminal.messages import UsageError

FOREIGN_COLUMN = "clean_foreign_image"
"""Where a file of open-set noise tells which image takes the place of an example's own."""


@dataclasses.dataclass(frozen=True, eq=False)
class LabelFile:
    """The columns of a file of labels.

    Attributes:
        name: the file's name and the beginning of the SHA-256 of its content.
        columns: int64 arrays (N,) by name; rows follow ids, as ``match_labels`` expects.
    """

    name: str
    columns: Mapping[str, npt.NDArray[np.integer[Any]]]


def read_labels(path: Path) -> LabelFile:
    """Read a file of labels.

    Raises:
        UsageError: there is none, it is damaged, a pickle in it asks for more than numbers, or
            its noise is not one of labels alone.
    """
    from esoftmax_jax import noise  # needs JAX, which a dataset without such a file does not

    path = path.expanduser()
    if wrong := not_a_file(path):
        raise UsageError(f"--labels: {wrong}; expected a file of labels")
    try:
        content = _content(path)
        columns = noise.read_label_file(path, content)
    except UNREADABLE as error:
        raise UsageError(f"--labels: {error}") from error
    if FOREIGN_COLUMN in columns:
        raise UsageError(
            f"--labels: expected labels alone, got {path}, in whose noise other images take "
            "the place of some; draw it again with --noise open-set:RATE:DATASET and its --seed"
        )
    return LabelFile(named_hash(path, content), columns)


def _content(path: Path) -> bytes:
    """Return what is in a file, if it fits into memory; its reader tells all else."""
    check_memory(f"{str(path)!r}", path.stat().st_size)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UsageError(
            f"{str(path)!r} cannot be read ({error.strerror}); expected a file of labels"
        ) from None
    file = io.BytesIO(content)
    if path.suffix.lower() == ".npz" and zipfile.is_zipfile(file):
        try:
            with zipfile.ZipFile(file) as archive:
                check_archive(path, archive, archive.namelist())
        except UsageError:
            raise
        except UNREADABLE:
            pass
    return content


def named_hash(path: Path, content: bytes) -> str:
    """Return ``NAME#HASH``, by which a configuration knows a file wherever it lies."""
    return f"{path.name}#{hashlib.sha256(content).hexdigest()[:16]}"
