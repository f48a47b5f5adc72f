"""What is done to the images of a training batch."""

import jax
import numpy as np
import numpy.typing as npt

from esoftmax_jax.app.augment.augment_spec import STAGES, AugmentationSpec
from esoftmax_jax.app.augment.rand_augment import rand_augment
from esoftmax_jax.app.augment.rotation import random_rotation
from esoftmax_jax.app.augment.shift_and_flip import random_flip, random_shift
from esoftmax_jax.app.terminal.messages import UsageError


def check_augmentation(spec: AugmentationSpec, images: npt.NDArray[np.generic]) -> None:
    """Raise a ``UsageError`` if the images of a dataset cannot be augmented so."""
    got = f"got {images.dtype} of shape {images.shape[1:]}"
    if (spec.shift or spec.flip or spec.rotate or spec.rand_augment) and images.ndim != 4:
        raise UsageError(
            f"--augment {spec}: expected images (H, W, C), {got}; only mixup works without"
        )
    bytes_of_color = images.dtype == np.uint8 and images.shape[-1] in (1, 3)
    if spec.rand_augment and not bytes_of_color:
        raise UsageError(
            f"--augment {spec}: expected uint8 images with 1 or 3 channels for randaugment, "
            f"{got}; leave randaugment out"
        )


def stage_keys(key: jax.Array) -> dict[str, jax.Array]:
    """Return a key for each of ``STAGES``, of the form of ``key``.

    A stage's key does not depend on which others there are.

    Args:
        key: one key, or a key for each example, (N,).
    """
    count = len(STAGES)
    if key.ndim:
        keys = jax.vmap(lambda one: jax.random.split(one, count), out_axes=1)(key)
    else:
        keys = jax.random.split(key, count)
    return {name: keys[index] for index, name in enumerate(STAGES)}


def augment(spec: AugmentationSpec, key: jax.Array, images: jax.Array) -> jax.Array:
    """Applies what ``spec`` names: shift, flip, rotate, randaugment, in this order.

    For mixup, which needs labels, call ``mixup(stage_keys(key)["mixup"], ...)`` afterwards.

    Args:
        spec: from ``parse_augmentation``; static under ``jax.jit``.
        key: one key, or a key for each example, (N,).
        images: (N, H, W, C), not normalised; uint8 for randaugment, uint8 or floating for
            the others.

    Returns:
        (N, H, W, C), of the dtype of ``images``.
    """
    keys = stage_keys(key)
    if spec.shift:
        images = random_shift(keys["shift"], images, spec.shift)
    if spec.flip:
        images = random_flip(keys["flip"], images)
    if spec.rotate:
        images = random_rotation(keys["rotate"], images, spec.rotate)
    if spec.rand_augment:
        images = rand_augment(keys["randaugment"], images, *spec.rand_augment)
    return images
