"""Labels as they came, and what is known of the right ones."""

import dataclasses
from typing import Self

import numpy as np
import numpy.typing as npt

from esoftmax_jax.app.data.checks import checked_labels
from esoftmax_jax.app.files.arrays import Array, ClassNumbers
from esoftmax_jax.app.terminal.short_repr import short_repr

GIVEN = "given"
"""What labels as they came are called, as noise and as a column, where the truth is known."""

UNKNOWN = -1
"""The truth of an example of which nobody knows it."""

NO_CLASS = -2
"""The truth of an example that belongs to none of the classes: every label of it is wrong."""

Rows = npt.NDArray[np.integer] | npt.NDArray[np.bool_] | slice
"""Places, a mask or a slice."""


@dataclasses.dataclass(frozen=True, eq=False)
class Labels:
    """One label an example, as it came, and the right one where that is known.

    Attributes:
        observed: int32 (N,), class numbers from 0.
        truth: int32 (N,), what the examples show: class numbers, ``NO_CLASS`` or ``UNKNOWN``;
            None if nobody knows any of it. The very array ``observed`` if the labels are right
            as they came.

    Raises:
        ValueError: another dtype or shape, fewer of one than of the other, or a number that
            is no class.
    """

    observed: ClassNumbers
    truth: ClassNumbers | None = None

    def __post_init__(self) -> None:
        _check("observed", self.observed, least=0)
        if self.truth is None or self.trusted:
            return
        _check("truth", self.truth, least=NO_CLASS)
        if len(self.truth) != len(self.observed):
            raise ValueError(
                f"truth: expected one number for each of {len(self.observed)} labels, got "
                f"{len(self.truth)}; make the arrays equally long"
            )

    @classmethod
    def right(cls, labels: ClassNumbers) -> Self:
        """Return labels that are right as they came."""
        return cls(labels, labels)

    @classmethod
    def checked(
        cls,
        observed: Array,
        truth: Array | None,
        where: tuple[str, str],
        *,
        rows: int,
        num_classes: int,
    ) -> Self:
        """Return labels out of arrays as they are in a file.

        Args:
            observed: see ``checked_labels``.
            truth: likewise; None, or the very array ``observed``, as above.
            where: what to call either of them in a message.
            rows: how many there must be.
            num_classes: K.

        Raises:
            UsageError: one of them does not fit.
        """
        seen = checked_labels(observed, where[0], rows=rows, num_classes=num_classes)
        if truth is None or truth is observed:
            return cls(seen, None if truth is None else seen)
        return cls(seen, checked_labels(truth, where[1], rows=rows, num_classes=num_classes))

    @classmethod
    def joined(cls, *parts: Self) -> Self:
        """Return the labels of several parts in one; of a part without truth it is unknown."""
        observed = np.concatenate([one.observed for one in parts])
        if all(one.trusted for one in parts):
            return cls.right(observed)
        if not any(one.known for one in parts):
            return cls(observed)
        return cls(observed, np.concatenate([one.truth_or_unknown for one in parts]))

    def __repr__(self) -> str:
        return short_repr(self)

    def __len__(self) -> int:
        return len(self.observed)

    @property
    def known(self) -> bool:
        """Whether there is a truth."""
        return self.truth is not None

    @property
    def trusted(self) -> bool:
        """Whether the labels are right as they came."""
        return self.truth is self.observed

    @property
    def paired(self) -> bool:
        """Whether there is a truth beside labels that may be wrong."""
        return self.known and not self.trusted

    @property
    def truth_or_unknown(self) -> ClassNumbers:
        """The truth, int32 (N,), with ``UNKNOWN`` where there is none."""
        return np.full(len(self), UNKNOWN, np.int32) if self.truth is None else self.truth

    @property
    def reference(self) -> ClassNumbers:
        """What others are compared with: the truth, without one the labels as they came."""
        return self.observed if self.truth is None else self.truth

    @property
    def judged(self) -> npt.NDArray[np.bool_]:
        """The examples of which it is known whether their label is wrong, bool (N,)."""
        found: npt.NDArray[np.bool_] = self.truth_or_unknown != UNKNOWN
        return found

    @property
    def wrong(self) -> npt.NDArray[np.bool_]:
        """The examples whose label is known to be wrong, bool (N,)."""
        found: npt.NDArray[np.bool_] = self.judged & (self.observed != self.truth_or_unknown)
        return found

    def take(self, rows: Rows) -> Self:
        """Return the labels of these rows, in this order."""
        if self.truth is None or self.trusted:
            return self.corrected(self.observed[rows])
        return dataclasses.replace(self, observed=self.observed[rows], truth=self.truth[rows])

    def corrected(self, observed: ClassNumbers) -> Self:
        """Return other labels for those that came; labels that are trusted stay trusted."""
        return dataclasses.replace(
            self, observed=observed, truth=observed if self.trusted else self.truth
        )


def _check(name: str, labels: ClassNumbers, *, least: int) -> None:
    if labels.dtype != np.int32 or labels.ndim != 1:
        raise ValueError(
            f"{name}: expected int32 of shape (N,), got {labels.dtype} of shape "
            f"{labels.shape}; convert the array"
        )
    outside = labels < least
    if outside.any():
        row = int(np.argmax(outside))
        raise ValueError(
            f"{name}: expected class numbers from 0, got {labels[row]} in row {row}; renumber "
            "the classes or drop the row"
        )
