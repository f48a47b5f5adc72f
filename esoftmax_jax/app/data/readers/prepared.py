"""What TensorFlow Datasets has prepared, read without TensorFlow or a network.

``tfds.data_source`` and ``tfds.builder`` start a download when data is missing, so the
prepared directory is looked up here and opened by ``builder_from_directory``, which only
reads.
"""

import contextlib
import logging
import os
import re
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from esoftmax_jax.app.data.parts import Parts, RawExamples
from esoftmax_jax.app.data.readers.prepared_features import check_features
from esoftmax_jax.app.files.array_cache import cached_arrays
from esoftmax_jax.app.files.arrays import Array
from esoftmax_jax.app.terminal.messages import INSTALL, UsageError

_CHUNK = 1024
_NAME = re.compile(r"(?P<name>\w+(/[\w.-]*\w)?)(:(?P<version>\d+\.\d+\.\d+))?")
_LABEL_SET = "labels by "  # before a name, in the cache


def read_prepared(name: str, data_dir: str | None) -> Parts:
    """Read a prepared set, from the cache if it is there.

    Args:
        name: ``NAME``, ``NAME/CONFIG`` or either with ``:VERSION``.
        data_dir: where prepared data lies, as in ``load_dataset``.
    """
    directory = find_prepared(name, data_dir)

    def decode() -> dict[str, Array]:
        try:
            with quiet():
                return _decode(name, directory)
        except (UsageError, MemoryError):
            raise
        except Exception as error:  # whatever TFDS raises for damaged files
            reason = " ".join(str(error).split())[:200]
            raise UsageError(
                f"{name}: the data in {str(directory)!r} cannot be read "
                f"({type(error).__name__}: {reason}); {_how_to_prepare(name)}"
            ) from error

    # Another version, place or size is another source.
    files = sorted((path.name, path.stat().st_size) for path in directory.iterdir())
    source = [str(directory.resolve()), files]
    return _from_arrays(cached_arrays(f"{name}-{directory.name}", source, decode))


def find_prepared(name: str, data_dir: str | None) -> Path:
    """Find the directory of the newest prepared version, or of the one asked for."""
    parts = _NAME.fullmatch(name)
    if parts is None:
        raise UsageError(
            f"tfds:{name}: expected tfds:NAME, tfds:NAME/CONFIG or one of them with :VERSION"
        )
    home = os.environ.get("TFDS_DATA_DIR") or "~/tensorflow_datasets"
    chosen = data_dir or os.environ.get("ESOFTMAX_DATA_DIR") or home
    root = Path(chosen).expanduser()
    if not root.is_dir():
        raise UsageError(
            f"{name}: no directory {str(root)!r} to read prepared data from; "
            f"{_how_to_prepare(name)}"
        )
    found = {
        tuple(map(int, info.parent.name.split("."))): info.parent
        for info in (root / parts["name"]).glob("*/dataset_info.json")
        if re.fullmatch(r"\d+\.\d+\.\d+", info.parent.name)
        and parts["version"] in (None, info.parent.name)
    }
    if not found:
        version = parts["version"] or "VERSION"
        raise UsageError(
            f"{name} is not prepared: no {str(root / parts['name'] / version)!r} with a "
            f"dataset_info.json; {_how_to_prepare(name)}"
        )
    return found[max(found)]


def is_prepared(name: str) -> bool:
    """Tell whether a set lies where it is looked for by default."""
    try:
        find_prepared(name, None)
    except UsageError:
        return False
    return True


def _how_to_prepare(name: str) -> str:
    """Return the part of a message that says what to do about missing data."""
    return (
        f"prepare it once on a machine with TensorFlow, by `tfds build {name} "
        "--file_format=array_record` or by `tfds.builder(NAME, data_dir=DIR, "
        'file_format="array_record").download_and_prepare()`, and pass that directory '
        "as --data-dir"
    )


def _decode(name: str, directory: Path) -> dict[str, Array]:
    """Decode every image of the training and the test split; return what the cache keeps."""
    try:
        import tensorflow_datasets as tfds
    except ImportError as error:
        raise UsageError(
            f"{name} is read by tensorflow_datasets, which is not installed; {INSTALL}"
        ) from error
    check_features(name, directory)
    builder = tfds.builder_from_directory(directory)
    info = builder.info
    image_key, label_key = _image_and_label(name, info, tfds)
    splits = set(info.splits)
    test = "test" if "test" in splits else "validation"
    if not {"train", test} <= splits:
        raise UsageError(
            f"{name}: expected the splits 'train' and 'test' (or 'validation'), found "
            f"{', '.join(sorted(splits)) or 'none'}; choose another dataset or pass npz:PATH"
        )
    features = info.features
    further = _further_labels(features, label_key, tfds)
    has_ids = "id" in features and isinstance(features["id"], tfds.features.Text)
    train_images, train = decode_split(
        f"{name}, train",
        builder.as_data_source(split="train"),
        image_key,
        [label_key, *further, *(["id"] if has_ids else [])],
    )
    test_images, tested = decode_split(
        f"{name}, {test}", builder.as_data_source(split=test), image_key, [label_key]
    )
    jpeg = getattr(features[image_key], "_encoding_format", None) == "jpeg"
    classes = features[label_key].num_classes
    arrays = {
        "train_images": train_images,
        "train_labels": np.asarray(train[label_key], np.int64),
        "test_images": test_images,
        "test_labels": np.asarray(tested[label_key], np.int64),
        "class_names": np.asarray(list(map(str, features[label_key].names))),
        "note": np.asarray(lossy_note(info.description or "", jpeg)),
    }
    ids = numbers_at_the_end(train["id"]) if has_ids else None
    if ids is not None:
        arrays["train_ids"] = ids
    for key in further:
        labels = np.asarray(train[key], np.int64)
        # TFDS writes −1 for a label that an example does not have.
        if labels.min() >= 0 and labels.max() < classes:
            arrays[_LABEL_SET + key] = labels
    return arrays


def _image_and_label(name: str, info: Any, tfds: Any) -> tuple[str, str]:
    """Return the names of the image and of the label among the features."""
    keys = info.supervised_keys or ("image", "label")
    features = info.features
    plain = len(keys) == 2 and all(isinstance(key, str) and key in features for key in keys)
    if plain:
        image, label = (features[key] for key in keys)
        plain = isinstance(image, tfds.features.Image)
        plain = plain and isinstance(label, tfds.features.ClassLabel)
    if not plain:
        raise UsageError(
            f"{name}: expected one image and one class label an example, got the features "
            f"{', '.join(features)}; only single-label image classification is supported"
        )
    return keys[0], keys[1]


def _further_labels(features: Any, label_key: str, tfds: Any) -> list[str]:
    """Return the features that label the same classes again, as CIFAR-N's annotators do."""
    label = features[label_key]
    # A ClassLabel without names calls its classes by their numbers.
    alike = (label.names, [str(number) for number in range(label.num_classes)])
    return [
        key
        for key, feature in features.items()
        if key != label_key
        and isinstance(feature, tfds.features.ClassLabel)
        and feature.names in alike
    ]


def decode_split(
    where: str, source: Any, image_key: str, keys: Sequence[str]
) -> tuple[Array, dict[str, list[Any]]]:
    """Decode a split in chunks, some three times faster than one example at a time.

    Returns:
        The images, and for each of ``keys`` its values.
    """
    images: Array | None = None
    values: dict[str, list[Any]] = {key: [] for key in keys}
    for start in range(0, len(source), _CHUNK):
        examples = source.__getitems__(list(range(start, min(start + _CHUNK, len(source)))))
        for row, example in enumerate(examples, start):
            image = np.asarray(example[image_key])
            if images is None:
                images = np.empty((len(source), *image.shape), image.dtype)
            if image.shape != images.shape[1:]:
                raise UsageError(
                    f"{where}: expected images of one shape, got {images.shape[1:]} in row 0 "
                    f"and {image.shape} in row {row}; resize them and pass npz:PATH"
                )
            images[row] = image
            for key in keys:
                values[key].append(example[key])
    if images is None:
        raise UsageError(f"{where}: the split is empty; choose another dataset")
    return images, values


def numbers_at_the_end(ids: Sequence[bytes]) -> Array | None:
    """Return 42 for b'train_00042', or None unless all ids end so and no number repeats."""
    found = [re.search(rb"(?<!\d)\d{1,18}\Z", text) for text in ids]
    numbers = [int(match[0]) for match in found if match is not None]
    return np.array(numbers, np.int64) if len(set(numbers)) == len(ids) else None


def lossy_note(description: str, jpeg: bool) -> str:
    """Return the sentence of the description that tells of a lossy encoding, or our own."""
    for sentence in re.split(r"(?<=[.!?])\s+|\n\s*\n", description):
        if re.search(r"\b(lossy|lossily)\b", sentence, re.IGNORECASE):
            return " ".join(sentence.split())
    return "The images are stored as JPEG, which is lossy." if jpeg else ""


def _from_arrays(arrays: dict[str, Array]) -> Parts:
    train = RawExamples(
        arrays["train_images"],
        arrays["train_labels"],
        ids=arrays.get("train_ids"),
        annotations={
            key.removeprefix(_LABEL_SET): labels
            for key, labels in arrays.items()
            if key.startswith(_LABEL_SET)
        },
    )
    return Parts(
        train=train.trusted(),
        test=RawExamples(arrays["test_images"], arrays["test_labels"]).trusted(),
        class_names=tuple(arrays["class_names"].tolist()),
        note=str(arrays["note"]),
    )


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Silence the warnings and log lines of TFDS, and bring the logger back."""
    logger = logging.getLogger("absl")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
