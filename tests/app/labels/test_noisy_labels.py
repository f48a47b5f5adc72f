"""The labels that are trained on, and what they are compared with."""

import pytest

from esoftmax_jax.app.data.labels import UNKNOWN
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
