"""The examples whose labels a trained network is asked about."""

import dataclasses
from typing import TYPE_CHECKING, Self

import numpy as np
import numpy.typing as npt

from esoftmax_jax.app.data.dataset import Dataset
from esoftmax_jax.app.data.examples import Examples
from esoftmax_jax.app.data.labels import GIVEN, Labels, Rows
from esoftmax_jax.app.labels.noise_spec import NoiseSpec
from esoftmax_jax.app.terminal.short_repr import short_repr

if TYPE_CHECKING:  # it needs JAX
    from esoftmax_jax.app.labels.noisy_labels import NoisyTraining


@dataclasses.dataclass(frozen=True, eq=False)
class Labelled:
    """One table of the labels of both parts, without the images.

    Attributes:
        sources: str (N,), what the user calls the examples.
        parts: str (N,), ``train`` or ``test``.
        rows: int (N,), where the example lies in its part.
        ids: int (N,), what label files call a training example; −1 in the test set.
        labels: the labels that may be wrong.
    """

    sources: npt.NDArray[np.str_]
    parts: npt.NDArray[np.str_]
    rows: npt.NDArray[np.int64]
    ids: npt.NDArray[np.int64]
    labels: Labels

    def __repr__(self) -> str:
        return short_repr(self)

    @classmethod
    def of(cls, train: Examples, test: Examples) -> Self:
        """Return the training examples and, behind them, the test examples."""
        return cls(
            sources=np.concatenate([train.sources, test.sources]),
            parts=np.repeat(["train", "test"], [len(train), len(test)]),
            rows=np.concatenate([np.arange(len(train)), np.arange(len(test))]),
            ids=np.concatenate([train.ids, np.full(len(test), -1)]),
            labels=Labels.joined(train.labels, test.labels),
        )

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, rows: Rows) -> Self:
        """Return these rows, in this order."""
        return dataclasses.replace(
            self,
            sources=self.sources[rows],
            parts=self.parts[rows],
            rows=self.rows[rows],
            ids=self.ids[rows],
            labels=self.labels.take(rows),
        )


def labelled_examples(dataset: Dataset, noisy: "NoisyTraining", noise: NoiseSpec) -> Labelled:
    """Return the training examples and, behind them, test examples with labels in question.

    Those are a test set that was held out: its labels as they came, unless they have clean ones
    beside them and something else than labels as they came is trained on.
    """
    train, test = dataclasses.replace(dataset.train, labels=noisy.labels), dataset.test
    asked = not test.labels.known or (test.labels.paired and noise.kind == GIVEN)
    return Labelled.of(train, test if asked else test.take(slice(0)))
