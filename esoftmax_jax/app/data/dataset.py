"""The data sets of the experiments, as NumPy arrays in memory.

Some come with scikit-learn, some are read from what TensorFlow Datasets has prepared, and
the others are the user's own files. Nothing is ever downloaded, and nothing is written but
decoded images in a cache directory.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from esoftmax_jax.app.data.label_file import LabelFile
from esoftmax_jax.app.files.arrays import Array, Labels
from esoftmax_jax.app.terminal.short_repr import short_repr
from esoftmax_jax.cleaning import LabelReview


@dataclasses.dataclass(frozen=True, eq=False)
class Dataset:
    """A training and a test set for single-label classification.

    Attributes:
        name: the specification it was loaded by.
        train_images: uint8 (N, H, W, C), or float32 (N, D) or (N, H, W, C).
        train_labels: int32 (N,), in [0, num_classes); the clean ones where the data has
            clean labels and others.
        test_images: as ``train_images``.
        test_labels: as ``train_labels``.
        num_classes: number of classes K.
        class_map: name of the map that asymmetric noise follows; None for
            pairwise, y → y + 1.
        note: what a reader of the results has to know, such as a lossy encoding.
        mean: for each channel, the mean of the training images; of uint8 images
            on the scale 0..1.
        std: the standard deviation, likewise; 1 where a channel is constant.
        train_ids: int64 (N,), for each training example a number of its own: the one that a
            prepared set's ``id`` ends in (of CIFAR, the place in the original order) or that
            an archive gives, else its place in the user's file or folder, else its position.
        source_ids: int64 (M,), likewise for all examples of the source that they come from,
            in its order: what was held out, or is of another split in the same table, too.
        train_sources: str (N,), what the user calls each training example: its file, its row
            in a table, else its id.
        test_sources: likewise; by default positions.
        test_given: int32, the labels as they came of a test set that was held out, where
            ``test_labels`` are cleaner ones; empty otherwise.
        label_sets: further labels of the training examples by name, int32 (N,), in
            [0, num_classes): ``"given"`` for the labels as they came where the data has
            clean ones too, or the annotators of a prepared set.
        class_names: in the order of the class numbers.
        label_file: labels from a file of their own, beside the data; set by the options.
        foreign_images: images of other classes, alike ``train_images``; set by the options.
        foreign_hash: as ``data_hash``, of the set that those are from.
        data_hash: of all that decides results, where the data is the user's own; None for
            sets whose names decide their content.
        clean_labels: whether ``train_labels`` are known to be right, so that wrong labels
            can be counted; of the user's own data, whether it brings clean labels.
        clean_test: whether ``test_labels`` are more than a part of such labels.
        feature_names: of the columns of a table of numbers; empty elsewhere.
        feature_offsets: what is subtracted from each column of numbers too large for float32;
            empty for nothing.
        warnings: what the user has to know before anything is run.
        value_range: of images of more than 8 bits a value, the end of the range from 0 that
            became 0..255; None if there are none.
        uncorrected: of labels that were corrected, the dataset before and the lists.
    """

    name: str
    train_images: Array
    train_labels: Labels
    test_images: Array
    test_labels: Labels
    num_classes: int
    class_map: str | None
    note: str
    mean: tuple[float, ...]
    std: tuple[float, ...]
    train_ids: npt.NDArray[np.int64] = dataclasses.field(
        default_factory=lambda: np.zeros(0, np.int64)
    )
    source_ids: npt.NDArray[np.int64] = dataclasses.field(
        default_factory=lambda: np.zeros(0, np.int64)
    )
    train_sources: Array = dataclasses.field(default_factory=lambda: np.zeros(0, str))
    test_sources: Array = dataclasses.field(default_factory=lambda: np.zeros(0, str))
    test_given: Labels = dataclasses.field(default_factory=lambda: np.zeros(0, np.int32))
    label_sets: Mapping[str, Labels] = dataclasses.field(default_factory=dict)
    class_names: tuple[str, ...] = ()
    label_file: LabelFile | None = None
    foreign_images: Array | None = None
    foreign_hash: str | None = None
    data_hash: str | None = None
    clean_labels: bool = True
    clean_test: bool = True
    feature_names: tuple[str, ...] = ()
    feature_offsets: tuple[float, ...] = ()
    warnings: tuple[str, ...] = ()
    value_range: int | None = None
    # Not taken over by what is made of this dataset, whose examples may be others.
    uncorrected: "tuple[Dataset, tuple[LabelReview, ...]] | None" = dataclasses.field(
        init=False, default=None
    )

    def __post_init__(self) -> None:
        if not len(self.train_ids):
            object.__setattr__(self, "train_ids", np.arange(len(self.train_labels)))
        if not len(self.source_ids):
            object.__setattr__(self, "source_ids", self.train_ids)
        if not self.class_names:
            names = tuple(str(number) for number in range(self.num_classes))
            object.__setattr__(self, "class_names", names)
        if not len(self.train_sources):
            object.__setattr__(self, "train_sources", self.train_ids.astype(str))
        if not len(self.test_sources):
            positions = np.arange(len(self.test_labels))
            object.__setattr__(self, "test_sources", positions.astype(str))

    def __repr__(self) -> str:
        return short_repr(
            self,
            name=self.name,
            train_images=self.train_images,
            test_images=self.test_images,
            class_names=self.class_names,
        )

    def normalised(self, images: Any) -> Any:
        """Return float32 images as networks see them, for NumPy and JAX arrays alike.

        Bytes are brought to 0..1 first; then (x − ``mean``) / ``std`` for each channel.
        """
        scale = np.float32(1 / 255 if self.train_images.dtype == np.uint8 else 1)
        mean, std = np.asarray(self.mean, np.float32), np.asarray(self.std, np.float32)
        return (images.astype(np.float32) * scale - mean) / std
