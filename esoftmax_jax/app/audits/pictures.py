"""Pictures for a page: small enough, at their own shape, as text within it."""

import base64
import io
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from esoftmax_jax.app.data.readers.image_decoding import on_white, opened_image
from esoftmax_jax.app.files.arrays import Array
from esoftmax_jax.app.terminal.messages import UsageError

# So many pictures may have so many pixels on their longer side: a page stays below 30 MB.
_SIDES = ((600, 256), (2500, 160))
_SMALLEST_SIDE = 112
_LOSSLESS = 64  # pixels a side; below, JPEG is no smaller


def longest_side(count: int) -> int:
    """Return how many pixels a picture may have on its longer side among so many."""
    return next((side for most, side in _SIDES if count <= most), _SMALLEST_SIDE)


def pictures_of_files(
    name: str, files: Sequence[Path], called: Sequence[str]
) -> Callable[[Sequence[int]], list[Any]]:
    """Return what shows files by their rows; one that cannot be decoded is not shown."""

    def content(rows: Sequence[int]) -> list[Any]:
        side = longest_side(len(rows))

        def show(row: int) -> str | None:
            from PIL import ImageOps

            try:
                with opened_image(name, files[row], called[row]) as image:
                    image.draft("RGB", (2 * side, 2 * side))  # JPEG: decoded small at once
                    return data_uri(ImageOps.exif_transpose(image), side)
            except UsageError:
                return None

        with ThreadPoolExecutor() as pool:
            return list(pool.map(show, rows))

    return content


def pictures_of_arrays(images: Array) -> Callable[[Sequence[int]], list[Any]]:
    """Return what shows images (N, H, W, C) by their rows."""

    def content(rows: Sequence[int]) -> list[Any]:
        side = longest_side(len(rows))
        return [data_uri(_as_picture(images[row]), side) for row in rows]

    return content


def data_uri(image: Any, side: int) -> str:
    """Return a picture of Pillow's as a URI, no longer than ``side`` on either side."""
    from PIL import Image

    if image.mode.startswith(("I", "F")):  # more than 8 bits: from its own range
        values = np.asarray(image, np.float64)
        image = _as_picture(values[..., None])
    image = on_white(image)
    if image.mode not in ("L", "RGB"):
        image = image.convert("RGB")
    image.thumbnail((side, side))
    kind = "png" if max(image.size) <= _LOSSLESS else "jpeg"
    file = io.BytesIO()
    # Without the metadata: of a photo it may tell the place.
    Image.frombytes(image.mode, image.size, image.tobytes()).save(file, kind, quality=80)
    return f"data:image/{kind};base64,{base64.b64encode(file.getvalue()).decode()}"


def _as_picture(image: Array) -> Any:
    """Return bytes (H, W, C) as a picture, other numbers from their own range."""
    from PIL import Image

    if image.dtype != np.uint8:
        low, high = image.min(), image.max()
        image = np.round(255 * (image - low) / (high - low if high > low else 1)).astype(
            np.uint8
        )
    modes = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}
    pixels = image[..., 0] if image.shape[-1] == 1 else image
    return Image.frombytes(modes[image.shape[-1]], image.shape[1::-1], pixels.tobytes())
