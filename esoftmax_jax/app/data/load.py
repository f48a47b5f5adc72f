"""Data sets by what an option calls them."""

from pathlib import Path

import numpy as np

from esoftmax_jax.app.data.checks import (
    channel_statistics,
    check_no_empty_class,
    check_no_regression,
    checked_ids,
    checked_images,
    checked_labels,
)
from esoftmax_jax.app.data.dataset import Dataset
from esoftmax_jax.app.data.names import (
    _PREPARED,
    BUNDLED,
    DATASET_FORMS,
    OWN_FILES,
    RESIZED,
    is_own,
)
from esoftmax_jax.app.data.parts import GIVEN, NOISY_TEST, Parts, sentences
from esoftmax_jax.app.data.readers.bundled import read_bundled
from esoftmax_jax.app.data.readers.image_folder import read_folder
from esoftmax_jax.app.data.readers.manifest import read_manifest
from esoftmax_jax.app.data.readers.npz_file import read_npz
from esoftmax_jax.app.data.readers.prepared import read_prepared
from esoftmax_jax.app.data.same_examples import describe_same
from esoftmax_jax.app.files.arrays import Array, content_hash
from esoftmax_jax.app.terminal.messages import UsageError
from esoftmax_jax.app.terminal.whole_numbers import whole_number
from esoftmax_jax.spelling import did_you_mean

# Sets of the same images as another.
_SAME_IMAGES = {"cifar10_n": "cifar10", "cifar100_n": "cifar100"}

_CLASS_MAPS = ("mnist", "cifar10", "cifar100")

_CONSTANTS = {
    "mnist": ((0.1307,), (0.3081,)),
    "cifar10": ((0.4914, 0.4822, 0.4465), (0.2023, 0.1994, 0.2010)),
    "cifar100": ((0.5071, 0.4867, 0.4408), (0.2675, 0.2565, 0.2761)),
}


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
    if not isinstance(spec, str):
        raise UsageError(
            f"--dataset: expected {DATASET_FORMS}, got {str(spec)!r:.80} of type "
            f"{type(spec).__name__}; e.g. 'csv:table.csv'"
        )
    kind, _, rest = spec.partition(":")
    path = Path(rest).expanduser() if rest else None
    if image_size is not None:
        image_size = _checked_image_size(spec, image_size)
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


def _checked_image_size(spec: str, image_size: int) -> int:
    try:
        pixels = whole_number(image_size, 1)
    except ValueError as error:
        raise UsageError(f"--image-size: {error}") from None
    if not spec.startswith(RESIZED):
        raise UsageError(
            f"--image-size: expected folder:PATH, csv:PATH or parquet:PATH beside it, got "
            f"{spec}; leave the option out"
        )
    return pixels


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
