"""Decoding image files with Pillow: many at once, to one size and number of channels."""

import dataclasses
import functools
import math
import warnings
from collections.abc import Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path

import numpy as np

from esoftmax_jax.app.data.readers.image_decoding import Decoded, decode, opened_image
from esoftmax_jax.app.data.readers.wide_images import (
    exceeding,
    fitting_range,
    flat_warnings,
    is_flat,
    range_note,
)
from esoftmax_jax.app.files.array_cache import cached_arrays
from esoftmax_jax.app.files.arrays import Array
from esoftmax_jax.app.files.memory import available_memory, gigabytes
from esoftmax_jax.app.terminal.messages import UsageError

_DECODING = 4  # to be raised when the same files become other pixels
_CHUNK = 256
_CHUNK_PIXELS = 2**26
_SHOWN_FROM = 500  # so many images are worth a progress bar


@dataclasses.dataclass(frozen=True, eq=False)
class Images:
    """What was decoded.

    Attributes:
        pixels: uint8 (N, H, W, 1) if every image is greyscale, else (N, H, W, 3); features in
            their place, (N, D).
        value_range: the end of the range from 0 that became 0..255 in images of more than 8
            bits; None if there are none.
        notes: what a reader of results has to know.
        warnings: what the user has to know before anything is run.
    """

    pixels: Array
    value_range: int | None = None
    notes: list[str] = dataclasses.field(default_factory=list)
    warnings: list[str] = dataclasses.field(default_factory=list)


@dataclasses.dataclass(frozen=True)
class _Source:
    """Where images come from, and what is to become of them."""

    spec: str
    files: Sequence[Path]
    called: Sequence[str]
    image_size: int | None

    def of(self, rows: Sequence[int]) -> "_Source":
        return dataclasses.replace(
            self,
            files=[self.files[row] for row in rows],
            called=[self.called[row] for row in rows],
        )


def read_images(
    spec: str,
    files: Sequence[Path],
    called: Sequence[str],
    image_size: int | None,
    *,
    cached: bool = True,
    value_range: int | None = None,
) -> Images:
    """Decode files, from the cache if they were decoded before.

    Images of more than 8 bits a value share one range, which becomes 0..255; those of 8 bits
    keep their values.

    Args:
        spec: what the files belong to, for messages and the name in the cache.
        files: existing files.
        called: for each file, its name in messages.
        image_size: the shorter side is brought to so many pixels and the middle square kept;
            None to take images as they are, which must then share one size.
        cached: whether to look into the cache, and to keep what is decoded there.
        value_range: the end of the range of images of more than 8 bits; None for the one that
            fits.

    Raises:
        UsageError: for a file that cannot be decoded, different sizes, or more than fits in
            memory.
    """
    # The time of the last change of the file itself too: copies may keep the other one.
    stats = [(str(file.absolute()), file.stat()) for file in files]
    source = [
        _DECODING,
        image_size,
        value_range,
        [(name, s.st_size, s.st_mtime_ns, s.st_ctime_ns) for name, s in stats],
    ]

    def make() -> dict[str, Array]:
        with warnings.catch_warnings():  # Pillow's, about metadata
            warnings.simplefilter("ignore")
            return _decode_all(_Source(spec, files, called, image_size), value_range)

    found = cached_arrays(spec, source, make) if cached else make()
    several, wide, top, above, flat = found["counts"].tolist()
    notes = []
    if several:
        notes.append(
            f"{several} of {len(files)} images have several pages or frames: the first one is "
            "used"
        )
    if not wide:
        return Images(found["images"], None, notes)
    notes.append(range_note(wide, len(files), top, above))
    return Images(found["images"], top, notes, flat_warnings(flat, wide, top))


def _decode_all(source: _Source, value_range: int | None) -> dict[str, Array]:
    """Return the images and counts.

    Those are: images of several pages or frames; of more than 8 bits; the end of the range of
    these; how many of them exceed it; how many are nearly one value.
    """
    images = _Collected(source)
    several = 0
    above: dict[int, Array] = {}
    with closing(_decoded(source, None)) as decoded:
        for row, image in enumerate(decoded):
            several += image.several
            if image.above is not None:
                above[row] = image.above
            else:
                images.put(row, image.pixels)
    if not above:
        return {"images": images.pixels, "counts": np.array([several, 0, 0, 0, 0])}
    counts = np.stack(list(above.values()))
    top = fitting_range(counts.sum(axis=0)) if value_range is None else value_range
    with closing(_decoded(source.of(list(above)), top)) as decoded:
        for row, image in zip(above, decoded, strict=True):
            images.put(row, image.pixels)
    exceed = np.count_nonzero(exceeding(counts, top))
    flat = sum(is_flat(images.pixels[row]) for row in above)
    return {
        "images": images.pixels,
        "counts": np.array([several, len(above), top, exceed, flat]),
    }


class _Collected:
    """Images in one array, which gets channels for colours with the first of these."""

    def __init__(self, source: _Source) -> None:
        self._source = source
        self._first: int | None = None
        self.pixels: Array = np.empty((0, 0, 0, 0), np.uint8)

    def put(self, row: int, image: Array | None) -> None:
        assert image is not None
        if self._first is None:
            self._first = row
            self._check_memory(row, image.shape)
            self.pixels = np.empty((len(self._source.files), *image.shape), np.uint8)
        called = self._source.called
        if image.shape[:2] != self.pixels.shape[1:3]:
            raise UsageError(
                f"{self._source.spec}: expected images of one size, got "
                f"{_size(self.pixels[0])} in {called[self._first]!r} and {_size(image)} in "
                f"{called[row]!r}; pass --image-size to resize them all"
            )
        if image.shape[2] > self.pixels.shape[3]:  # the first colours after greyscale
            self._check_memory(row, image.shape)
            self.pixels = np.repeat(self.pixels, image.shape[2], axis=3)
        self.pixels[row] = image

    def _check_memory(self, row: int, shape: tuple[int, ...]) -> None:
        count, there = len(self._source.files), available_memory()
        needed = 2 * count * math.prod(shape)  # once more when training and test are divided
        if needed > there:
            raise UsageError(
                f"{self._source.spec}: expected images that fit in memory, got {count} of "
                f"{shape[1]}×{shape[0]} as {self._source.called[row]!r}, which take "
                f"{gigabytes(needed)} where {gigabytes(there)} are free; pass a smaller "
                "--image-size, or fewer images"
            )


def _decoded(source: _Source, value_range: int | None) -> Generator[Decoded, None, None]:
    """Yield the images in order, decoded by several threads, with a progress bar."""
    from esoftmax_jax.app.terminal.progress import ProgressBar

    spec, files, size = source.spec, source.files, source.image_size
    read = functools.partial(decode, spec, size, value_range)
    pixels = _first_pixels(source) if size is None else size**2
    # In chunks, so that decoded images do not pile up.
    together = max(1, min(_CHUNK, _CHUNK_PIXELS // pixels))
    with ExitStack() as stack:
        pool = stack.enter_context(ThreadPoolExecutor())
        bar = None
        if len(files) >= _SHOWN_FROM:
            bar = stack.enter_context(ProgressBar(f"reading {spec}", len(files), "images"))
        for start in range(0, len(files), together):
            chunk = slice(start, start + together)
            for image in pool.map(read, files[chunk], source.called[chunk]):
                yield image
                if bar is not None:
                    bar.advance(1, "decoding")


def _first_pixels(source: _Source) -> int:
    with opened_image(source.spec, source.files[0], source.called[0]) as opened:
        return int(opened.width * opened.height)


def _size(image: Array) -> str:
    return f"{image.shape[1]}×{image.shape[0]}"
