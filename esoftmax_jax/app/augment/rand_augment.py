"""RandAugment: a few random operations on each image, compiled into the training step."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from esoftmax_jax.app.augment.augment_spec import MAX_MAGNITUDE
from esoftmax_jax.app.augment.color import (
    autocontrast,
    blend,
    equalize,
    luminance,
    mean_level,
    posterize,
    smooth,
    solarize,
)
from esoftmax_jax.app.augment.rotation import affine, rotation_matrix
from esoftmax_jax.app.augment.shift_and_flip import example_keys

Operation = Callable[[jax.Array, jax.Array], jax.Array]
"""From an image (H, W, C) uint8 and a sign () float32, −1 or 1, to an image."""


def rand_augment(
    key: jax.Array, images: jax.Array, num_ops: int = 3, magnitude: float = 5.0
) -> jax.Array:
    """Applies ``num_ops`` operations to each image, each drawn uniformly from the 14.

    Cubuk et al., "RandAugment: Practical automated data augmentation with a reduced search
    space" (2020). With s = ``magnitude`` / 10 and a random sign ± the ranges are those of
    torchvision's ``RandAugment``, except that solarize changes nothing at s = 0:

    =============================  ======================================================
    identity                       the image stays
    autocontrast, equalize         see ``_color_augment``; without strength
    rotate                         by ±30 s degrees about the centre
    shear_x, shear_y               x′ = x ± 0.3 s y; y′ = y ± 0.3 s x; the top left stays
    translate_x, translate_y       by ±⌊s · 150/331 · side⌋ pixels; 14 of 32 at s = 1
    color, contrast, brightness,   enhanced by the factor 1 ± 0.9 s
    sharpness
    posterize                      to 8 − round(4 s) bits
    solarize                       levels from ⌊256 (1 − s)⌋ are inverted
    =============================  ======================================================

    Geometric operations take the nearest pixel, and 0 where there is none.

    Args:
        key: one key, to be split, or a key for each example, (N,).
        images: (N, H, W, C) uint8, C = 1 or 3, not normalised.
        num_ops: how many operations follow each other.
        magnitude: the strength of all of them, from 0 to 10.

    Returns:
        (N, H, W, C) uint8.
    """
    _check(images, num_ops, magnitude)
    height, width = images.shape[1:3]
    branches = list(operations(height, width, magnitude).values())

    def augment(pair: tuple[jax.Array, jax.Array]) -> jax.Array:
        one, image = pair
        choice_key, sign_key = jax.random.split(one)
        choices = jax.random.randint(choice_key, (num_ops,), 0, len(branches))
        signs = jax.random.rademacher(sign_key, (num_ops,), jnp.float32)

        def apply(
            image: jax.Array, drawn: tuple[jax.Array, jax.Array]
        ) -> tuple[jax.Array, None]:
            choice, sign = drawn
            return jax.lax.switch(choice, branches, image, sign), None

        # A scan, so that the branches are compiled once.
        return jax.lax.scan(apply, image, (choices, signs))[0]

    # One image after the other runs only the operations drawn for it, which on a CPU is ten
    # times as fast as running all of them on the batch. Elsewhere 3 N steps would be slow.
    augmented: jax.Array = jax.lax.platform_dependent(
        (example_keys(key, images.shape[0]), images),
        cpu=lambda pairs: jax.lax.map(augment, pairs),
        default=jax.vmap(augment),
    )
    return augmented


def operations(height: int, width: int, magnitude: float) -> dict[str, Operation]:
    """Return the 14 operations at a magnitude, for images of a size; see ``rand_augment``."""
    strength = magnitude / MAX_MAGNITUDE

    def enhanced(degenerate: Callable[[jax.Array], jax.Array]) -> Operation:
        change = np.float32(0.9 * strength)
        return lambda image, sign: blend(degenerate(image), image, 1 + sign * change)

    def mapped(row: int, column: int, largest: float) -> Operation:
        """The identity's matrix with one entry changed."""
        identity = np.eye(2, 3, dtype=np.float32)
        change = np.zeros((2, 3), np.float32)
        change[row, column] = largest
        return lambda image, sign: affine(image, sign * change + identity)

    def rotated(image: jax.Array, sign: jax.Array) -> jax.Array:
        angle = sign * np.float32(30 * strength)
        return affine(image, rotation_matrix(angle, height, width))

    def pixels(side: int) -> int:
        return int(strength * 150 / 331 * side)

    return {
        "identity": lambda image, _: image,
        "autocontrast": lambda image, _: autocontrast(image),
        "equalize": lambda image, _: equalize(image),
        "rotate": rotated,
        "solarize": lambda image, _: solarize(image, int(256 * (1 - strength))),
        "color": enhanced(luminance),
        "posterize": lambda image, _: posterize(image, 8 - round(4 * strength)),
        "contrast": enhanced(mean_level),
        "brightness": enhanced(lambda _: jnp.zeros((), jnp.uint8)),
        "sharpness": enhanced(smooth),
        "shear_x": mapped(0, 1, 0.3 * strength),
        "shear_y": mapped(1, 0, 0.3 * strength),
        "translate_x": mapped(0, 2, pixels(width)),
        "translate_y": mapped(1, 2, pixels(height)),
    }


def _check(images: jax.Array, num_ops: int, magnitude: float) -> None:
    if images.dtype != jnp.uint8:
        raise TypeError(
            f"rand_augment: expected uint8 images, got {images.dtype}; its operations are "
            f"defined on grey levels 0..255, so apply it before normalising"
        )
    if images.ndim != 4 or images.shape[-1] not in (1, 3):
        raise ValueError(
            f"rand_augment: expected images (N, H, W, C) with C = 1 or 3, got {images.shape}; "
            f"convert them to grey or RGB"
        )
    if num_ops < 0:
        raise ValueError(f"rand_augment: expected num_ops >= 0, got {num_ops}")
    if not 0 <= magnitude <= MAX_MAGNITUDE:
        raise ValueError(f"rand_augment: expected magnitude from 0 to 10, got {magnitude}")
