"""Evidence from out-of-fold probabilities, combined and as a probability of being wrong."""

import numpy as np
import pytest

from esoftmax_jax import cleaning, estimate


def test_evidence_of_each_label():
    probabilities = np.array([[0.6, 0.3, 0.1], [0.6, 0.3, 0.1], [0.25, 0.25, 0.5]], np.float32)
    found = cleaning.label_evidence(probabilities, np.array([0, 2, 2]))
    np.testing.assert_allclose(found.self_confidences, [0.6, 0.1, 0.5], rtol=1e-6)
    np.testing.assert_allclose(found.margins, [0.3, -0.5, 0.25], rtol=1e-6)
    assert found.predictions.tolist() == [0, 0, 2]
    assert found.suggestions.tolist() == [1, 0, 0]  # never the label
    ranking = cleaning.rank_labels(found.margins, found.suggestions)
    assert ranking.indices.tolist() == [1, 2, 0]
    assert ranking.num_suspects == 1


@pytest.mark.parametrize(
    ("probabilities", "labels", "message"),
    [
        ([[0.5, 0.4]], [0], r"rows that sum to 1, got 0\.9 in row 0 \(1 such rows\); pass the"),
        ([[2.0, -1.0]], [0], r"numbers in \[0, 1\], got 2 in row 0 .*softmax of logits"),
        ([[0.5, 0.5], [np.nan, 1.0]], [0, 1], r"numbers in \[0, 1\], got nan in row 1"),
        ([[1.0]], [0], r"K of at least 2, got \(1, 1\); of two classes pass both"),
        ([[0.5, 0.5]], [0, 1], "one row for each of 2 labels, got 1"),
        ([[0.5, 0.5]], [2], r"classes in \[0, 2\), one for each column, got 2 in row 0"),
    ],
)
def test_what_is_no_evidence(probabilities, labels, message):
    with pytest.raises(ValueError, match=message):
        cleaning.label_evidence(np.array(probabilities), np.array(labels))


def test_equal_evidence_shares_its_ranks():
    one, other = np.array([0.2, 0.2, 0.9, 0.1]), np.array([3, 1, 2, 0])
    np.testing.assert_allclose(cleaning.mean_ranks(one), [0.5, 0.5, 0.875, 0.125])
    np.testing.assert_allclose(cleaning.mean_ranks(one, other), [0.6875, 0.4375, 0.75, 0.125])
    # Only the order of each kind counts.
    again = cleaning.mean_ranks(np.exp(9 * one), other - 100.0)
    np.testing.assert_array_equal(again, cleaning.mean_ranks(one, other))


def test_what_cannot_be_combined():
    with pytest.raises(TypeError, match="expected one array or more, got none"):
        cleaning.mean_ranks()
    with pytest.raises(ValueError, match=r"one shape \(N,\), got \(2,\), \(3,\)"):
        cleaning.mean_ranks(np.zeros(2), np.zeros(3))
    with pytest.raises(ValueError, match="evidence 2: expected numbers, got NaN for 1 of 2"):
        cleaning.mean_ranks(np.zeros(2), np.array([0, np.nan]))


@pytest.mark.parametrize("total", [0, 1e-3, 0.5, 7.25, 99.5, 100])
def test_probabilities_sum_to_the_estimated_number(total):
    own = np.random.default_rng(0).uniform(size=100)
    own[:2] = 0, 1
    found = cleaning.wrong_label_probabilities(own, total)
    assert found.sum() == pytest.approx(total, abs=1e-9)
    assert (np.diff(found[np.argsort(own)]) <= 0).all()
    assert 0 <= found.min() <= found.max() <= 1


def test_probabilities_follow_a_score():
    own = np.array([0.1, 0.4, 0.2, 0.9])
    plain = cleaning.wrong_label_probabilities(own, 2.0)
    same = cleaning.wrong_label_probabilities(own, 2.0, score=own)
    np.testing.assert_allclose(same, plain)
    # The second and third are in the other order: both get the mean of theirs.
    moved = cleaning.wrong_label_probabilities(own, 2.0, score=np.array([0, 1, 2, 3]))
    middle = plain[1:3].mean()
    np.testing.assert_allclose(moved, [plain[0], middle, middle, plain[3]])
    tied = cleaning.wrong_label_probabilities(own, 2.0, score=np.zeros(4))
    np.testing.assert_allclose(tied, 0.5)


def test_a_number_that_cannot_be_is_refused():
    with pytest.raises(ValueError, match="from 0 to the 2 labels, got 3"):
        cleaning.wrong_label_probabilities(np.array([0.5, 0.5]), 3)
    with pytest.raises(ValueError, match=r"probabilities in \[0, 1\]"):
        cleaning.wrong_label_probabilities(np.array([0.5, 1.5]), 1)
    with pytest.raises(ValueError, match=r"a number for each of 2 labels, got shape \(3,\)"):
        cleaning.wrong_label_probabilities(np.array([0.5, 0.5]), 1, score=np.zeros(3))
    for number in (None, "1", True):
        with pytest.raises(
            TypeError, match=f"expected_wrong: expected a number, got {number!r}"
        ):
            cleaning.wrong_label_probabilities(np.array([0.5, 0.5]), number)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="score: expected a floating dtype, got object"):
        cleaning.wrong_label_probabilities(
            np.array([0.5, 0.5]), 1, score=np.array([1, None], object)
        )
    with pytest.raises(ValueError, match=f"got {2**64 - 1} in row 0"):
        cleaning.label_evidence(np.array([[0.5, 0.5]]), np.array([2**64 - 1], np.uint64))


@pytest.mark.parametrize("scale", [1e-200, 1e-30, 1e25, 1e200])
def test_neighbours_are_the_same_at_every_scale(scale):
    features = np.random.default_rng(0).normal(size=(40, 3))
    labels = np.arange(40) % 2
    found = cleaning.neighbour_margins(features * scale, labels, neighbours=3)
    np.testing.assert_array_equal(
        found, cleaning.neighbour_margins(features, labels, neighbours=3)
    )


@pytest.mark.parametrize("far", [1e4, 1e6, 1e9, 1e30])
def test_rows_that_are_far_off_change_no_other_row_s_neighbours(far):
    features = np.random.default_rng(0).normal(size=(200, 8))
    labels = np.arange(200) % 3
    alone = cleaning.neighbour_margins(features, labels, neighbours=5)
    outliers = np.stack([np.full(8, far), np.full(8, -far)])
    found = cleaning.neighbour_margins(
        np.concatenate([features, outliers]), np.append(labels, [0, 0]), neighbours=5
    )
    np.testing.assert_array_equal(found[:200], alone)


def test_neighbours_beside_a_column_of_large_numbers():
    rng = np.random.default_rng(0)
    features, side = rng.normal(size=(200, 4)), np.arange(200) % 2
    labels = rng.integers(3, size=200)
    found = cleaning.neighbour_margins(np.column_stack([features, 1e6 * side]), labels)
    for one in (0, 1):  # the two halves are far from each other
        alone = cleaning.neighbour_margins(features[side == one], labels[side == one])
        np.testing.assert_array_equal(found[side == one], alone)


def test_ids_are_classes_for_a_vote_too():
    features = np.array([[0.0], [0.1], [0.2], [9.0], [9.1]])
    found = cleaning.neighbour_margins(features, np.array([7, 7, 7, 10**12, 0]), neighbours=1)
    np.testing.assert_array_equal(found, [1, 1, 1, -1, -1])


def test_probabilities_that_are_rounded_become_probabilities():
    rows = np.array([[1.005, -0.005], [0.4, 0.6]])
    found = cleaning.label_evidence(rows, np.array([0, 0]))
    np.testing.assert_array_equal(found.self_confidences, [1, 0.4])
    assert found.margins[0] == 1
    assert cleaning.wrong_label_probabilities(found.self_confidences, 1).sum() == pytest.approx(
        1
    )


def test_what_is_masked_is_no_number():
    masked = np.ma.array([0.1, 0.2, -99], mask=[False, False, True])
    rows, labels = np.full((3, 2), 0.5), np.array([0, 1, 0])
    hidden = np.ma.array(rows, mask=[[False] * 2, [True] * 2, [False] * 2])
    for name, call in {
        "margins": lambda: cleaning.rank_labels(masked, labels),
        "probabilities": lambda: cleaning.label_evidence(hidden, labels),
        "labels": lambda: cleaning.label_evidence(rows, np.ma.array(labels, mask=masked.mask)),
        "evidence 1": lambda: cleaning.mean_ranks(masked),
        "features": lambda: estimate.neighbour_consensus(hidden, labels),
    }.items():
        with pytest.raises(ValueError, match=f"{name}: expected numbers, got [12] masked"):
            call()
    assert cleaning.mean_ranks(np.ma.array([1.0, 2.0])).tolist() == [0.25, 0.75]


def test_neighbours_vote_on_a_label():
    features = np.array([[0.0], [0.1], [0.2], [0.3], [9.0], [9.1], [9.2], [9.3]])
    labels = np.array([0, 0, 1, 0, 1, 1, 1, 2])
    found = cleaning.neighbour_margins(features, labels, neighbours=3)
    np.testing.assert_allclose(found, [1 / 3, 1 / 3, -1, 1 / 3, 1 / 3, 1 / 3, 1 / 3, -1])
    # More than there are: all others.
    everyone = cleaning.neighbour_margins(features + 1e6, labels, neighbours=99)
    np.testing.assert_allclose(everyone[7], -4 / 7)
    np.testing.assert_array_equal(cleaning.neighbour_margins(features, labels * 0), 1)
    for bad, message in [
        (features[:3], r"a row for each of 8 labels .* got \(3, 1\)"),
        (np.where(features == 9.0, np.nan, features), r"got others in row 4 \(1 such"),
        (features * 0, "rows that differ, got the same for every example; pass others"),
    ]:
        with pytest.raises(ValueError, match=message):
            cleaning.neighbour_margins(bad, labels)
