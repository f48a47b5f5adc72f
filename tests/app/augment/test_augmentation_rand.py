"""RandAugment as a whole: what is drawn, for whom, and that both forms agree."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from esoftmax_jax.app.augment import rand_augment as _rand_augment
from esoftmax_jax.app.augment.rand_augment import rand_augment

IMAGES: Any = np.random.default_rng(0).integers(0, 256, (32, 10, 12, 3), dtype=np.uint8)
AUGMENT = jax.jit(rand_augment, static_argnames=("num_ops", "magnitude"))


def test_each_example_depends_on_its_key_alone(monkeypatch):
    keys = jax.random.split(jax.random.key(1), len(IMAGES))
    augmented = np.asarray(AUGMENT(keys, IMAGES))
    assert augmented.dtype == np.uint8
    assert (augmented != IMAGES).any((1, 2, 3)).mean() > 0.8
    back = np.arange(len(IMAGES))[::-1]
    np.testing.assert_array_equal(AUGMENT(keys[back], IMAGES[back]), augmented[back])

    # The form for accelerators, with one key.
    monkeypatch.setattr(
        jax.lax, "platform_dependent", lambda *args, default, **_: default(*args)
    )
    result = jax.jit(lambda key: rand_augment(key, IMAGES))(jax.random.key(1))
    # Contraction of a product and a sum may round an enhancement differently.
    assert (np.asarray(result) != augmented).mean() < 0.01


def test_operations_are_drawn_uniformly_and_follow_each_other(monkeypatch):
    def numbered(height, width, magnitude):
        assert (height, width, magnitude) == (1, 2, 6.0)
        return {
            str(k): lambda image, sign, k=k: jnp.stack(
                [image[:, 0] * 14 + k, image[:, 1] * 2 + (sign > 0).astype(jnp.uint8)], axis=1
            )
            for k in range(14)
        }

    monkeypatch.setattr(_rand_augment, "operations", numbered)
    count = 7000
    images = jnp.zeros((count, 1, 2, 1), jnp.uint8)
    drawn = jax.jit(lambda key: rand_augment(key, images, 2, 6.0))(jax.random.key(3))
    pairs, signs = np.asarray(drawn).reshape(count, 2).T
    first, second = np.divmod(pairs, 14)
    for choices in (first, second):
        counts = np.bincount(choices, minlength=14)
        assert np.abs(counts - count / 14).max() < 4 * (count / 14) ** 0.5
    assert len(np.unique(pairs)) == 14 * 14
    sign_counts = np.bincount(signs, minlength=4)
    assert np.abs(sign_counts - count / 4).max() < 4 * (count / 4) ** 0.5


def test_no_operations():
    np.testing.assert_array_equal(rand_augment(jax.random.key(0), IMAGES, 0), IMAGES)


@pytest.mark.parametrize(
    ("images", "options", "error", "message"),
    [
        (IMAGES.astype(np.float32), {}, TypeError, "uint8 images, got float32.*before norm"),
        (IMAGES[..., :2], {}, ValueError, "C = 1 or 3, got .32, 10, 12, 2."),
        (IMAGES[..., 0], {}, ValueError, "C = 1 or 3, got .32, 10, 12."),
        (IMAGES, {"num_ops": -1}, ValueError, "num_ops >= 0, got -1"),
        (IMAGES, {"magnitude": 11.0}, ValueError, "from 0 to 10, got 11.0"),
    ],
)
def test_wrong_input_is_refused(images, options, error, message):
    with pytest.raises(error, match=message):
        rand_augment(jax.random.key(0), images, **options)
