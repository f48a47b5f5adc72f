"""Images of another dataset, brought to the form of those that they are mixed into."""

import numpy as np

from experiments._dataset_parts import Array
from experiments._datasets import Dataset
from experiments._errors import UsageError


def like_training_images(other: Dataset, dataset: Dataset) -> Array:
    """Return another dataset's training images with the size and channels of ours.

    Raises:
        UsageError: they are the same images, or one of the two holds no byte images and
            their shapes differ.
    """
    same_map = other.class_map is not None and other.class_map == dataset.class_map
    if same_map or np.array_equal(other.train_images, dataset.train_images):
        raise UsageError(
            f"--noise open-set: expected images of other classes than {dataset.name} has, got "
            f"{other.name}, which are the same; choose another dataset"
        )
    images, wanted = other.train_images, dataset.train_images
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
