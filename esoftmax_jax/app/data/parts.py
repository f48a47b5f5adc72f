"""What a reader of data hands over, and how a set without a test set is divided."""

import dataclasses
import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

import numpy as np
import numpy.typing as npt

from esoftmax_jax.app.data.columns.fitted import FittedColumns
from esoftmax_jax.app.files.arrays import Array

HELD_OUT = "a fixed fifth of each class is held out as the test set"

NOISY_TEST = (
    "There are no clean labels: those of the test set are as wrong as those that came with the "
    "training set, so accuracies are agreement with such labels, and where these are wrong the "
    "ceiling is below 100 %."
)
"""What a reader of results on a held-out fifth of labels as they came has to know."""


@dataclasses.dataclass(frozen=True, eq=False)
class RawExamples:
    """Examples as they were read, not yet checked; the columns are those of ``Examples``.

    Attributes:
        images: one a row.
        observed: labels as they came.
        truth: the right ones, the very array ``observed`` if that is right, or None; as in
            ``Labels``.
        ids: integers that tell the examples apart; None for their positions.
        sources: what the user calls each example: a file, a row of a table; empty if it is
            called by its id.
        annotations: further labels, by name.
        content: what tells an example from others, where ``images`` are made of it; one a
            row. None: the images themselves.
        cells: as in ``Examples``.
    """

    images: Array
    observed: Array
    truth: Array | None = None
    ids: Array | None = None
    sources: Array = dataclasses.field(default_factory=lambda: np.zeros(0, str))
    annotations: Mapping[str, Array] = dataclasses.field(default_factory=dict)
    content: Array | None = None
    cells: Array | None = None

    @property
    def reference(self) -> Array:
        """The right labels, those that came if there are no others."""
        return self.observed if self.truth is None else self.truth

    def take(self, rows: npt.NDArray[np.bool_]) -> "RawExamples":
        """Return these rows."""
        observed = self.observed[rows]
        truth = None if self.truth is None else self.truth[rows]
        return dataclasses.replace(
            self,
            images=self.images[rows],
            observed=observed,
            truth=observed if self.truth is self.observed else truth,
            ids=None if self.ids is None else self.ids[rows],
            sources=self.sources[rows],
            content=None if self.content is None else self.content[rows],
            cells=None if self.cells is None else self.cells[rows],
        )

    def trusted(self) -> "RawExamples":
        """Return the same with right labels alone."""
        return dataclasses.replace(self, observed=self.reference, truth=self.reference)


@dataclasses.dataclass(frozen=True, eq=False)
class Parts:
    """A data set as it was read, not yet checked.

    Attributes:
        train: the training examples.
        test: the test examples.
        class_names: in the order of the class numbers; None if only the training labels tell
            how many classes there are.
        source_ids: as in ``Dataset``; None if they are the training examples'.
        note: as in ``Dataset``.
        feature_names: of the columns of a table of numbers.
        feature_offsets: what is subtracted from each column already; empty for nothing.
        warnings: what a reader has to know before anything is run.
        value_range: as in ``Dataset``.
        columns: as in ``Dataset``.
        called: what the source calls an array, where that is not our name.
    """

    train: RawExamples
    test: RawExamples
    class_names: tuple[str, ...] | None = None
    source_ids: Array | None = None
    note: str = ""
    called: dict[str, str] = dataclasses.field(default_factory=dict)
    feature_names: tuple[str, ...] = ()
    feature_offsets: tuple[float, ...] = ()
    warnings: tuple[str, ...] = ()
    value_range: int | None = None
    columns: FittedColumns | None = None

    def warned(self, warnings: Sequence[str]) -> "Parts":
        """Return the same with further warnings, in the note as well."""
        note = " ".join(
            filter(None, [sentences(map("warning: {}".format, warnings)), self.note])
        )
        return dataclasses.replace(self, warnings=(*self.warnings, *warnings), note=note)


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
    examples: RawExamples,
    test: npt.NDArray[np.bool_],
    class_names: Iterable[str],
    *,
    held_out: bool,
    notes: Sequence[str] = (),
    warnings: Sequence[str] = (),
    feature_names: tuple[str, ...] = (),
    feature_offsets: tuple[float, ...] = (),
    value_range: int | None = None,
    columns: FittedColumns | None = None,
) -> Parts:
    """Divide examples into a training and a test set.

    Args:
        examples: of both.
        test: which rows are the test set.
        class_names: in the order of the class numbers.
        held_out: whether the test set is chosen here, so that its labels are no better than
            the others; the user's is trusted.
        notes: sentences without their capital and full stop.
        warnings: likewise.
        feature_names: of the columns of a table of numbers.
        feature_offsets: as in ``Dataset``.
        value_range: as in ``Dataset``.
        columns: as in ``Dataset``.
    """
    tested = dataclasses.replace(examples.take(test), ids=None)
    told = [*(f"warning: {text}" for text in warnings), *([HELD_OUT] if held_out else [])]
    return Parts(
        train=examples.take(~test),
        test=tested if held_out else tested.trusted(),
        class_names=tuple(class_names),
        note=sentences([*told, *notes]),
        feature_names=feature_names,
        feature_offsets=feature_offsets,
        warnings=tuple(warnings),
        value_range=value_range,
        columns=columns,
    )


def sentences(notes: Iterable[str]) -> str:
    """Return notes as sentences with their capitals and full stops."""
    return " ".join(f"{note[0].upper()}{note[1:]}." for note in notes)
