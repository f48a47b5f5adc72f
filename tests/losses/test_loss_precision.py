"""Float32 against float64: small probabilities, a common offset of the logits, ends of ranges."""

import decimal
import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from esoftmax_jax import losses
from tests.helpers.every_loss import CLASSES, values_and_gradients

PROBABILITIES = np.array([1e-12, 1e-10, 1e-7, 1e-5, 1e-3, 0.05, 0.5, 0.9])
LABELS = np.zeros(8, np.int32)
THREE = jnp.array([[2.0, 0.0, -1.0]])
FIRST = jnp.array([0])


def logits_of(probabilities, offset=0.0):
    """Return float32 logits that give the first class these probabilities."""
    others = np.random.default_rng(0).normal(size=(len(probabilities), CLASSES - 1))
    others -= np.log(np.exp(others).sum(axis=1, keepdims=True))
    first = np.log(probabilities) - np.log1p(-probabilities)
    return (np.column_stack([first, others]) + offset).astype(np.float32)


def test_values_and_gradients_keep_their_digits(subtests):
    for offset in (0.0, 1e4):
        logits = logits_of(PROBABILITIES, offset)
        narrow = values_and_gradients(logits, LABELS)
        with jax.enable_x64(True):
            exact = values_and_gradients(logits.astype(np.float64), LABELS)
        for (case, values, slope), (_, others, other) in zip(narrow, exact, strict=True):
            if case.formula is None or case.depends_on_constant:
                continue  # other draws in float64; large logits are another loss
            with subtests.test(f"{case.name} at {offset:g}"):
                # 1e-7 is what the sum of exponentials is rounded by where it is nearly 1.
                np.testing.assert_allclose(values, others, rtol=1e-5, atol=1e-7)
                # Below 1e-18 a floor has made a constant of the loss.
                error = np.abs(slope - other).max(axis=1)
                assert np.all(error < 4e-5 * np.abs(other).max(axis=1) + 1e-18)


def test_negative_learning_of_classes_of_any_probability():
    """−log(1 − p) and its derivative, which are about p where p is small."""
    for probability in (1e-9, 1e-7, 1e-3, 0.9, 1 - 1e-6):
        logits = np.array([0.0, np.log(probability) - np.log1p(-probability)]) + 1e4
        narrow = logits.astype(np.float32)
        odds = np.exp(np.float64(narrow[1]) - narrow[0])

        def loss(z):
            labels = jnp.zeros(1, jnp.int32)
            return losses.negative_learning_loss(z[None], labels, key=jax.random.key(0)).sum()

        value, gradient = jax.value_and_grad(loss)(jnp.asarray(narrow))
        np.testing.assert_allclose(value, np.log1p(odds), rtol=1e-6)
        np.testing.assert_allclose(gradient[1], odds / (1 + odds), rtol=1e-6)


def test_the_sum_above_the_floor_keeps_its_digits_beside_large_logits():
    logits = 3 * np.random.default_rng(0).normal(size=(8, 100)) + 1e4
    narrow, labels = logits.astype(np.float32), np.argsort(logits, axis=1)[:, 60]

    def gradient(z):
        return jax.grad(lambda z: losses.normalized_negative_cross_entropy(z, labels).sum())(z)

    found = gradient(narrow)
    with jax.enable_x64(True):
        exact = gradient(narrow.astype(np.float64))
    np.testing.assert_allclose(found, exact, atol=2e-6 * np.abs(exact).max())


def jensen_shannon(pi):
    """Return JS of THREE in 60 digits."""
    with decimal.localcontext(prec=60):
        terms = [decimal.Decimal(one).exp() for one in (2, 0, -1)]
        probs = [one / sum(terms) for one in terms]
        weight = decimal.Decimal(pi)
        mixture = [(1 - weight) * one for one in probs]
        mixture[0] += weight
        of_prediction = sum(p * (p / m).ln() for p, m in zip(probs, mixture, strict=True))
        divergence = -weight * mixture[0].ln() + (1 - weight) * of_prediction
        return float(divergence / (-(1 - weight) * (1 - weight).ln()))


@pytest.mark.parametrize("pi", ["0.9999", "0.5", "0.01", "1e-3", "1e-5", "1e-7", "1e-10"])
def test_jensen_shannon_has_its_digits_at_every_weight_of_the_label(pi):
    def one(logits):
        return losses.jensen_shannon_loss(logits, FIRST, pi=float(pi)).sum()

    def of_views(views):
        return losses.generalized_jensen_shannon_loss(views, FIRST, pi=float(pi)).sum()

    for loss, given in ((one, THREE), (of_views, THREE[None])):
        assert loss(given) == pytest.approx(jensen_shannon(pi), rel=1e-6)
        with jax.enable_x64(True):
            exact = jax.grad(loss)(given.astype(jnp.float64))
        np.testing.assert_allclose(jax.grad(loss)(given), exact, rtol=1e-4)


@pytest.mark.parametrize("pi", [1e-3, 0.5, 0.99])
def test_views_that_differ_add_their_distance_from_the_mean(pi):
    views = jnp.array([[[2.0, 0.0, -1.0]], [[0.0, 2.0, -jnp.inf]]])
    probs = np.asarray(jax.nn.softmax(views), np.float64)[:, 0]
    mixture = (1 - pi) * probs.mean(axis=0) + pi * np.array([1, 0, 0])
    entropies = [-sum(p * np.log(p) for p in one if p > 0) for one in (mixture, *probs)]
    expected = (entropies[0] - (1 - pi) * np.mean(entropies[1:])) / (-(1 - pi) * np.log1p(-pi))
    loss = functools.partial(losses.generalized_jensen_shannon_loss, labels=FIRST, pi=pi)
    assert loss(views)[0] == pytest.approx(expected, rel=1e-5)
    assert np.isfinite(jax.grad(lambda views: loss(views).sum())(views)).all()


@pytest.mark.parametrize("name", ["NNCE", "NNFL"])
def test_where_all_classes_are_below_the_floor_no_label_is_better(name):
    loss = losses.get(name, min_prob=0.5)
    for logits in (jnp.zeros((1, 4)), jnp.array([[0.1, 0.0, 0.0, 0.0]])):
        values = [float(loss(logits, jnp.array([label]))[0]) for label in range(4)]
        assert values == [0.75] * 4
        slope = jax.grad(lambda logits: loss(logits, FIRST).sum())(logits)
        np.testing.assert_array_equal(slope, 0)
    # One that is above has no loss, and the others have the largest.
    above = jnp.array([[3.0, 0.0, 0.0, 0.0]])
    assert [float(loss(above, jnp.array([label]))[0]) for label in (0, 1)] == [0, 1]


def test_a_label_that_no_class_can_have_costs_without_end_when_corrected_forward():
    never = jnp.array([[1.0, 0.0, 0.0], [0.5, 0.5, 0.0], [0.1, 0.9, 0.0]])
    own = jnp.array([[0.8, 0.2, 0.0], [0.2, 0.8, 0.0], [0.0, 0.0, 1.0]])
    masked = jnp.array([[1.0, 2.0, -jnp.inf]])
    for matrix, logits in ((never, jnp.ones((1, 3))), (own, masked)):

        def loss(logits, matrix=matrix):
            return losses.forward_corrected_cross_entropy(
                logits, jnp.array([2]), transition_matrix=matrix
            ).sum()

        assert loss(logits) == jnp.inf
        assert np.isfinite(jax.grad(loss)(logits)).all()


@pytest.mark.parametrize("offset", [0.0, 1e4, 1e6])
def test_log_epsilon_softmax_keeps_its_digits_beside_large_logits(offset):
    logits = jnp.array([[0.0, -1.0, -2.0], [0.0, 0.0, -1.0]]) + offset
    found = losses.log_epsilon_softmax(logits, m=1.0)
    expected = losses.log_epsilon_softmax(logits - offset, m=1.0)
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    np.testing.assert_allclose(jnp.exp(found).sum(axis=-1), 1, rtol=1e-6)
