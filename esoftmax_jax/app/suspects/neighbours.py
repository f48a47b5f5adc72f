"""What the labels of examples that look alike say of a label."""

import jax
import numpy as np
import numpy.typing as npt

from esoftmax_jax import cleaning
from esoftmax_jax.app.data.dataset import Dataset
from esoftmax_jax.app.engine.folds import same_examples
from esoftmax_jax.app.files.arrays import Array
from esoftmax_jax.app.labels.noisy_labels import NoisyTraining
from esoftmax_jax.app.networks.gradients import features_of_images, has_cells
from esoftmax_jax.app.terminal.console import make_console

Floats = npt.NDArray[np.float32]

_MOST_COMPARED = 100_000  # time grows with the square
_TAKES_LONG = 20_000  # some ten seconds
_PIXELS = 2**21  # of images that are made features of at once


def neighbour_margins(dataset: Dataset, noisy: NoisyTraining) -> Floats | None:
    """Return how far neighbours have the label of each training example, float32 (N,).

    Near are rows of numbers as networks see them, and images whose cells show edges of the same
    directions and the same colours, each such feature scaled to deviation 1. Of examples that
    are the same with the same label one votes, and not on itself.

    Args:
        dataset: whose training examples are compared.
        noisy: their labels, and which images other ones took the place of.

    Returns:
        See ``cleaning.neighbour_margins``; None of more examples than can be compared, or of
        such as are all the same.
    """
    labels, images = noisy.labels.observed, dataset.train.images
    if len(labels) > _MOST_COMPARED:
        return None
    if len(labels) > _TAKES_LONG:
        make_console().print(f"comparing each of {len(labels)} examples with all others …")
    if noisy.foreign is not None and dataset.foreign_images is not None:
        images, foreign = images.copy(), noisy.foreign >= 0
        images[foreign] = dataset.foreign_images[noisy.foreign[foreign]]
    of_cells = images.ndim == 4 and has_cells(images.shape[1:3])
    features = _of_cells(dataset, images) if of_cells else dataset.normalised(images)
    rows = features.reshape(len(labels), -1)
    groups = same_examples(dataset)
    alike = np.arange(len(labels)) if groups is None else groups
    _, first, place = np.unique(
        np.stack([alike, labels]), axis=1, return_index=True, return_inverse=True
    )
    if (rows[first] == rows[first[0]]).all():
        return None
    found = cleaning.neighbour_margins(rows[first], labels[first])
    return found[place.reshape(-1)].astype(np.float32)


def _of_cells(dataset: Dataset, images: Array) -> Array:
    """Return the features of images, float32 (N, D)."""
    size = max(1, min(len(images), _PIXELS // (images.shape[1] * images.shape[2])))
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
