"""Examples that are there more than once: by their file, or by their content."""

import dataclasses
import hashlib
import stat
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from esoftmax_jax.app.files.arrays import Array

_HEAD = 4096  # bytes of a file in which most differ

Groups = npt.NDArray[np.int64]
"""For each example the first place that holds the same."""


@dataclasses.dataclass(frozen=True)
class Pair:
    """The same example in two places with different values, and in how many it differs."""

    places: tuple[int, int]
    count: int


def same_files(files: Iterable[Path]) -> Groups:
    """Tell which paths are those of the same file, however they are spelt."""

    def identity(place: int, file: Path) -> Hashable:
        try:
            found = file.stat()
        except (OSError, ValueError):  # there is none
            return place
        return (found.st_dev, found.st_ino) if stat.S_ISREG(found.st_mode) else place

    return first_places(identity(place, file) for place, file in enumerate(files))


def same_content(examples: Iterable[Any]) -> Groups:
    """Tell which arrays, or rows of cells, have the same values."""
    return first_places(map(content_key, examples))


def content_key(one: Any) -> Hashable:
    """Return what tells an array, a row of cells or a cell from others."""
    if isinstance(one, np.ndarray | np.generic) and one.dtype.kind in "biuf":
        # A hash: images are large. Adding 0 makes −0 of features 0.
        content = (np.asarray(one) + one.dtype.type(0)).tobytes()
        digest = hashlib.blake2b(content, digest_size=16).digest()
        return one.dtype.str, one.shape, digest
    if isinstance(one, list | tuple | np.ndarray):
        return tuple(map(content_key, one))
    return repr(one)  # not str: 1 is another cell than "1"


def first_places(identities: Iterable[Hashable]) -> Groups:
    """Return for each identity the first place that has the same."""
    first: dict[Hashable, int] = {}
    places = [first.setdefault(one, place) for place, one in enumerate(identities)]
    return np.array(places, np.int64)


def same_bytes(files: Sequence[Path]) -> Groups:
    """Tell which files have the same bytes; of most only the size is looked at, or the head.

    What is no file, or cannot be read, is like no other.
    """
    keys: list[Hashable] = [()] * len(files)
    for read in (_size, _head, _whole):
        several = Counter(keys)
        keys = [
            (key, _told(read, file) if several[key] > 1 else place)
            for place, (key, file) in enumerate(zip(keys, files, strict=True))
        ]
    return first_places(keys)


def _told(read: Callable[[Path], Hashable], file: Path) -> Hashable:
    try:
        return read(file)
    except OSError:
        return object()


def _size(file: Path) -> Hashable:
    found = file.stat()
    # Opening what is no file, such as a pipe, may never end.
    return found.st_size if stat.S_ISREG(found.st_mode) else object()


def _head(file: Path) -> Hashable:
    with file.open("rb") as opened:
        return hashlib.blake2b(opened.read(_HEAD)).digest()


def _whole(file: Path) -> Hashable:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "blake2b").digest()


def contradiction(groups: Groups, labels: Array, called: Sequence[str]) -> list[str]:
    """Return a note on examples of the same content with two labels; none without any.

    Args:
        groups: for each example the first that is the same.
        labels: theirs.
        called: what the user calls them.
    """
    pair = first_pair(groups, labels)
    if pair is None:
        return []
    first, second = (repr(called[place]) for place in pair.places)
    return [
        f"examples with the content of an earlier one and another label: {pair.count}, first "
        f"{first} and {second}; one of the two labels is wrong: keep one, or correct it"
    ]


def first_pair(groups: Groups, values: Array) -> Pair | None:
    """Return the first example that is there again with another value, if there is one."""
    differing = np.flatnonzero(values != values[groups])
    if not len(differing):
        return None
    second = int(differing[0])
    return Pair((int(groups[second]), second), len(differing))


def describe_same(
    parts: tuple[Array, Array], labels: tuple[Array, Array], called: tuple[Array, Array]
) -> str:
    """Return sentences on examples of the same content in both parts or of two classes.

    Args:
        parts: training and test examples.
        labels: theirs, as they came.
        called: what the user calls them; empty for their positions.
    """
    groups = same_content(example for part in parts for example in part)
    train, test = map(len, parts)

    def named(place: int) -> str:
        part, row = (0, place) if place < train else (1, place - train)
        name = repr(str(called[part][row])) if len(called[part]) else str(row)
        return f"{name} ({('training', 'test')[part]} set)"

    text = []
    leaked = int((groups[train:] < train).sum())
    if leaked:
        text.append(
            f"{leaked} of the {test} test examples have the content of a training example: "
            "accuracies flatter networks that have memorised it."
        )
    pair = first_pair(groups, np.concatenate(labels))
    if pair is not None:
        text.append(
            f"Examples with the content of an earlier one and another label: {pair.count}, "
            f"first {named(pair.places[0])} and {named(pair.places[1])}: keep one, or correct "
            "its label."
        )
    return " ".join(text)
