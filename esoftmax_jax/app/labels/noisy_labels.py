"""From a noise specification to the labels, and perhaps images, that a run trains on."""

import dataclasses
from typing import Any, get_type_hints

import jax
import numpy as np

from esoftmax_jax import noise
from esoftmax_jax.app.data.dataset import Dataset
from esoftmax_jax.app.data.labels import NO_CLASS, Labels
from esoftmax_jax.app.files.arrays import ClassNumbers
from esoftmax_jax.app.files.json_file import check_fields
from esoftmax_jax.app.labels import draws
from esoftmax_jax.app.labels.noise_kinds import KINDS
from esoftmax_jax.app.labels.noise_spec import NoiseSpec
from esoftmax_jax.app.terminal.messages import UsageError


@dataclasses.dataclass(frozen=True)
class NoiseRecord:
    """What a result keeps of its noise.

    Attributes:
        num_examples: that are trained on.
        num_wrong: how many of their labels are wrong; None where that is not known.
        rate: the share that these are; None likewise.
        counts: how often each right class (row) has each label; None likewise, and for more
            classes than people read.
        labels_hash: of the labels.
        open_set_rate: share of examples whose image belongs to none of the classes; None
            where all images are the data's own.
    """

    num_examples: int
    num_wrong: int | None
    rate: float | None
    counts: list[Any] | None
    labels_hash: str
    open_set_rate: float | None = None

    @property
    def wrong_rate(self) -> float | None:
        """Share of examples whose label is wrong or whose image is of no class."""
        return self.rate if self.open_set_rate is None else self.open_set_rate

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values; ``from_json`` reads them back."""
        values = dict(vars(self))
        if self.open_set_rate is None:
            del values["open_set_rate"]
        return values

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "NoiseRecord":
        """Read what ``to_json`` returned.

        Raises:
            ValueError: it is something else.
        """
        types = get_type_hints(cls)
        found = check_fields({"open_set_rate": None} | values, types)
        return cls(**{name: found[name] for name in types})


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

    @property
    def record(self) -> NoiseRecord:
        """What every result keeps of its noise."""
        values = self.report.to_json()
        if not self.labels.known:
            values |= {"num_wrong": None, "rate": None, "counts": None}
        return NoiseRecord(
            **values, open_set_rate=None if self.foreign is None else self.foreign_rate
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
