"""Class-dependent noise and its measurement: the published maps, exactly at the rate."""

import jax.numpy as jnp
import numpy as np
import pytest

from esoftmax_jax.noise import (
    CLASS_MAPS,
    asymmetric_noise,
    named_class_map,
    noise_rate,
    pairwise_class_map,
    transition_matrix,
)
from tests.helpers.noises import KEY, balanced, unbalanced

# --- asymmetric ------------------------------------------------------------------------

WRITTEN_MAPS = {
    "cifar10": (0, 1, 0, 5, 7, 3, 6, 7, 8, 1),
    "mnist": (0, 1, 7, 8, 4, 6, 5, 1, 8, 9),
}


@pytest.mark.parametrize("name", ["cifar10", "mnist"])
def test_named_map_is_the_written_one(name):
    assert named_class_map(name) == WRITTEN_MAPS[name]


def test_cifar100_map_goes_round_the_twenty_super_classes():
    targets = named_class_map("cifar100")
    assert sorted(targets) == list(range(100))
    cycles = set()
    for start in range(100):
        cycle = [start]
        while targets[cycle[-1]] != start:
            cycle.append(targets[cycle[-1]])
        cycles.add(frozenset(cycle))
    assert len(cycles) == 20
    assert {len(cycle) for cycle in cycles} == {5}
    # Fruit and vegetables: apple, mushroom, orange, pear, sweet pepper, and round again.
    assert [targets[y] for y in (0, 51, 53, 57, 83)] == [51, 53, 57, 83, 0]
    # Fish: aquarium fish, flatfish, ray, shark, trout.
    assert [targets[y] for y in (1, 32, 67, 73, 91)] == [32, 67, 73, 91, 1]
    # People: baby, boy, girl, man, woman.
    assert [targets[y] for y in (2, 11, 35, 46, 98)] == [11, 35, 46, 98, 2]


def test_every_listed_map_can_be_asked_for():
    assert set(CLASS_MAPS) == {"cifar10", "cifar100", "cifar100_blocks", "mnist"}
    for name, targets in CLASS_MAPS.items():
        assert named_class_map(name) == targets


def test_pairwise_map():
    assert pairwise_class_map(5) == (1, 2, 3, 4, 0)


@pytest.mark.parametrize("name", ["cifar10", "mnist"])
@pytest.mark.parametrize(("rate", "flips"), [(0.0, 0), (0.29, 29), (0.4, 40), (1.0, 100)])
def test_named_noise_moves_exactly_the_rate_of_each_source(name, rate, flips):
    clean = balanced(10, 100)
    noisy = asymmetric_noise(KEY, clean, class_map=name, rate=rate)
    expected = np.zeros((10, 10), dtype=np.int32)
    for source, target in enumerate(WRITTEN_MAPS[name]):
        expected[source, source] += 100 - flips
        expected[source, target] += flips
    counts = transition_matrix(clean, noisy, num_classes=10, normalize=False)
    np.testing.assert_array_equal(counts, expected)


def test_cifar100_blocks_are_the_published_codes_not_super_classes():
    targets = named_class_map("cifar100_blocks")
    assert targets[:6] == (1, 2, 3, 4, 0, 6)
    assert targets[99] == 95
    assert targets != named_class_map("cifar100")


def test_cifar100_noise_moves_exactly_the_rate_of_each_class():
    clean = balanced(100, 10)
    noisy = asymmetric_noise(KEY, clean, class_map="cifar100", rate=0.3)
    counts = np.asarray(transition_matrix(clean, noisy, num_classes=100, normalize=False))
    np.testing.assert_array_equal(np.diag(counts), 7)
    np.testing.assert_array_equal(counts[np.arange(100), named_class_map("cifar100")], 3)


def test_exchange_and_chain_are_simultaneous():
    clean = unbalanced()
    noisy = asymmetric_noise(KEY, clean, class_map={0: 1, 1: 0, 2: 1}, num_classes=4, rate=1.0)
    np.testing.assert_array_equal(noisy, np.array([1, 0, 1, 3])[clean])


@pytest.mark.parametrize(
    "form",
    [
        [1, 0, 2, 3],
        (1, 0, 2, 3),
        np.array([1, 0, 2, 3]),
        jnp.array([1, 0, 2, 3]),
        {0: 1, np.int64(1): np.int64(0), 3: 3},
    ],
    ids=["list", "tuple", "numpy", "jax", "mapping"],
)
def test_every_form_of_a_map_means_the_same(form):
    clean = unbalanced()
    noisy = asymmetric_noise(KEY, clean, class_map=form, num_classes=4, rate=0.29)
    expected = [[5, 2, 0, 0], [29, 71, 0, 0], [0, 0, 33, 0], [0, 0, 0, 1]]
    counts = transition_matrix(clean, noisy, num_classes=4, normalize=False)
    np.testing.assert_array_equal(counts, expected)


def test_number_of_classes_is_inferred_from_a_sequence():
    clean = balanced(3, 47)
    noisy = asymmetric_noise(KEY, clean, class_map=pairwise_class_map(3), rate=1.0)
    np.testing.assert_array_equal(noisy, (clean + 1) % 3)


# --- measurement -----------------------------------------------------------------------


def test_transition_matrix_against_a_loop():
    generator = np.random.default_rng(5)
    clean = generator.choice([0, 1, 3], size=200)
    noisy = generator.integers(0, 4, size=200)
    counts = np.zeros((4, 4), dtype=np.int32)
    for i, j in zip(clean, noisy, strict=True):
        counts[i, j] += 1
    measured = transition_matrix(clean, noisy, num_classes=4, normalize=False)
    assert measured.dtype == jnp.int32
    np.testing.assert_array_equal(measured, counts)

    shares = np.zeros((4, 4))
    for i in (0, 1, 3):
        shares[i] = counts[i] / counts[i].sum()
    normalized = transition_matrix(clean, noisy, num_classes=4)
    assert normalized.dtype == jnp.float32
    np.testing.assert_allclose(normalized, shares, rtol=1e-6)
    np.testing.assert_array_equal(normalized[2], 0)


def test_transition_matrix_of_narrow_labels_does_not_overflow():
    labels = np.arange(100, dtype=np.int8)
    counts = transition_matrix(labels, labels, num_classes=100, normalize=False)
    np.testing.assert_array_equal(counts, np.eye(100))


def test_noise_rate_is_the_share_that_differs():
    rate = noise_rate(jnp.array([0, 1, 2, 3, 4]), np.array([0, 1, 2, 4, 3]))
    assert type(rate) is float
    assert rate == 0.4
