"""Images of more than 8 bits a value: their values, and these as bytes.

Cameras and scanners of 10 or 12 bits write files of 16. Which values become black and white is
one choice for a whole set: the smallest full range that holds all of them, but for a few
saturated ones.
"""

import re
import sys
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
import numpy.typing as npt

from esoftmax_jax.app.files.arrays import Array

RANGES = tuple(2**bits - 1 for bits in (1, 4, 8, 10, 12, 14, 16))
_STEPS = (-1, *(step for top in RANGES for step in (top - 1, top)))
_SATURATED = 500  # one value of so many may be
_FEW_LEVELS = 4  # of 256
_WHITE_IS_ZERO = (262, 0)  # tag of TIFF, and its value
_OF_COLOURS = re.compile(r"(RGB|RGBA|RGBa|RGBX|RGBXX|RGBXXX|LA);16[BLN]")
_OTHER_END = {"B": "L", "L": "B", "N": "B" if sys.byteorder == "little" else "L"}


def values_above(values: Array) -> Array:
    """Count values: all, and those from each end of a range on and above it.

    Counts of several images may be added.
    """
    return np.array([np.count_nonzero(values > step) for step in _STEPS], np.int64)


def fitting_range(above: Array) -> int:
    """Return the end of the smallest full range, from 0, that holds all values.

    Saturated values, those at the very end of it, are left out where they are few: one of them
    would leave all other images black.

    Args:
        above: see ``values_above``.
    """
    size, *counts = above.tolist()
    at_end, beyond = counts[::2], counts[1::2]
    saturated = at_end[beyond.index(0)]
    ignored = saturated if saturated * _SATURATED <= size else 0
    return next(top for top, count in zip(RANGES, beyond, strict=True) if count <= ignored)


def exceeding(above: Array, top: int) -> Array:
    """Return how many values are above the end of a range; ``above`` may be of many images."""
    counts: Array = above[..., _STEPS.index(top)]
    return counts


def to_bytes(values: Array, top: int) -> npt.NDArray[np.uint8]:
    """Bring values from 0..top to 0..255; higher ones count as the highest.

    Of 8 bits or more the highest 8 are kept, so that a full range of 8 bits stays as it is.
    """
    held = np.minimum(values, top)
    scaled = held >> (top.bit_length() - 8) if top >= 255 else held * (255 // top)
    return scaled.astype(np.uint8)


def is_wide(opened: Any) -> bool:
    """Tell whether an image that Pillow has opened has more than 8 bits a value."""
    grey = opened.mode in ("I", "F") or opened.mode.startswith("I;16")
    return grey or _raw_mode(opened) is not None


def _raw_mode(opened: Any) -> str | None:
    """Return how a file holds its colours, if it does in 16 bits each."""
    arguments = opened.tile[0][3] if opened.tile else None
    name = arguments[0] if isinstance(arguments, tuple) and arguments else arguments
    return name if isinstance(name, str) and _OF_COLOURS.fullmatch(name) else None


def white_is_zero(opened: Any) -> bool:
    """Tell whether 0 is white in a TIFF, which Pillow heeds in those of 8 bits alone."""
    tag, value = _WHITE_IS_ZERO
    return bool(getattr(opened, "tag_v2", {}).get(tag) == value)


def wide_values(opened: Any, again: Callable[[], AbstractContextManager[Any]]) -> Array:
    """Return the values of an image of more than 8 bits.

    Args:
        opened: the image as Pillow has opened it.
        again: opens it once more.

    Returns:
        uint16 (H, W), or (H, W, 3) of colours; transparency is left out.

    Raises:
        ValueError: the values are not whole numbers of 16 bits.
    """
    raw = _raw_mode(opened)
    if raw is None:
        return _whole(_upright(opened))
    # Pillow keeps the first byte of two; told that they lie the other way, it keeps the second.
    if raw.startswith("LA"):
        _read_as(opened, "RGBA")
        pairs = _upright(opened).astype(np.uint16)
        return np.repeat(pairs[..., :1] << 8 | pairs[..., 1:2], 3, axis=-1)
    high = _upright(opened)[..., :3].astype(np.uint16)
    with again() as second:
        _read_as(second, raw[:-1] + _OTHER_END[raw[-1]])
        return high << 8 | _upright(second)[..., :3]


def _upright(opened: Any) -> Array:
    from PIL import ImageOps

    ImageOps.exif_transpose(opened, in_place=True)
    return np.asarray(opened)


def _read_as(opened: Any, raw_mode: str) -> None:
    """Tell Pillow that the file holds its pixels otherwise than it says."""
    tiles = []
    for tile in opened.tile:
        arguments = (raw_mode, *tile[3][1:]) if isinstance(tile[3], tuple) else raw_mode
        make = getattr(tile, "_make", tuple)
        tiles.append(make((*tile[:3], arguments)))
    opened.tile = tiles


def _whole(values: Array) -> Array:
    if values.dtype.kind == "f":
        raise ValueError("32 bits a pixel, floating-point; save it with 8 or 16")
    least, most = int(values.min()), int(values.max())
    if least < 0 or most > RANGES[-1]:
        raise ValueError(f"values from {least} to {most}, which are not of 16 bits")
    return values.astype(np.uint16)


def arrays_to_bytes(
    arrays: Mapping[str, Array], top: int | None = None
) -> tuple[dict[str, Array], int | None, list[str], list[str]]:
    """Bring those of several arrays that hold images of 16 bits to bytes, by one range.

    Args:
        arrays: by name.
        top: the end of the range; None for the one that fits.

    Returns:
        The arrays, the end of the range or None without images of 16 bits, notes and warnings.
    """
    wide = {name: array for name, array in arrays.items() if _holds_wide_images(array)}
    if not wide:
        return dict(arrays), None, [], []
    if top is None:
        top = fitting_range(np.sum([values_above(one) for one in wide.values()], axis=0))
    above = sum(
        int((array > top).reshape(len(array), -1).any(axis=1).sum()) for array in wide.values()
    )
    count = sum(map(len, wide.values()))
    total = sum(len(array) for array in arrays.values() if array.ndim >= 3)
    converted = {name: to_bytes(array, top) for name, array in wide.items()}
    flat = sum(is_flat(image) for array in converted.values() for image in array)
    notes = [range_note(count, total, top, above)]
    return {**arrays, **converted}, top, notes, flat_warnings(flat, count, top)


def _holds_wide_images(array: Array) -> bool:
    wide = array.dtype.kind in "iu" and array.dtype.itemsize == 2
    return wide and array.ndim in (3, 4) and array.size > 0 and int(array.min()) >= 0


def range_note(wide: int, total: int, top: int, above: int = 0) -> str:
    """Say what became of images of more than 8 bits.

    Args:
        wide: how many there are.
        total: of how many images.
        top: the end of the range that became 0..255.
        above: how many of them have higher values.
    """
    said = f"{wide} of {total} images have more than 8 bits a value: 0..{top} becomes 0..255"
    return f"{said}, and in {above} of them higher values count as {top}" if above else said


def is_flat(image: Array) -> bool:
    """Tell whether the bytes of an image are all nearly the same."""
    return int(image.max()) - int(image.min()) < _FEW_LEVELS


def flat_warnings(flat: int, wide: int, top: int) -> list[str]:
    """Warn where most images of more than 8 bits are flat as bytes."""
    if 2 * flat <= wide:
        return []
    return [
        f"{flat} of {wide} images of more than 8 bits become nearly one value, as 0..{top} "
        "becomes 0..255; bring all images to one scale"
    ]
