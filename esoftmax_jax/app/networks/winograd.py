"""3×3 convolution by Winograd's F(m×m, 3×3): (m + 2)² products for m² outputs, not 9 m².

The image is cut into tiles of side m + 2 that overlap by two. With constant matrices B, G, A::

    output tile (m×m) = Aᵀ [ (G k Gᵀ) ⊙ (Bᵀ d B) ] A

Sums over channels make of ⊙ one matrix product for each place in a tile, tiles × channels.
m is 4 for images of 8×8 and more whose sides it divides, else 2: compared with one product
over shifted copies, 4 or 2.25 times fewer multiplications and 2.25 or 4 instead of 9 copies of
the image. Images are transformed by sums of strided slices, which XLA fuses, one for each
place (stacked, they are slower), kernels by a matrix product.

The derivative is written by hand. That by the images is the same convolution of the
cotangent with the flipped kernel; autodiff would turn every slice into a padded array. Only
reverse mode exists, which is what training needs.

Source: Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", CVPR 2016,
section 4.1; the matrices for any points are Cook and Toom's.
"""

import dataclasses
import functools
from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
from jax import lax

_POINTS = {2: (0.0, 1.0, -1.0), 4: (0.0, 0.5**0.5, -(0.5**0.5), 2**0.5, -(2**0.5))}
"""Outputs in a row of a tile → where polynomials are evaluated, beside infinity. The usual 0,
±1, ±2 would cost six times the precision."""

_Matrix = npt.NDArray[np.float64]
_Line = Sequence[jax.Array]
"""What is added up, for all tiles at once."""


@dataclasses.dataclass(frozen=True, eq=False)
class _Transforms:
    """The matrices of F(m, 3), with n = m + 2.

    Attributes:
        images: Bᵀ (n, n).
        kernel: G (n, 3).
        outputs: Aᵀ (m, n).
    """

    images: _Matrix
    kernel: _Matrix
    outputs: _Matrix

    def both_ways(self, *, flipped: bool = False) -> _Matrix:
        """Return G k Gᵀ as a matrix (n², 9) for kernels in reading order, or turned by 180°."""
        kernel = self.kernel[:, ::-1] if flipped else self.kernel
        return np.asarray(np.kron(kernel, kernel), np.float64)


@functools.cache
def transforms(outputs: int) -> _Transforms:
    """Return the matrices for so many outputs in a row of a tile."""
    points = _POINTS[outputs]
    images = np.zeros((len(points) + 1, len(points) + 1))
    kernel = np.zeros((len(points) + 1, 3))
    for row, point in enumerate(points):
        others = [other for other in points if other != point]
        images[row, :-1] = np.poly(others)[::-1]
        kernel[row] = point ** np.arange(3) / np.prod(np.subtract(point, others))
    images[-1] = np.poly(points)[::-1]  # at infinity
    kernel[-1, -1] = 1
    powers: _Matrix = np.power.outer(np.array(points), np.arange(outputs)).T
    at_infinity = np.eye(outputs)[:, -1:]
    # Coefficients that would be 0 but for rounding are 0.
    images[np.abs(images) < 1e-12] = 0
    return _Transforms(images, kernel, np.concatenate([powers, at_infinity], axis=1))


@jax.custom_vjp
def convolve_winograd(images: jax.Array, kernel: jax.Array) -> jax.Array:
    """Convolves (N, H, W, C) with (3, 3, C, F) to (N, H, W, F), as padding by one zero does.

    Args:
        images: H and W even.
        kernel: of the same dtype.
    """
    matrix = transforms(_side(images)).both_ways()
    return _convolve(images, _transformed(kernel, matrix))


def _convolve(images: jax.Array, kernels: jax.Array) -> jax.Array:
    """Convolve with transformed kernels (n², C, F)."""
    products = [
        _rows(tile) @ kernel for tile, kernel in zip(_input_tiles(images), kernels, strict=True)
    ]
    return _from_products(products, images.shape)


def _forward(
    images: jax.Array, kernel: jax.Array
) -> tuple[jax.Array, tuple[jax.Array, jax.Array]]:
    return convolve_winograd(images, kernel), (images, kernel)


def _backward(
    residuals: tuple[jax.Array, jax.Array], cotangent: jax.Array
) -> tuple[jax.Array, jax.Array]:
    images, kernel = residuals
    matrices = transforms(_side(images))
    flipped = _transformed(kernel.swapaxes(2, 3), matrices.both_ways(flipped=True))
    images_bar = _convolve(cotangent, flipped)
    # The tiles are made again: to keep them would cost more than two images of memory.
    by_place = [
        lax.dot_general(_rows(tile), _rows(bar), (((0,), (0,)), ((), ())))
        for tile, bar in zip(_input_tiles(images), _output_tiles(cotangent), strict=True)
    ]
    kernel_bar = _transformed(jnp.stack(by_place), matrices.both_ways().T)
    return images_bar, kernel_bar.reshape(kernel.shape)


convolve_winograd.defvjp(_forward, _backward)


def _side(images: jax.Array) -> int:
    """Return how many outputs a tile has in a row; small images would have too few tiles."""
    height, width = images.shape[1:3]
    return 4 if height % 4 == width % 4 == 0 and min(height, width) >= 8 else 2


def _transformed(kernels: jax.Array, matrix: _Matrix) -> jax.Array:
    """Multiply kernels (…, C, F) by a matrix over their places; (places, C, F)."""
    *_, channels, features = kernels.shape
    flat = kernels.reshape(matrix.shape[1], channels * features)
    product = jnp.asarray(matrix, kernels.dtype) @ flat
    return product.reshape(len(matrix), channels, features)


def _input_tiles(images: jax.Array) -> list[jax.Array]:
    """Return Bᵀ d B: for each place of a tile (N, H/m, W/m, C)."""
    _, height, width, _ = images.shape
    side = _side(images)
    padded = jnp.pad(images, ((0, 0), (1, 1), (1, 1), (0, 0)))
    last, places = side - 1, range(side + 2)
    matrix = transforms(side).images
    rows = _combined(matrix, [padded[:, i : i + height - last : side] for i in places])
    return [
        place
        for row in _kept(rows, side)
        for place in _combined(matrix, [row[:, :, j : j + width - last : side] for j in places])
    ]


def _output_tiles(cotangent: jax.Array) -> list[jax.Array]:
    """Return A y Aᵀ, the transpose of what makes outputs of products."""
    side = _side(cotangent)
    matrix = transforms(side).outputs.T
    rows = _combined(matrix, [cotangent[:, i::side] for i in range(side)])
    return [
        place
        for row in _kept(rows, side)
        for place in _combined(matrix, [row[:, :, j::side] for j in range(side)])
    ]


def _kept(rows: list[jax.Array], side: int) -> list[jax.Array]:
    """Have rows of tiles computed once for all of their places.

    Fused into each of 36 places they are a little faster and take twice as long to compile; of
    the 16 places of small tiles they are faster fused.
    """
    return list(lax.optimization_barrier(tuple(rows))) if side == 4 else rows


def _from_products(products: Sequence[jax.Array], shape: tuple[int, ...]) -> jax.Array:
    """Return Aᵀ m A with the tiles put together, from products of (tiles, F)."""
    count, height, width, _ = shape
    places = round(len(products) ** 0.5)
    side, features = places - 2, products[0].shape[-1]
    matrix = transforms(side).outputs
    tiles = (count, height // side, width // side, features)
    shaped = [product.reshape(tiles) for product in products]
    rows = [
        jnp.stack(_combined(matrix, shaped[places * i : places * (i + 1)]), axis=3).reshape(
            count, height // side, width, features
        )
        for i in range(places)
    ]
    together = jnp.stack(_combined(matrix, rows), axis=2)
    return together.reshape(count, height, width, features)


def _combined(matrix: _Matrix, line: _Line) -> list[jax.Array]:
    """Return the sums that the rows of a matrix say, without what they multiply by 0 or 1."""
    sums = []
    for row in matrix:
        terms = [
            x if factor == 1 else x * jnp.asarray(factor, x.dtype)
            for factor, x in zip(row, line, strict=True)
            if factor
        ]
        sums.append(functools.reduce(jnp.add, terms))
    return sums


def _rows(tiles: jax.Array) -> jax.Array:
    return tiles.reshape(-1, tiles.shape[-1])
