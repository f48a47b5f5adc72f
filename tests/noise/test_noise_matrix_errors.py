"""Wrong arguments to noise beyond single rates: matrices, annotators, subsets, reports."""

from collections.abc import Callable
from typing import Any

import jax
import numpy as np
import pytest

from esoftmax_jax.noise import (
    annotator_labels,
    asymmetric_noise,
    bernoulli_symmetric_noise,
    describe_noise,
    label_hash,
    long_tailed_examples,
    majority_vote,
    open_set_replacements,
    resampled_symmetric_noise,
    sequential_asymmetric_noise,
    symmetric_noise,
    transition_matrix_noise,
)
from tests.helpers.noises import KEY

SYMMETRIC: tuple[Callable[..., jax.Array], ...] = (
    symmetric_noise,
    bernoulli_symmetric_noise,
    resampled_symmetric_noise,
)
ASYMMETRIC: tuple[Callable[..., jax.Array], ...] = (
    asymmetric_noise,
    sequential_asymmetric_noise,
)

HALVES = [[0.5, 0.5], [0.5, 0.5]]


@pytest.mark.parametrize(
    ("matrix", "error", "message"),
    [
        (0.5, TypeError, r"be an array of shape \(K, K\), got float; pass the prob"),
        ("cifar10", TypeError, r"be an array of shape \(K, K\), got str"),
        ([[0.5, 0.5], [1.0]], ValueError, "got rows of different lengths; pass one row of K"),
        (
            np.ones((2, 3)) / 3,
            ValueError,
            r"with K of at least 2, got shape \(2, 3\); pass one",
        ),
        ([[1.0]], ValueError, r"with K of at least 2, got shape \(1, 1\)"),
        ([], ValueError, r"with K of at least 2, got shape \(0,\)"),
        (np.eye(2, dtype=bool), TypeError, "have a floating-point dtype, got bool; conv"),
        (np.eye(2, dtype=complex), TypeError, "have a floating-point dtype, got complex"),
        (
            [[1.5, -0.5], [0, 1]],
            ValueError,
            r"infinite or NaN, got -0\.5 at \[0, 1\]; pass prob",
        ),
        ([[1, 0], [np.nan, 1]], ValueError, r"infinite or NaN, got nan at \[1, 0\]"),
        ([[1, 0], [np.inf, 1]], ValueError, r"infinite or NaN, got inf at \[1, 0\]"),
        ([[1, 0], [0.5, 0.4]], ValueError, r"rows that sum to 1, got 0\.9 in row 1; divide"),
        ([[0.5, 0.5002], [0, 1]], ValueError, r"rows that sum to 1, got 1\.0002 in row 0"),
        (
            [[80, 20], [0, 100]],
            ValueError,
            "rows that sum to 1, got 100 in row 0; divide every",
        ),
        ([[1, 0], [0, 0]], ValueError, "got zeros in row 1 and 2 labels 1; give that row its"),
    ],
    ids=range(15),
)
def test_matrix_errors(matrix, error, message):
    with pytest.raises(error, match="^matrix must .*" + message):
        transition_matrix_noise(KEY, [0, 1, 1], matrix=matrix)
    with pytest.raises(error, match=r"^matrices\[1\] must .*" + message):
        annotator_labels(KEY, [0, 1, 1], matrices=[HALVES, matrix])


def test_masked_probabilities_are_none():
    masked = np.ma.masked_array(np.eye(2), mask=[[False, True], [False, False]])
    with pytest.raises(ValueError, match=r"^matrix: expected numbers, got 1 masked"):
        transition_matrix_noise(KEY, [0, 1, 1], matrix=masked)


def test_traced_matrices_are_refused():
    with pytest.raises(TypeError, match=r"matrix must be a concrete array.*outside jax\.jit"):
        jax.jit(lambda m: transition_matrix_noise(KEY, [0, 1], matrix=m))(np.eye(2))
    with pytest.raises(TypeError, match=r"matrices must be a concrete array.*outside jax\.jit"):
        jax.jit(lambda m: annotator_labels(KEY, [0, 1], matrices=m))(np.eye(2)[None])


def test_counts_error():
    wrong: Any = "sampled"
    with pytest.raises(
        ValueError, match="must be 'exact' or 'independent', got 'sampled'; use"
    ):
        transition_matrix_noise(KEY, [0, 1], matrix=HALVES, counts=wrong)


@pytest.mark.parametrize(
    ("matrices", "error", "message"),
    [
        (None, TypeError, r"must be a sequence of matrices, got NoneType; pass an array of"),
        (np.eye(2), ValueError, r"must have shape \(A, K, K\), got shape \(2, 2\); pass one"),
        ([], ValueError, "matrices must not be empty; pass one matrix per annotator"),
        (np.zeros((0, 2, 2)), ValueError, "matrices must not be empty"),
        (
            [np.eye(2), np.eye(3)],
            ValueError,
            r"matrices\[1\] must have shape \(2, 2\), as matrices\[0\] has, got shape \(3, 3\)",
        ),
    ],
    ids=range(5),
)
def test_annotator_matrices_errors(matrices, error, message):
    with pytest.raises(error, match=message):
        annotator_labels(KEY, [0, 1], matrices=matrices)


@pytest.mark.parametrize(
    ("annotations", "error", "message"),
    [
        ([0, 1], ValueError, r"must have shape \(N, A\), got shape \(2,\); pass one row per"),
        (np.zeros((2, 0), int), ValueError, r"must not be empty, got shape \(2, 0\)"),
        ([[0.0, 1.0]], TypeError, "must have an integer dtype, got float64; convert"),
        ([[0, 1], [1]], ValueError, r"must have shape \(N, A\), got rows of different lengths"),
        (
            [[0, 1], [2, 0]],
            ValueError,
            r"must lie in \[0, 2\), got 2 at index 1, 0 \(1 outside",
        ),
    ],
    ids=range(5),
)
def test_annotation_errors(annotations, error, message):
    with pytest.raises(error, match="annotations " + message):
        majority_vote(KEY, annotations, num_classes=2)


def test_majority_needs_one_id_for_each_example():
    with pytest.raises(ValueError, match=r"shape of labels, \(2,\), got \(3,\)"):
        majority_vote(KEY, [[0, 1, 1], [0, 0, 1]], num_classes=2, example_ids=[0, 1, 2])


@pytest.mark.parametrize(
    ("num_foreign", "error", "message"),
    [
        (3, ValueError, "must be at least 4, one foreign input for every .*, got 3; pass more"),
        (0, ValueError, r"must lie in \[1, 2\*\*31\], got 0; pass the number of"),
        (2**31 + 1, ValueError, r"must lie in \[1, 2\*\*31\], got 2147483649"),
        (4.0, TypeError, r"must be an int, got 4\.0 \(float\); pass the number of"),
        (True, TypeError, r"must be an int, got True \(bool\)"),
    ],
    ids=range(5),
)
def test_num_foreign_errors(num_foreign, error, message):
    labels = [0, 1, 0, 1, 0, 1, 0, 1]
    with pytest.raises(error, match="num_foreign " + message):
        open_set_replacements(KEY, labels, num_classes=2, rate=0.5, num_foreign=num_foreign)


@pytest.mark.parametrize(
    ("imbalance", "error", "message"),
    [
        (0.01, ValueError, "finite and at least 1, got 0.01; pass how .*, 100 and not 0.01"),
        (float("inf"), ValueError, "finite and at least 1, got inf"),
        (float("nan"), ValueError, "finite and at least 1, got nan"),
        (True, TypeError, "must be a number, got bool; pass a Python float"),
        ("100", TypeError, "must be a number, got str"),
    ],
    ids=range(5),
)
def test_imbalance_errors(imbalance, error, message):
    with pytest.raises(error, match="imbalance must be .*" + message.removeprefix("must be ")):
        long_tailed_examples(KEY, [0, 1], num_classes=2, imbalance=imbalance)


def test_long_tail_errors():
    wrong: Any = "linear"
    with pytest.raises(ValueError, match="kind must be 'exponential' or 'step', got 'linear'"):
        long_tailed_examples(KEY, [0, 1], num_classes=2, imbalance=2, kind=wrong)
    with pytest.raises(
        ValueError, match="every class below num_classes=4, got none of class 1"
    ):
        long_tailed_examples(KEY, [0, 2], num_classes=4, imbalance=2)


def test_report_errors():
    with pytest.raises(ValueError, match=r"must have one shape, got \(2,\) and \(3,\); pass"):
        describe_noise([0, 1], [0, 1, 1], num_classes=2)
    with pytest.raises(
        ValueError, match=r"noisy_labels must lie in \[0, 2\), got 2 at index 1"
    ):
        describe_noise([0, 1], [0, 2], num_classes=2)
    with pytest.raises(ValueError, match="must fit into an int32, got 2147483648 at index 1"):
        label_hash([0, 2**31])
    with pytest.raises(ValueError, match="labels must not be empty"):
        label_hash([])
