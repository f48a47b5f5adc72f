"""The examples of one part of a data set, with all that belongs to them."""

import dataclasses
from collections.abc import Mapping
from typing import Self

import numpy as np
import numpy.typing as npt

from esoftmax_jax.app.data.labels import Labels, Rows
from esoftmax_jax.app.files.arrays import Array, ClassNumbers
from esoftmax_jax.app.terminal.short_repr import short_repr


@dataclasses.dataclass(frozen=True, eq=False)
class Examples:
    """A table of examples: row i of every column belongs to example i.

    Attributes:
        images: uint8 (N, H, W, C), or float32 (N, D) or (N, H, W, C).
        labels: of the images.
        ids: int64 (N,), for each example a number of its own; by default its position.
        sources: str (N,), what the user calls it: its file, its row in a table; by default
            its id.
        annotations: further labels by name, int32 (N,), such as those of the annotators of a
            prepared set.
        cells: objects (N, C), the texts of a table that features are made of; None elsewhere.

    Raises:
        ValueError: the columns differ in length.
    """

    images: Array
    labels: Labels
    ids: npt.NDArray[np.int64] = dataclasses.field(default_factory=lambda: np.zeros(0, "i8"))
    sources: Array = dataclasses.field(default_factory=lambda: np.zeros(0, str))
    annotations: Mapping[str, ClassNumbers] = dataclasses.field(default_factory=dict)
    cells: Array | None = None

    def __post_init__(self) -> None:
        if not len(self.ids):
            object.__setattr__(self, "ids", np.arange(len(self)))
        if not len(self.sources):
            object.__setattr__(self, "sources", self.ids.astype(str))
        columns = {"images": self.images, "ids": self.ids, "sources": self.sources}
        for name, column in {**columns, **self.annotations}.items():
            if len(column) != len(self):
                raise ValueError(
                    f"{name}: expected a row for each of {len(self)} labels, got "
                    f"{len(column)}; make the arrays equally long"
                )

    def __repr__(self) -> str:
        return short_repr(self)

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, rows: Rows) -> Self:
        """Return these rows, in this order."""
        return dataclasses.replace(
            self,
            images=self.images[rows],
            labels=self.labels.take(rows),
            ids=self.ids[rows],
            sources=self.sources[rows],
            annotations={name: labels[rows] for name, labels in self.annotations.items()},
            cells=None if self.cells is None else self.cells[rows],
        )
