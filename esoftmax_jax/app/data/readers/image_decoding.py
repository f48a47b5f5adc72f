"""One image file: the formats that are tried, how large it may be, and its pixels as bytes."""

import contextlib
import dataclasses
import functools
import re
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from esoftmax_jax.app.data.readers.wide_images import (
    is_wide,
    to_bytes,
    values_above,
    white_is_zero,
    wide_values,
)
from esoftmax_jax.app.files.arrays import Array
from esoftmax_jax.app.files.regular_file import regular
from esoftmax_jax.app.terminal.messages import UsageError

IMAGE_SUFFIXES = frozenset(
    {".avif", ".bmp", ".gif", ".jfif", ".jp2", ".jpe", ".jpeg", ".jpg", ".pbm", ".pgm", ".png"}
    | {".pnm", ".ppm", ".tga", ".tif", ".tiff", ".webp"}
)
# Others run programs (EPS) or are no pictures. TGA begins with nothing to know it by.
_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "PPM", "JPEG2000", "AVIF")
_MOST_PIXELS = 2**27
_LARGE = 2**25  # so many pixels are decoded alone: several at once take too much memory
_one_large = threading.RLock()


@functools.cache
def _formats() -> tuple[str, ...]:
    from PIL import Image

    Image.init()
    return tuple(name for name in _FORMATS if name in Image.OPEN)  # AVIF need not be there


@contextlib.contextmanager
def opened_image(spec: str, file: Path, called: str) -> Iterator[Any]:
    """Open an image file without decoding it; what fails meanwhile is one line.

    Args:
        spec: what the file belongs to, for messages.
        file: the file.
        called: its name in messages.

    Raises:
        UsageError: it is no file, no image, damaged, or of too many pixels.
    """
    from PIL import Image, UnidentifiedImageError

    formats = (*_formats(), "TGA") if file.suffix.lower() == ".tga" else _formats()
    try:
        with Image.open(regular(file), formats=formats) as opened:
            if opened.width * opened.height > _MOST_PIXELS:
                raise _too_large(spec, f"{opened.width}×{opened.height}", called)
            large = opened.width * opened.height > _LARGE
            with _one_large if large else contextlib.nullcontext():
                yield opened
                opened.close()  # its pixels go now, not when they are collected
    except (MemoryError, UsageError):
        raise
    except Image.DecompressionBombError as error:  # Pillow's own limit lies above ours
        size = "".join(re.findall(r"\d+ pixels", str(error))[:1])
        raise _too_large(spec, size, called) from error
    except Exception as error:  # whatever Pillow raises for damaged files
        reason = getattr(error, "strerror", None) or str(error)
        if isinstance(error, UnidentifiedImageError):
            reason = "it is of no format that is read here"
        reason = " ".join(reason.replace(str(file), "it").split())[:200]
        raise UsageError(
            f"{spec}: expected an image, but {called!r} cannot be decoded ({reason}); replace "
            "or remove the file"
        ) from error


def _too_large(spec: str, size: str, called: str) -> UsageError:
    return UsageError(
        f"{spec}: expected images of at most {_MOST_PIXELS} pixels, got {size} in {called!r}; "
        "make it smaller or remove it"
    )


def image_content(file: Path) -> bool:
    """Tell whether a file begins as images do, whatever it is called."""
    from PIL import Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(regular(file), formats=_formats()):
                return True
    except Image.DecompressionBombError:
        return True
    except Exception:  # whatever Pillow raises for what is no image
        return False


def on_white(image: Any) -> Any:
    """Return a picture of Pillow's of 8 bits with white behind what is transparent in it.

    What a file has there is seen by nobody, and is often black, as the drawing itself.
    """
    from PIL import Image

    if image.mode not in ("RGBA", "LA", "PA", "RGBa") and "transparency" not in image.info:
        return image
    image = image.convert("RGBA")
    if image.getextrema()[3][0] == 255:
        return image
    return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)


@dataclasses.dataclass(frozen=True, eq=False)
class Decoded:
    """One decoded image.

    Attributes:
        pixels: uint8 (H, W, C); None where the range of more than 8 bits is not known yet.
        above: of an image of more than 8 bits, see ``values_above``; None for others.
        several: whether the file has further pages or frames.
    """

    pixels: Array | None
    above: Array | None
    several: bool


def decode(
    spec: str, image_size: int | None, value_range: int | None, file: Path, called: str
) -> Decoded:
    """Decode one file.

    Args:
        spec: what the file belongs to, for messages.
        image_size: see ``read_images``.
        value_range: of values of more than 8 bits, which becomes 0..255; None if it is not
            known yet.
        file: the file.
        called: its name in messages.
    """
    from PIL import Image, ImageOps

    with opened_image(spec, file, called) as opened:
        image, above = opened, None
        # Phones add depth maps and the like to a JPEG: the photograph is the first.
        several = opened.format != "MPO" and bool(getattr(opened, "is_animated", False))
        if is_wide(image):
            inverted = white_is_zero(image)
            again = functools.partial(opened_image, spec, file, called)
            values = wide_values(image, again)
            above = values_above(values)
            if value_range is None:
                return Decoded(None, above, several)
            scaled = to_bytes(values, value_range)
            image = Image.fromarray(255 - scaled if inverted else scaled)
        else:
            ImageOps.exif_transpose(image, in_place=True)
        mode = "L" if image.mode in ("1", "L", "LA", "La") else "RGB"
        image = on_white(image)
        if image.mode != mode:
            image = image.convert(mode)
        if image_size is not None:
            # Resizing this box is resizing the whole and cropping: pixels beside it count.
            side = min(image.size)
            left, top = (image.width - side) // 2, (image.height - side) // 2
            image = image.resize(
                (image_size, image_size),
                Image.Resampling.BICUBIC,  # which averages where it makes smaller
                box=(left, top, left + side, top + side),
            )
        pixels = np.asarray(image)
    return Decoded(pixels[..., np.newaxis] if pixels.ndim == 2 else pixels, above, several)
