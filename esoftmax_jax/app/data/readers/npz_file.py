"""The user's own NumPy archive."""

import contextlib
import dataclasses
import zipfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from esoftmax_jax.app.data.checks import checked_ids, checked_images, checked_labels
from esoftmax_jax.app.data.feature_offsets import find_offsets, offset_note, without_offsets
from esoftmax_jax.app.data.label_text import listed_alike, same_looking
from esoftmax_jax.app.data.parts import (
    Parts,
    RawExamples,
    divided,
    held_out_fifth,
    sentences,
)
from esoftmax_jax.app.data.readers.archive_labels import numbered_from_0
from esoftmax_jax.app.data.readers.wide_images import arrays_to_bytes
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
    ``train_ids``. Where it has no test set, a fifth of the training set becomes it. Labels may
    be one-hot, names or truth values, or number classes from 1, without ``class_names``.
    """
    arrays, called, others = _read_arrays(path)
    names, further = arrays.pop("class_names", None), list[str]()
    class_names = None if names is None else _class_names(names, path)
    if names is None:
        labels = {key: array for key, array in arrays.items() if key.endswith("labels")}
        where = {key: f"npz:{path}: {called[key]}" for key in labels}
        labels, class_names, further = numbered_from_0(labels, where, literal=literal_labels)
        arrays |= labels
    ids = arrays.pop("train_ids", None)
    arrays, value_range, notes, warnings = arrays_to_bytes(arrays)
    notes += further
    if others:
        notes.append(f"arrays that are not read: {named(others)}")
    offsets = find_offsets(arrays["train_images"])
    notes += offset_note(offsets, [f"column {place}" for place in range(len(offsets))])
    arrays |= {
        key: without_offsets(array, offsets)
        for key, array in arrays.items()
        if key.endswith("images")
    }
    train = RawExamples(
        arrays["train_images"], arrays["train_labels"], arrays.get("train_clean_labels"), ids
    )
    tested = "test_labels" in arrays
    test = RawExamples(arrays["test_images"], arrays["test_labels"]) if tested else train
    parts = Parts(
        train=train,
        test=test.trusted(),
        class_names=class_names,
        called=called,
        note=sentences([*(f"warning: {text}" for text in warnings), *notes]),
        feature_offsets=offsets,
        warnings=tuple(warnings),
        value_range=value_range,
    )
    return parts if tested else _divided(parts, path, notes)


def _divided(parts: Parts, path: Path, notes: Sequence[str]) -> Parts:
    """Hold out a fifth of the training set, once it is known to be one."""

    def where(key: str) -> str:
        return f"npz:{path}: {parts.called[key]}"

    def labels(array: Array, key: str) -> Array:
        return checked_labels(array, where(key), rows=len(images), num_classes=None)

    train = parts.train
    images = checked_images(train.images, where("train_images"))
    observed, truth = labels(train.observed, "train_labels"), None
    if train.truth is not None:
        truth = labels(train.truth, "train_clean_labels")
    ids = np.arange(len(images))
    if train.ids is not None:
        ids = checked_ids(train.ids, where("train_ids"), rows=len(images))
    examples = RawExamples(images, observed, truth, ids, sources=ids.astype(str))
    test = held_out_fifth(examples.reference)
    if not test.any():
        raise UsageError(
            f"npz:{path}: expected at least 3 examples of a class to hold out a fifth, got "
            "fewer; add examples, or the arrays test_images and test_labels"
        )
    rest = divided(
        examples,
        test,
        (),
        held_out=True,
        notes=notes,
        feature_offsets=parts.feature_offsets,
        warnings=parts.warnings,
        value_range=parts.value_range,
    )
    return dataclasses.replace(
        rest,
        class_names=parts.class_names,
        source_ids=ids,
        # The test set's labels are some of the same arrays.
        called=parts.called
        | {key.replace("train", "test"): name for key, name in parts.called.items()},
    )


def _class_names(names: Array, path: Path) -> tuple[str, ...]:
    where = f"{str(path)!r}: class_names"
    if names.ndim != 1 or names.dtype.kind != "U":
        raise UsageError(
            f"{where}: expected strings, shape (K,), got {names.dtype} of shape "
            f"{names.shape}; write numpy.array([NAME, ...])"
        )
    listed: list[str] = names.tolist()
    name, count = Counter(listed).most_common(1)[0] if listed else ("", 0)
    if count > 1:
        raise UsageError(
            f"{where}: expected distinct names, got {name!r} {count} times; rename the others"
        )
    if alike := listed_alike(same_looking(listed)):
        raise UsageError(
            f"{where}: expected names that look different, got {alike}; rename one of them"
        )
    return tuple(listed)


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
