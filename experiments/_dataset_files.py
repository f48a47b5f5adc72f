"""Finding, opening, checking and describing data from outside.

Every failure is one line for the user: what was expected, what came, what to do.
"""

import contextlib
import logging
import os
import re
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from experiments._errors import UsageError

Array = npt.NDArray[Any]

# What NumPy raises for a damaged archive.
UNREADABLE = (ValueError, OSError, EOFError, zipfile.BadZipFile, zlib.error)
# The four arrays of a data set, and what Keras's archives call them.
KEYS = {
    "train_images": "x_train",
    "train_labels": "y_train",
    "test_images": "x_test",
    "test_labels": "y_test",
}
_CHUNK = 1024
_NAME = re.compile(r"(?P<name>\w+(/[\w.-]*\w)?)(:(?P<version>\d+\.\d+\.\d+))?")


def checked_images(images: Array, where: str) -> Array:
    """Brings images or features to the form that the experiments work on.

    Args:
        images: uint8 images (N, H, W) or (N, H, W, C), or floating-point features
            (N, D), (N, H, W) or (N, H, W, C).
        where: what to call the array in a message.

    Returns:
        uint8 (N, H, W, C), or float32 (N, D) or (N, H, W, C).

    Raises:
        UsageError: for another dtype or rank, no rows, or a non-finite feature.
    """
    whole = images.dtype == np.uint8
    if not whole and not np.issubdtype(images.dtype, np.floating):
        raise UsageError(
            f"{where}: expected uint8 images or floating-point features, got dtype "
            f"{images.dtype}; convert the array"
        )
    ranks = (3, 4) if whole else (2, 3, 4)
    if images.ndim not in ranks:
        shapes = "(N, H, W) or (N, H, W, C)" if whole else "(N, D), (N, H, W) or (N, H, W, C)"
        raise UsageError(
            f"{where}: expected {images.dtype} of shape {shapes}, got {images.shape}; "
            "reshape the array"
        )
    if 0 in images.shape:
        raise UsageError(f"{where}: expected at least one value, got shape {images.shape}")
    if not whole:
        with np.errstate(over="ignore"):
            images = images.astype(np.float32)
        finite = np.isfinite(images).reshape(len(images), -1).all(axis=1)
        if not finite.all():
            raise UsageError(
                f"{where}: row {int(np.argmin(finite))} holds a value that is not a finite "
                "float32; remove or replace such rows"
            )
    return images[..., np.newaxis] if images.ndim == 3 else images


def checked_labels(
    labels: Array, where: str, *, rows: int, num_classes: int | None
) -> npt.NDArray[np.int32]:
    """Brings labels to int32 (N,).

    Args:
        labels: integers (N,) or (N, 1).
        where: what to call the array in a message.
        rows: how many there must be.
        num_classes: K, or None to leave the upper end unchecked.

    Returns:
        The labels, int32.

    Raises:
        UsageError: for another dtype, shape or number, or a label outside [0, K).
    """
    if not np.issubdtype(labels.dtype, np.integer):
        raise UsageError(
            f"{where}: expected integer class numbers, got dtype {labels.dtype}; number the "
            "classes from 0"
        )
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.ndim != 1:
        raise UsageError(
            f"{where}: expected one label a row, shape (N,), got {labels.shape}; only "
            "single-label classification is supported"
        )
    if len(labels) != rows:
        raise UsageError(
            f"{where}: expected one label for each of the {rows} images, got {len(labels)}; "
            "make the arrays equally long"
        )
    limit = np.iinfo(np.int32).max if num_classes is None else num_classes
    outside = (labels < 0) | (labels >= limit)
    if outside.any():
        row = int(np.argmax(outside))
        known = "" if num_classes is None else f", of [0, {num_classes})"
        raise UsageError(
            f"{where}: expected classes numbered from 0{known}, got label {labels[row]} in "
            f"row {row}; renumber the classes or drop the row"
        )
    return labels.astype(np.int32)


def read_npz(path: Path) -> tuple[dict[str, Array], dict[str, str]]:
    """Reads the arrays of a NumPy archive, under our names or Keras's.

    Returns:
        The arrays by our names, and the names they have in the archive.
    """
    if not path.is_file():
        raise UsageError(f"no file {str(path)!r}: npz:PATH expects a NumPy .npz archive")
    with contextlib.ExitStack() as stack:
        try:
            file = stack.enter_context(path.open("rb"))
            archive = np.load(file, allow_pickle=False)
            if not isinstance(archive, np.lib.npyio.NpzFile):
                raise ValueError("a single array")
            stack.enter_context(archive)
        except UNREADABLE as error:
            raise UsageError(
                f"{str(path)!r} is not a readable NumPy .npz archive; write it with numpy.savez"
            ) from error
        names = {}
        for ours, theirs in KEYS.items():
            found = [name for name in (ours, theirs) if name in archive.files]
            if not found:
                raise UsageError(
                    f"{str(path)!r}: expected an array {ours!r} (or {theirs!r}), found "
                    f"{', '.join(sorted(archive.files)) or 'no arrays'}; name it so"
                )
            names[ours] = found[0]
        arrays = {}
        for ours, name in names.items():
            try:
                arrays[ours] = archive[name]
            except UNREADABLE as error:
                raise UsageError(
                    f"{str(path)!r}: array {name!r} cannot be read ({error}); write plain "
                    "numbers with numpy.savez"
                ) from error
    return arrays, names


def how_to_prepare(name: str) -> str:
    """The part of a message that says what to do about missing data."""
    return (
        f"prepare it once on a machine with TensorFlow, by `tfds build {name} "
        "--file_format=array_record` or by `tfds.builder(NAME, data_dir=DIR, "
        'file_format="array_record").download_and_prepare()`, and pass that directory '
        "as --data-dir"
    )


def find_prepared(name: str, data_dir: str | None) -> Path:
    """Finds the directory of the newest prepared version, or of the one asked for."""
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
            f"{how_to_prepare(name)}"
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
            f"dataset_info.json; {how_to_prepare(name)}"
        )
    return found[max(found)]


def image_and_label(name: str, info: Any, tfds: Any) -> tuple[str, str]:
    """Returns the names of the image and of the label among the features."""
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


def decode_split(
    where: str, source: Any, image_key: str, label_key: str
) -> tuple[Array, Array]:
    """Decodes a split in chunks, some three times faster than one example at a time."""
    images: Array | None = None
    labels = np.zeros(len(source), np.int64)
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
            labels[row] = example[label_key]
    if images is None:
        raise UsageError(f"{where}: the split is empty; choose another dataset")
    return images, labels


def lossy_note(description: str, jpeg: bool) -> str:
    """Returns the sentence of the description that tells of a lossy encoding, or our own."""
    for sentence in re.split(r"(?<=[.!?])\s+|\n\s*\n", description):
        if re.search(r"\b(lossy|lossily)\b", sentence, re.IGNORECASE):
            return " ".join(sentence.split())
    return "The images are stored as JPEG, which is lossy." if jpeg else ""


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Silences the warnings and log lines of TFDS, and brings the logger back."""
    logger = logging.getLogger("absl")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)


def channel_statistics(images: Array) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Computes mean and standard deviation over all axes but the last, in float64."""
    channels = np.moveaxis(images, -1, 0)
    if images.dtype == np.uint8:
        # From the histogram: exact, and without a float copy of the images.
        levels = np.arange(256) / 255
        counts = np.stack([np.bincount(channel.ravel(), minlength=256) for channel in channels])
        mean = counts @ levels / counts.sum(axis=1)
        square = counts @ levels**2 / counts.sum(axis=1)
        std = np.sqrt(np.maximum(square - mean**2, 0))
        std[np.count_nonzero(counts, axis=1) == 1] = 0
    else:
        values = channels.reshape(len(channels), -1)
        mean = values.mean(axis=1, dtype=np.float64)
        std = values.std(axis=1, dtype=np.float64)
        std[values.min(axis=1) == values.max(axis=1)] = 0
    std[std == 0] = 1
    return tuple(mean.tolist()), tuple(std.tolist())
