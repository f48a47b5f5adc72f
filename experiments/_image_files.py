"""Decoding image files with Pillow: many at once, to one size and number of channels."""

import functools
import warnings
from collections.abc import Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path

import numpy as np

from experiments._array_cache import cached_arrays
from experiments._dataset_parts import Array
from experiments._errors import UsageError

IMAGE_SUFFIXES = frozenset(
    {".avif", ".bmp", ".gif", ".jfif", ".jp2", ".jpe", ".jpeg", ".jpg", ".pbm", ".pgm", ".png"}
    | {".pnm", ".ppm", ".tga", ".tif", ".tiff", ".webp"}
)
_CHUNK = 256
_SHOWN_FROM = 500  # so many images are worth a progress bar


def read_images(
    spec: str,
    files: Sequence[Path],
    called: Sequence[str],
    image_size: int | None,
    *,
    cached: bool = True,
) -> Array:
    """Decode files, from the cache if they were decoded before.

    Args:
        spec: what the files belong to, for messages and the name in the cache.
        files: existing files.
        called: for each file, its name in messages.
        image_size: the shorter side is brought to so many pixels and the middle square kept;
            None to take images as they are, which must then share one size.
        cached: whether to look into the cache, and to keep what is decoded there.

    Returns:
        uint8 (N, H, W, 1) if every image is greyscale, else (N, H, W, 3).

    Raises:
        UsageError: for a file that cannot be decoded, or different sizes.
    """
    # The time of the last change of the file itself too: copies may keep the other one.
    stats = [(str(file.absolute()), file.stat()) for file in files]
    source = [
        image_size,
        [(name, s.st_size, s.st_mtime_ns, s.st_ctime_ns) for name, s in stats],
    ]

    def decode() -> dict[str, Array]:
        with warnings.catch_warnings():  # Pillow's, about metadata
            warnings.simplefilter("ignore")
            return {"images": _decode_all(spec, files, called, image_size)}

    return (cached_arrays(spec, source, decode) if cached else decode())["images"]


def _decode_all(
    spec: str, files: Sequence[Path], called: Sequence[str], image_size: int | None
) -> Array:
    images: Array | None = None
    with closing(_decoded(spec, files, called, image_size)) as decoded:
        for row, image in enumerate(decoded):
            if images is None:
                images = np.empty((len(files), *image.shape), np.uint8)
            if image.shape[:2] != images.shape[1:3]:
                raise UsageError(
                    f"{spec}: expected images of one size, got {_size(images[0])} in "
                    f"{called[0]!r} and {_size(image)} in {called[row]!r}; pass --image-size "
                    "to resize them all"
                )
            if image.shape[2] > images.shape[3]:  # the first colours after greyscale
                images = np.repeat(images, image.shape[2], axis=3)
            images[row] = image
    assert images is not None, "no files"
    return images


def _decoded(
    spec: str, files: Sequence[Path], called: Sequence[str], image_size: int | None
) -> Generator[Array, None, None]:
    """Yield the images in order, decoded by several threads, with a progress bar."""
    from experiments._progress import ProgressBar

    decode = functools.partial(_decode, spec, image_size)
    with ExitStack() as stack:
        pool = stack.enter_context(ThreadPoolExecutor())
        bar = None
        if len(files) >= _SHOWN_FROM:
            bar = stack.enter_context(ProgressBar(f"reading {spec}", len(files), "images"))
        # In chunks, so that decoded images do not pile up.
        for start in range(0, len(files), _CHUNK):
            chunk = slice(start, start + _CHUNK)
            for image in pool.map(decode, files[chunk], called[chunk]):
                yield image
                if bar is not None:
                    bar.advance(1, "decoding")


def _decode(spec: str, image_size: int | None, file: Path, called: str) -> Array:
    """Decode one file to uint8 (H, W, C)."""
    from PIL import Image, ImageOps

    try:
        with Image.open(file) as opened:
            image = ImageOps.exif_transpose(opened)
        if image.mode.startswith("I;16"):
            image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
        if image.mode in ("I", "F"):
            raise ValueError("32 bits a pixel")
        image = image.convert("L" if image.mode in ("1", "L", "LA", "La") else "RGB")
        if image_size is not None:
            # Resizing this box is resizing the whole and cropping: pixels beside it count.
            side = min(image.size)
            left, top = (image.width - side) // 2, (image.height - side) // 2
            image = image.resize(
                (image_size, image_size),
                Image.Resampling.BICUBIC,  # which averages where it makes smaller
                box=(left, top, left + side, top + side),
            )
    except MemoryError:
        raise
    except Exception as error:  # whatever Pillow raises for damaged files
        reason = " ".join(str(error).replace(str(file), "it").split())[:200]
        raise UsageError(
            f"{spec}: expected an image, but {called!r} cannot be decoded ({reason}); replace "
            "or remove the file"
        ) from error
    pixels = np.asarray(image)
    return pixels[..., np.newaxis] if pixels.ndim == 2 else pixels


def _size(image: Array) -> str:
    return f"{image.shape[1]}×{image.shape[0]}"
