"""From a noise specification to the labels, and perhaps images, that a run trains on."""

import dataclasses
from typing import Any

import jax
import numpy as np

from esoftmax_jax import noise
from esoftmax_jax.app.data.dataset import Dataset
from esoftmax_jax.app.data.labels import NO_CLASS, Labels
from esoftmax_jax.app.files.arrays import ClassNumbers
from esoftmax_jax.app.labels import draws
from esoftmax_jax.app.labels.noise_kinds import KINDS
from esoftmax_jax.app.labels.noise_spec import NoiseSpec
from esoftmax_jax.app.terminal.messages import UsageError


@dataclasses.dataclass(frozen=True, eq=False)
class NoisyTraining:
    """What a run trains on.

    Attributes:
        labels: those trained on; the truth they are compared with is that of the data, or, if
            it has none, the labels that were changed on purpose.
        foreign: int32 (N,), the row of the foreign image that takes the place of an example's
            own, −1 where it keeps its own; None if all do.
        report: realised rate, transitions and hash of the labels; only zeros without a truth.
    """

    labels: Labels
    foreign: ClassNumbers | None
    report: noise.NoiseReport

    @property
    def foreign_rate(self) -> float:
        """Share of examples whose image belongs to none of the classes."""
        return 0.0 if self.foreign is None else float(np.mean(self.foreign >= 0))

    def to_json(self) -> dict[str, Any]:
        """Return what every result keeps of its noise."""
        values = self.report.to_json()
        if not self.labels.known:
            values |= {"num_wrong": None, "rate": None, "counts": None}
        return (
            values if self.foreign is None else {**values, "open_set_rate": self.foreign_rate}
        )


def apply_noise(spec: NoiseSpec, dataset: Dataset, seed: int) -> NoisyTraining:
    """Draw or read the training labels; the seed and the examples' ids decide a draw.

    ``symmetric`` flips the same number in every class, as the paper does, unless a class has
    too few examples for that; then it flips the same share of each. ``asymmetric`` uses the
    dataset's published class map. A dataset that has none gets ``pairwise``, class k to k + 1.

    Raises:
        UsageError: the dataset, or a file, does not fit the noise.
    """
    # A stream of its own: the same labels whatever else the run draws from its seed.
    key = jax.random.fold_in(jax.random.key(seed), 0x6E6F)
    start = dataset.train.labels.reference
    labels, truth, foreign = start, dataset.train.labels.truth, None
    try:
        if (name := KINDS[spec.kind].draw) is not None:
            drawn = np.asarray(getattr(draws, name)(spec, dataset, key), np.int32)
            truth = start
            if KINDS[spec.kind].replaces == "images":
                foreign, truth = drawn, np.where(drawn >= 0, np.int32(NO_CLASS), start)
            else:
                labels = drawn
        # In the order of the ids, so that the hash does not depend on how a set is stored.
        order = np.argsort(dataset.train.ids)
        report = noise.describe_noise(
            start[order], labels[order], num_classes=dataset.num_classes
        )
    except UsageError:
        raise
    except (ValueError, TypeError) as error:
        raise UsageError(f"--noise {spec}: {error}") from error
    return NoisyTraining(Labels(labels, truth), foreign, report)


def what_counts_as_wrong(dataset: Dataset) -> str:
    """Return a sentence for data whose own labels may be wrong, or nothing."""
    if dataset.train.labels.known:
        return ""
    return (
        f"Rate of wrong labels unknown: no clean labels in {dataset.name}; labels that are "
        "changed on purpose are counted from its own."
    )
