"""Checking and describing the arrays of a data set.

Every failure is one line for the user: what was expected, what came, what to do.
"""

import numpy as np
import numpy.typing as npt

from esoftmax_jax.app.data.label_doubts import doubtful_numbers
from esoftmax_jax.app.data.label_text import LITERAL, plain
from esoftmax_jax.app.files.arrays import Array, ClassNumbers
from esoftmax_jax.app.terminal.messages import UsageError

_CHANNELS = (1, 2, 3, 4)  # grey, colour, and either with transparency


def checked_images(images: Array, where: str) -> Array:
    """Brings images or features to the form that the experiments work on.

    Args:
        images: uint8 images (N, H, W) or (N, H, W, C), or floating-point features
            (N, D), (N, H, W) or (N, H, W, C).
        where: what to call the array in a message.

    Returns:
        uint8 (N, H, W, C), or float32 (N, D) or (N, H, W, C).

    Raises:
        UsageError: for another dtype or rank, channels before the height, no rows, or a
            non-finite feature.
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
    if _is_channels_first(images.shape):
        raise UsageError(
            f"{where}: expected channels last, shape (N, H, W, C), got {images.shape}, which "
            "looks like (N, C, H, W); write array.transpose(0, 2, 3, 1)"
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


def _is_channels_first(shape: tuple[int, ...]) -> bool:
    """Tell whether images have a few channels, or fewer than pixels of a square, in front."""
    if len(shape) != 4 or shape[3] in _CHANNELS:
        return False
    return shape[1] in _CHANNELS or shape[1] < shape[2] == shape[3]


def checked_labels(
    labels: Array, where: str, *, rows: int, num_classes: int | None
) -> ClassNumbers:
    """Brings labels to int32 (N,).

    Args:
        labels: integers (N,) or (N, 1), be it as floating-point numbers.
        where: what to call the array in a message.
        rows: how many there must be.
        num_classes: K, or None to leave the upper end unchecked.

    Returns:
        The labels, int32.

    Raises:
        UsageError: for another dtype, shape or number, or a label outside [0, K).
    """
    if np.issubdtype(labels.dtype, np.floating):
        labels = _whole_numbers(labels, where)
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


def _whole_numbers(values: Array, where: str) -> npt.NDArray[np.int64]:
    """Return floating-point numbers that are whole as integers: 2.0 is class 2."""
    wide = values.astype(np.float64)
    whole = (np.abs(wide) < 2**53) & (wide == np.trunc(wide))
    if not whole.all():
        row = int(np.argmin(whole.reshape(len(wide), -1).all(axis=1)))
        raise UsageError(
            f"{where}: expected class numbers, got {values[row]} in row {row}; number the "
            "classes from 0, drop rows without a label, group numbers to be predicted"
        )
    return wide.astype(np.int64)


def checked_ids(ids: Array, where: str, *, rows: int) -> npt.NDArray[np.int64]:
    """Brings the numbers that tell examples apart to int64 (N,).

    Raises:
        UsageError: for another dtype or shape, or a number that occurs twice.
    """
    if not np.issubdtype(ids.dtype, np.integer) or ids.shape != (rows,):
        raise UsageError(
            f"{where}: expected one integer for each of the {rows} images, got {ids.dtype} of "
            f"shape {ids.shape}; number the images or leave the array out"
        )
    values, first, counts = np.unique(ids, return_index=True, return_counts=True)
    if len(values) < rows:
        twice = np.argmax(counts > 1)
        raise UsageError(
            f"{where}: expected distinct numbers, got {values[twice]} in row {first[twice]} "
            "and again later; renumber the images or leave the array out"
        )
    return ids.astype(np.int64)


def check_no_empty_class(labels: ClassNumbers, where: str) -> None:
    """Refuses training labels that skip a class number: nothing could be learnt about it."""
    present = np.unique(labels)
    gaps = present != np.arange(len(present))
    if gaps.any():
        raise UsageError(
            f"{where}: expected examples of every class from 0 to {present[-1]}, got none of "
            f"class {int(np.argmax(gaps))}; renumber the classes without a gap"
        )


def check_no_regression(labels: Array, where: str, *, literal: bool) -> list[str]:
    """Refuses labels without names that are rather numbers to be predicted.

    With ``literal`` that is a note, which is returned.
    """
    values, rows = np.unique(labels, return_counts=True)
    numbers = [plain(str(value)) for value in values.tolist()]
    doubt = doubtful_numbers(dict(zip(numbers, rows.tolist(), strict=True)))
    if doubt is None:
        return []
    if literal:
        return [f"labels that look like {doubt.looks} are classes by {LITERAL}"]
    raise UsageError(f"{where}: {doubt.message('the array')}")


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
