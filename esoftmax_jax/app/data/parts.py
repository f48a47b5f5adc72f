"""What a reader of data hands over, and how a set without a test set is divided."""

import dataclasses
import re
from collections.abc import Iterable, Sequence
from decimal import Decimal

import numpy as np
import numpy.typing as npt

from esoftmax_jax.app.files.arrays import Array

GIVEN = "given"
"""The label set of a reader that also found clean labels: the labels as they came."""

HELD_OUT = "a fixed fifth of each class is held out as the test set"

NOISY_TEST = (
    "There are no clean labels: those of the test set are as wrong as those that came with the "
    "training set, so accuracies are agreement with such labels, and where these are wrong the "
    "ceiling is below 100 %."
)
"""What a reader of results on a held-out fifth of labels as they came has to know."""

# The four arrays of a data set, and what Keras's archives call them.
KEYS = {
    "train_images": "x_train",
    "train_labels": "y_train",
    "test_images": "x_test",
    "test_labels": "y_test",
}


@dataclasses.dataclass(frozen=True, eq=False)
class Parts:
    """A data set as it was read, not yet checked.

    Attributes:
        arrays: the four arrays of ``KEYS``.
        class_names: in the order of the class numbers; None if only the training labels tell
            how many classes there are.
        train_ids: integers that tell the training examples apart; None for their positions.
        source_ids: as in ``Dataset``; None if they are the training examples'.
        label_sets: further labels of the training examples, by name.
        note: as in ``Dataset``.
        train_sources: what the user calls each training example: a file, a row of a table;
            empty if it is called by its id.
        test_sources: likewise.
        test_given: labels of the test examples as they came, where ``test_labels`` are cleaner
            ones and the test set was held out; empty otherwise.
        held_out: whether the test set was taken out of the training set here.
        feature_names: of the columns of a table of numbers.
        feature_offsets: what is subtracted from each column already; empty for nothing.
        warnings: what a reader has to know before anything is run.
        value_range: as in ``Dataset``.
        called: what the source calls an array, where that is not our name.
    """

    arrays: dict[str, Array]
    class_names: tuple[str, ...] | None = None
    train_ids: Array | None = None
    source_ids: Array | None = None
    label_sets: dict[str, Array] = dataclasses.field(default_factory=dict)
    note: str = ""
    called: dict[str, str] = dataclasses.field(default_factory=dict)
    train_sources: Array = dataclasses.field(default_factory=lambda: np.zeros(0, str))
    test_sources: Array = dataclasses.field(default_factory=lambda: np.zeros(0, str))
    test_given: Array = dataclasses.field(default_factory=lambda: np.zeros(0, np.int32))
    held_out: bool = False
    feature_names: tuple[str, ...] = ()
    feature_offsets: tuple[float, ...] = ()
    warnings: tuple[str, ...] = ()
    value_range: int | None = None


def in_class_order(names: Iterable[str]) -> list[str]:
    """Sort names of classes: as numbers where all of them are numbers, else as text."""
    ordered = sorted(names)
    if all(re.fullmatch(r"[+-]?[0-9]+(\.[0-9]+)?", name) for name in ordered):
        ordered.sort(key=Decimal)
    return ordered


def held_out_fifth(labels: Array) -> npt.NDArray[np.bool_]:
    """Mark a fifth of each class, the same rows for the same labels on every machine."""
    generator = np.random.Generator(np.random.PCG64(0))
    chosen = np.zeros(len(labels), bool)
    for label in np.unique(labels):
        rows = generator.permutation(np.flatnonzero(labels == label))
        chosen[rows[: round(len(rows) / 5)]] = True
    return chosen


def divided(
    images: Array,
    labels: Array,
    test: npt.NDArray[np.bool_],
    class_names: Iterable[str],
    *,
    sources: Sequence[str],
    ids: Array | None = None,
    given: Array | None = None,
    notes: Sequence[str] = (),
    warnings: Sequence[str] = (),
    feature_names: tuple[str, ...] = (),
    feature_offsets: tuple[float, ...] = (),
    value_range: int | None = None,
) -> Parts:
    """Divide rows into a training and a test set.

    Args:
        images: images or features, one a row.
        labels: class numbers, clean where there are such.
        test: which rows are the test set.
        class_names: in the order of the class numbers.
        sources: what the user calls each row.
        ids: of the rows; None for positions in the training set.
        given: the labels as they came, if ``labels`` are cleaner ones.
        notes: sentences without their capital and full stop.
        warnings: likewise.
        feature_names: of the columns of a table of numbers.
        feature_offsets: as in ``Dataset``.
        value_range: as in ``Dataset``.
    """
    called, held_out = np.array(sources), HELD_OUT in notes
    return Parts(
        arrays={
            "train_images": images[~test],
            "train_labels": labels[~test],
            "test_images": images[test],
            "test_labels": labels[test],
        },
        class_names=tuple(class_names),
        train_ids=None if ids is None else ids[~test],
        label_sets={} if given is None else {GIVEN: given[~test]},
        note=sentences([*(f"warning: {text}" for text in warnings), *notes]),
        train_sources=called[~test],
        test_sources=called[test],
        test_given=given[test] if given is not None and held_out else np.zeros(0, np.int32),
        held_out=held_out,
        feature_names=feature_names,
        feature_offsets=feature_offsets,
        warnings=tuple(warnings),
        value_range=value_range,
    )


def sentences(notes: Iterable[str]) -> str:
    """Return notes as sentences with their capitals and full stops."""
    return " ".join(f"{note[0].upper()}{note[1:]}." for note in notes)
