"""The labels that are trained on, and what they are compared with."""

import numpy as np
import pytest

from esoftmax_jax import app
from esoftmax_jax.app.data.labels import UNKNOWN
from esoftmax_jax.app.jobs.training_data import training_data
from esoftmax_jax.app.labels.noise_spec import parse_noise
from esoftmax_jax.app.labels.noisy_labels import apply_noise
from tests.helpers.labels import ALONE, PAIRED, RIGHT, data


@pytest.mark.parametrize(
    ("train", "noise", "observed", "truth"),
    [
        # Nothing is changed: labels as right as they were.
        (RIGHT, "none", [0, 1, 2, 0], [0, 1, 2, 0]),
        (ALONE, "none", [0, 1, 2, 0], [UNKNOWN] * 4),
        (PAIRED, "none", [0, 2, 2, 1], [0, 2, 2, 1]),
        (PAIRED, "given", [0, 1, 2, 0], [0, 2, 2, 1]),
        # What is changed on purpose is counted from what was there.
        (RIGHT, "pairwise:1", [1, 2, 0, 1], [0, 1, 2, 0]),
        (ALONE, "pairwise:1", [1, 2, 0, 1], [0, 1, 2, 0]),
        (PAIRED, "pairwise:1", [1, 0, 0, 2], [0, 2, 2, 1]),
    ],
)
def test_labels_that_are_trained_on(train, noise, observed, truth):
    noisy = apply_noise(parse_noise(noise), data(train, RIGHT), seed=0)
    assert noisy.labels.observed.tolist() == observed
    assert noisy.labels.truth_or_unknown.tolist() == truth
    wrong = noisy.labels.wrong.sum() if noisy.labels.known else None
    assert noisy.record.num_wrong == wrong


def test_the_same_number_in_every_class_where_each_has_so_many():
    labels = np.repeat([0, 1], [12, 13])
    inputs = np.arange(50.0).reshape(25, 2)
    dataset = app.dataset_from_arrays(inputs, labels, test_inputs=inputs, test_labels=labels)
    noisy = apply_noise(parse_noise("symmetric:1"), dataset, seed=0)
    # Of 12.5 a class whole ones are 12, which the smaller class has.
    assert np.bincount(labels[noisy.labels.observed != labels]).tolist() == [12, 12]


def test_a_noise_in_two_spellings_is_one():
    _, specs = training_data("wine", ["symmetric:0.4", "none", "symmetric:0.40"], (), {})
    assert list(map(str, specs)) == ["symmetric:0.4", "none"]
