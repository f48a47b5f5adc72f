"""The datasets that the rule was developed on, and those held out."""

import dataclasses

import numpy as np
import pytest

from esoftmax_jax.app.data.examples import Examples
from esoftmax_jax.app.data.labels import Labels
from experiments.regret import data
from experiments.regret.features import gradients_and_colours, principal_components


def test_a_seed_divides_the_examples_anew():
    first, second, again = (data.load("wine", seed) for seed in (0, 1, 0))
    assert (len(first.train), len(first.test)) == (100, 78)
    np.testing.assert_array_equal(first.train.images, again.train.images)
    assert not np.array_equal(first.train.images, second.train.images)
    both = np.concatenate([first.train.images, first.test.images])
    assert len(np.unique(both, axis=0)) == 178
    np.testing.assert_allclose(first.normalised(first.train.images).std(axis=0), 1, rtol=1e-4)


def test_pairs_are_of_two_images_that_training_and_test_do_not_share():
    pairs = data.load("digits-pairs", 0)
    assert pairs.num_classes == 100
    assert pairs.train.images.shape == (2500, 8, 16, 1)

    def halves(part):
        both = np.concatenate([part.images[:, :, :8], part.images[:, :, 8:]])
        return {image.tobytes() for image in both}

    assert len(halves(pairs.train)) > 1000
    assert not halves(pairs.train) & halves(pairs.test)


def test_a_pair_is_called_by_tens_and_ones():
    rng = np.random.default_rng(0)
    labels = np.arange(10, dtype=np.int32)
    part = Examples(np.arange(10, dtype=np.float32)[:, None], Labels.right(labels))
    wine = data.load("wine", 0)
    ten = dataclasses.replace(wine, train=part, test=part, num_classes=10, class_names=())
    pairs = data._pairs(ten, rng)
    tens, ones = pairs.train.images.T
    np.testing.assert_array_equal(10 * tens + ones, pairs.train.labels.observed)


def test_principal_components_are_of_the_training_images_and_in_proportion():
    rng = np.random.default_rng(0)
    train = rng.normal(size=(500, 3)) * [1, 4, 2]
    first, second = principal_components(train, train[:3], 2)
    np.testing.assert_allclose(first.std(axis=0), [1, 0.5], rtol=0.1)
    np.testing.assert_array_equal(first[:3], second)
    assert abs(np.corrcoef(first[:, 0], train[:, 1])[0, 1]) > 0.99


def test_gradients_tell_directions_and_colours_their_mean():
    image = np.zeros((1, 8, 8, 3), np.uint8)
    image[..., 0] = 51 * np.arange(8) // 2  # grows to the right
    found = gradients_and_colours(image)[0]
    assert found.shape == (9 + 3 + 3,)
    assert found[:9].argmax() == 0
    assert found[:9] @ found[:9] == pytest.approx(1, abs=0.01)
    np.testing.assert_allclose(found[9:12], [image[..., 0].mean() / 255, 0, 0], atol=1e-6)
