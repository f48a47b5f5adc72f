"""Images of another dataset, brought to the form of those that they are mixed into."""

import numpy as np

from esoftmax_jax.app.data.dataset import Dataset
from esoftmax_jax.app.data.feature_offsets import without_offsets
from esoftmax_jax.app.files.arrays import Array
from esoftmax_jax.app.terminal.messages import UsageError


def like_training_images(other: Dataset, dataset: Dataset) -> Array:
    """Return another dataset's training images with the size and channels of ours.

    Raises:
        UsageError: they are the same images, or one of the two holds no byte images and
            their shapes differ.
    """
    if other.columns is not None or dataset.columns is not None:
        raise UsageError(
            f"--noise open-set: expected images or tables of numbers, got {dataset.name} and "
            f"{other.name}, whose columns are turned into features each in its own way; choose "
            "another noise"
        )
    images, wanted = _less_the_same(other, dataset), dataset.train.images
    same_map = other.class_map is not None and other.class_map == dataset.class_map
    if same_map or np.array_equal(images, wanted):
        raise UsageError(
            f"--noise open-set: expected images of other classes than {dataset.name} has, got "
            f"{other.name}, which are the same; choose another dataset"
        )
    if images.shape[1:] == wanted.shape[1:] and images.dtype == wanted.dtype:
        return images
    if images.dtype != np.uint8 or wanted.dtype != np.uint8:
        raise UsageError(
            f"--noise open-set: expected {other.name} to hold {wanted.dtype} of shape "
            f"{wanted.shape[1:]} as {dataset.name} does, got {images.dtype} of shape "
            f"{images.shape[1:]}; choose another dataset"
        )
    from PIL import Image

    height, width, channels = wanted.shape[1:]
    mode = "L" if channels == 1 else "RGB"
    result = np.empty((len(images), height, width, channels), np.uint8)
    for row, image in enumerate(images):
        pixels = image[..., 0] if image.shape[-1] == 1 else image
        resized = Image.fromarray(pixels).convert(mode).resize((width, height))
        result[row] = np.asarray(resized).reshape(height, width, channels)
    return result


def _less_the_same(other: Dataset, dataset: Dataset) -> Array:
    """Return another dataset's training images, of numbers less the same offsets as ours."""
    images, shape = other.train.images, dataset.train.images.shape[1:]
    if other.feature_offsets == dataset.feature_offsets or images.shape[1:] != shape:
        return images
    zeros = (0.0,) * shape[0]
    whole = images + np.array(other.feature_offsets or zeros)
    return without_offsets(whole, dataset.feature_offsets or zeros)
