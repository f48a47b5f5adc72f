"""Losses where a hyperparameter or a probability is at the end of its range."""

import decimal
import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from esoftmax_jax import losses

LOGITS = jnp.array([[2.0, 0.0, -1.0]])
LABELS = jnp.array([0])


def jensen_shannon(pi):
    """Return JS of LOGITS in 60 digits."""
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
        return losses.jensen_shannon_loss(logits, LABELS, pi=float(pi)).sum()

    def of_views(views):
        return losses.generalized_jensen_shannon_loss(views, LABELS, pi=float(pi)).sum()

    for loss, given in ((one, LOGITS), (of_views, LOGITS[None])):
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
    loss = functools.partial(losses.generalized_jensen_shannon_loss, labels=LABELS, pi=pi)
    assert loss(views)[0] == pytest.approx(expected, rel=1e-5)
    assert np.isfinite(jax.grad(lambda views: loss(views).sum())(views)).all()


@pytest.mark.parametrize("name", ["NNCE", "NNFL"])
def test_where_all_classes_are_below_the_floor_no_label_is_better(name):
    loss = losses.get(name, min_prob=0.5)
    for logits in (jnp.zeros((1, 4)), jnp.array([[0.1, 0.0, 0.0, 0.0]])):
        values = [float(loss(logits, jnp.array([label]))[0]) for label in range(4)]
        assert values == [0.75] * 4
        slope = jax.grad(lambda logits: loss(logits, LABELS).sum())(logits)
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
