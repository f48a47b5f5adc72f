"""The confident joint: its definition, published code, known noise, and what a model hides."""

import jax
import numpy as np
import pytest

from esoftmax_jax import estimate
from tests.helpers.estimates import SYMMETRIC, blobs, noisy, posterior


def by_definition(probabilities, labels):
    """Return the calibrated joint, example by example."""
    size = probabilities.shape[1]
    thresholds = [probabilities[labels == k, k].mean() for k in range(size)]
    counts = np.zeros((size, size))
    for row, label in zip(probabilities, labels, strict=True):
        confident = [k for k in range(size) if row[k] >= thresholds[k]]
        if confident:
            counts[max(confident, key=lambda k: row[k]), label] += 1
    joint = counts / counts.sum(axis=0) * np.bincount(labels)
    return joint / joint.sum()


@pytest.mark.parametrize("seed", range(3))
def test_it_is_its_definition(seed):
    generator = np.random.default_rng(seed)
    labels = np.arange(120) % 4
    probabilities = 0.5 * generator.dirichlet(np.full(4, 0.6), 120) + 0.5 * np.eye(4)[labels]
    given = np.where(generator.random(120) < 0.3, generator.integers(0, 4, 120), labels)
    found = estimate.confident_joint(probabilities, given, share=1.0)
    expected = by_definition(probabilities, given)
    np.testing.assert_allclose(found.joint, expected, atol=1e-12)
    np.testing.assert_allclose(found.matrix.sum(axis=1), 1, rtol=1e-12)
    np.testing.assert_allclose(found.prior, expected.sum(axis=1), rtol=1e-12)
    np.testing.assert_allclose(found.joint.sum(axis=0), np.bincount(given) / 120, rtol=1e-12)
    assert found.rate == pytest.approx(1 - np.trace(expected))
    assert (found.method, found.num_examples, found.resamples) == ("confident joint", 120, 200)


def test_it_counts_what_cleanlab_counts():
    generator = np.random.default_rng(5)
    true = generator.integers(0, 3, 60)
    labels = np.where(generator.random(60) < 0.3, (true + 1) % 3, true)
    probabilities = generator.dirichlet(np.full(3, 0.7), 60) * 0.5 + np.eye(3)[true] * 0.5
    probabilities = np.round(probabilities, 2)
    probabilities[:, 2] = np.round(1 - probabilities[:, 0] - probabilities[:, 1], 2)
    # cleanlab 2.9.0, compute_confident_joint, with calibrate=False and True; rows are labels.
    counts = np.array([[12, 0, 3], [3, 12, 0], [0, 3, 10]]).T
    rounded = np.array([[17, 0, 4], [4, 17, 0], [0, 4, 14]]).T
    found = estimate.confident_joint(probabilities, labels, share=1.0)
    shares = counts / counts.sum(axis=0) * np.bincount(labels) / 60
    np.testing.assert_allclose(found.joint, shares, atol=1e-12)
    np.testing.assert_array_equal(np.round(found.joint * 60), rounded)


@pytest.mark.parametrize(
    "matrix", [SYMMETRIC, np.roll(np.eye(3), 1, 1) * 0.4 + np.eye(3) * 0.6]
)
def test_known_noise_is_found(matrix):
    _, true = blobs(6000, distance=8)
    found = estimate.confident_joint(posterior(true, matrix), noisy(true, matrix), key=1)
    np.testing.assert_allclose(found.matrix, matrix, atol=0.08)
    np.testing.assert_allclose(found.prior, 1 / 3, atol=0.05)
    low, high = found.interval
    assert low < 0.4 < high
    assert high - low < 0.08
    assert found.bounds[0] <= low <= found.rate <= found.bounds[1] <= high + 0.02
    assert found.refused == ""


@pytest.mark.parametrize(("matrix", "rate"), [(np.eye(3), 0), (SYMMETRIC, 0.4)])
def test_errors_of_the_model_are_told_from_noise_where_sure_examples_show_them(matrix, rate):
    features, true = blobs(9000, distance=1.6)
    labels, probabilities = noisy(true, matrix), posterior(features, matrix)
    published = estimate.confident_joint(probabilities, labels, share=1.0)
    corrected = estimate.confident_joint(probabilities, labels)
    assert corrected.share < published.share == 1
    assert abs(corrected.rate - rate) < 0.025 < 0.04 < published.rate - rate
    assert corrected.bounds[0] <= rate <= corrected.bounds[1]
    assert corrected.refused == ""


def test_bounds_follow_the_predictions_to_where_they_are_surest():
    """The surest quarter is wrong by itself in a twelfth: its labels seem more often wrong."""
    generator, true = np.random.default_rng(1), np.arange(4000) % 2
    rank = generator.random(4000)
    predicted = true ^ (generator.random(4000) < 0.02 + 0.5 * rank)
    flipped = generator.random(4000) < 0.2
    sure = 1 - rank / 2
    probabilities = np.where(predicted[:, None] == [0, 1], sure[:, None], 1 - sure[:, None])
    found = estimate.confident_joint(probabilities, true ^ flipped, resamples=50)
    assert found.share == 0.25
    assert found.interval[0] > 0.23 > flipped.mean()
    assert 0.18 < found.bounds[0] < flipped.mean() < found.bounds[1]


def test_nothing_is_known_from_below_where_even_sure_predictions_are_mostly_not_the_label():
    """A model that is wrong as often where it is sure looks like one of much noise."""
    generator, true = np.random.default_rng(0), np.arange(2000) % 10
    predicted = np.where(generator.random(2000) < 0.5, true, generator.integers(0, 10, 2000))
    labels = np.where(generator.random(2000) < 0.4, (true + 1) % 10, true)
    probabilities = 0.2 * generator.dirichlet(np.ones(10), 2000) + 0.8 * np.eye(10)[predicted]
    found = estimate.confident_joint(probabilities, labels, resamples=50)
    assert found.refused == ""
    assert found.interval[0] > 0.6 > np.mean(labels != true)
    assert found.bounds[0] == 0
    known = estimate.confident_joint(probabilities, labels, resamples=50, clean_accuracy=0.55)
    assert 0 < known.bounds[0] < 0.4 < known.bounds[1]


def test_a_weak_model_is_refused_with_what_can_be_said():
    features, true = blobs(3000, distance=1)
    probabilities = posterior(features, np.eye(3))
    found = estimate.confident_joint(probabilities, true)
    accuracy = np.mean(probabilities.argmax(axis=1) == true)
    assert found.refused == (
        f"predictions from the probabilities seem wrong by themselves for "
        f"{found.predictor_error:.0%} of the examples, which cannot be told from wrong labels: "
        f"all that is known is that at most {found.bounds[1]:.0%} of the labels are wrong; pass "
        "probabilities of a better model"
    )
    assert found.predictor_error == pytest.approx(1 - accuracy, abs=0.1)
    assert found.bounds[0] == 0
    assert 1 - accuracy < found.bounds[1] < 1 - accuracy + 0.03


def test_a_known_accuracy_bounds_the_rate_on_both_sides():
    features, true = blobs(3000, distance=1)
    labels = noisy(true, SYMMETRIC)
    probabilities = posterior(features, SYMMETRIC)
    accuracy = float(np.mean(probabilities.argmax(axis=1) == true))
    found = estimate.confident_joint(probabilities, labels, clean_accuracy=accuracy)
    assert found.predictor_error == pytest.approx(1 - accuracy)
    assert found.refused
    assert found.bounds[0] == pytest.approx(accuracy - found.agreement, abs=0.03)
    assert found.bounds[1] == pytest.approx(1 - found.agreement, abs=0.03)
    assert found.bounds[0] < 0.4 < found.bounds[1]
    good = estimate.confident_joint(posterior(true, SYMMETRIC), labels, clean_accuracy=1.0)
    assert (good.refused, good.predictor_error) == ("", 0)


def test_the_interval_is_a_percentile_interval_of_a_seed():
    _, true = blobs(300, distance=8)
    labels, probabilities = noisy(true, SYMMETRIC), posterior(true, SYMMETRIC)

    def interval(**options):
        return estimate.confident_joint(probabilities, labels, **options).interval

    assert interval(key=3) == interval(key=3) != interval(key=4)
    assert interval(key=jax.random.key(3)) == interval(key=jax.random.key(3))
    wide, narrow = interval(level=0.99), interval(level=0.5)
    assert wide[0] < narrow[0] < narrow[1] < wide[1]
    standard_error = np.sqrt(0.4 * 0.6 / 300)
    low, high = interval(resamples=2000)
    assert (high - low) / (2 * 1.96 * standard_error) == pytest.approx(1, abs=0.1)


def test_equally_sure_examples_count_alike_wherever_they_stand():
    labels = np.repeat([0, 1, 0], [100, 100, 50])
    true = np.repeat([0, 1, 1], [100, 100, 50])  # the wrong labels come last
    found = estimate.confident_joint(np.where(true[:, None] == [0, 1], 0.8, 0.2), labels)
    np.testing.assert_allclose(found.matrix, np.array([[1, 0], [1 / 3, 2 / 3]]))
    assert found.share == 1


def test_a_class_of_which_nothing_is_confident_is_taken_as_right_once():
    labels = np.arange(90) % 3
    labels[:30] = labels[30:60]
    probabilities = np.eye(3)[np.where(labels == 2, 0, labels)]
    found = estimate.confident_joint(probabilities, labels, share=1.0)
    # Threshold of class 2 is 0: all are "confident" of it, but the likeliest class counts.
    np.testing.assert_allclose(found.joint.sum(axis=0), 1 / 3)
    np.testing.assert_allclose(found.matrix.sum(axis=1), 1)
    assert found.joint[2, 2] == pytest.approx(1 / 31 / 3)


@pytest.mark.parametrize(("agreeing", "refused"), [(62, True), (78, False)])
def test_predictions_that_may_agree_by_chance_are_no_evidence(agreeing, refused):
    # Of 120 in two equal classes chance is 60, and two standard errors are 11.
    labels = np.arange(120) % 2
    predicted = np.where(np.arange(120) < agreeing, labels, 1 - labels)
    chances = np.where(predicted[:, None] == [0, 1], 0.6, 0.4)
    found = estimate.confident_joint(chances, labels)
    assert ("may be chance (50%)" in found.refused) is refused
    assert found.bounds[0] == 0 or not refused


def test_the_chance_of_a_rare_class_varies_less():
    labels = np.arange(400) % 20 == 0
    chances = np.where((labels & (np.arange(400) < 200))[:, None] == [0, 1], 0.9, 0.1)
    # 97.5 % are right, 92.8 % would be by chance: more than chance varies.
    found = estimate.confident_joint(chances, labels.astype(int))
    assert (found.agreement, found.refused) == (0.975, "")
