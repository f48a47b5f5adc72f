"""Changes of the grey levels of an image, after Pillow.

Every function takes an image (H, W, C) of uint8, with one channel or with red, green and
blue. Pillow's results that are whole numbers are computed in whole numbers here, so that all
devices agree.
"""

import jax
import jax.numpy as jnp
import numpy as np


def blend(degenerate: jax.Array, image: jax.Array, factor: jax.Array) -> jax.Array:
    """Cuts d + f(x − d) to [0, 255] and rounds it down: Pillow's ``ImageEnhance``.

    The degenerate image d decides what is enhanced: black for brightness, ``mean_level`` for
    contrast, ``luminance`` for colour, ``smooth`` for sharpness.

    Args:
        degenerate: broadcastable to ``image``, uint8.
        image: (H, W, C) uint8, the x.
        factor: () float32, the f; 1 keeps the image.

    Returns:
        (H, W, C) uint8.
    """
    d, x = degenerate.astype(jnp.float32), image.astype(jnp.float32)
    return jnp.clip(d + factor * (x - d), 0.0, 255.0).astype(jnp.uint8)


def luminance(image: jax.Array) -> jax.Array:
    """0.299 R + 0.587 G + 0.114 B, rounded: (H, W, 1) uint8; a single channel is returned.

    The weights are those of ITU-R BT.601 in 16 bits, as in Pillow's conversion to ``L``.
    """
    if image.shape[-1] == 1:
        return image
    red, green, blue = (image[..., channel, None].astype(jnp.int32) for channel in range(3))
    return ((19595 * red + 38470 * green + 7471 * blue + (1 << 15)) >> 16).astype(jnp.uint8)


def mean_level(image: jax.Array) -> jax.Array:
    """The rounded mean of the luminance: () uint8."""
    grey = luminance(image).astype(jnp.int32)
    return ((2 * grey.sum() + grey.size) // (2 * grey.size)).astype(jnp.uint8)


def smooth(image: jax.Array) -> jax.Array:
    """The mean over 3 × 3 pixels, the middle one counted five times; the edge stays.

    Pillow's ``ImageFilter.SMOOTH``: weights 1/13 and 5/13, rounded.
    """
    x = image.astype(jnp.int32)
    rows = jnp.pad(x, ((1, 1), (0, 0), (0, 0)))
    rows = rows[:-2] + rows[1:-1] + rows[2:]
    box = jnp.pad(rows, ((0, 0), (1, 1), (0, 0)))
    box = box[:, :-2] + box[:, 1:-1] + box[:, 2:]
    smoothed = ((2 * (box + 4 * x) + 13) // 26).astype(jnp.uint8)
    height, width, _ = image.shape
    row, column = np.arange(height)[:, None, None], np.arange(width)[:, None]
    inner = (row > 0) & (row < height - 1) & (column > 0) & (column < width - 1)
    return jnp.where(inner, smoothed, image)


def autocontrast(image: jax.Array) -> jax.Array:
    """⌊255 (x − lo) / (hi − lo)⌋ with each channel's least and greatest level lo and hi.

    A channel of a single level stays. Pillow's ``ImageOps.autocontrast`` divides in floating
    point and may be one level lower where the quotient is a whole number.
    """
    x = image.astype(jnp.int32)
    low, high = x.min((0, 1)), x.max((0, 1))
    stretched = 255 * (x - low) // jnp.maximum(high - low, 1)
    return jnp.where(high > low, stretched, x).astype(jnp.uint8)


def equalize(image: jax.Array) -> jax.Array:
    """Levels such that each channel's histogram becomes as flat as it can.

    Level v becomes min(255, ⌊(⌊t/2⌋ + #{pixels below v}) / t⌋) with t = ⌊#{pixels below the
    greatest level} / 255⌋; a channel with t = 0 stays. Pillow's ``ImageOps.equalize``.
    """
    height, width, channels = image.shape
    place = image.astype(jnp.int32) + 256 * jnp.arange(channels, dtype=jnp.int32)
    counts = jnp.zeros(channels * 256, jnp.int32).at[place.reshape(-1)].add(1)
    counts = counts.reshape(channels, 256)
    upto = jnp.cumsum(counts, axis=1)
    below_greatest = jnp.max(jnp.where(upto < height * width, upto, 0), axis=1, keepdims=True)
    step = below_greatest // 255
    divisor = jnp.maximum(step, 1)
    levels = jnp.minimum((divisor // 2 + upto - counts) // divisor, 255)
    levels = jnp.where(step > 0, levels, jnp.arange(256, dtype=jnp.int32))
    return levels.astype(jnp.uint8).reshape(-1).at[place].get(mode="promise_in_bounds")


def solarize(image: jax.Array, threshold: int) -> jax.Array:
    """255 − x where x ≥ ``threshold``; 256 changes nothing, 0 gives the negative."""
    return jnp.where(image.astype(jnp.int32) >= threshold, 255 - image, image)


def posterize(image: jax.Array, bits: int) -> jax.Array:
    """Keeps the ``bits`` highest bits of every level, 1 to 8, and clears the others."""
    return image & np.uint8(256 - (1 << (8 - bits)))
