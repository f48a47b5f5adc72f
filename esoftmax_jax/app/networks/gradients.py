"""A network for a few hundred images: directions of edges and colours, then a dense layer.

What a convolutional network must learn from many images is fixed here: histograms of oriented
gradients (Dalal and Triggs, CVPR 2005) and mean and deviation of each colour, by cell. Nothing
of it is trained but the scale of each feature and two dense layers.
"""

import math
from collections.abc import Sequence

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

from esoftmax_jax.app.networks.small import Network, dense_layer

_CELLS, _DIRECTIONS = 4, 9
_TINY = 1e-12  # length of a gradient that has no direction
_SIDE = 32  # pixels that a longer side is averaged down to, about


def gradient_features(
    images: jax.Array,
    *,
    cells: int = _CELLS,
    directions: int = _DIRECTIONS,
    min_length: float = 0.1,
) -> jax.Array:
    """Return what each cell of an image shows: its edges by direction, and its colours.

    Cells are half as wide apart as they are wide. A direction is one of an edge, between 0 and
    π, without a sign. A pixel whose gradient has length r and direction θ counts
    r · max(0, cos 2(θ − θ_k) − cos(2π / ``directions``)) for direction θ_k, which is 0 from the
    next direction on. The histogram of a cell has length 1, or less where it is faint.

    Args:
        images: float32 (N, H, W, C), normalised; H, W ≥ 2 ``cells``.
        cells: how many fill a side without overlap.
        directions: of the histogram.
        min_length: added to the length that a histogram is divided by, per pixel of a cell.

    Returns:
        float32 (N, D) with D = (2 cells − 1)² (directions + 2 C) where sides are multiples of
        twice the number of cells.
    """
    count, height, width, _ = images.shape
    rows, columns = _windows(height, cells), _windows(width, cells)
    area = rows[0].sum() * columns[0].sum()

    def pooled(values: jax.Array) -> jax.Array:
        return jnp.einsum("ih,jw,nhwc->nijc", rows, columns, values, optimize="optimal")

    grey = images.mean(axis=-1, keepdims=True)
    down = jnp.pad(grey[:, 2:] - grey[:, :-2], ((0, 0), (1, 1), (0, 0), (0, 0)))
    right = jnp.pad(grey[:, :, 2:] - grey[:, :, :-2], ((0, 0), (0, 0), (1, 1), (0, 0)))
    length = jnp.sqrt(down**2 + right**2)
    # r cos 2(θ − θ_k) by products alone: no angle is computed.
    twice = 2 * np.pi * np.arange(directions) / directions
    cosines, sines = np.cos(twice).astype(np.float32), np.sin(twice).astype(np.float32)
    safe = jnp.maximum(length, _TINY)
    along = (right**2 - down**2) / safe * cosines + 2 * right * down / safe * sines
    edges = pooled(jnp.maximum(0.0, along - length * math.cos(2 * math.pi / directions)))
    longest = jnp.linalg.norm(edges, axis=-1, keepdims=True)
    mean = pooled(images) / area
    variance = jnp.maximum(pooled(images**2) / area - mean**2, 0.0)
    parts = [edges / (longest + min_length * area), mean, jnp.sqrt(variance)]
    found: jax.Array = jnp.concatenate(parts, axis=-1).reshape(count, -1)
    return found


def _windows(size: int, cells: int) -> npt.NDArray[np.float32]:
    """Return 0 or 1 (windows, size): which pixels of a side belong to which window."""
    side = size // cells
    first = np.arange(0, size - side + 1, max(1, side // 2))[:, None]
    pixels = np.arange(size)
    return ((first <= pixels) & (pixels < first + side)).astype(np.float32)


def average_pool(images: jax.Array, size: int) -> jax.Array:
    """Return the means of squares of so many pixels; what is left at the end is cut off."""
    if size == 1:
        return images
    count, height, width, channels = images.shape
    height, width = height // size, width // size
    cut = images[:, : height * size, : width * size]
    return cut.reshape(count, height, size, width, size, channels).mean(axis=(2, 4))


def has_cells(sides: Sequence[int]) -> bool:
    """Whether images of this height and width have pixels enough for ``gradient_features``."""
    return min(sides) >= 2 * _CELLS


def features_of_images(images: jax.Array) -> jax.Array:
    """Return ``gradient_features`` of images (N, H, W, C) of any size, large ones averaged."""
    size = max(1, min(images.shape[1:3]) // _SIDE)
    return gradient_features(average_pool(images.astype(jnp.float32), size))


class GradientMLP(Network):
    """Features of edges and colours, each normalised, and one hidden layer.

    Attributes:
        hidden: width of the hidden layer.
    """

    hidden: int = 256

    @nn.compact
    def __call__(self, images: jax.Array, *, train: bool) -> jax.Array:
        """Returns the logits (N, num_classes) of images (N, H, W, C)."""
        features = features_of_images(images).astype(self.dtype)
        features = self.batch_norm(features, train, "features_norm")
        hidden = nn.relu(dense_layer(self.hidden, self.dtype, "dense")(features))
        return dense_layer(self.num_classes, self.dtype, "logits")(hidden).astype(jnp.float32)
