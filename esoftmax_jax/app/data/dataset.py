"""The data sets of the experiments, as NumPy arrays in memory.

Some come with scikit-learn, some are read from what TensorFlow Datasets has prepared, and
the others are the user's own files. Nothing is ever downloaded, and nothing is written but
decoded images in a cache directory.
"""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from esoftmax_jax.app.data.checks import (
    channel_statistics,
    check_no_empty_class,
    check_no_regression,
    checked_ids,
    checked_images,
    checked_labels,
)
from esoftmax_jax.app.data.label_file import LabelFile
from esoftmax_jax.app.data.parts import (
    GIVEN,
    NOISY_TEST,
    Array,
    Labels,
    Parts,
    content_hash,
    sentences,
)
from esoftmax_jax.app.data.readers.bundled import BUNDLED, read_bundled
from esoftmax_jax.app.data.readers.image_folder import read_folder
from esoftmax_jax.app.data.readers.manifest import read_manifest
from esoftmax_jax.app.data.readers.npz_file import read_npz
from esoftmax_jax.app.data.readers.prepared import read_prepared
from esoftmax_jax.app.data.same_examples import describe_same
from esoftmax_jax.app.terminal.closest import did_you_mean
from esoftmax_jax.app.terminal.messages import UsageError

_PREPARED = ("mnist", "cifar10", "cifar100", "fashion_mnist")
_OTHERS = tuple(name for name in BUNDLED if name != "digits")
_NAMES = ("digits", *_PREPARED, *_OTHERS, "tfds:NAME", "npz:PATH", "folder:PATH", "csv:PATH")
RESIZED = ("folder:", "csv:", "parquet:")
"""What specifications of image files begin with, which can be brought to one size."""

OWN_FILES = ("npz", "folder", "csv", "parquet")
DATASET_FORMS = f"{', '.join(_NAMES)} or parquet:PATH"
"""What ``load_dataset`` takes, for messages and help."""

# Sets of the same images as another.
_SAME_IMAGES = {"cifar10_n": "cifar10", "cifar100_n": "cifar100"}
_CLASS_MAPS = ("mnist", "cifar10", "cifar100")
_CONSTANTS = {
    "mnist": ((0.1307,), (0.3081,)),
    "cifar10": ((0.4914, 0.4822, 0.4465), (0.2023, 0.1994, 0.2010)),
    "cifar100": ((0.5071, 0.4867, 0.4408), (0.2675, 0.2565, 0.2761)),
}


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

    def normalised(self, images: Any) -> Any:
        """Return float32 images as networks see them, for NumPy and JAX arrays alike.

        Bytes are brought to 0..1 first; then (x − ``mean``) / ``std`` for each channel.
        """
        scale = np.float32(1 / 255 if self.train_images.dtype == np.uint8 else 1)
        mean, std = np.asarray(self.mean, np.float32), np.asarray(self.std, np.float32)
        return (images.astype(np.float32) * scale - mean) / std


def load_dataset(
    spec: str,
    *,
    data_dir: str | None = None,
    image_size: int | None = None,
    literal_labels: bool = False,
) -> Dataset:
    """Loads a data set.

    Args:
        spec: one of

            - ``digits``, ``breast_cancer``, ``wine``: with scikit-learn;
            - ``mnist``, ``cifar10``, ``cifar100``, ``fashion_mnist``, ``tfds:NAME``:
              prepared by TensorFlow Datasets;
            - ``npz:PATH``: a NumPy archive with the arrays train_images, train_labels,
              test_images and test_labels, and if you like train_clean_labels, class_names
              and train_ids;
            - ``folder:PATH``: images in PATH/train/CLASS and PATH/test/CLASS (or val,
              valid, validation), or in PATH/CLASS;
            - ``csv:PATH``, ``parquet:PATH``: a table with a column label and either a
              column path, of images, or else columns of numbers, and if you like
              clean_label and split (train, test or validation).

            Where the source names no test set, a fixed fifth of each class becomes it.
        data_dir: where prepared TFDS data lies. By default the environment's
            ``ESOFTMAX_DATA_DIR``, else TFDS's own directory.
        image_size: of image files only: brings the middle square of every image to so
            many pixels a side.
        literal_labels: of tables and archives: takes labels as classes even if they look like
            missing values, numbers to be predicted, dates or several labels in one, or if
            an image file has two.

    Returns:
        The data, checked.

    Raises:
        UsageError: if the data is unknown, missing or unfit; the message says
            what to do.
    """
    kind, _, rest = spec.partition(":")
    path = Path(rest).expanduser() if rest else None
    if image_size is not None:
        _check_image_size(spec, image_size)
    if spec in BUNDLED:
        return _checked(spec, read_bundled(spec))
    if spec in _PREPARED or (kind == "tfds" and rest):
        name = rest or spec
        return _checked(spec, read_prepared(name, data_dir), base=name.partition(":")[0])
    if kind == "npz" and path is not None:
        parts = read_npz(path, literal_labels=literal_labels)
        return _checked(spec, parts, literal_labels=literal_labels)
    if kind == "folder" and path is not None:
        return _checked(spec, read_folder(spec, path, image_size))
    if kind in ("csv", "parquet") and path is not None:
        return _checked(
            spec, read_manifest(spec, kind, path, image_size, literal_labels=literal_labels)
        )
    if kind in (*OWN_FILES, "tfds"):
        what = "a name" if kind == "tfds" else "a path"
        raise UsageError(
            f"--dataset: expected {what} behind {kind + ':'!r}, got {spec!r}; the forms are "
            f"{DATASET_FORMS}"
        )
    meant = did_you_mean(spec, (*BUNDLED, *_PREPARED))
    raise UsageError(f"unknown dataset {spec!r}: expected {DATASET_FORMS}{meant}")


def is_own(spec: str) -> bool:
    """Tell whether a specification names files of the user's own."""
    return spec.partition(":")[0] in OWN_FILES


def _check_image_size(spec: str, image_size: int) -> None:
    if image_size < 1:
        raise UsageError(f"--image-size: expected a whole number ≥ 1, got {image_size}")
    if not spec.startswith(RESIZED):
        raise UsageError(
            f"--image-size: expected folder:PATH, csv:PATH or parquet:PATH beside it, got "
            f"{spec}; leave the option out"
        )


def _checked(
    spec: str, parts: Parts, *, base: str = "", literal_labels: bool = False
) -> Dataset:
    """Checks what was read; ``base`` is the name of a prepared set."""

    def where(key: str) -> str:
        return f"{spec}: {parts.called.get(key, key)}"

    train = checked_images(parts.arrays["train_images"], where("train_images"))
    test = checked_images(parts.arrays["test_images"], where("test_images"))
    if train.shape[1:] != test.shape[1:] or train.dtype != test.dtype:
        raise UsageError(
            f"{spec}: expected training and test images alike, got {train.dtype} "
            f"{train.shape[1:]} and {test.dtype} {test.shape[1:]}; convert one of them"
        )
    # Labels of the training examples: the set's own and, beside it, further ones.
    own = "train_labels"
    raw = {own: parts.arrays[own], **parts.label_sets}
    overruled = list[str]()
    if parts.class_names is None:
        key = GIVEN if GIVEN in raw else own
        overruled = check_no_regression(raw[key], where(key), literal=literal_labels)
        num_classes = _count_classes(raw[key], where(key), rows=len(train))
    else:
        num_classes = len(parts.class_names)
    if num_classes < 2:
        raise UsageError(
            f"{spec}: expected at least 2 classes, got {num_classes}; there is nothing to "
            "learn from one"
        )
    labels = {
        key: checked_labels(array, where(key), rows=len(train), num_classes=num_classes)
        for key, array in raw.items()
    }
    test_labels = checked_labels(
        parts.arrays["test_labels"],
        where("test_labels"),
        rows=len(test),
        num_classes=num_classes,
    )
    test_given = parts.test_given
    if len(test_given):
        test_given = checked_labels(
            test_given, where(GIVEN), rows=len(test), num_classes=num_classes
        )
    train_ids = np.arange(len(train))
    if parts.train_ids is not None:
        train_ids = checked_ids(parts.train_ids, where("train_ids"), rows=len(train))
    # The name of a file says nothing about what is in it, and labels in it may be wrong.
    own_files = is_own(spec)
    # Names as well: a model calls its classes and finds its columns by them.
    names = (parts.class_names, parts.feature_names, parts.feature_offsets)
    called = [np.array(x) for x in names if x]
    everything = (train, test, *labels.values(), test_labels, train_ids, *called)
    clean = not own_files or GIVEN in labels
    clean_test = clean or not parts.held_out
    notes = [parts.note, sentences(overruled), "" if clean_test else NOISY_TEST]
    if own_files:
        came = (labels.get(GIVEN, labels[own]), test_given if len(test_given) else test_labels)
        sources = (parts.train_sources, parts.test_sources)
        notes.insert(1, describe_same((train, test), came, sources))
    base = _SAME_IMAGES.get(base, base)
    constants = _CONSTANTS.get(base)
    if constants is None or len(constants[0]) != train.shape[-1]:
        constants = channel_statistics(train)
    return Dataset(
        name=spec,
        train_images=train,
        train_labels=labels.pop(own),
        test_images=test,
        test_labels=test_labels,
        num_classes=num_classes,
        class_map=base if base in _CLASS_MAPS else None,
        note=" ".join(filter(None, notes)),
        mean=constants[0],
        std=constants[1],
        train_ids=train_ids,
        source_ids=train_ids if parts.source_ids is None else parts.source_ids,
        train_sources=parts.train_sources,
        test_sources=parts.test_sources,
        test_given=test_given,
        label_sets=labels,
        class_names=parts.class_names or (),
        data_hash=content_hash(everything) if own_files else None,
        clean_labels=clean,
        clean_test=clean_test,
        feature_names=parts.feature_names,
        feature_offsets=parts.feature_offsets,
        warnings=parts.warnings,
        value_range=parts.value_range,
    )


def _count_classes(labels: Array, where: str, *, rows: int) -> int:
    """Returns how many classes training labels name, without a gap."""
    checked = checked_labels(labels, where, rows=rows, num_classes=None)
    check_no_empty_class(checked, where)
    return int(checked.max()) + 1
