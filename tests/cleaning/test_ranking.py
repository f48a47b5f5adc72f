"""The order of suspicion, and how good it is."""

import itertools
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from esoftmax_jax import cleaning


def test_equal_margins_stay_in_the_order_of_the_data():
    margins = np.array([0.0, -1.0, np.nan, 0.0, -np.inf, -1.0])
    ranking = cleaning.rank_labels(margins, np.arange(6))
    assert ranking.indices.tolist() == [4, 1, 5, 0, 3, 2]
    assert ranking.suggestions.tolist() == [4, 1, 5, 0, 3, 2]
    assert ranking.num_suspects == 3
    half = cleaning.rank_labels(jnp.array([1.0, -1.0], jnp.bfloat16), jnp.array([0, 1]))
    assert half.indices.tolist() == [1, 0]
    assert half.margins.tolist() == [-1.0, 1.0]


def test_rankings_of_what_is_no_margin_are_refused():
    with pytest.raises(ValueError, match=r"margins: expected shape \(N,\), .* got \(2, 2\)"):
        cleaning.rank_labels(np.ones((2, 2)), np.arange(4))
    with pytest.raises(ValueError, match=r"suggestions: expected shape \(2,\)"):
        cleaning.rank_labels(np.ones(2), np.arange(3))
    with pytest.raises(TypeError, match=r"margins: expected a floating dtype"):
        cleaning.rank_labels(np.arange(2), np.arange(2))


def test_quality_by_hand():
    wrong = np.array([True, False, True, False])
    mixed = cleaning.ranking_quality(np.array([-2.0, -1.0, 0.5, 3.0]), wrong)
    np.testing.assert_allclose(mixed, (3 / 4, (1 + 2 / 3) / 2, 1 / 2), rtol=1e-15)
    best = cleaning.ranking_quality(np.array([-2.0, 1.0, -1.0, 3.0]), wrong)
    assert tuple(best) == (1.0, 1.0, 1.0)
    worst = cleaning.ranking_quality(np.array([2.0, -1.0, 1.0, -3.0]), wrong, first=1)
    np.testing.assert_allclose(worst, (0, (1 / 3 + 2 / 4) / 2, 0), rtol=1e-15)
    tied = cleaning.ranking_quality(np.zeros(4), wrong, first=3)
    assert (tied.auroc, tied.precision) == (0.5, 0.5)


def measures(wrong, first):
    """Return the three measures of labels in one order, by their definitions."""
    hits = np.flatnonzero(wrong)
    pairs = [one < other for one in hits for other in np.flatnonzero(~wrong)]
    precisions = [(place + 1) / (rank + 1) for place, rank in enumerate(hits)]
    return np.mean(pairs), np.mean(precisions), wrong[:first].mean()


@pytest.mark.parametrize("seed", range(4))
def test_ties_are_the_mean_over_their_orders(seed):
    generator = np.random.default_rng(seed)
    margins = generator.integers(0, 3, 6).astype(np.float32)
    wrong = generator.permutation([True, True, True, False, False, seed % 2 == 0])
    orders = [
        np.array(order)
        for order in itertools.permutations(range(6))
        if np.all(np.diff(margins[list(order)]) >= 0)
    ]
    assert len(orders) > 1
    for first in (1, 3, 5):
        expected = np.mean([measures(wrong[order], first) for order in orders], axis=0)
        found = cleaning.ranking_quality(margins, wrong, first=first)
        np.testing.assert_allclose(found, expected, rtol=1e-12)


@pytest.mark.parametrize("ties", [False, True])
def test_quality_is_what_scikit_learn_measures(ties):
    generator = np.random.default_rng(3)
    margins = generator.normal(size=500)
    wrong = margins + generator.normal(size=500) < -0.8
    if ties:
        margins = np.round(margins, 1)
    found = cleaning.ranking_quality(margins, wrong)
    np.testing.assert_allclose(found.auroc, roc_auc_score(wrong, -margins), rtol=1e-12)
    if not ties:
        expected = average_precision_score(wrong, -margins)
        np.testing.assert_allclose(found.average_precision, expected, rtol=1e-12)
        first = np.argsort(margins)[: wrong.sum()]
        np.testing.assert_allclose(found.precision, wrong[first].mean(), rtol=1e-12)


def test_the_order_of_examples_and_the_scale_do_not_matter():
    generator = np.random.default_rng(4)
    margins, wrong = generator.integers(-3, 4, 50).astype(float), np.arange(50) % 3 == 0
    order = generator.permutation(50)
    found = cleaning.ranking_quality(margins, wrong)
    other = cleaning.ranking_quality(jnp.asarray(np.exp(margins))[order], wrong[order])
    np.testing.assert_allclose(found, other, rtol=1e-12)
    reverse = cleaning.ranking_quality(-margins, wrong)
    np.testing.assert_allclose(found.auroc + reverse.auroc, 1, rtol=1e-12)


WRONG: dict[str, dict[str, Any]] = {
    "wrong: expected right and wrong labels, got 0 wrong ones of 3": {"wrong": np.zeros(3, bool)},
    "wrong: expected right and wrong labels, got 3 wrong ones of 3": {"wrong": np.ones(3, bool)},
    "wrong: expected booleans, got int64; pass labels != truth": {"wrong": np.array([0, 1, 0])},
    "margins and wrong: expected one shape (N,), got (3,) and (2,)": {"wrong": np.ones(2, bool)},
    "margins: expected numbers, got NaN for 1 of 3 examples; leave out": {
        "margins": np.array([1.0, np.nan, 2.0])
    },
    "first: expected an integer in [1, 3], got 4": {"first": 4},
    "first: expected an integer in [1, 3], got 0": {"first": 0},
    "first: expected a Python integer, got 1.5": {"first": 1.5},
}  # fmt: skip


@pytest.mark.parametrize("message", WRONG)
def test_quality_that_is_not_defined_is_refused(message):
    arguments: dict[str, Any] = {
        "margins": np.arange(3.0),
        "wrong": np.array([True, False, True]),
        **WRONG[message],
    }
    with pytest.raises((TypeError, ValueError)) as error:
        cleaning.ranking_quality(**arguments)
    assert str(error.value).startswith(message)
