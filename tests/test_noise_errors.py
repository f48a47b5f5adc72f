"""Wrong arguments to the noise functions: one message for each."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
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
    named_class_map,
    noise_rate,
    open_set_replacements,
    pairwise_class_map,
    resampled_symmetric_noise,
    sequential_asymmetric_noise,
    symmetric_noise,
    transition_matrix,
    transition_matrix_noise,
)
from tests.noise_helpers import KEY, balanced, every_model, unbalanced

SYMMETRIC: tuple[Callable[..., jax.Array], ...] = (
    symmetric_noise,
    bernoulli_symmetric_noise,
    resampled_symmetric_noise,
)
ASYMMETRIC: tuple[Callable[..., jax.Array], ...] = (
    asymmetric_noise,
    sequential_asymmetric_noise,
)

# --- errors ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "message"),
    [
        (0, r"key must be one PRNG key, got int; make one with jax\.random\.key\(seed\)"),
        (None, r"key must be one PRNG key, got NoneType"),
        (jnp.zeros(2), r"uint32 of shape \(2,\)\), got an array of dtype float32"),
        (np.zeros(3, np.uint32), r"got an array of dtype uint32 and shape \(3,\); make one"),
        (
            jax.random.split(jax.random.key(0)),
            r"got an array of keys of shape \(2,\); pass one",
        ),
    ],
    ids=["int", "none", "float", "shape", "batch"],
)
@every_model
def test_key_errors(draw, key, message):
    with pytest.raises(TypeError, match=message):
        draw(key, balanced(10, 2))


@pytest.mark.parametrize(
    ("labels", "error", "message"),
    [
        (np.zeros(4), TypeError, "labels must have an integer dtype, got float64; convert"),
        (np.zeros(4, bool), TypeError, "labels must have an integer dtype, got bool"),
        (
            np.eye(4, dtype=int),
            ValueError,
            r"labels must have shape \(N,\), got shape \(4, 4\)",
        ),
        (np.array(3), ValueError, r"labels must have shape \(N,\), got shape \(\); pass one"),
        ([], ValueError, "labels must not be empty"),
        (3, TypeError, "labels must be an integer array, got int; pass a JAX or NumPy array"),
        ("cat", TypeError, "labels must be an integer array, got str"),
        (jax.random.split(KEY), TypeError, "labels must be an integer array, got PRNG keys"),
        (
            [0, 1, 10, 12],
            ValueError,
            r"labels must lie in \[0, 10\), got 10 at index 2 \(2 out",
        ),
        ([0, -1], ValueError, r"labels must lie in \[0, 10\), got -1 at index 1 .*; correct"),
    ],
    ids=range(10),
)
@every_model
def test_label_errors(draw, labels, error, message):
    with pytest.raises(error, match=message):
        draw(KEY, labels)


@every_model
def test_traced_labels_are_refused(draw):
    with pytest.raises(TypeError, match=r"labels must be a concrete array.*outside jax\.jit"):
        jax.jit(lambda labels: draw(KEY, labels))(balanced(10, 2))


def test_dtype_too_narrow_for_the_targets():
    labels, message = np.zeros(4, np.int8), "int8 cannot hold every class below num_classes=200"
    for model in SYMMETRIC:
        with pytest.raises(ValueError, match=message):
            model(KEY, labels, num_classes=200, rate=0.1)
    for model in ASYMMETRIC:
        with pytest.raises(ValueError, match=message):
            model(KEY, labels, class_map={0: 199}, num_classes=200, rate=0.1)
    with pytest.raises(ValueError, match=message):
        transition_matrix_noise(KEY, labels, matrix=np.eye(200))
    with pytest.raises(ValueError, match=message):
        annotator_labels(KEY, labels, matrices=[np.eye(200)])


@pytest.mark.parametrize(
    ("ids", "error", "message"),
    [
        (
            [0, 1, 2],
            ValueError,
            r"example_ids must have the shape of labels, \(4,\), got \(3,\)",
        ),
        ([[0, 1, 2, 3]], ValueError, r"example_ids must have shape \(N,\), got shape \(1, 4\)"),
        (
            [5, 6, 7, 6],
            ValueError,
            "must be unique, got 6 at index 1 and at index 3; give each",
        ),
        ([0, 1, 2, -3], ValueError, r"must lie in \[0, 2\*\*32\), got -3 at index 3; number"),
        ([0, 1, 2**32, 3], ValueError, r"got 4294967296 at index 2"),
        (
            [0.0, 1.0, 2.0, 3.0],
            TypeError,
            "example_ids must have an integer dtype, got float64",
        ),
    ],
    ids=["length", "rank", "repeated", "negative", "large", "float"],
)
@every_model
def test_example_id_errors(draw, ids, error, message):
    with pytest.raises(error, match=message):
        draw(KEY, [0, 1, 2, 3], example_ids=ids)


@pytest.mark.parametrize(
    ("rate", "error", "message"),
    [
        (-0.1, ValueError, r"rate must lie in \[0, 1\], got -0\.1; pass the share"),
        (40, ValueError, r"rate must lie in \[0, 1\], got 40"),
        (float("nan"), ValueError, r"rate must lie in \[0, 1\], got nan"),
        (float("inf"), ValueError, r"rate must lie in \[0, 1\], got inf"),
        (True, TypeError, r"rate must be a number in \[0, 1\], got bool; pass a Python float"),
        ("0.4", TypeError, r"rate must be a number in \[0, 1\], got str"),
        (None, TypeError, r"rate must be a number in \[0, 1\], got NoneType"),
        (jnp.array(0.4), TypeError, r"rate must be a number .*float\(rate\)"),
    ],
    ids=range(8),
)
def test_rate_errors(rate, error, message):
    for model in SYMMETRIC:
        with pytest.raises(error, match=message):
            model(KEY, [0, 1], num_classes=2, rate=rate)
    for model in ASYMMETRIC:
        with pytest.raises(error, match=message):
            model(KEY, [0, 1], class_map=[1, 0], rate=rate)
    with pytest.raises(error, match=message):
        open_set_replacements(KEY, [0, 1], num_classes=2, rate=rate, num_foreign=2)


@pytest.mark.parametrize(
    ("num_classes", "error", "message"),
    [
        (1, ValueError, "num_classes must be at least 2, got 1; with fewer classes"),
        (2.0, TypeError, r"num_classes must be an int, got 2\.0 \(float\); pass the number"),
        (True, TypeError, r"num_classes must be an int, got True \(bool\)"),
        ("10", TypeError, r"num_classes must be an int, got '10' \(str\)"),
    ],
    ids=range(4),
)
def test_num_classes_errors(num_classes, error, message):
    for model in SYMMETRIC:
        with pytest.raises(error, match=message):
            model(KEY, [0, 0], num_classes=num_classes, rate=0.5)
    for model in ASYMMETRIC:
        with pytest.raises(error, match=message):
            model(KEY, [0, 0], class_map={0: 1}, num_classes=num_classes, rate=0.5)
    with pytest.raises(error, match=message):
        majority_vote(KEY, [[0, 0]], num_classes=num_classes)
    with pytest.raises(error, match=message):
        open_set_replacements(KEY, [0, 0], num_classes=num_classes, rate=0.5, num_foreign=2)
    with pytest.raises(error, match=message):
        long_tailed_examples(KEY, [0, 0], num_classes=num_classes, imbalance=2)
    with pytest.raises(error, match=message):
        describe_noise([0, 0], [0, 0], num_classes=num_classes)
    with pytest.raises(error, match=message):
        pairwise_class_map(num_classes)
    with pytest.raises(error, match=message):
        transition_matrix([0, 0], [0, 0], num_classes=num_classes)


def test_per_class_errors():
    wrong: Any = "balanced"
    with pytest.raises(ValueError, match="must be 'equal' or 'proportional', got 'balanced'"):
        symmetric_noise(KEY, [0, 1], num_classes=2, rate=0.5, per_class=wrong)
    message = (
        r"per_class='equal' needs at least 14 examples of every class to flip, got 7 of class "
        r'0; use per_class="proportional"'
    )
    with pytest.raises(ValueError, match=message):
        symmetric_noise(KEY, unbalanced(), num_classes=4, rate=0.4)


@pytest.mark.parametrize(
    ("class_map", "num_classes", "error", "message"),
    [
        (
            "cifar",
            None,
            ValueError,
            "'cifar10', 'cifar100', 'cifar100_blocks', 'mnist', got 'cifar'; pass one of",
        ),
        ({0: 1}, None, TypeError, r"num_classes must be given with a class_map \{source"),
        ({0: 3}, 3, ValueError, r"class_map must name classes in \[0, 3\), got 3; correct"),
        ({-1: 0}, 3, ValueError, r"class_map must name classes in \[0, 3\), got -1"),
        (
            {"0": 1},
            3,
            TypeError,
            r"class_map must map ints to ints, got '0' \(str\); pass class",
        ),
        ({0: 1.0}, 3, TypeError, r"class_map must map ints to ints, got 1\.0 \(float\)"),
        ([1, 2, 3], None, ValueError, r"class_map must name classes in \[0, 3\), got 3"),
        ([1, -1], None, ValueError, r"class_map must name classes in \[0, 2\), got -1"),
        ([0], None, ValueError, "num_classes must be at least 2, got 1"),
        ([], None, ValueError, "class_map must not be empty"),
        ([[1, 0]], None, ValueError, r"class_map must have shape \(N,\), got shape \(1, 2\)"),
        ([1.0, 0.0], None, TypeError, "class_map must have an integer dtype, got float64"),
        (
            {0, 1},
            None,
            TypeError,
            "class_map must be a mapping .* or a name, got set; pass one",
        ),
        ([1, 0, 2], 4, ValueError, "num_classes must be 3, the length of the class_map, got 4"),
        ("cifar10", 100, ValueError, "num_classes must be 10, .*, got 100; leave num_classes"),
    ],
    ids=range(15),
)
def test_class_map_errors(class_map, num_classes, error, message):
    for model in ASYMMETRIC:
        with pytest.raises(error, match=message):
            model(KEY, [0, 1], class_map=class_map, num_classes=num_classes, rate=0.5)


def test_class_map_name_must_be_a_string():
    name: Any = 10
    with pytest.raises(TypeError, match="name of a class map must be a str, got int; pass one"):
        named_class_map(name)


def test_measurement_errors():
    with pytest.raises(ValueError, match=r"must have one shape, got \(2,\) and \(3,\); pass"):
        noise_rate([0, 1], [0, 1, 1])
    with pytest.raises(ValueError, match=r"must have one shape, got \(2,\) and \(3,\); pass"):
        transition_matrix([0, 1], [0, 1, 1], num_classes=2)
    with pytest.raises(ValueError, match="clean_labels must not be empty"):
        noise_rate([], [])
    floats: Any = [0.0, 1.0]
    with pytest.raises(TypeError, match="noisy_labels must have an integer dtype, got float64"):
        noise_rate([0, 1], floats)
    with pytest.raises(
        ValueError, match=r"clean_labels must lie in \[0, 2\), got 2 at index 1"
    ):
        transition_matrix([0, 2], [0, 1], num_classes=2)
    with pytest.raises(
        ValueError, match=r"noisy_labels must lie in \[0, 2\), got 2 at index 1"
    ):
        transition_matrix([0, 1], [0, 2], num_classes=2)


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
        (
            [[0, 1], [2, 0]],
            ValueError,
            r"must lie in \[0, 2\), got 2 at index 1, 0 \(1 outside",
        ),
    ],
    ids=range(4),
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
