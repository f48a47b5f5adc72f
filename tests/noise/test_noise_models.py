"""What each noise model promises beyond the contract: counts, probabilities, conventions."""

import inspect
import itertools
import re
from fractions import Fraction
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from esoftmax_jax import noise
from esoftmax_jax.noise import (
    _checks,
    _selection,
    _transition,
    asymmetric_noise,
    bernoulli_symmetric_noise,
    noise_rate,
    resampled_symmetric_noise,
    sequential_asymmetric_noise,
    symmetric_noise,
    transition_matrix,
    transition_matrix_noise,
)
from tests.helpers import noises
from tests.helpers.noises import (
    CONFUSION,
    KEY,
    MANY,
    balanced,
    chi_square,
    counted,
    flips_per_class,
    unbalanced,
)


def test_every_function_that_draws_labels_is_among_the_models_of_the_contract():
    drawing = {
        name
        for name in noise.__all__
        if inspect.isfunction(function := getattr(noise, name))
        and [*inspect.signature(function).parameters][:2] == ["key", "labels"]
    }
    others = {"open_set_replacements", "long_tailed_examples"}  # they draw no labels
    source = inspect.getsource(noises)
    used = {name for name in drawing if len(re.findall(rf"\b{name}\b", source)) > 1}
    assert drawing - others - used == set(), "add to NOISE_MODELS of tests/helpers/noises.py"


# --- symmetric: three conventions of the rate ------------------------------------------


def test_bernoulli_flips_none_at_0_and_all_at_1():
    assert noise_rate(MANY, bernoulli_symmetric_noise(KEY, MANY, num_classes=5, rate=0)) == 0
    assert noise_rate(MANY, bernoulli_symmetric_noise(KEY, MANY, num_classes=5, rate=1)) == 1


def test_bernoulli_thresholds_the_bits_exactly(monkeypatch):
    bits = jnp.array([0, 1, 2**31 - 1, 2**31, 2**32 - 2, 2**32 - 1], jnp.uint32)
    monkeypatch.setattr(_selection, "example_bits", lambda key, ids: bits)
    clean = np.zeros(6, np.int32)

    def flips(rate: Any) -> Any:
        noisy = bernoulli_symmetric_noise(KEY, clean, num_classes=2, rate=rate)
        return (np.asarray(noisy) == 1).tolist()

    assert flips(0.5) == [True, True, True, False, False, False]
    assert flips(Fraction(1, 2**32)) == [True, False, False, False, False, False]
    assert flips(Fraction(2**32 - 1, 2**32)) == [True] * 5 + [False]
    assert flips(1) == [True] * 6
    assert flips(0) == [False] * 6


def test_bernoulli_counts_are_binomial_and_targets_uniform():
    noisy = bernoulli_symmetric_noise(KEY, MANY, num_classes=5, rate=0.3)
    counts = counted(MANY, noisy, 5)
    flips = 4000 - np.diag(counts)
    # 5 degrees of freedom; the lower bound fails where every class loses the same number.
    assert 0.4 < chi_square(flips, 1200) / 0.7 < 22
    # 15 degrees of freedom given the flips of each class.
    others = counts[~np.eye(5, dtype=bool)].reshape(5, 4)
    assert 3.0 < chi_square(others, flips[:, None] / 4) < 40


def test_bernoulli_noise_grows_with_the_rate():
    low, high = (
        np.asarray(bernoulli_symmetric_noise(KEY, MANY, num_classes=5, rate=rate))
        for rate in (0.2, 0.4)
    )
    wrong = low != MANY
    assert wrong.mean() == pytest.approx(0.2, abs=0.02)
    assert (high != MANY).mean() == pytest.approx(0.4, abs=0.02)
    np.testing.assert_array_equal(high[wrong], low[wrong])


def test_bernoulli_labels_of_a_part_are_those_of_the_whole():
    clean, ids = balanced(10, 100), np.arange(1000)
    whole = bernoulli_symmetric_noise(KEY, clean, num_classes=10, rate=0.5)
    part = bernoulli_symmetric_noise(
        KEY, clean[600:], num_classes=10, rate=0.5, example_ids=ids[600:]
    )
    np.testing.assert_array_equal(part, whole[600:])


@pytest.mark.parametrize(("rate", "number"), [(0, 0), (0.29, 290), (0.2955, 295), (1, 1000)])
def test_resampling_draws_exactly_the_floor_again(rate, number):
    # Among a billion classes nobody draws the class that it had.
    clean = np.full(1000, 9, np.int32)
    noisy = resampled_symmetric_noise(KEY, clean, num_classes=10**9, rate=rate)
    assert int((np.asarray(noisy) != 9).sum()) == number


def test_resampling_draws_from_all_classes_the_own_one_included():
    noisy = resampled_symmetric_noise(KEY, MANY, num_classes=5, rate=1)
    # 20 degrees of freedom: each of five rows has a sum that is given.
    assert 5.0 < chi_square(counted(MANY, noisy, 5), 800) < 48
    assert noise_rate(MANY, noisy) == pytest.approx(1 - 1 / 5, abs=0.012)


def test_the_three_rates_of_symmetric_noise():
    models = (symmetric_noise, bernoulli_symmetric_noise, resampled_symmetric_noise)
    exact, probable, drawn_again = (
        noise_rate(MANY, model(KEY, MANY, num_classes=5, rate=0.5)) for model in models
    )
    assert exact == 0.5
    assert probable != 0.5
    assert probable == pytest.approx(0.5, abs=0.015)
    # 0.4 ± 0.0028: about a fifth of those who are drawn again get the class they had.
    assert drawn_again == pytest.approx(0.5 * (1 - 1 / 5), abs=0.012)


def test_resampling_takes_from_one_pool():
    clean = balanced(10, 100)
    noisy = resampled_symmetric_noise(KEY, clean, num_classes=10, rate=0.5)
    assert len(set(flips_per_class(clean, noisy, 10))) > 3


# --- sequential asymmetric -------------------------------------------------------------


def test_cats_that_became_dogs_partly_turn_back():
    clean = np.random.default_rng(4).permutation(np.repeat([3, 5], 5000))
    noisy = sequential_asymmetric_noise(KEY, clean, class_map="cifar10", rate=0.4)
    counts = counted(clean, noisy, 10)
    # 5000 − 2000 + 2800 cats: exact, whoever they are.
    assert counts.sum(axis=0)[[3, 5]].tolist() == [5800, 4200]
    assert counts.sum() == 10000
    # 2000 flips less the hypergeometric number that turn back, 800 with deviation 18.5.
    assert abs(counts[3, 5] - 1200) < 75
    assert counts[3, 5] != 1200
    assert counts[5, 3] == 800 + counts[3, 5]
    assert noise_rate(clean[clean == 3], noisy[clean == 3]) == pytest.approx(0.24, abs=0.015)


def test_labels_move_on_along_an_ascending_chain_only():
    clean = unbalanced()
    up = sequential_asymmetric_noise(KEY, clean, class_map=[1, 2, 2, 3], rate=1)
    np.testing.assert_array_equal(up, np.array([2, 2, 2, 3])[clean])
    down = sequential_asymmetric_noise(KEY, clean, class_map=[0, 0, 1, 3], rate=1)
    np.testing.assert_array_equal(down, np.array([0, 0, 1, 3])[clean])


def test_the_share_is_that_of_the_labels_at_the_visit():
    # 7 → 0 + 2 of 7 = 2 zeros become ones: 102 ones, of which 29 become twos: 62 twos.
    clean = unbalanced()
    noisy = sequential_asymmetric_noise(KEY, clean, class_map=[1, 2, 2, 3], rate=0.29)
    assert np.bincount(noisy).tolist() == [5, 73, 62, 1]


def test_maps_without_a_chain_give_the_counts_of_simultaneous_flips():
    clean = balanced(10, 100)
    expected = asymmetric_noise(KEY, clean, class_map={2: 0, 9: 1}, num_classes=10, rate=0.29)
    noisy = sequential_asymmetric_noise(
        KEY, clean, class_map={2: 0, 9: 1}, num_classes=10, rate=0.29
    )
    np.testing.assert_array_equal(counted(clean, noisy, 10), counted(clean, expected, 10))


# --- transition matrix -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("shares", "size", "quotas"),
    [
        ([0.1, 0.2, 0.7], 10, [1, 2, 7]),
        ([0.5, 0.0, 0.5], 3, [2, 0, 1]),
        ([1 / 3, 1 / 3, 1 / 3], 100, [34, 33, 33]),
        ([1 / 3, 1 / 3, 1 / 3], 101, [34, 34, 33]),
        ([0.25, 0.25, 0.5], 2, [1, 0, 1]),
        ([0.26, 0.24, 0.5], 50, [13, 12, 25]),
        ([0.24, 0.26, 0.5], 1, [0, 0, 1]),
        ([0.0, 0.55, 0.45], 1, [0, 1, 0]),
        ([0.29, 0.57, 0.14], 100, [29, 57, 14]),
        # A tie at one half, though 0.29 · 50 is 14.499999999999998 in floating point.
        ([0.29, 0.21, 0.5], 50, [15, 10, 25]),
        ([0.0, 0.0, 0.0], 0, [0, 0, 0]),
    ],
)
def test_largest_remainders(shares, size, quotas):
    shares, sizes = np.array([shares, shares]), np.array([size, 2 * size])
    result = _transition.largest_remainder_quotas(shares, sizes)
    assert result[0].tolist() == quotas
    assert result[1].sum() == 2 * size * shares[1].any()


def test_no_whole_numbers_are_closer():
    generator = np.random.default_rng(6)
    shares = generator.dirichlet([1, 1, 1], size=20)
    quotas = _transition.largest_remainder_quotas(shares, np.full(20, 7))
    splits = np.array([s for s in itertools.product(range(8), repeat=3) if sum(s) == 7])
    for row, quota in zip(shares, quotas, strict=True):
        distances = np.abs(splits - 7 * row).sum(axis=1)
        assert np.abs(quota - 7 * row).sum() == pytest.approx(distances.min())


def test_float32_shares_of_a_million_give_back_the_counts():
    generator = np.random.default_rng(7)
    sizes = generator.integers(900_000, 1_000_000, size=40)
    counts = np.stack(
        [generator.multinomial(n, generator.dirichlet([0.2] * 40)) for n in sizes]
    )
    shares = (counts / sizes[:, None]).astype(np.float32)
    result = _transition.largest_remainder_quotas(shares.astype(np.float64), sizes)
    np.testing.assert_array_equal(result, counts)


def test_an_observed_matrix_gives_back_its_counts():
    generator = np.random.default_rng(8)
    clean = generator.choice([0, 1, 2, 4, 5, 6, 7, 8, 9], size=1000)
    human = generator.integers(0, 10, size=1000)
    observed = transition_matrix(clean, human, num_classes=10)
    assert not np.asarray(observed[3]).any()
    noisy = transition_matrix_noise(KEY, clean, matrix=observed)
    np.testing.assert_array_equal(counted(clean, noisy, 10), counted(clean, human, 10))
    assert (np.asarray(noisy) != human).mean() > 0.5


def test_who_becomes_what_is_a_matter_of_the_key():
    clean = np.zeros(1000, np.int32)
    times = np.zeros(1000)
    for seed in range(100):
        noisy = transition_matrix_noise(
            jax.random.key(seed), clean, matrix=[[0.5, 0.5], [0, 1]]
        )
        times += np.asarray(noisy)
    assert times.sum() == 500 * 100
    # Binomial(100, 1/2) has the variance 25, a thousand examples estimate it to 5 %.
    assert 20 < times.var() < 30


def test_independent_draws_have_the_probabilities_of_the_matrix():
    matrix = np.array(
        [
            [0.5, 0.2, 0.1, 0.1, 0.1],
            [0.0, 0.7, 0.0, 0.3, 0.0],
            [0.3, 0.3, 0.4, 0.0, 0.0],
            [0.0, 0.0, 0.0, 0.0, 1.0],
            [0.0, 0.2, 0.2, 0.2, 0.4],
        ]
    )
    noisy = transition_matrix_noise(KEY, MANY, matrix=matrix, counts="independent")
    counts = counted(MANY, noisy, 5)
    assert not counts[matrix == 0].any()
    possible = matrix > 0
    # 4 + 1 + 2 + 0 + 3 degrees of freedom.
    assert 1.2 < chi_square(counts[possible], 4000 * matrix[possible]) < 31


def test_bits_fall_into_the_parts_of_the_row():
    shares = np.array([[0.0, 0.25, 0.0, 0.75, 0.0], [0.0] * 5, [0.2] * 5, [1.0, 0, 0, 0, 0]])
    shares = np.concatenate([shares, [[0.0, 0.0, 0.0, 0.0, 1.0]]])
    edges = np.array([0, 2**30 - 1, 2**30, 2**32 - 1], np.uint32)
    for label, classes in [(0, [1, 1, 3, 3]), (3, [0] * 4), (4, [4] * 4), (2, [0, 1, 1, 4])]:
        drawn = _transition.inverse_cumulative(shares, np.full(4, label, np.int8), edges)
        assert drawn.tolist() == classes


@pytest.mark.parametrize(
    "convert",
    [lambda m: m.tolist(), np.float32, jnp.asarray, lambda m: np.round(m, 4) * 1.00005],
    ids=["list", "float32", "jax", "nearly normalised"],
)
def test_every_form_of_a_matrix_means_the_same(convert):
    clean = balanced(10, 100)
    counts = counted(clean, transition_matrix_noise(KEY, clean, matrix=convert(CONFUSION)), 10)
    np.testing.assert_array_equal(counts, np.rint(100 * CONFUSION))


def test_rows_are_divided_by_their_sums():
    shares = _checks.checked_transition_matrix([[0.50004, 0.50004], [0.0, 0.99991]])
    assert shares.tolist() == [[0.5, 0.5], [0.0, 1.0]]
