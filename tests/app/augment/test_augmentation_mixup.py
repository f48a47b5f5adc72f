"""Mixup against its formula, and the distribution of its weights."""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from esoftmax_jax import losses
from esoftmax_jax.app.augment.mixup import MixedLabels, mixup

COUNT = 512
IMAGES: Any = np.random.default_rng(0).integers(0, 256, (COUNT, 2, 3, 1), dtype=np.uint8)
LABELS: Any = np.arange(COUNT, dtype=np.int32)


def test_images_and_labels_are_blended_alike():
    @jax.jit
    def both(key):
        return [mixup(key, IMAGES, LABELS, 0.75, keep_order=keep) for keep in (False, True)]

    pairs = both(jax.random.key(1))
    for blended, mixed in pairs:
        np.testing.assert_array_equal(mixed.labels, LABELS)
        partner = np.asarray(mixed.partner_labels)
        np.testing.assert_array_equal(np.sort(partner), LABELS)
        assert (partner != LABELS).mean() > 0.9
        share = np.asarray(mixed.weight)[:, None, None, None]
        expected = share * IMAGES + (1 - share) * IMAGES[partner]
        np.testing.assert_allclose(blended, expected, rtol=1e-5, atol=1e-4)
    free, ordered = (np.asarray(mixed.weight) for _, mixed in pairs)
    np.testing.assert_array_equal(ordered, np.maximum(free, 1 - free))
    # Beta(α, α) has mean 1/2 and variance 1 / (4 (2 α + 1)).
    deviation = (1 / (4 * 2.5)) ** 0.5
    assert abs(free.mean() - 0.5) < 4 * deviation / COUNT**0.5
    assert abs(free.std() - deviation) < 0.03


@pytest.mark.parametrize(
    ("dtype", "expected"),
    [("bfloat16", "bfloat16"), ("float32", "float32"), ("uint8", "float32")],
)
def test_dtypes(dtype, expected):
    blend = partial(mixup, alpha=1.0)
    images = jax.ShapeDtypeStruct((8, 3), jnp.dtype(dtype))
    blended, mixed = jax.eval_shape(blend, jax.random.key(1), images, LABELS[:8])
    assert (blended.shape, blended.dtype) == ((8, 3), expected)
    assert (mixed.weight.shape, mixed.weight.dtype) == ((8,), np.float32)


def test_blended_loss_is_that_of_soft_labels():
    rng = np.random.default_rng(1)
    logits = rng.normal(size=(6, 4)).astype(np.float32)
    labels, partners = rng.integers(0, 4, (2, 6)).astype(np.int32)
    weight = rng.uniform(size=6).astype(np.float32)
    mixed = MixedLabels(*map(jnp.asarray, (labels, partners, weight)))
    values = mixed.blend(partial(losses.cross_entropy, jnp.asarray(logits)))
    soft = weight[:, None] * np.eye(4)[labels] + (1 - weight[:, None]) * np.eye(4)[partners]
    log_p = logits - np.log(np.exp(logits).sum(1, keepdims=True))
    np.testing.assert_allclose(values, -(soft * log_p).sum(1), rtol=1e-5)


def test_wrong_input_is_refused():
    with pytest.raises(ValueError, match="alpha > 0, got 0"):
        mixup(jax.random.key(0), jnp.asarray(IMAGES), jnp.asarray(LABELS), 0)
    with pytest.raises(ValueError, match=r"one key, got keys of shape \(512,\)"):
        keys = jax.random.split(jax.random.key(0), COUNT)
        mixup(keys, jnp.asarray(IMAGES), jnp.asarray(LABELS), 1.0)
