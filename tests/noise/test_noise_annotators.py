"""Annotators, foreign inputs, long tails and the report: what each promises."""

import dataclasses
import hashlib
import itertools
import json
from fractions import Fraction
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from esoftmax_jax.noise import (
    _long_tail,
    _selection,
    annotator_labels,
    describe_noise,
    label_hash,
    long_tailed_examples,
    majority_vote,
    noise_rate,
    open_set_replacements,
    sequential_asymmetric_noise,
    symmetric_noise,
    transition_matrix,
    transition_matrix_noise,
)
from tests.helpers.noises import (
    CONFUSION,
    KEY,
    MANY,
    balanced,
    chi_square,
    unbalanced,
)

# --- annotators ------------------------------------------------------------------------


def test_annotators_make_their_own_mistakes_independently():
    matrix = 0.6 * np.eye(5) + 0.08
    perfect = np.eye(5, dtype=np.int32)
    annotations = np.asarray(
        annotator_labels(KEY, MANY.astype(np.int8), matrices=[matrix, perfect, matrix])
    )
    assert annotations.shape == (20_000, 3)
    assert annotations.dtype == np.int8
    np.testing.assert_array_equal(annotations[:, 1], MANY)
    first, third = annotations[:, 0] != MANY, annotations[:, 2] != MANY
    # 0.32 ± 0.0033 each and 0.1024 ± 0.0021 together.
    assert first.mean() == pytest.approx(0.32, abs=0.014)
    assert third.mean() == pytest.approx(0.32, abs=0.014)
    assert (first & third).mean() == pytest.approx(0.32**2, abs=0.009)


def test_further_annotators_leave_the_first_ones_alone():
    clean = balanced(10, 100)
    two = annotator_labels(KEY, clean, matrices=np.stack([CONFUSION] * 2))
    three = annotator_labels(
        KEY, clean, matrices=jnp.asarray([CONFUSION, CONFUSION, np.eye(10)])
    )
    np.testing.assert_array_equal(three[:, :2], two)


def test_majority_against_counting():
    generator = np.random.default_rng(9)
    annotations = generator.integers(0, 4, size=(500, 5)).astype(np.int32)
    winners = np.asarray(majority_vote(KEY, annotations, num_classes=4))
    votes = np.stack([(annotations == label).sum(axis=1) for label in range(4)], axis=1)
    np.testing.assert_array_equal(votes[np.arange(500), winners], votes.max(axis=1))
    tied = (votes == votes.max(axis=1, keepdims=True)).sum(axis=1) > 1
    assert 50 < tied.sum() < 450
    shuffled = generator.permuted(annotations, axis=1)
    np.testing.assert_array_equal(majority_vote(KEY, shuffled, num_classes=4), winners)


def test_tied_labels_win_equally_often():
    rows = np.random.default_rng(10).permuted(np.tile([4, 0, 2, 0, 4], (20_000, 1)), axis=1)
    wins = np.bincount(majority_vote(KEY, rows, num_classes=5), minlength=5)
    assert wins[[1, 2, 3]].tolist() == [0, 0, 0]
    # One and then two degrees of freedom.
    assert 0 < chi_square(wins[[0, 4]], 10_000) < 11
    distinct = np.tile([4, 0, 2], (20_000, 1))
    wins = np.bincount(majority_vote(KEY, distinct, num_classes=5), minlength=5)
    assert 0.01 < chi_square(wins[[0, 2, 4]], 20_000 / 3) < 14
    assert wins[[1, 3]].tolist() == [0, 0]


def test_a_single_annotator_is_always_followed():
    annotations = balanced(10, 100)[:, None].astype(np.uint8)
    winners = majority_vote(KEY, annotations, num_classes=10)
    assert winners.dtype == np.uint8
    np.testing.assert_array_equal(winners, annotations[:, 0])


# --- open set --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rate", "replaced"),
    [(0, [0, 0, 0, 0]), (0.29, [2, 29, 9, 0]), (1, [7, 100, 33, 1])],
)
def test_each_class_loses_exactly_its_share_of_inputs(rate, replaced):
    labels = unbalanced()
    result = open_set_replacements(KEY, labels, num_classes=4, rate=rate, num_foreign=141)
    assert result.dtype == jnp.int32
    assert result.shape == labels.shape
    foreign = np.asarray(result)
    assert np.bincount(labels[foreign >= 0], minlength=4).tolist() == replaced
    indices = foreign[foreign != -1]
    assert len(set(indices.tolist())) == sum(replaced)
    assert sum(replaced) == 0 or (indices.min() >= 0 and indices.max() < 141)


def test_foreign_inputs_are_drawn_uniformly_and_in_no_order():
    result = np.asarray(
        open_set_replacements(KEY, MANY, num_classes=5, rate=0.5, num_foreign=20_000)
    )
    chosen = result[result >= 0]
    bins = np.bincount(chosen // 2000, minlength=10)
    # 9 degrees of freedom; half of all are taken, which halves the variance.
    assert 1.1 < chi_square(bins, 1000) / 0.5 < 30
    assert abs(np.corrcoef(chosen, np.arange(chosen.size))[0, 1]) < 0.04


def test_replacements_follow_keys_and_ids_in_any_order():
    labels = balanced(10, 100)
    ids = np.random.default_rng(11).choice(2**32, size=1000, replace=False)
    order = np.random.default_rng(12).permutation(1000)

    def draw(key: jax.Array, order: Any) -> np.ndarray:
        return np.asarray(
            open_set_replacements(
                key,
                labels[order],
                num_classes=10,
                rate=0.3,
                num_foreign=1000,
                example_ids=ids[order],
            )
        )

    straight = draw(KEY, np.arange(1000))
    np.testing.assert_array_equal(draw(KEY, order), straight[order])
    assert (draw(jax.random.key(8), np.arange(1000)) != straight).any()


def test_replaced_inputs_are_not_the_flipped_labels_of_the_same_key():
    labels = balanced(10, 100)
    replaced = open_set_replacements(KEY, labels, num_classes=10, rate=0.3, num_foreign=1000)
    noisy = symmetric_noise(KEY, labels, num_classes=10, rate=0.3)
    both = (np.asarray(replaced) >= 0) & (np.asarray(noisy) != labels)
    # Hypergeometric in each class: 90 in all with deviation 6.7.
    assert 60 < both.sum() < 120


# --- long tail -------------------------------------------------------------------------


def sizes_kept(labels: np.ndarray, num_classes: int, **kwargs: Any) -> Any:
    kept = long_tailed_examples(KEY, labels, num_classes=num_classes, **kwargs)
    assert kept.dtype == jnp.int32
    assert (np.diff(np.asarray(kept)) > 0).all()
    return np.bincount(labels[np.asarray(kept)], minlength=num_classes).tolist()


@pytest.mark.parametrize(
    ("imbalance", "sizes"),
    [
        (1, [100] * 10),
        (100, [100, 59, 35, 21, 12, 7, 4, 2, 1, 1]),
        (np.float32(10), [100, 77, 59, 46, 35, 27, 21, 16, 12, 10]),
        (10_000, [100, 35, 12, 4, 1, 1, 1, 1, 1, 1]),
    ],
)
def test_exponential_tail(imbalance, sizes):
    assert sizes_kept(balanced(10, 100), 10, imbalance=imbalance) == sizes


@pytest.mark.parametrize(
    ("imbalance", "smallest"), [(1, 100), (10, 10), (2.5, 40), (3, 33), (1000, 1)]
)
def test_step_tail(imbalance, smallest):
    sizes = sizes_kept(balanced(10, 100), 10, imbalance=imbalance, kind="step")
    assert sizes == [100] * 5 + [smallest] * 5


def test_the_middle_one_of_an_odd_number_of_classes_stays_large():
    assert sizes_kept(balanced(3, 47), 3, imbalance=10, kind="step") == [47, 47, 4]


def test_the_published_subsets_of_cifar():
    ten = [_long_tail._floor_of_root(5000, Fraction(100), c, 9) for c in range(10)]
    assert ten == [5000, 2997, 1796, 1077, 645, 387, 232, 139, 83, 50]
    hundred = [_long_tail._floor_of_root(500, Fraction(100), c, 99) for c in range(100)]
    assert sum(hundred) == 10_847


def test_roots_that_are_whole_numbers_are_not_rounded_down():
    # In floating point 29⁴ · (29³)^(−3/3) comes out just below 29.
    for base in range(2, 40):
        sizes = [
            _long_tail._floor_of_root(base**4, Fraction(base) ** 3, c, 3) for c in range(4)
        ]
        assert sizes == [base**4, base**3, base**2, base]


def test_every_class_can_serve_the_size_of_the_smallest():
    # 33, 100 and 7 examples.
    labels = 2 - unbalanced()[unbalanced() < 3]
    assert sizes_kept(labels, 3, imbalance=7) == [7, 2, 1]


def test_the_same_examples_are_kept_in_any_order_and_more_of_them_at_less_imbalance():
    labels = balanced(10, 100)
    ids = np.random.default_rng(13).choice(2**32, size=1000, replace=False)
    order = np.random.default_rng(14).permutation(1000)

    def kept(key: jax.Array, order: Any, imbalance: float) -> set[int]:
        positions = long_tailed_examples(
            key, labels[order], num_classes=10, imbalance=imbalance, example_ids=ids[order]
        )
        return set(ids[order][np.asarray(positions)].tolist())

    straight = kept(KEY, np.arange(1000), 10)
    assert kept(KEY, order, 10) == straight
    assert kept(KEY, order, 100) < straight
    assert kept(jax.random.key(8), order, 10) != straight


# --- all of them at one key ------------------------------------------------------------


def test_every_purpose_has_random_bits_of_its_own(monkeypatch):
    drawn = []
    example_bits = _selection.example_bits

    def recorded(key: jax.Array, example_ids: Any) -> jax.Array:
        drawn.append(np.asarray(example_bits(key, example_ids)))
        return jnp.asarray(drawn[-1])

    monkeypatch.setattr(_selection, "example_bits", recorded)
    labels = balanced(10, 100)
    symmetric_noise(KEY, labels, num_classes=10, rate=0.3)
    sequential_asymmetric_noise(KEY, labels, class_map="cifar10", rate=0.3)
    annotations = annotator_labels(KEY, labels, matrices=[CONFUSION] * 3)
    majority_vote(KEY, annotations, num_classes=10)
    open_set_replacements(KEY, labels, num_classes=10, rate=0.3, num_foreign=1000)
    long_tailed_examples(KEY, labels, num_classes=10, imbalance=10)
    # Two streams of labels, five visits, three annotators, ties, two of inputs, the subset.
    assert len(drawn) == 2 + 5 + 3 + 1 + 2 + 1
    for one, other in itertools.combinations(drawn, 2):
        assert not (one == other).any()


# --- report ----------------------------------------------------------------------------


def test_report_against_the_measurements():
    clean = balanced(10, 100)
    noisy = transition_matrix_noise(KEY, clean, matrix=CONFUSION)
    report = describe_noise(clean, noisy, num_classes=10)
    assert (report.num_examples, report.num_wrong) == (1000, 390)
    assert report.rate == noise_rate(clean, noisy) == 0.39
    assert report.counts.dtype == np.int64
    assert report.matrix.dtype == np.float64
    np.testing.assert_array_equal(
        report.counts, transition_matrix(clean, noisy, num_classes=10, normalize=False)
    )
    np.testing.assert_allclose(report.matrix, CONFUSION, rtol=1e-12)
    assert report.labels_hash == label_hash(noisy) != label_hash(clean)


def test_report_of_absent_classes_has_rows_of_zeros():
    report = describe_noise([0, 2, 2], [0, 2, 1], num_classes=4)
    assert report.matrix.tolist() == [[1, 0, 0, 0], [0] * 4, [0, 0.5, 0.5, 0], [0] * 4]


def test_report_survives_a_json_file():
    report = describe_noise([0, 0, 1, 1], [0, 1, 1, 1], num_classes=2)
    read = json.loads(json.dumps(report.to_json()))
    assert read == report.to_json()
    assert read == {
        "num_examples": 4,
        "num_wrong": 1,
        "rate": 0.25,
        "counts": [[1, 1], [0, 2]],
        "labels_hash": label_hash([0, 1, 1, 1]),
    }
    assert describe_noise([0], [0], num_classes=100).to_json()["counts"] is not None
    assert describe_noise([0], [0], num_classes=101).to_json()["counts"] is None


def test_report_cannot_be_changed():
    report = describe_noise([0, 1], [0, 0], num_classes=2)
    with pytest.raises(dataclasses.FrozenInstanceError):
        report.num_wrong = 0  # type: ignore[misc]
    with pytest.raises(ValueError, match="read-only"):
        report.counts[0, 0] = 5


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, ">i4", np.int64, np.uint64])
def test_hash_is_that_of_little_endian_32_bit_labels(dtype):
    labels = balanced(10, 100)
    expected = hashlib.sha256(labels.astype("<i4").tobytes()).hexdigest()[:16]
    assert label_hash(labels.astype(dtype)) == expected
    assert label_hash(jnp.asarray(labels)) == label_hash(labels.tolist()) == expected
    assert label_hash(labels[::-1]) != expected
