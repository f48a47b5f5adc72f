"""Neighbours of training examples: rows by their numbers, images by edges and colours."""

import numpy as np

from esoftmax_jax import cleaning
from esoftmax_jax.app.data.in_memory.dataset import dataset_from_arrays
from esoftmax_jax.app.suspects import neighbours
from esoftmax_jax.app.suspects.neighbours import neighbour_margins


def dataset_of(inputs, labels):
    return dataset_from_arrays(
        inputs, labels, test_inputs=inputs[:2], test_labels=np.array([0, 1])
    )


def stripes(count, side):
    """Return images with stripes that lie or stand, each moved and of its own brightness."""
    rng, labels = np.random.default_rng(0), np.arange(count) % 2
    waves = np.sin(np.arange(side)[:, None] * np.pi / 2 + rng.uniform(0, 6, count))
    lying = 128 + rng.uniform(40, 100, count) * waves
    images = np.repeat(lying.T[:, :, None], side, axis=2)
    images[labels == 1] = images[labels == 1].transpose(0, 2, 1)
    return images.astype(np.uint8)[..., None], labels


def test_rows_are_near_by_their_numbers_as_networks_see_them():
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(60, 2)).astype(np.float32) * [1, 1e4]
    labels = (rows[:, 0] > 0).astype(np.int32)
    dataset = dataset_of(rows, labels)
    found = neighbour_margins(dataset, labels)
    scaled = (rows - rows.mean(axis=0)) / rows.std(axis=0)
    expected = cleaning.neighbour_margins(scaled, labels)
    assert found is not None
    np.testing.assert_allclose(found, expected)
    assert found.dtype == np.float32


def test_images_are_near_by_their_edges_wherever_these_lie(monkeypatch):
    images, labels = stripes(50, 16)
    wrong = labels.copy()
    wrong[[3, 8]] = 1 - wrong[[3, 8]]
    dataset = dataset_of(images, wrong)
    found = neighbour_margins(dataset, wrong)
    assert found is not None
    assert np.flatnonzero(found < 0).tolist() == [3, 8]
    monkeypatch.setattr(neighbours, "_BATCH", 16)  # 50 are three of them and a part
    np.testing.assert_array_equal(neighbour_margins(dataset, wrong), found)


def test_images_of_a_few_pixels_are_near_by_these():
    images, labels = stripes(40, 4)
    dataset = dataset_of(images, labels)
    pixels = dataset.normalised(images).reshape(40, -1)
    expected = cleaning.neighbour_margins(pixels, labels)
    found = neighbour_margins(dataset, labels)
    assert found is not None
    np.testing.assert_allclose(found, expected)


def test_nothing_is_said_of_examples_that_are_alike_or_too_many(monkeypatch):
    labels = np.arange(10, dtype=np.int32) % 2
    assert neighbour_margins(dataset_of(np.ones((10, 3)), labels), labels) is None
    rows = dataset_of(np.arange(20.0).reshape(10, 2), labels)
    assert neighbour_margins(rows, labels) is not None
    monkeypatch.setattr(neighbours, "_MOST_COMPARED", 9)
    assert neighbour_margins(rows, labels) is None
