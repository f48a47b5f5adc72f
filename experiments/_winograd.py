"""3×3 convolution by Winograd's F(2×2, 3×3): 16 products for four outputs instead of 36.

The image is cut into 4×4 tiles that overlap by two. With the constant matrices B, G, A::

    output tile (2×2) = Aᵀ [ (G k Gᵀ) ⊙ (Bᵀ d B) ] A

Sums over channels make of ⊙ one matrix product for each of the 16 places in a tile, tiles ×
channels. Compared with one product over shifted copies, 2.25 times fewer multiplications and
4 instead of 9 copies of the image; transforms are additions. They are written as sums of
strided slices, which XLA fuses, one for each place: stacked, they are slower.

The derivative is written by hand. That by the images is the same convolution of the
cotangent with the flipped kernel; autodiff would turn every slice into a padded array. Only
reverse mode exists, which is what training needs.

Source: Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", CVPR 2016,
section 4.1.
"""

from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

_KERNEL_TRANSFORM = np.array([[1, 0, 0], [0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0, 0, 1]])
"""G; B and A hold only 0, 1 and −1, and are written as sums below."""

_Line = Sequence[jax.Array]
"""What stands in one row or column of a tile, for all tiles at once."""


@jax.custom_vjp
def convolve_winograd(images: jax.Array, kernel: jax.Array) -> jax.Array:
    """Convolves (N, H, W, C) with (3, 3, C, F) to (N, H, W, F), as padding by one zero does.

    Args:
        images: H and W even.
        kernel: of the same dtype.
    """
    return _convolve(images, kernel)


def _convolve(images: jax.Array, kernel: jax.Array) -> jax.Array:
    products = [
        _rows(tile) @ transformed
        for tile, transformed in zip(
            _input_tiles(images), _transform_kernel(kernel), strict=True
        )
    ]
    count, height, width, _ = images.shape
    return _from_products(products, (count, height // 2, width // 2, kernel.shape[-1]))


def _forward(
    images: jax.Array, kernel: jax.Array
) -> tuple[jax.Array, tuple[jax.Array, jax.Array]]:
    return _convolve(images, kernel), (images, kernel)


def _backward(
    residuals: tuple[jax.Array, jax.Array], cotangent: jax.Array
) -> tuple[jax.Array, jax.Array]:
    images, kernel = residuals
    images_bar = _convolve(cotangent, jnp.flip(kernel, (0, 1)).swapaxes(2, 3))
    # The tiles are made again: to keep them would cost more than four images of memory.
    by_place = [
        lax.dot_general(_rows(tile), _rows(bar), (((0,), (0,)), ((), ())))
        for tile, bar in zip(_input_tiles(images), _output_tiles(cotangent), strict=True)
    ]
    factor = jnp.asarray(_KERNEL_TRANSFORM, kernel.dtype)
    stacked = jnp.stack(by_place).reshape(4, 4, *kernel.shape[2:])
    return images_bar, jnp.einsum("ai,abcf,bj->ijcf", factor, stacked, factor)


convolve_winograd.defvjp(_forward, _backward)


def _input_tiles(images: jax.Array) -> list[jax.Array]:
    """Return Bᵀ d B: for each of 16 places (N, H/2, W/2, C)."""
    _, height, width, _ = images.shape
    padded = jnp.pad(images, ((0, 0), (1, 1), (1, 1), (0, 0)))
    tiles = [
        [padded[:, i : i + height - 1 : 2, j : j + width - 1 : 2] for j in range(4)]
        for i in range(4)
    ]
    return _both_ways(tiles, lambda d: [d[0] - d[2], d[1] + d[2], d[2] - d[1], d[1] - d[3]])


def _output_tiles(cotangent: jax.Array) -> list[jax.Array]:
    """Return A y Aᵀ, the transpose of what makes outputs of products."""
    tiles = [[cotangent[:, i::2, j::2] for j in range(2)] for i in range(2)]
    return _both_ways(tiles, lambda y: [y[0], y[0] + y[1], y[0] - y[1], -y[1]])


def _from_products(products: _Line, shape: tuple[int, int, int, int]) -> jax.Array:
    """Return Aᵀ m A with the tiles put together, from 16 products of (tiles, F)."""
    shaped = [product.reshape(shape) for product in products]
    tiles = [shaped[4 * i : 4 * i + 4] for i in range(4)]
    top_left, top_right, low_left, low_right = _both_ways(
        tiles, lambda m: [m[0] + m[1] + m[2], m[1] - m[2] - m[3]]
    )
    rows = [jnp.stack(pair, axis=3) for pair in ((top_left, top_right), (low_left, low_right))]
    count, height, width, features = shape
    return jnp.stack(rows, axis=2).reshape(count, 2 * height, 2 * width, features)


def _both_ways(
    tiles: Sequence[_Line], transform: Callable[[_Line], list[jax.Array]]
) -> list[jax.Array]:
    """Transform the columns, then the rows of a tile; return its places in reading order."""
    columns = [transform([row[j] for row in tiles]) for j in range(len(tiles))]
    rows = [[column[i] for column in columns] for i in range(len(columns[0]))]
    return [place for row in rows for place in transform(row)]


def _transform_kernel(kernel: jax.Array) -> jax.Array:
    """Return G k Gᵀ (16, C, F)."""
    factor = jnp.asarray(_KERNEL_TRANSFORM, kernel.dtype)
    return jnp.einsum("ai,ijcf,bj->abcf", factor, kernel, factor).reshape(16, *kernel.shape[2:])


def _rows(tiles: jax.Array) -> jax.Array:
    return tiles.reshape(-1, tiles.shape[-1])
