"""Wrong labels that were drawn or read, as values."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from esoftmax_jax.app.data.dataset import Dataset
from esoftmax_jax.app.files.arrays import Array
from esoftmax_jax.app.terminal.short_repr import short_repr


@dataclasses.dataclass(frozen=True, eq=False)
class NoisyLabels:
    """The labels of the training examples under one noise.

    Attributes:
        noise: as it was asked for, such as ``symmetric:0.6``.
        labels: int32 (N,), in the order of the training examples.
        clean: int32 (N,), what they are compared with; None where wrong labels cannot be
            counted.
        ids: int64 (N,), of the examples, as label files call them.
        foreign: int32 (N,), the row of the foreign image that takes an example's place, −1 for
            none; None where all keep their own.
        rate: share of wrong labels, as drawn; None where it is not known.
        matrix: float64 (K, K), the share of each class (row) that carries each label; None
            likewise.
        labels_hash: tells these labels from others.
        statistics: how the image explains the wrong labels, if that was asked for.
    """

    noise: str
    labels: Array
    clean: Array | None
    ids: npt.NDArray[np.int64]
    foreign: Array | None
    rate: float | None
    matrix: npt.NDArray[np.float64] | None
    labels_hash: str
    statistics: Mapping[str, float] | None = None

    def __repr__(self) -> str:
        return short_repr(self, noise=self.noise, labels=self.labels, rate=self.rate)

    @property
    def columns(self) -> dict[str, Any]:
        """The labels by the names that a label file has; ``pandas.DataFrame`` takes it."""
        clean = {} if self.clean is None else {"clean_label": self.clean}
        return {"id": self.ids, **clean, "noisy_label": self.labels}


@dataclasses.dataclass(frozen=True, eq=False)
class DrawnLabels:
    """Noisy labels of a dataset, one of each noise.

    Attributes:
        dataset: as they are for.
        labelings: one for each noise, in the order asked for.
        files: what was written.
    """

    dataset: Dataset
    labelings: tuple[NoisyLabels, ...]
    files: tuple[Path, ...] = ()

    def __repr__(self) -> str:
        rates = {one.noise: one.rate for one in self.labelings}
        return short_repr(self, dataset=self.dataset.name, rates=rates)

    @property
    def table(self) -> list[dict[str, Any]]:
        """One row for each noise; ``pandas.DataFrame(drawn.table)`` is the table."""
        return [
            {
                "noise": one.noise,
                "wrong": None if one.rate is None else round(one.rate * len(one.labels)),
                "rate": one.rate,
                "labels_hash": one.labels_hash,
                **(one.statistics or {}),
            }
            for one in self.labelings
        ]
