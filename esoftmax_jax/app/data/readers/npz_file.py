"""The user's own NumPy archive."""

import contextlib
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from esoftmax_jax.app.data.parts import Parts
from esoftmax_jax.app.data.readers.array_parts import parts_of_arrays
from esoftmax_jax.app.files.array_cache import UNREADABLE
from esoftmax_jax.app.files.array_header import check_archive
from esoftmax_jax.app.files.arrays import Array
from esoftmax_jax.app.files.regular_file import not_a_file
from esoftmax_jax.app.terminal.messages import UsageError
from esoftmax_jax.spreadsheets import named

# The four arrays of a data set, and what Keras's archives call them.
_KEYS = {
    "train_images": "x_train",
    "train_labels": "y_train",
    "test_images": "x_test",
    "test_labels": "y_test",
}

_OPTIONAL = ("train_clean_labels", "class_names", "train_ids")


def read_npz(path: Path, *, literal_labels: bool = False) -> Parts:
    """Read a NumPy archive, with the names of its arrays ours or Keras's.

    It may also hold ``train_clean_labels`` beside labels with errors, ``class_names`` and
    ``train_ids``; see ``parts_of_arrays``.
    """
    arrays, called, others = _read_arrays(path)
    notes = [f"arrays that are not read: {named(others)}"] if others else []
    return parts_of_arrays(
        arrays, called, f"npz:{path}", literal_labels=literal_labels, notes=notes
    )


@contextlib.contextmanager
def open_archive(path: Path) -> Iterator[np.lib.npyio.NpzFile]:
    """Open a NumPy archive, or say why it is none."""
    if wrong := not_a_file(path):
        raise UsageError(f"{wrong}: npz:PATH expects a NumPy .npz archive")
    with contextlib.ExitStack() as stack:
        try:
            file = stack.enter_context(path.open("rb"))
            if not zipfile.is_zipfile(file):  # a single array would be read at once
                raise ValueError("no archive")
            file.seek(0)
            archive = np.load(file, allow_pickle=False)
            stack.enter_context(archive)
        except UNREADABLE as error:
            raise UsageError(
                f"{str(path)!r} is not a readable NumPy .npz archive; write it with numpy.savez"
            ) from error
        yield archive


def read_arrays(archive: np.lib.npyio.NpzFile, names: Sequence[str], path: Path) -> list[Array]:
    """Read arrays of an archive, none before all headers are known, or say why not."""
    try:
        for before, name in enumerate(names):
            if archive.zip is not None:  # of an open archive it is not
                check_archive(path, archive.zip, [*names[:before], name])
        arrays: list[Array] = []
        for name in names:
            arrays.append(archive[name])
    except UsageError:
        raise
    except UNREADABLE as error:
        # NumPy would advise to allow what runs code out of the file.
        reason = str(error)
        reason = "it holds Python objects" if "pickle" in reason else reason
        raise UsageError(
            f"{str(path)!r}: array {name!r} cannot be read ({reason}); write plain "
            "numbers or strings with numpy.savez"
        ) from error
    return arrays


def _read_arrays(path: Path) -> tuple[dict[str, Array], dict[str, str], list[str]]:
    """Return arrays by our names, the names they have in the archive, and those of others."""
    with open_archive(path) as archive:
        called = {name: name for name in _OPTIONAL if name in archive.files}
        wanted = _KEYS
        if not {"test_images", "test_labels", "x_test", "y_test"} & set(archive.files):
            wanted = {key: _KEYS[key] for key in ("train_images", "train_labels")}
        for ours, theirs in wanted.items():
            there = [name for name in (ours, theirs) if name in archive.files]
            if not there:
                raise UsageError(
                    f"{str(path)!r}: expected an array {ours!r} (or {theirs!r}), found "
                    f"{named(sorted(archive.files))}; name it so"
                )
            called[ours] = there[0]
        found = read_arrays(archive, list(called.values()), path)
        others = sorted({*archive.files} - {*called.values()})
    return dict(zip(called, found, strict=True)), called, others
