"""The data sets of the experiments, as NumPy arrays in memory.

``digits`` comes with scikit-learn, ``npz:PATH`` is the user's own file, and every
other set is read from what TensorFlow Datasets has prepared, without TensorFlow or
a network: ``tfds.data_source`` and ``tfds.builder`` start a download when data is
missing, so the prepared directory is looked up here and opened by
``builder_from_directory``, which only reads. Decoding tens of thousands of images
takes several seconds, so the arrays are kept in a cache directory,
``ESOFTMAX_CACHE_DIR``, by default ``~/.cache/esoftmax_jax``.
"""

import contextlib
import dataclasses
import hashlib
import json
import os
import re
import tempfile
from pathlib import Path

import numpy as np
import numpy.typing as npt

from experiments._dataset_files import (
    KEYS,
    UNREADABLE,
    Array,
    channel_statistics,
    checked_images,
    checked_labels,
    decode_split,
    find_prepared,
    how_to_prepare,
    image_and_label,
    lossy_note,
    quiet,
    read_npz,
)
from experiments._errors import UsageError

_CACHE_FORMAT = 1  # to be raised when what the cache holds changes
_PREPARED = ("mnist", "cifar10", "cifar100", "fashion_mnist")
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
        train_labels: int32 (N,), in [0, num_classes).
        test_images: as ``train_images``.
        test_labels: as ``train_labels``.
        num_classes: number of classes K.
        class_map: name of the map that asymmetric noise follows; None for
            pairwise, y → y + 1.
        note: what a reader of the results has to know, such as a lossy encoding.
        mean: for each channel, the mean of the training images; of uint8 images
            on the scale 0..1.
        std: the standard deviation, likewise; 1 where a channel is constant.
    """

    name: str
    train_images: Array
    train_labels: npt.NDArray[np.int32]
    test_images: Array
    test_labels: npt.NDArray[np.int32]
    num_classes: int
    class_map: str | None
    note: str
    mean: tuple[float, ...]
    std: tuple[float, ...]


def load_dataset(spec: str, *, data_dir: str | None = None) -> Dataset:
    """Loads a data set.

    Args:
        spec: ``digits``, ``mnist``, ``cifar10``, ``cifar100``, ``fashion_mnist``,
            ``tfds:NAME`` or ``npz:PATH``.
        data_dir: where prepared TFDS data lies. By default the environment's
            ``ESOFTMAX_DATA_DIR``, else TFDS's own directory.

    Returns:
        The data, checked.

    Raises:
        UsageError: if the data is unknown, missing or unfit; the message says
            what to do.
    """
    if spec == "digits":
        return _digits()
    kind, colon, rest = spec.partition(":")
    if kind == "npz" and colon and rest:
        return _dataset(spec, *read_npz(Path(rest).expanduser()))
    if kind == "tfds" and colon and rest:
        return _tfds(spec, rest, data_dir)
    if spec in _PREPARED:
        return _tfds(spec, spec, data_dir)
    choices = ", ".join(("digits", *_PREPARED, "tfds:NAME"))
    raise UsageError(f"unknown dataset {spec!r}: expected {choices} or npz:PATH")


def _tfds(spec: str, name: str, data_dir: str | None) -> Dataset:
    """A prepared TFDS data set."""
    prepared = _load_prepared(name, data_dir)
    base = name.partition(":")[0]
    return _dataset(
        spec,
        prepared.arrays,
        dict.fromkeys(KEYS, ""),
        num_classes=prepared.num_classes,
        class_map=base if base in _CLASS_MAPS else None,
        note=prepared.note,
        constants=_CONSTANTS.get(base),
    )


def _digits() -> Dataset:
    """scikit-learn's 8×8 digits as float32 in 0..1, a fixed fifth of each class to test."""
    try:
        from sklearn.datasets import load_digits
    except ImportError as error:
        raise UsageError(
            "digits comes with scikit-learn, which is not installed; run pip install "
            "'esoftmax_jax[experiments]'"
        ) from error
    digits = load_digits()
    images, labels = digits.images[..., np.newaxis] / 16, digits.target
    generator = np.random.Generator(np.random.PCG64(0))
    test = np.zeros(len(labels), bool)
    for label in range(10):
        rows = generator.permutation(np.flatnonzero(labels == label))
        test[rows[: round(len(rows) / 5)]] = True
    arrays = {
        "train_images": images[~test],
        "train_labels": labels[~test],
        "test_images": images[test],
        "test_labels": labels[test],
    }
    return _dataset("digits", arrays, dict.fromkeys(KEYS, ""), num_classes=10)


def _dataset(
    spec: str,
    arrays: dict[str, Array],
    names: dict[str, str],
    *,
    num_classes: int | None = None,
    class_map: str | None = None,
    note: str = "",
    constants: tuple[tuple[float, ...], tuple[float, ...]] | None = None,
) -> Dataset:
    """Checks the four arrays and puts them together; K by default from the training set."""
    where = {key: f"{spec}: {names[key] or key}" for key in KEYS}
    train = checked_images(arrays["train_images"], where["train_images"])
    test = checked_images(arrays["test_images"], where["test_images"])
    if train.shape[1:] != test.shape[1:] or train.dtype != test.dtype:
        raise UsageError(
            f"{spec}: expected training and test images alike, got {train.dtype} "
            f"{train.shape[1:]} and {test.dtype} {test.shape[1:]}; convert one of them"
        )
    train_labels = checked_labels(
        arrays["train_labels"], where["train_labels"], rows=len(train), num_classes=num_classes
    )
    if num_classes is None:
        num_classes = int(train_labels.max()) + 1
    if num_classes < 2:
        raise UsageError(
            f"{spec}: expected at least 2 classes, got {num_classes}; there is nothing to "
            "learn from one"
        )
    test_labels = checked_labels(
        arrays["test_labels"], where["test_labels"], rows=len(test), num_classes=num_classes
    )
    if constants is None or len(constants[0]) != train.shape[-1]:
        constants = channel_statistics(train)
    return Dataset(
        name=spec,
        train_images=train,
        train_labels=train_labels,
        test_images=test,
        test_labels=test_labels,
        num_classes=num_classes,
        class_map=class_map,
        note=note,
        mean=constants[0],
        std=constants[1],
    )


@dataclasses.dataclass(frozen=True, eq=False)
class _Prepared:
    """What a prepared directory holds: the four arrays, the classes, a note."""

    arrays: dict[str, Array]
    num_classes: int
    note: str


def _load_prepared(name: str, data_dir: str | None) -> _Prepared:
    """Loads a prepared set, from the cache if it is there.

    ``name`` is ``NAME``, ``NAME/CONFIG`` or either with ``:VERSION``.
    """
    directory = find_prepared(name, data_dir)
    cached = _cache_file(name, directory)
    with contextlib.suppress(KeyError, *UNREADABLE):
        return _read_cache(cached)
    try:
        with quiet():
            prepared = _decode(name, directory)
    except (UsageError, MemoryError):
        raise
    except Exception as error:  # whatever TFDS raises for damaged files
        reason = " ".join(str(error).split())[:200]
        raise UsageError(
            f"{name}: the data in {str(directory)!r} cannot be read "
            f"({type(error).__name__}: {reason}); {how_to_prepare(name)}"
        ) from error
    with contextlib.suppress(OSError):  # a run needs no cache
        _write_cache(cached, prepared)
    return prepared


def _decode(name: str, directory: Path) -> _Prepared:
    """Decodes every image of the training and the test split."""
    try:
        import tensorflow_datasets as tfds
    except ImportError as error:
        raise UsageError(
            f"{name} is read by tensorflow_datasets, which is not installed; run pip "
            "install 'esoftmax_jax[experiments]'"
        ) from error
    builder = tfds.builder_from_directory(directory)
    info = builder.info
    image_key, label_key = image_and_label(name, info, tfds)
    splits = set(info.splits)
    test = "test" if "test" in splits else "validation"
    if not {"train", test} <= splits:
        raise UsageError(
            f"{name}: expected the splits 'train' and 'test' (or 'validation'), found "
            f"{', '.join(sorted(splits)) or 'none'}; choose another dataset or pass npz:PATH"
        )
    arrays: dict[str, Array] = {}
    for prefix, split in (("train", "train"), ("test", test)):
        source = builder.as_data_source(split=split)
        images, labels = decode_split(f"{name}, {split}", source, image_key, label_key)
        arrays |= {f"{prefix}_images": images, f"{prefix}_labels": labels}
    feature = info.features[image_key]
    jpeg = getattr(feature, "_encoding_format", None) == "jpeg"
    note = lossy_note(info.description or "", jpeg)
    return _Prepared(arrays, int(info.features[label_key].num_classes), note)


def _cache_file(name: str, directory: Path) -> Path:
    """Where the arrays are kept; another version, place or size gives another name."""
    root = os.environ.get("ESOFTMAX_CACHE_DIR") or "~/.cache/esoftmax_jax"
    files = sorted((path.name, path.stat().st_size) for path in directory.iterdir())
    key = json.dumps([_CACHE_FORMAT, name, str(directory.resolve()), files])
    digest = hashlib.sha256(key.encode()).hexdigest()[:16]
    stem = re.sub(r"\W+", "_", name)
    return Path(root).expanduser() / f"{stem}-{directory.name}-{digest}.npz"


def _read_cache(path: Path) -> _Prepared:
    with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
        arrays = {key: archive[key] for key in archive.files}
    return _Prepared(
        num_classes=int(arrays.pop("num_classes")),
        note=str(arrays.pop("note")),
        arrays=arrays,
    )


def _write_cache(path: Path, prepared: _Prepared) -> None:
    """Writes beside the target and renames, so that no reader meets half a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".tmp", delete=False) as file:
        try:
            np.savez(
                file,
                allow_pickle=False,
                num_classes=np.asarray(prepared.num_classes),
                note=np.asarray(prepared.note),
                **prepared.arrays,
            )
            file.close()
            Path(file.name).replace(path)
        except BaseException:
            Path(file.name).unlink(missing_ok=True)
            raise
