"""A network for a few hundred images: directions of edges and colours, then a dense layer.

What a convolutional network must learn from many images is fixed here: histograms of oriented
gradients (Dalal and Triggs, CVPR 2005) and mean and deviation of each colour, by cell. Nothing
of it is trained but the scale of each feature and two dense layers.
"""

import flax.linen as nn
import jax
import jax.numpy as jnp

from esoftmax_jax.app.networks.small import Network, dense_layer

_CELLS, _DIRECTIONS = 4, 9


def gradient_features(
    images: jax.Array,
    *,
    cells: int = _CELLS,
    directions: int = _DIRECTIONS,
    min_length: float = 0.1,
) -> jax.Array:
    """Return what each cell of an image shows: its edges by direction, and its colours.

    Cells are half as wide apart as they are wide. A direction is one of an edge, between 0 and
    π, without a sign; each pixel counts with the length of its gradient, shared between the two
    nearest directions. The histogram of a cell has length 1, or less where it is faint.

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

    grey = images.mean(axis=-1)
    down = jnp.pad(grey[:, 2:] - grey[:, :-2], ((0, 0), (1, 1), (0, 0)))
    right = jnp.pad(grey[:, :, 2:] - grey[:, :, :-2], ((0, 0), (0, 0), (1, 1)))
    place = jnp.mod(jnp.arctan2(down, right) / jnp.pi, 1.0) * directions
    turn = jnp.mod(place[..., None] - jnp.arange(directions, dtype=jnp.float32), directions)
    shares = jnp.maximum(0.0, 1.0 - jnp.minimum(turn, directions - turn))
    edges = pooled(shares * jnp.hypot(down, right)[..., None])
    length = jnp.linalg.norm(edges, axis=-1, keepdims=True)
    mean = pooled(images) / area
    variance = jnp.maximum(pooled(images**2) / area - mean**2, 0.0)
    parts = [edges / (length + min_length * area), mean, jnp.sqrt(variance)]
    found: jax.Array = jnp.concatenate(parts, axis=-1).reshape(count, -1)
    return found


def _windows(size: int, cells: int) -> jax.Array:
    """Return 0 or 1 (windows, size): which pixels of a side belong to which window."""
    side = size // cells
    first = jnp.arange(0, size - side + 1, max(1, side // 2))[:, None]
    pixels = jnp.arange(size)
    return ((first <= pixels) & (pixels < first + side)).astype(jnp.float32)


class GradientMLP(Network):
    """Features of edges and colours, each normalised, and one hidden layer.

    Attributes:
        hidden: width of the hidden layer.
    """

    hidden: int = 256

    @nn.compact
    def __call__(self, images: jax.Array, *, train: bool) -> jax.Array:
        """Returns the logits (N, num_classes) of images (N, H, W, C)."""
        features = gradient_features(images.astype(jnp.float32)).astype(self.dtype)
        features = self.batch_norm(features, train, "features_norm")
        hidden = nn.relu(dense_layer(self.hidden, self.dtype, "dense")(features))
        return dense_layer(self.num_classes, self.dtype, "logits")(hidden).astype(jnp.float32)
