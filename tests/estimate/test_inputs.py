"""What no estimate is made of: one sentence each."""

import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from esoftmax_jax import estimate

LABELS = np.arange(30) % 3
GOOD = np.full((30, 3), 0.2) + 0.4 * np.eye(3)[LABELS]
FEATURES = np.eye(3)[LABELS] + np.arange(30)[:, None] / 1000


def changed(array, place, value):
    array = array.copy()
    array[place] = value
    return array


PROBABILITIES = [
    (GOOD[:20], ValueError, "probabilities: expected one row for each of 30 labels, got 20; leave out examples without a label in both"),
    (changed(GOOD, (4, 1), np.nan), ValueError, "probabilities: expected numbers in [0, 1], got nan in row 4 (1 such rows); leave them out"),
    (GOOD * 2, ValueError, "probabilities: expected numbers in [0, 1], got 1.2 in row 0 (30 such rows); pass the softmax of logits"),
    (GOOD / 2, ValueError, "probabilities: expected rows that sum to 1, got 0.5 in row 0 (30 such rows); pass the softmax of logits, with a column for every class"),
    (np.full((30, 2), 0.5), ValueError, "labels: expected classes in [0, 2), got 2 in row 2 (10 outside in all); correct them, or leave the examples out"),
    (np.full((30, 4), 0.25), ValueError, "labels: expected at least 2 of every class, got 0 of class 3; leave the class out, number the others from 0, or join it with another"),
    (np.eye(3, dtype=int)[LABELS], TypeError, "probabilities: expected a floating dtype, got int64; cast it with probabilities.astype(jnp.float32)"),
    (GOOD[:, 0], ValueError, "probabilities: expected shape (N, K) with K of at least 2, got (30,); of two classes pass both columns"),
    (GOOD.tolist(), TypeError, "probabilities: expected an array of JAX, NumPy or another framework, got list; convert it with np.asarray"),
    (GOOD[:, [1, 2, 0]], ValueError, "probabilities: expected predictions that are the label more often than by chance, 33.3%, got 0.0%; are rows in the order of the labels, columns of the classes?"),
]  # fmt: skip


@pytest.mark.parametrize(("probabilities", "error", "message"), PROBABILITIES)
def test_probabilities(probabilities, error, message):
    with pytest.raises(error, match=re.escape(message)):
        estimate.confident_joint(probabilities, LABELS)


PICTURES = np.ones((30, 2, 2, 3), np.uint8)
ROWS = [
    (FEATURES[:20], ValueError, "features: expected one row for each of 30 labels, got 20"),
    (changed(FEATURES, (slice(2, 5), 0), np.nan), ValueError, "features: expected finite numbers, got nan in row 2 (3 such rows); fill them in, or leave the examples out"),
    (changed(FEATURES, (7, 2), -np.inf), ValueError, "features: expected finite numbers, got -inf in row 7"),
    (np.ones(30), ValueError, "features: expected shape (N, D), got (30,); pass a single one as features.reshape(-1, 1)"),
    (PICTURES, ValueError, "features: expected shape (N, D), got (30, 2, 2, 3); flatten pictures with features.reshape(len(features), -1)"),
    (PICTURES.reshape(30, -1), ValueError, "features: expected rows that differ, got the same row for every example"),
    (np.full((30, 1), "red"), TypeError, "features: expected numbers, got <U3; encode categories"),
    (FEATURES[(np.arange(30) + np.arange(30) // 3) % 30], ValueError, "features: expected predictions that are the label more often than by chance"),
]  # fmt: skip


@pytest.mark.parametrize(("features", "error", "message"), ROWS)
def test_features(features, error, message):
    with pytest.raises(error, match=re.escape(message)):
        estimate.neighbour_consensus(features, LABELS)


WRONG_LABELS = [
    (LABELS.astype(float), TypeError, "labels: expected an integer dtype, got float64; number the classes from 0"),
    (np.array(["a", "b", "c"] * 10), TypeError, "labels: expected an integer dtype, got <U1; number the classes from 0"),
    (np.eye(3, dtype=int)[LABELS], ValueError, "labels: expected shape (N,), one for each example, got (30, 3); of one-hot labels pass the argmax"),
    (changed(LABELS, 4, -1), ValueError, "labels: expected classes in [0, 3), got -1 in row 4 (1 outside in all)"),
    (np.where(LABELS == 1, 0, LABELS), ValueError, "labels: expected at least {} of every class, got 0 of class 1"),
    (np.append(LABELS, 0), ValueError, "expected one row for each of 31 labels, got 30"),
]  # fmt: skip


@pytest.mark.parametrize(("labels", "error", "message"), WRONG_LABELS)
def test_labels(labels, error, message):
    with pytest.raises(error, match=re.escape(message.format(2))):
        estimate.confident_joint(GOOD, labels)
    with pytest.raises(error, match=re.escape(message.format(3))):
        estimate.neighbour_consensus(FEATURES, labels)


OPTIONS = [
    ({"share": 0.0}, ValueError, "share: expected a finite value in (0, 1] or None, got 0.0"),
    ({"clean_accuracy": 90}, ValueError, "clean_accuracy: expected a finite value in [0, 1] or None, got 90"),
    ({"resamples": 1}, ValueError, "resamples: expected an integer in [2, inf), got 1"),
    ({"level": 95}, ValueError, "level: expected a finite value in (0, 1), got 95"),
    ({"key": "a"}, TypeError, "key: expected a seed or a key from jax.random.key(seed), got 'a'"),
    ({"key": -1}, ValueError, "key: expected a seed of at least 0, got -1"),
]  # fmt: skip


@pytest.mark.parametrize(("options", "error", "message"), OPTIONS)
def test_options(options, error, message):
    for call in (
        lambda: estimate.confident_joint(GOOD, LABELS, **options),
        lambda: estimate.neighbour_consensus(FEATURES, LABELS, **options),
    ):
        with pytest.raises(error, match=re.escape(message)):
            call()


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"order": 4}, ValueError, "order: expected 2 or 3, got 4"),
        ({"voters": 0}, ValueError, "voters: expected an integer in [1, inf), got 0"),
        ({"block_size": 0.5}, TypeError, "block_size: expected a Python integer, got 0.5"),
        ({"num_classes": 1}, ValueError, "num_classes: expected at least 2, got 1"),
        ({"num_classes": 5}, ValueError, "labels: expected at least 3 of every class, got 0"),
    ],
)
def test_options_of_the_consensus(options, error, message):
    with pytest.raises(error, match=re.escape(message)):
        estimate.neighbour_consensus(FEATURES, LABELS, **options)


def test_ids_instead_of_classes_take_no_memory():
    with pytest.raises(ValueError, match=r"labels: expected at least 3 of every class, got 0 "):
        estimate.neighbour_consensus(FEATURES, changed(LABELS, 3, 10**12))


def test_arrays_of_every_kind_give_the_same():
    labels = np.where(np.arange(30) < 4, (LABELS + 1) % 3, LABELS)
    expected = estimate.confident_joint(GOOD, labels)
    for probabilities in (
        GOOD.astype(np.float16),
        jnp.asarray(GOOD),
        jnp.asarray(GOOD, jnp.bfloat16),
    ):
        found = estimate.confident_joint(probabilities, jnp.asarray(labels, jnp.uint8))
        np.testing.assert_allclose(found.matrix, expected.matrix)
        assert found.interval == expected.interval
    assert not expected.matrix.flags.writeable


def test_labels_that_are_traced_are_refused():
    with pytest.raises(TypeError, match=r"labels: expected known values, got a traced array; "):
        jax.jit(lambda labels: estimate.confident_joint(GOOD, labels).rate)(LABELS)
