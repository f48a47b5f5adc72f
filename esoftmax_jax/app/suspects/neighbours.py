"""What the labels of examples that look alike say of a label."""

import jax
import numpy as np
import numpy.typing as npt

from esoftmax_jax import cleaning
from esoftmax_jax.app.data.dataset import Dataset
from esoftmax_jax.app.files.arrays import Array, ClassNumbers
from esoftmax_jax.app.networks.gradients import features_of_images, has_cells

Floats = npt.NDArray[np.float32]

_MOST_COMPARED = 100_000  # time grows with the square
_BATCH = 512  # images that are made features of at once


def neighbour_margins(dataset: Dataset, labels: ClassNumbers) -> Floats | None:
    """Return how far neighbours have the label of each training example, float32 (N,).

    Near are rows of numbers as networks see them, and images whose cells show edges of the same
    directions and the same colours, each such feature scaled to deviation 1.

    Args:
        dataset: whose training examples are compared.
        labels: int (N,), theirs.

    Returns:
        See ``cleaning.neighbour_margins``; None of more examples than can be compared, or of
        such as are all the same.
    """
    if len(labels) > _MOST_COMPARED:
        return None
    images = dataset.train.images
    of_cells = images.ndim == 4 and has_cells(images.shape[1:3])
    features = _of_cells(dataset) if of_cells else dataset.normalised(images)
    rows = features.reshape(len(labels), -1)
    if (rows == rows[0]).all():
        return None
    return cleaning.neighbour_margins(rows, labels).astype(np.float32)


def _of_cells(dataset: Dataset) -> Array:
    """Return the features of images, float32 (N, D)."""
    images = dataset.train.images
    size = min(_BATCH, len(images))
    of_batch = jax.jit(lambda batch: features_of_images(dataset.normalised(batch)))
    parts = []
    for start in range(0, len(images), size):
        batch = images[start : start + size]
        # One program for all: the last batch is filled up.
        filled = np.pad(batch, [(0, size - len(batch)), *[(0, 0)] * (batch.ndim - 1)])
        parts.append(np.asarray(of_batch(filled))[: len(batch)])
    features = np.concatenate(parts)
    deviations = features.std(axis=0)
    scaled: Array = (features - features.mean(axis=0)) / np.where(deviations > 0, deviations, 1)
    return scaled
