"""Rotation and the operations of RandAugment against Pillow, image by image."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image, ImageEnhance, ImageOps

from esoftmax_jax.app.augment.rand_augment import operations
from esoftmax_jax.app.augment.rotation import affine, random_rotation, rotation_matrix

HEIGHT, WIDTH = 24, 20
NEAREST, BILINEAR = Image.Resampling.NEAREST, Image.Resampling.BILINEAR


def _images(channels):
    """Noise, ramps, few levels, low contrast, a single level and black."""
    rng = np.random.default_rng(channels)
    shape = (HEIGHT, WIDTH, channels)
    noise = rng.integers(0, 256, (4, *shape))
    ramp = np.add.outer(np.arange(HEIGHT) * 7, np.arange(WIDTH) * 4)[..., None]
    ramps = [ramp + np.arange(channels), 255 - ramp // 2 - np.zeros(channels, int)]
    levels = [rng.choice([3, 90, 255], shape), rng.choice([17, 18], shape)]
    dull = [rng.integers(100, 140, shape), rng.normal(200, 20, shape).clip(0, 255)]
    flat = [np.full(shape, 77), np.zeros(shape)]
    spot = np.full(shape, 40)
    spot[5, 6] = 200  # all pixels but one at one level
    return np.stack([*noise, *ramps, *levels, *dull, *flat, spot]).astype(np.uint8)


def _pillow(image):
    return Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image)


def _array(image):
    pixels = np.asarray(image)
    return pixels if pixels.ndim == 3 else pixels[..., None]


def _differing(result, expected):
    return (np.asarray(result) != expected).any(-1).mean()


@jax.jit
def _rotations(keys, images):
    return [random_rotation(keys, images, interpolation=k) for k in ("nearest", "bilinear")]


@pytest.mark.parametrize("channels", [1, 3])
def test_rotation_is_that_of_pillow(channels):
    images = np.concatenate([_images(channels)] * 5)
    keys = jax.random.split(jax.random.key(channels), len(images))
    draw = jax.jit(jax.vmap(lambda one: jax.random.uniform(one, (), jnp.float32, -1.0, 1.0)))
    angles = 20 * np.asarray(draw(keys))
    assert angles.min() < -15
    assert angles.max() > 15

    turned, mixed = _rotations(keys, images)
    for result in (turned, mixed):
        assert (result.dtype, result.shape) == (np.uint8, images.shape)
    pillow = [_pillow(image) for image in images]
    expected = [image.rotate(a, NEAREST) for image, a in zip(pillow, angles, strict=True)]
    assert _differing(turned, np.stack([_array(image) for image in expected])) < 0.005
    expected = [image.rotate(a, BILINEAR) for image, a in zip(pillow, angles, strict=True)]
    difference = np.int32(mixed) - np.stack([_array(image) for image in expected])
    # A point within rounding of the image's edge may be black in one and not in the other.
    assert (np.abs(difference) > 1).mean() < 0.002


def test_quarter_turns_and_no_turn_are_exact():
    image = jnp.asarray(_images(3)[0, :20])
    turn = jax.jit(
        lambda angle: [
            affine(image, rotation_matrix(angle, 20, 20), kind)
            for kind in ("nearest", "bilinear")
        ]
    )
    for quarters in (0, 1, 2, 3):
        nearest, bilinear = turn(jnp.float32(90 * quarters))
        expected = np.rot90(image, quarters)
        np.testing.assert_array_equal(nearest, expected)
        # Rounding down: a hair below a level is the level below.
        assert np.abs(np.asarray(bilinear, np.int32) - expected)[1:-1, 1:-1].max() <= 1


def test_rotation_of_floats():
    images = _images(3)
    keys = jax.random.split(jax.random.key(0), len(images))
    for result, expected in zip(
        _rotations(keys, images.astype(np.float32)), _rotations(keys, images), strict=True
    ):
        assert result.dtype == np.float32
        np.testing.assert_array_equal(np.asarray(result).astype(np.uint8), expected)


def test_wrong_rotations_are_refused():
    images = jnp.asarray(_images(1))
    with pytest.raises(ValueError, match="degrees >= 0, got -3"):
        random_rotation(jax.random.key(0), images, -3.0)
    with pytest.raises(ValueError, match="expected 'nearest' or 'bilinear', got 'cubic'"):
        random_rotation(jax.random.key(0), images, interpolation="cubic")  # type: ignore[arg-type]


def _expected(name, image, sign, strength):
    """What Pillow makes of an image, with the ranges of torchvision."""

    def mapped(*matrix):
        return image.transform(image.size, Image.Transform.AFFINE, matrix, NEAREST)

    factor = 1 + sign * 0.9 * strength
    shear = sign * 0.3 * strength
    across, down = (sign * int(strength * 150 / 331 * side) for side in (WIDTH, HEIGHT))
    makers = {
        "identity": lambda: image,
        "autocontrast": lambda: ImageOps.autocontrast(image),
        "equalize": lambda: ImageOps.equalize(image),
        "rotate": lambda: image.rotate(sign * 30 * strength, NEAREST),
        "solarize": lambda: ImageOps.solarize(image, int(256 * (1 - strength))),
        "color": lambda: ImageEnhance.Color(image).enhance(factor),
        "posterize": lambda: ImageOps.posterize(image, 8 - round(4 * strength)),
        "contrast": lambda: ImageEnhance.Contrast(image).enhance(factor),
        "brightness": lambda: ImageEnhance.Brightness(image).enhance(factor),
        "sharpness": lambda: ImageEnhance.Sharpness(image).enhance(factor),
        "shear_x": lambda: mapped(1, shear, 0, 0, 1, 0),
        "shear_y": lambda: mapped(1, 0, 0, shear, 1, 0),
        "translate_x": lambda: mapped(1, 0, across, 0, 1, 0),
        "translate_y": lambda: mapped(1, 0, 0, 0, 1, down),
    }
    return makers[name]()


EXACT = {"identity", "equalize", "solarize", "posterize", "translate_x", "translate_y"}
NEARLY = {"rotate", "shear_x", "shear_y"}
"""But for points within rounding of a boundary of pixels, where any neighbour is right."""


@pytest.mark.parametrize(("channels", "magnitude"), [(3, 7.0), (1, 10.0)])
def test_operations_are_those_of_pillow(channels, magnitude):
    images = np.repeat(_images(channels), 2, axis=0)
    signs = np.tile(np.asarray([-1, 1], np.float32), len(images) // 2)
    branches = operations(HEIGHT, WIDTH, magnitude)
    apply = jax.jit(lambda *a: {name: jax.vmap(op)(*a) for name, op in branches.items()})
    results = apply(images, signs)
    assert len(results) == 14
    for name, result in results.items():
        expected = np.stack(
            [
                _array(_expected(name, _pillow(image), float(sign), magnitude / 10))
                for image, sign in zip(images, signs, strict=True)
            ]
        )
        assert (result.shape, result.dtype) == (images.shape, np.uint8), name
        if name in EXACT:
            np.testing.assert_array_equal(result, expected, err_msg=name)
        elif name in NEARLY:
            assert _differing(result, expected) < 0.005, name
        else:
            difference = np.abs(np.asarray(result, np.int32) - expected)
            assert difference.max() <= 1, name
            assert (difference > 0).mean() < 0.02, name


def test_magnitude_zero_changes_only_contrast():
    image = jnp.asarray(_images(3)[8])
    branches = operations(HEIGHT, WIDTH, 0.0)
    results = jax.jit(lambda *a: {name: op(*a) for name, op in branches.items()})(
        image, jnp.float32(1)
    )
    changed = {name for name, result in results.items() if (np.asarray(result) != image).any()}
    assert changed == {"autocontrast", "equalize"}


def test_small_images_have_no_inside_to_smooth():
    sharpness = operations(2, 5, 9.0)["sharpness"]
    image = jnp.asarray(_images(1)[0, :2, :5])
    np.testing.assert_array_equal(jax.jit(sharpness)(image, jnp.float32(1)), image)
