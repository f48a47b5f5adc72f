"""Affine maps of an image, and random rotation of a batch.

The arithmetic is Pillow's, so that a protocol written for Pillow images, as torchvision's
``RandomRotation`` is, gives the same pixels here: coordinates are continuous, pixel (i, j)
covers the square [j, j + 1) × [i, i + 1), and what lies outside the image is 0 (black).
"""

from typing import Literal, get_args

import jax
import jax.numpy as jnp
import numpy as np

from esoftmax_jax.app.augment.shift_and_flip import example_keys

Interpolation = Literal["nearest", "bilinear"]

_ONE = 1 << 16  # 1 in fixed point


def random_rotation(
    key: jax.Array,
    images: jax.Array,
    degrees: float = 20.0,
    *,
    interpolation: Interpolation = "nearest",
) -> jax.Array:
    """Turns each image about its centre by an angle that is uniform in ±``degrees``.

    The size stays; corners that turn in from outside are 0. With ``"nearest"`` this is
    torchvision's ``RandomRotation(degrees)`` of Pillow images.

    Args:
        key: one key, to be split, or a key for each example, (N,).
        images: (N, H, W, C), uint8 or floating; not yet normalised where 0 shall mean black.
        degrees: the largest angle, 0 or more.
        interpolation: ``"nearest"`` or ``"bilinear"``, see ``affine``.

    Returns:
        (N, H, W, C), of the dtype of ``images``.
    """
    if not degrees >= 0:
        raise ValueError(
            f"expected degrees >= 0, got {degrees}; angles are drawn from both directions"
        )
    height, width = images.shape[1:3]

    def turn(one: jax.Array, image: jax.Array) -> jax.Array:
        angle = np.float32(degrees) * jax.random.uniform(one, (), jnp.float32, -1.0, 1.0)
        return affine(image, rotation_matrix(angle, height, width), interpolation)

    return jax.vmap(turn)(example_keys(key, images.shape[0]), images)


def rotation_matrix(degrees: jax.Array, height: int, width: int) -> jax.Array:
    """Return the map that makes ``affine`` turn an image counter-clockwise about its centre.

    With c = cos θ, s = sin θ and the centre (u, v) = (W/2, H/2):
    x′ = c(x − u) − s(y − v) + u,  y′ = s(x − u) + c(y − v) + v.

    Args:
        degrees: () float32, the angle θ.
        height: H, in pixels.
        width: W, in pixels.

    Returns:
        (2, 3) float32.
    """
    radians = degrees * np.float32(np.pi / 180)
    cosine, sine = jnp.cos(radians), jnp.sin(radians)
    u, v = width / 2, height / 2
    rows = [
        [cosine, -sine, u - cosine * u + sine * v],
        [sine, cosine, v - sine * u - cosine * v],
    ]
    return jnp.stack([jnp.stack(row) for row in rows])


def affine(
    image: jax.Array, matrix: jax.Array, interpolation: Interpolation = "nearest"
) -> jax.Array:
    """Maps an image: the pixel at (x, y) of the result is the input at A(x, y, 1)ᵀ.

    ``"nearest"`` takes the pixel that holds the point, computed in fixed point with 16
    fractional bits; ``"bilinear"`` weighs the four pixels around it, those beyond the edge
    being copies of the edge, and rounds down where ``image`` holds integers. Both are
    Pillow's ``Image.transform`` with ``AFFINE``.

    Args:
        image: (H, W, C), uint8 or floating; H and W below 2¹⁵.
        matrix: (2, 3) float32, the A.
        interpolation: ``"nearest"`` or ``"bilinear"``.

    Returns:
        (H, W, C), of the dtype of ``image``; 0 where A(x, y, 1)ᵀ lies outside the image.
    """
    if interpolation not in get_args(Interpolation):
        expected = " or ".join(map(repr, get_args(Interpolation)))
        raise ValueError(f"interpolation: expected {expected}, got {interpolation!r}")
    return _nearest(image, matrix) if interpolation == "nearest" else _bilinear(image, matrix)


def _nearest(image: jax.Array, matrix: jax.Array) -> jax.Array:
    # Fixed point is not for speed: the choice at the boundary of two pixels is then Pillow's,
    # and the same on every device.
    fixed = jnp.floor(_from_indices(matrix) * _ONE + 0.5).astype(jnp.int32)
    x, y = (position >> 16 for position in _positions(fixed, image.shape))
    inside = _inside(x, y, image.shape)
    return jnp.where(inside[..., None], _pixels(image, y, x), jnp.zeros((), image.dtype))


def _bilinear(image: jax.Array, matrix: jax.Array) -> jax.Array:
    x, y = _positions(_from_indices(matrix), image.shape)
    inside = _inside(x, y, image.shape)
    left, top = jnp.floor(x - 0.5), jnp.floor(y - 0.5)
    right_share, lower_share = (x - 0.5 - left)[..., None], (y - 0.5 - top)[..., None]
    i, j = top.astype(jnp.int32), left.astype(jnp.int32)

    def across(row: jax.Array) -> jax.Array:
        first = _pixels(image, row, j).astype(jnp.float32)
        second = _pixels(image, row, j + 1).astype(jnp.float32)
        return first + (second - first) * right_share

    upper, lower = across(i), across(i + 1)
    mixed = upper + (lower - upper) * lower_share
    return jnp.where(inside[..., None], mixed, 0.0).astype(image.dtype)


def _from_indices(matrix: jax.Array) -> jax.Array:
    """From a map of points to one of indices, whose points lie half a pixel further."""
    linear, shift = matrix[:, :2], matrix[:, 2]
    return jnp.concatenate([linear, (shift + 0.5 * linear.sum(1))[:, None]], 1)


def _positions(a: jax.Array, shape: tuple[int, ...]) -> tuple[jax.Array, jax.Array]:
    """What the matrix ``a`` makes of every index (x, y): x and y, each (H, W)."""
    column = jnp.arange(shape[1], dtype=a.dtype)[None, :]
    row = jnp.arange(shape[0], dtype=a.dtype)[:, None]
    x, y = (a[k, 0] * column + a[k, 1] * row + a[k, 2] for k in (0, 1))
    return x, y


def _inside(x: jax.Array, y: jax.Array, shape: tuple[int, ...]) -> jax.Array:
    return (x >= 0) & (x < shape[1]) & (y >= 0) & (y < shape[0])


def _pixels(image: jax.Array, rows: jax.Array, columns: jax.Array) -> jax.Array:
    """The pixels (H, W, C) at rows and columns (H, W); the nearest one if outside."""
    height, width, channels = image.shape
    place = jnp.clip(rows, 0, height - 1) * width + jnp.clip(columns, 0, width - 1)
    # One index per element: on a CPU the compiler turns that into a plain loop.
    element = place[..., None] * channels + jnp.arange(channels, dtype=place.dtype)
    return image.reshape(-1).at[element].get(mode="promise_in_bounds")
