"""Wrong arguments to the noise functions: one message for each."""

from collections.abc import Callable
from functools import partial
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
    instance_dependent_noise,
    long_tailed_examples,
    majority_vote,
    named_class_map,
    noise_rate,
    open_set_replacements,
    pairwise_class_map,
    part_dependent_noise,
    resampled_symmetric_noise,
    sequential_asymmetric_noise,
    symmetric_noise,
    transition_matrix,
    transition_matrix_noise,
)
from tests.helpers.noises import KEY, balanced, every_model, unbalanced

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


FEATURES = np.ones((4, 2), np.float32)


@pytest.mark.parametrize(
    "draw",
    [
        partial(bernoulli_symmetric_noise, num_classes=2, rate=0.5),
        partial(transition_matrix_noise, matrix=np.eye(2)),
        partial(transition_matrix_noise, matrix=np.eye(2), counts="independent"),
        partial(annotator_labels, matrices=[np.eye(2)]),
        partial(open_set_replacements, num_classes=2, rate=0.5, num_foreign=9),
        partial(long_tailed_examples, num_classes=2, imbalance=2),
        partial(instance_dependent_noise, features=FEATURES, num_classes=2, rate=0.5),
        partial(part_dependent_noise, features=FEATURES, num_classes=2, rate=0.5),
    ],
    ids=lambda draw: draw.func.__name__,
)
def test_traced_keys_are_refused_where_the_host_draws(draw):
    with pytest.raises(
        TypeError, match=r"^key must be a concrete .*outside jax.jit and jax.vm"
    ):
        jax.vmap(lambda key: draw(key, np.array([0, 1, 0, 1])))(jax.random.split(KEY, 2))


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
            r"'cifar10', 'cifar100', 'cifar100_blocks', 'mnist', got 'cifar'; did you mean 'cifar10'\?;",
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
