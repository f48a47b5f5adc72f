"""Histograms of oriented gradients and colours, and the network that learns from them."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from esoftmax_jax.app.networks.gradients import GradientMLP, average_pool, gradient_features

features_of = jax.jit(gradient_features)


def of_cells(image, cells=4, min_length=0.1):
    """Return the same features by loops, (rows, columns, features)."""
    height, width, _ = image.shape
    grey = image.mean(axis=-1)
    down, right = np.zeros_like(grey), np.zeros_like(grey)
    down[1:-1], right[:, 1:-1] = grey[2:] - grey[:-2], grey[:, 2:] - grey[:, :-2]
    tall, wide = height // cells, width // cells
    found = []
    for i in range(0, height - tall + 1, tall // 2):
        for j in range(0, width - wide + 1, wide // 2):
            counts = np.zeros(9)
            for y in range(i, i + tall):
                for x in range(j, j + wide):
                    turn = np.arctan2(down[y, x], right[y, x]) - np.pi * np.arange(9) / 9
                    share = np.cos(2 * turn) - np.cos(2 * np.pi / 9)
                    counts += np.hypot(down[y, x], right[y, x]) * np.maximum(0, share)
            cell = image[i : i + tall, j : j + wide]
            counts /= np.linalg.norm(counts) + min_length * tall * wide
            found.append([*counts, *cell.mean((0, 1)), *cell.std((0, 1))])
    return np.array(found)


@pytest.mark.parametrize("shape", [(16, 16, 3), (16, 24, 1)])
def test_features_are_those_of_loops(shape):
    images = np.random.default_rng(0).normal(size=(2, *shape)).astype(np.float32)
    expected = np.stack([of_cells(image).ravel() for image in images])
    assert expected.shape[1] == 49 * (9 + 2 * shape[-1])
    np.testing.assert_allclose(features_of(images), expected, atol=2e-5)


def test_an_edge_is_in_one_direction_and_an_even_image_in_none():
    upright = np.zeros((16, 16, 1), np.float32)
    upright[:, 8:] = 1
    images = np.stack([upright, upright.swapaxes(0, 1), np.ones_like(upright)])
    cells = np.asarray(features_of(images)).reshape(3, 7, 7, 11)
    directions = cells[..., :9].sum(axis=(1, 2))
    assert directions[0].argmax() == 0  # the gradient points to the right
    assert sorted(directions[1].argsort()[-2:].tolist()) == [4, 5]  # down lies between two
    assert not directions[2].any()
    np.testing.assert_array_equal(cells[2, ..., 9:], np.tile([1, 0], (7, 7, 1)))


def test_the_network_scales_features_and_predicts_with_running_statistics():
    network = GradientMLP(3, hidden=4)
    images = np.random.default_rng(1).normal(size=(8, 16, 16, 1)).astype(np.float32)

    @jax.jit
    def trained(images):
        variables = network.init(jax.random.key(0), images, train=False)
        return variables, network.apply(variables, images, train=True, mutable=["batch_stats"])

    variables, (logits, moved) = trained(images)
    assert variables["params"]["dense"]["kernel"].shape == (49 * 11, 4)
    assert (logits.shape, logits.dtype) == ((8, 3), jnp.float32)
    mean = moved["batch_stats"]["features_norm"]["mean"]
    np.testing.assert_allclose(mean, 0.1 * np.mean(features_of(images), axis=0), atol=1e-5)


def test_large_images_are_averaged_down():
    images = np.random.default_rng(2).normal(size=(2, 70, 64, 3)).astype(np.float32)
    network = GradientMLP(3, hidden=4)

    @jax.jit
    def both(images):
        small = average_pool(images, 2)
        variables = network.init(jax.random.key(0), small, train=False)
        logits = [network.apply(variables, one, train=False) for one in (images, small)]
        return small, logits, average_pool(images[:, :69], 2)

    small, (large, averaged), cut = jax.device_get(both(images))
    np.testing.assert_allclose(small[1, 4, 5], images[1, 8:10, 10:12].mean((0, 1)), atol=1e-6)
    assert small.shape == (2, 35, 32, 3)
    assert cut.shape == (2, 34, 32, 3)
    np.testing.assert_allclose(large, averaged, atol=1e-6)
