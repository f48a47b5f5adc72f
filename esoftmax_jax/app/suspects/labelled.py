"""The examples whose labels a trained network is asked about."""

import dataclasses

import numpy as np
import numpy.typing as npt

from esoftmax_jax.app.data.dataset import Dataset
from esoftmax_jax.app.data.parts import GIVEN
from esoftmax_jax.app.files.arrays import Labels
from esoftmax_jax.app.labels.noisy_labels import NoisyTraining
from esoftmax_jax.app.terminal.short_repr import short_repr


@dataclasses.dataclass(frozen=True, eq=False)
class Labelled:
    """Labels, and what is known of them.

    Attributes:
        sources: str (N,), what the user calls the examples.
        parts: str (N,), ``train`` or ``test``.
        rows: int (N,), where the example lies in its part.
        ids: int (N,), what label files call a training example; −1 in the test set.
        labels: int (N,), the labels that may be wrong.
        clean: int (N,), the right ones; −1 where they are not known, or where the image
            belongs to none of the classes.
        known: bool (N,), whether it is known if the label is wrong.
        wrong: bool (N,), whether it is.
    """

    sources: npt.NDArray[np.str_]
    parts: npt.NDArray[np.str_]
    rows: npt.NDArray[np.int64]
    ids: npt.NDArray[np.int64]
    labels: Labels
    clean: Labels
    known: npt.NDArray[np.bool_]
    wrong: npt.NDArray[np.bool_]

    def __repr__(self) -> str:
        return short_repr(self)

    def take(self, rows: npt.NDArray[np.integer]) -> "Labelled":
        """Return these rows, in this order."""
        fields = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        return Labelled(**{name: values[rows] for name, values in fields.items()})


def labelled_examples(dataset: Dataset, noisy: NoisyTraining, noise: str) -> Labelled:
    """Return the training examples and, behind them, test examples with labels in question.

    Those are a test set that was held out: its labels as they came, unless they have clean ones
    beside them and something else than labels as they came is trained on.
    """
    wrong = noisy.wrong(dataset.train_labels) & noisy.known
    foreign = np.zeros(len(wrong), bool) if noisy.foreign is None else noisy.foreign >= 0
    clean = np.where(foreign | (not noisy.known), -1, dataset.train_labels)
    tested, test_clean = _of_the_test_set(dataset, noise)
    count, known = len(tested), test_clean >= 0
    return Labelled(
        sources=np.concatenate([dataset.train_sources, dataset.test_sources[:count]]),
        parts=np.repeat(["train", "test"], [len(wrong), count]),
        rows=np.concatenate([np.arange(len(wrong)), np.arange(count)]),
        ids=np.concatenate([dataset.train_ids, np.full(count, -1)]),
        labels=np.concatenate([noisy.labels, tested]),
        clean=np.concatenate([clean, test_clean]).astype(np.int32),
        known=np.concatenate([np.full(len(wrong), noisy.known), known]),
        wrong=np.concatenate([wrong, known & (tested != test_clean)]),
    )


def _of_the_test_set(dataset: Dataset, noise: str) -> tuple[Labels, Labels]:
    """Return the labels of the test set that may be wrong, and the clean ones or −1."""
    if not dataset.clean_test:
        return dataset.test_labels, np.full(len(dataset.test_labels), -1, np.int32)
    if noise == GIVEN and len(dataset.test_given):
        return dataset.test_given, dataset.test_labels
    return dataset.test_labels[:0], dataset.test_labels[:0]
