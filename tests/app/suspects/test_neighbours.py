"""Neighbours of training examples: rows by their numbers, images by edges and colours."""

import dataclasses

import numpy as np

from esoftmax_jax import cleaning
from esoftmax_jax.app.data.in_memory.dataset import dataset_from_arrays
from esoftmax_jax.app.labels.noise_spec import NoiseSpec
from esoftmax_jax.app.labels.noisy_labels import apply_noise
from esoftmax_jax.app.suspects import neighbours


def dataset_of(inputs, labels):
    return dataset_from_arrays(
        inputs, labels, test_inputs=inputs[:2], test_labels=np.array([0, 1])
    )


def neighbour_margins(dataset):
    return neighbours.neighbour_margins(dataset, apply_noise(NoiseSpec("none"), dataset, 0))


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
    found = neighbour_margins(dataset)
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
    found = neighbour_margins(dataset)
    assert found is not None
    assert np.flatnonzero(found < 0).tolist() == [3, 8]
    monkeypatch.setattr(neighbours, "_PIXELS", 16**3)  # 50 images are three times 16 and two
    np.testing.assert_array_equal(neighbour_margins(dataset), found)


def test_images_of_a_few_pixels_are_near_by_these():
    images, labels = stripes(40, 4)
    dataset = dataset_of(images, labels)
    pixels = dataset.normalised(images).reshape(40, -1)
    expected = cleaning.neighbour_margins(pixels, labels)
    found = neighbour_margins(dataset)
    assert found is not None
    np.testing.assert_allclose(found, expected)


def test_what_takes_long_is_told_before(monkeypatch, capsys):
    rows = dataset_of(np.arange(20.0).reshape(10, 2), np.arange(10) % 2)
    neighbour_margins(rows)
    assert capsys.readouterr().out == ""
    monkeypatch.setattr(neighbours, "_TAKES_LONG", 9)
    neighbour_margins(rows)
    assert "comparing each of 10 examples with all others" in capsys.readouterr().out


def test_nothing_is_said_of_examples_that_are_alike_or_too_many(monkeypatch):
    labels = np.arange(10, dtype=np.int32) % 2
    assert neighbour_margins(dataset_of(np.ones((10, 3)), labels)) is None
    rows = dataset_of(np.arange(20.0).reshape(10, 2), labels)
    assert neighbour_margins(rows) is not None
    monkeypatch.setattr(neighbours, "_MOST_COMPARED", 9)
    assert neighbour_margins(rows) is None


def test_copies_of_an_example_do_not_vote_for_each_other():
    rng, labels = np.random.default_rng(0), np.arange(40) % 2
    rows = labels[:, None] + rng.normal(0, 0.1, (40, 2))
    wrong = labels.copy()
    wrong[[3, 8]] = 1 - wrong[[3, 8]]
    alone = neighbour_margins(dataset_of(rows, wrong))
    places = np.r_[np.arange(40), 3, 3, 8]  # with the label that is wrong
    copied = neighbour_margins(dataset_of(rows[places], wrong[places]))
    np.testing.assert_array_equal(copied, alone[places])
    assert np.flatnonzero(copied < 0).tolist() == [3, 8, 40, 41, 42]
    # Two labels of one example count against each other.
    both = neighbour_margins(dataset_of(np.r_[rows, rows[:1]], np.r_[labels, 1 - labels[0]]))
    assert both[-1] < 0 < both[0]


def test_images_of_other_classes_are_compared_as_they_are_trained_on():
    images, labels = stripes(60, 16)
    dataset = dataset_of(images, labels)
    noisy = apply_noise(NoiseSpec("none"), dataset, 0)
    foreign = np.full(60, -1, np.int32)
    foreign[[2, 5]] = [1, 0]
    stranger = np.zeros((2, 16, 16, 1), np.uint8)
    stranger[:, 4:12, 4:12] = 250
    drawn = dataclasses.replace(noisy, foreign=foreign)
    found = neighbours.neighbour_margins(
        dataclasses.replace(dataset, foreign_images=stranger), drawn
    )
    replaced = images.copy()
    replaced[[2, 5]] = stranger[::-1]
    train = dataclasses.replace(dataset.train, images=replaced)
    seen = dataclasses.replace(dataset, train=train)
    np.testing.assert_array_equal(found, neighbours.neighbour_margins(seen, noisy))
    own = neighbours.neighbour_margins(dataset, noisy)
    assert found is not None
    assert own is not None
    assert found[[2, 5]].min() < 0 < own.min()
