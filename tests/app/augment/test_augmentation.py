"""Shifts and flips against loops over the examples with the same draws."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from esoftmax_jax.app.augment.shift_and_flip import _crop, random_flip, random_shift

IMAGES = np.random.default_rng(0).normal(size=(64, 5, 6, 2)).astype(np.float32)
SHIFT = jax.jit(random_shift, static_argnames="padding")
FLIP = jax.jit(random_flip)


def _shifted(image: np.ndarray, row: int, column: int, padding: int) -> np.ndarray:
    """The crop of the padded image at (row, column), pixel by pixel."""
    height, width, _ = image.shape
    result = np.zeros_like(image)
    for i in range(height):
        for j in range(width):
            y, x = i + row - padding, j + column - padding
            if 0 <= y < height and 0 <= x < width:
                result[i, j] = image[y, x]
    return result


@pytest.mark.parametrize("padding", [0, 1, 3])
def test_crop_at_every_offset(padding):
    side = np.arange(2 * padding + 1)
    offsets = np.stack(np.meshgrid(side, side), -1).reshape(-1, 2)
    images = IMAGES[: len(offsets)]
    cropped = jax.jit(_crop, static_argnums=2)(images, jnp.asarray(offsets), padding)
    for image, (row, column), result in zip(images, offsets, cropped, strict=True):
        np.testing.assert_array_equal(result, _shifted(image, row, column, padding))


def test_shift_draws_each_example_alone():
    key = jax.random.key(1)
    keys = jax.random.split(key, len(IMAGES))
    shifted = SHIFT(key, IMAGES, padding=2)
    np.testing.assert_array_equal(SHIFT(keys, IMAGES, padding=2), shifted)
    np.testing.assert_array_equal(SHIFT(keys[8:16], IMAGES[8:16], padding=2), shifted[8:16])
    draw = jax.jit(jax.vmap(lambda one: jax.random.randint(one, (2,), 0, 5)))
    offsets = np.asarray(draw(keys))
    assert set(map(tuple, offsets.tolist())) > {(0, 0), (4, 4), (2, 2)}  # both ends are drawn
    for image, (row, column), result in zip(IMAGES, offsets, shifted, strict=True):
        np.testing.assert_array_equal(result, _shifted(image, row, column, 2))


def test_flip_draws_each_example_alone():
    key = jax.random.key(2)
    flipped = np.asarray(FLIP(key, IMAGES))
    np.testing.assert_array_equal(FLIP(jax.random.split(key, 64), IMAGES), flipped)
    mirrored = 0
    for image, result in zip(IMAGES, flipped, strict=True):
        turned = bool((result != image).any())
        mirrored += turned
        expected = np.stack([row[::-1] for row in image]) if turned else image
        np.testing.assert_array_equal(result, expected)
    assert 18 <= mirrored <= 46  # 32 ± 3.5 standard deviations


@pytest.mark.parametrize("dtype", ["uint8", "float32", "bfloat16"])
def test_dtype_and_shape_stay(dtype):
    images = jnp.asarray(IMAGES * 10 + 100).astype(dtype)
    for augment in (SHIFT, FLIP):
        result = augment(jax.random.key(3), images)
        assert (result.dtype, result.shape) == (images.dtype, images.shape)


def test_same_key_same_images():
    first, second = (SHIFT(jax.random.key(4), IMAGES) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert (np.asarray(first) != np.asarray(SHIFT(jax.random.key(5), IMAGES))).any()


def test_inside_a_scan():
    def step(key, images):
        shift, flip, following = jax.random.split(key, 3)
        return following, random_flip(flip, random_shift(shift, images))

    batches = IMAGES.reshape(4, 16, 5, 6, 2)
    _, scanned = jax.jit(lambda key: jax.lax.scan(step, key, batches))(jax.random.key(6))
    key = jax.random.key(6)
    for batch, result in zip(batches, scanned, strict=True):
        shift, flip, key = jax.random.split(key, 3)
        np.testing.assert_array_equal(result, FLIP(flip, SHIFT(shift, batch)))


def test_wrong_keys_are_refused():
    with pytest.raises(ValueError, match="one key or 64 keys, got keys of shape"):
        random_flip(jax.random.split(jax.random.key(0), 3), jnp.asarray(IMAGES))
    with pytest.raises(TypeError, match=r"jax\.random\.key, got an array of uint32"):
        random_shift(jnp.zeros(2, jnp.uint32), jnp.asarray(IMAGES))
