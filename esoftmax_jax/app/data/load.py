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
from esoftmax_jax.app.data.columns.choice import ColumnChoice, DeclaredKinds, Names
from esoftmax_jax.app.data.dataset import Dataset
from esoftmax_jax.app.data.examples import Examples
from esoftmax_jax.app.data.labels import Labels
from esoftmax_jax.app.data.names import (
    BUNDLED,
    DATASET_FORMS,
    OWN_FILES,
    PREPARED,
    RESIZED,
    TABLES,
    is_own,
    kind_of_path,
)
from esoftmax_jax.app.data.parts import NOISY_TEST, Parts, RawExamples, sentences
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
    columns: Names = None,
    ignore: Names = None,
    kinds: DeclaredKinds = None,
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
              column path, of images, or else columns of numbers, categories, dates or
              texts, and if you like clean_label and split (train, test or validation).

            Where the source names no test set, a fixed fifth of each class becomes it.
        data_dir: where prepared TFDS data lies. By default the environment's
            ``ESOFTMAX_DATA_DIR``, else TFDS's own directory.
        image_size: of image files only: brings the middle square of every image to so
            many pixels a side.
        literal_labels: of tables and archives: takes labels as classes even if they look like
            missing values, numbers to be predicted, dates or several labels in one, or if
            an image file has two.
        columns: of tables without paths: the only columns that are features, by name.
        ignore: likewise: columns that are passed over.
        kinds: likewise: kinds of columns by name, such as ``{"zip": "category"}``, whatever
            they look like: number, boolean, date, category or text.

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
    choice = ColumnChoice.of(columns, ignore, kinds)
    if choice.is_made and kind not in TABLES:
        raise UsageError(
            f"{choice.option}: expected csv:PATH or parquet:PATH beside it, got {spec}; leave "
            "the option out"
        )
    if spec in BUNDLED:
        return checked_dataset(spec, read_bundled(spec))
    if spec in PREPARED or (kind == "tfds" and rest):
        name = rest or spec
        return checked_dataset(spec, read_prepared(name, data_dir), base=name.partition(":")[0])
    if kind == "npz" and path is not None:
        parts = read_npz(path, literal_labels=literal_labels)
        return checked_dataset(spec, parts, literal_labels=literal_labels)
    if kind == "folder" and path is not None:
        return checked_dataset(spec, read_folder(spec, path, image_size))
    if kind in TABLES and path is not None:
        parts = read_manifest(
            spec, kind, path, image_size, literal_labels=literal_labels, choice=choice
        )
        return checked_dataset(spec, parts)
    if kind in (*OWN_FILES, "tfds"):
        what = "a name" if kind == "tfds" else "a path"
        raise UsageError(
            f"--dataset: expected {what} behind {kind + ':'!r}, got {spec!r}; the forms are "
            f"{DATASET_FORMS}"
        )
    meant = _meant_path(spec) or did_you_mean(spec, (*BUNDLED, *PREPARED))
    raise UsageError(f"unknown dataset {spec!r}: expected {DATASET_FORMS}{meant}")


def _meant_path(spec: str) -> str:
    """Ask whether a path without a word before it is meant."""
    path = Path(spec).expanduser()
    kind = kind_of_path(path) if path.exists() else None
    return "" if kind is None else f"; did you mean {f'{kind}:{spec}'!r}?"


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


def checked_dataset(
    spec: str, parts: Parts, *, base: str = "", literal_labels: bool = False
) -> Dataset:
    """Checks what was read, or what came as arrays; ``base`` is the name of a prepared set."""

    def where(key: str) -> str:
        return f"{spec}: {parts.called.get(key, key)}"

    images = checked_images(parts.train.images, where("train_images"))
    test_images = checked_images(parts.test.images, where("test_images"))
    if images.shape[1:] != test_images.shape[1:] or images.dtype != test_images.dtype:
        raise UsageError(
            f"{spec}: expected training and test images alike, got {images.dtype} "
            f"{images.shape[1:]} and {test_images.dtype} {test_images.shape[1:]}; convert one "
            "of them"
        )
    rows, overruled = len(images), list[str]()
    if parts.class_names is None:
        raw, key = parts.train.observed, where("train_labels")
        overruled = check_no_regression(raw, key, literal=literal_labels)
        num_classes = _count_classes(raw, key, rows=rows)
    else:
        num_classes = len(parts.class_names)
    if num_classes < 2:
        raise UsageError(
            f"{spec}: expected at least 2 classes, got {num_classes}; there is nothing to "
            "learn from one"
        )

    def labelled(raw: RawExamples, kind: str, rows: int) -> Labels:
        names = (where(f"{kind}_labels"), where(f"{kind}_clean_labels"))
        return Labels.checked(
            raw.observed, raw.truth, names, rows=rows, num_classes=num_classes
        )

    labels = labelled(parts.train, "train", rows)
    annotations = {
        key: checked_labels(array, where(key), rows=rows, num_classes=num_classes)
        for key, array in parts.train.annotations.items()
    }
    test_labels = labelled(parts.test, "test", len(test_images))
    ids = np.arange(rows)
    if parts.train.ids is not None:
        ids = checked_ids(parts.train.ids, where("train_ids"), rows=rows)
    train = Examples(images, labels, ids, parts.train.sources, annotations, parts.train.cells)
    test = Examples(
        test_images, test_labels, sources=parts.test.sources, cells=parts.test.cells
    )
    notes = [parts.note, sentences(overruled), "" if test.labels.known else NOISY_TEST]
    own_files = is_own(spec)
    if own_files:
        called = (parts.train.sources, parts.test.sources)
        came = (train.labels.observed, test.labels.observed)
        notes.insert(1, describe_same(_content(images, test_images, parts), came, called))
    base = _SAME_IMAGES.get(base, base)
    constants = _CONSTANTS.get(base)
    if parts.columns is not None:  # whose features are scaled each in its way
        constants = (0.0,) * images.shape[-1], (1.0,) * images.shape[-1]
    elif constants is None or len(constants[0]) != images.shape[-1]:
        constants = channel_statistics(images)
    return Dataset(
        name=spec,
        train=train,
        test=test,
        num_classes=num_classes,
        class_map=base if base in _CLASS_MAPS else None,
        note=" ".join(filter(None, notes)),
        mean=constants[0],
        std=constants[1],
        source_ids=ids if parts.source_ids is None else parts.source_ids,
        class_names=parts.class_names or (),
        # The name of a file says nothing about what is in it.
        data_hash=_hash(train, test, parts) if own_files else None,
        feature_names=parts.feature_names,
        feature_offsets=parts.feature_offsets,
        columns=parts.columns,
        warnings=parts.warnings,
        value_range=parts.value_range,
    )


def _content(images: Array, test_images: Array, parts: Parts) -> tuple[Array, Array]:
    """Return what tells examples from others: images, or what features are made of."""
    train, test = parts.train.content, parts.test.content
    return (images, test_images) if train is None or test is None else (train, test)


def _hash(train: Examples, test: Examples, parts: Parts) -> str:
    """Return what tells data from others: all that decides results."""
    labels = [train.labels.reference, *([train.labels.observed] if train.labels.paired else [])]
    # Names as well: a model calls its classes and finds its columns by them.
    names = (parts.class_names, parts.feature_names, parts.feature_offsets)
    called = [np.array(x) for x in names if x]
    images = _content(train.images, test.images, parts)
    return content_hash((*images, *labels, test.labels.reference, train.ids, *called))


def _count_classes(labels: Array, where: str, *, rows: int) -> int:
    """Returns how many classes training labels name, without a gap."""
    checked = checked_labels(labels, where, rows=rows, num_classes=None)
    check_no_empty_class(checked, where)
    return int(checked.max()) + 1
