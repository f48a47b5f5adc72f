"""The examples whose labels are audited, and how each is shown."""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from esoftmax_jax.app.data.in_memory.labels import values_of
from esoftmax_jax.app.files.arrays import Array

Content: TypeAlias = str | list[str] | None
"""A picture as a data URI, the cells of a row, or nothing to show."""


@dataclasses.dataclass(frozen=True, eq=False)
class AuditedExamples:
    """Labels in the order of the source, and what is known beside them.

    Attributes:
        name: of the data, such as ``folder:photos``.
        sources: str (N,), what the user calls the examples.
        labels: int (N,), class numbers.
        class_names: in the order of the class numbers.
        places: int (N,), their rows in the source, of which those may be left out that belong
            to a test set whose labels count as right.
        num_rows: how many rows the source has.
        parts: str (N,), ``train`` or ``test``; empty where nothing is divided.
        ids: int (N,), what label files call a training example; −1 for none.
        truth: int (N,), right labels; −1 for unknown ones.
        columns: what the cells of ``content`` are called.
        content: what shows the examples of these rows of the audit.
        notes: what a reader has to know.
        identifiers: str (N,), the data's own column ``id``; None where it has none.
        declared: of all classes that the labels' type tells; empty where it tells none.
        kind: of NumPy's types, that of labels in memory.
    """

    name: str
    sources: npt.NDArray[np.str_]
    labels: npt.NDArray[np.int64]
    class_names: tuple[str, ...]
    places: npt.NDArray[np.int64]
    num_rows: int
    parts: npt.NDArray[np.str_]
    ids: npt.NDArray[np.int64]
    truth: npt.NDArray[np.int64]
    content: Callable[[Sequence[int]], list[Content]]
    columns: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    identifiers: npt.NDArray[np.str_] | None = None
    declared: tuple[str, ...] = ()
    kind: str = "U"

    @property
    def class_values(self) -> Array:
        """The classes as labels in memory were: numbers or truth values, else names."""
        return values_of(self.class_names, self.kind)

    def __len__(self) -> int:
        return len(self.labels)

    def called(self, row: int) -> str:
        """Return what the user calls an example, for a message."""
        return repr(str(self.sources[row]))

    def of_classes(self, names: Sequence[str]) -> "AuditedExamples":
        """Return the same labels among more classes, or classes in another order."""
        place = [names.index(name) for name in self.class_names]
        numbers = np.array(place, np.int64)
        return dataclasses.replace(
            self,
            class_names=tuple(names),
            labels=numbers[self.labels],
            truth=np.where(self.truth < 0, self.truth, numbers[self.truth]),
        )


def undivided(
    name: str,
    sources: Sequence[str],
    labels: Array,
    class_names: Sequence[str],
    content: Callable[[Sequence[int]], list[Content]],
    asked: npt.NDArray[np.bool_] | None = None,
    truth: Array | None = None,
    identifiers: Sequence[str] | None = None,
    **further: Any,
) -> AuditedExamples:
    """Return examples of one source, without those that are not asked about."""
    count = len(labels)
    places = np.arange(count) if asked is None else np.flatnonzero(asked)
    right = np.full(count, -1) if truth is None else truth
    return AuditedExamples(
        name=name,
        sources=np.array(sources, str)[places],
        labels=np.asarray(labels, np.int64)[places],
        class_names=tuple(class_names),
        places=places,
        num_rows=count,
        parts=np.full(len(places), "", str),
        ids=np.full(len(places), -1),
        truth=np.asarray(right, np.int64)[places],
        content=lambda rows: content(places[list(rows)].tolist()),
        identifiers=None if identifiers is None else np.array(identifiers, str)[places],
        **further,
    )
