"""The data sets of the experiments, as NumPy arrays in memory.

Some come with scikit-learn, some are read from what TensorFlow Datasets has prepared, and
the others are the user's own files. Nothing is ever downloaded, and nothing is written but
decoded images in a cache directory.
"""

import dataclasses
from typing import Any

import numpy as np
import numpy.typing as npt

from esoftmax_jax.app.data.columns.fitted import FittedColumns
from esoftmax_jax.app.data.examples import Examples
from esoftmax_jax.app.data.label_file import LabelFile
from esoftmax_jax.app.data.labels import GIVEN
from esoftmax_jax.app.files.arrays import Array, ClassNumbers
from esoftmax_jax.app.terminal.short_repr import short_repr
from esoftmax_jax.cleaning import LabelReview


@dataclasses.dataclass(frozen=True, eq=False)
class Dataset:
    """A training and a test set for single-label classification.

    Attributes:
        name: the specification it was loaded by.
        train: the training examples. Their ids are the numbers that a prepared set's ``id``
            ends in (of CIFAR, the place in the original order) or that an archive gives, else
            places in the user's file or folder, else positions.
        test: likewise; labels that came with data without clean ones are trusted where the
            user divided it, and are not where a fifth of it was held out.
        num_classes: number of classes K.
        class_map: name of the map that asymmetric noise follows; None for
            pairwise, y → y + 1.
        note: what a reader of the results has to know, such as a lossy encoding.
        mean: for each channel, the mean of the training images; of uint8 images
            on the scale 0..1.
        std: the standard deviation, likewise; 1 where a channel is constant.
        source_ids: int64 (M,), the ids of all examples of the source that they come from,
            in its order: what was held out, or is of another split in the same table, too.
        class_names: in the order of the class numbers.
        label_file: labels from a file of their own, beside the data; set by the options.
        foreign_images: images of other classes, alike the training images; set by the options.
        foreign_hash: as ``data_hash``, of the set that those are from.
        data_hash: of all that decides results, where the data is the user's own; None for
            sets whose names decide their content.
        feature_names: of the columns of a table of numbers; empty elsewhere.
        feature_offsets: what is subtracted from each column of numbers too large for float32;
            empty for nothing.
        columns: how features come from the cells of a table that is not all numbers; None of
            others.
        warnings: what the user has to know before anything is run.
        value_range: of images of more than 8 bits a value, the end of the range from 0 that
            became 0..255; None if there are none.
        uncorrected: of labels that were corrected, the dataset before and the lists.
    """

    name: str
    train: Examples
    test: Examples
    num_classes: int
    class_map: str | None
    note: str
    mean: tuple[float, ...]
    std: tuple[float, ...]
    source_ids: npt.NDArray[np.int64] = dataclasses.field(
        default_factory=lambda: np.zeros(0, np.int64)
    )
    class_names: tuple[str, ...] = ()
    label_file: LabelFile | None = None
    foreign_images: Array | None = None
    foreign_hash: str | None = None
    data_hash: str | None = None
    feature_names: tuple[str, ...] = ()
    feature_offsets: tuple[float, ...] = ()
    warnings: tuple[str, ...] = ()
    value_range: int | None = None
    columns: FittedColumns | None = None
    # Not taken over by what is made of this dataset, whose examples may be others.
    uncorrected: "tuple[Dataset, tuple[LabelReview, ...]] | None" = dataclasses.field(
        init=False, default=None
    )

    def __post_init__(self) -> None:
        for part in (self.train, self.test):
            for labels in (part.labels.observed, part.labels.reference):
                if len(labels) and not 0 <= labels.min() <= labels.max() < self.num_classes:
                    raise ValueError(
                        f"{self.name}: expected labels of [0, {self.num_classes}), got "
                        f"{labels.min()} to {labels.max()}; renumber the classes"
                    )
        if not len(self.source_ids):
            object.__setattr__(self, "source_ids", self.train.ids)
        if not self.class_names:
            names = tuple(str(number) for number in range(self.num_classes))
            object.__setattr__(self, "class_names", names)

    @property
    def label_columns(self) -> dict[str, ClassNumbers]:
        """Labels of the training examples that lie beside the right ones, by name."""
        labels = self.train.labels
        came = {GIVEN: labels.observed} if labels.paired else {}
        return came | dict(self.train.annotations)

    def __repr__(self) -> str:
        return short_repr(
            self,
            name=self.name,
            train_images=self.train.images,
            test_images=self.test.images,
            class_names=self.class_names,
        )

    @property
    def normalised(self) -> "Normalisation":
        """What networks see of images, as a function of NumPy and JAX arrays alike."""
        mean, std = tuple(map(float, self.mean)), tuple(map(float, self.std))
        return Normalisation(mean, std, self.train.images.dtype == np.uint8)


@dataclasses.dataclass(frozen=True)
class Normalisation:
    """(x − ``mean``) / ``std`` for each channel; bytes are brought to 0..1 first."""

    mean: tuple[float, ...]
    std: tuple[float, ...]
    of_bytes: bool

    def __call__(self, images: Any) -> Any:
        """Return float32 images as networks see them."""
        scale = np.float32(1 / 255 if self.of_bytes else 1)
        mean, std = np.asarray(self.mean, np.float32), np.asarray(self.std, np.float32)
        return (images.astype(np.float32) * scale - mean) / std
