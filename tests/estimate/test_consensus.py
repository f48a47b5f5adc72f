"""The consensus of neighbours: neighbours, known frequencies, known noise, weak features."""

import itertools

import jax
import numpy as np
import pytest

from esoftmax_jax import estimate
from esoftmax_jax._neighbours import nearest_neighbours
from tests.helpers.estimates import SYMMETRIC, blobs, noisy

PAIRWISE = np.array([[0.7, 0.3, 0.0], [0.0, 0.7, 0.3], [0.3, 0.0, 0.7]])


@pytest.mark.parametrize("block_size", [1, 7, 64, None])
@pytest.mark.parametrize("size", [20, 150])
def test_neighbours_are_the_nearest_others(size, block_size):
    points = np.random.default_rng(0).normal(size=(size, 3))
    distances = np.square(points[:, None] - points).sum(axis=2)
    np.fill_diagonal(distances, np.inf)
    expected = np.argsort(distances, axis=1)[:, :5]
    np.testing.assert_array_equal(nearest_neighbours(points, 5, block_size), expected)


def exact_triples(matrix, prior, clusters):
    """Return features and labels in which triples are as frequent as expected, exactly.

    A cluster of three points has the labels of a triple. Clusters of a class are neighbours.
    """
    generator, labels = np.random.default_rng(0), []
    for row, share in zip(matrix, prior, strict=True):
        triples = [
            triple
            for triple in itertools.product(range(len(matrix)), repeat=3)
            for _ in range(round(clusters * share * np.prod(row[list(triple)])))
        ]
        labels += [triples[place] for place in generator.permutation(len(triples))]
    assert len(labels) == clusters
    places = 10.0 * np.arange(clusters)[:, None] + [0.0, 0.1, 0.2]
    return places.reshape(-1, 1), np.array(labels).reshape(-1)


@pytest.mark.parametrize(
    ("matrix", "prior"),
    [
        ([[0.8, 0.2], [0.4, 0.6]], [0.5, 0.5]),
        ([[1.0, 0.0], [0.4, 0.6]], [0.75, 0.25]),
        ([[0.8, 0.2, 0.0], [0.0, 0.8, 0.2], [0.2, 0.0, 0.8]], [0.25, 0.25, 0.5]),
    ],
)
def test_the_third_order_finds_any_matrix_and_prior(matrix, prior):
    matrix = np.array(matrix)
    features, labels = exact_triples(matrix, prior, 500)
    found = estimate.neighbour_consensus(features, labels, share=1.0, resamples=2)
    np.testing.assert_allclose(found.matrix, matrix, atol=2e-4)
    np.testing.assert_allclose(found.prior, prior, atol=2e-4)
    assert found.rate == pytest.approx(1 - prior @ np.diag(matrix), abs=2e-4)
    assert found.residual < 1e-4
    assert found.method == "neighbour consensus"


def test_the_second_order_finds_symmetric_noise_and_too_little_of_noise_with_a_direction():
    features, labels = exact_triples(np.array([[0.8, 0.2], [0.2, 0.8]]), [0.5, 0.5], 500)
    found = estimate.neighbour_consensus(features, labels, share=1.0, resamples=2, order=2)
    np.testing.assert_allclose(found.matrix, [[0.8, 0.2], [0.2, 0.8]], atol=1e-6)
    np.testing.assert_allclose(found.prior, 0.5, atol=1e-6)
    assert found.residual < 1e-6
    circular = np.array([[0.8, 0.2, 0.0], [0.0, 0.8, 0.2], [0.2, 0.0, 0.8]])
    features, labels = exact_triples(circular, [0.25, 0.25, 0.5], 500)
    second = estimate.neighbour_consensus(features, labels, share=1.0, resamples=2, order=2)
    assert 0.15 < second.rate < 0.2
    np.testing.assert_allclose(second.joint, second.joint.T, atol=1e-12)


def test_a_residual_is_the_distance_over_all_ordered_triples():
    features, labels = exact_triples(np.eye(2), [0.5, 0.5], 500)
    labels[2::3] = 1 - labels[::3]  # two alike and one not: no matrix explains that
    found = estimate.neighbour_consensus(features, labels, share=1.0, resamples=2)
    observed = np.zeros((2, 2, 2))
    for triple in labels.reshape(-1, 3):
        for order in itertools.permutations(triple):
            observed[order] += 1 / 6 / 500
    fitted = np.einsum("i,ij,ik,il", found.prior, *[found.matrix] * 3)
    assert found.residual == pytest.approx(np.sqrt(np.sum((observed - fitted) ** 2)), rel=1e-6)
    assert found.residual > 0.1


@pytest.mark.parametrize("matrix", [np.eye(3), SYMMETRIC, PAIRWISE])
def test_known_noise_is_found(matrix):
    features, true = blobs(4000, distance=8)
    found = estimate.neighbour_consensus(features, noisy(true, matrix), resamples=50)
    rate = 1 - matrix[0, 0]
    np.testing.assert_allclose(found.matrix, matrix, atol=0.12)
    np.testing.assert_allclose(found.prior, 1 / 3, atol=0.1)
    assert found.interval[0] <= rate <= found.interval[1]
    assert found.bounds[0] <= rate <= found.bounds[1]
    assert found.interval[1] - found.interval[0] < 0.12
    assert found.refused == ""


def test_neighbours_of_other_classes_are_told_from_noise_or_the_estimate_is_refused():
    features, true = blobs(3000, distance=2)
    published = estimate.neighbour_consensus(features, true, share=1.0, resamples=20)
    corrected = estimate.neighbour_consensus(features, true, resamples=20)
    assert corrected.rate < 0.02 < 0.05 < published.rate
    assert corrected.refused == ""
    assert corrected.bounds[0] == 0
    features, true = blobs(3000, distance=1)
    weak = estimate.neighbour_consensus(features, true, resamples=20)
    assert weak.rate > 0.05
    assert weak.bounds[0] == 0
    assert f"at most {weak.bounds[1]:.0%} of the labels are wrong" in weak.refused
    assert weak.refused.endswith("; pass features that tell the classes apart")


def test_features_of_any_scale_and_a_key_of_jax():
    features, true = blobs(300, distance=8)
    labels = noisy(true, SYMMETRIC)
    found = estimate.neighbour_consensus(features, labels, resamples=5)
    for scaled in (features * 1e200, features * 1e-6 + 1e3, jax.numpy.asarray(features)):
        again = estimate.neighbour_consensus(scaled, labels, resamples=5)
        np.testing.assert_allclose(again.matrix, found.matrix, atol=0.05)
    key = jax.random.key(1)
    drawn = [estimate.neighbour_consensus(features, labels, resamples=5, key=key) for _ in "ab"]
    assert drawn[0].interval == drawn[1].interval != found.interval


def test_the_clearest_examples_have_the_classes_of_all():
    generator, true = np.random.default_rng(0), np.repeat([0, 1], 300)
    features = generator.normal(8.0 * true[:, None], 1, (600, 2))
    labels = np.where((true == 0) & (generator.random(600) < 0.3), 1, true)
    # Votes on class 1 are unanimous, those on class 0 are not.
    for share in (0.125, 0.25, 0.5, 1.0):
        found = estimate.neighbour_consensus(features, labels, share=share, resamples=2)
        assert found.rate == pytest.approx(0.15, abs=0.05)
        np.testing.assert_allclose(found.prior, 0.5, atol=0.1)
