"""The heavy-tailed softmax: its normaliser, and derivatives that are written by hand."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import enable_x64

from esoftmax_jax import losses
from esoftmax_jax.losses._tempered import log_tempered_softmax

EXTREMES = [
    np.zeros((1, 50_000)),
    1e4 * np.random.default_rng(0).normal(size=(4, 1000)),
    np.array([[0.0, -1e-3], [0.0, 30.0]]),
    np.array([[0.0, -np.inf, 3.0]]),
]


@jax.jit
def sums_of_probabilities(logits, t2):
    return jnp.exp(log_tempered_softmax(logits, t2, 1, 8)).sum(axis=1)


@pytest.mark.parametrize("t2", [1.0, 1.0001, 1.2, 2.0, 4.0])
@pytest.mark.parametrize("logits", EXTREMES, ids=["flat", "far", "two", "masked"])
def test_probabilities_sum_to_one(logits, t2):
    sums = sums_of_probabilities(logits.astype(np.float32), np.float32(t2))
    np.testing.assert_allclose(sums, 1, rtol=2e-5)


@jax.jit
def derivatives(logits, t1, t2):
    """Return derivatives of one label's loss, alone, beside a masked class and among all's."""

    def one(z, t1, t2):
        return losses.bi_tempered_loss(z, jnp.int32(2), t1=t1, t2=t2)

    def masked(z, t1, t2):
        return one(jnp.concatenate([z[:4], jnp.array([-jnp.inf]), z[4:]]), t1, t2)

    def of_all(z, t1, t2):
        loss = functools.partial(losses.bi_tempered_loss, t1=t1, t2=t2)
        return losses.per_class_loss(loss)(z)[2]

    def forward_over_reverse(f):
        """Return derivatives of first, second and third order by the logits."""

        def twice(x):
            return (x, x)

        hessian = jax.jacfwd(lambda *p: twice(jax.grad(f)(*p)), has_aux=True)

        def second(*p):
            order_2, order_1 = hessian(*p)
            return order_2, (order_1, order_2)

        return jax.jacfwd(second, has_aux=True)

    def reverse_over_reverse(f):
        """Return the gradient by everything, and that of one of its entries."""

        def entry(*p):
            gradient = jax.grad(f, argnums=(0, 1, 2))(*p)
            return gradient[0][1], gradient

        return jax.grad(entry, argnums=(0, 1, 2), has_aux=True)

    every = jax.jacfwd, forward_over_reverse, reverse_over_reverse
    return [
        [derivative(f)(logits, t1, t2) for derivative in every] for f in (one, masked, of_all)
    ]


@pytest.mark.parametrize("temperatures", [(0.8, 1.4), (1.0, 1.0), (0.0, 3.0), (0.5, 1.0)])
def test_derivatives_are_those_of_every_class(temperatures):
    """A label's own rule against autodiff of the form that serves all labels at once.

    A masked class leaves what it would be without that class.
    """
    with enable_x64(True):
        logits = np.random.default_rng(0).normal(size=5)
        *both, expected = derivatives(logits, *temperatures)
    for found in both:
        for a, b in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-8, atol=1e-8)
            assert np.isfinite(a).all()


def test_few_steps_are_what_was_asked_for():
    logits, label = np.array([[4.0, 1.0, 0.0]], np.float32), np.array([1], np.int32)

    @jax.jit
    def values():
        loss = functools.partial(losses.bi_tempered_loss, logits, label, t2=3.0)
        return loss(num_iterations=1), loss(num_iterations=30), loss()

    few, many, default = jax.device_get(values())
    assert abs(few - many).item() > 1e-3
    np.testing.assert_allclose(default, many, rtol=1e-6)


def test_a_temperature_below_one_means_the_same_to_all_forms():
    """Out of range, but where a step of learning it from 1 may lead."""
    logits, label = jnp.array([2.0, 0.0, -1.0]), jnp.int32(0)

    @jax.jit
    def forms(t2):
        every = losses.per_class_loss(functools.partial(losses.bi_tempered_loss, t2=t2))
        return losses.bi_tempered_loss(logits, label, t2=t2), every(logits)[0]

    one, of_every = forms(0.99)
    np.testing.assert_allclose(one, of_every, rtol=1e-5)


def test_the_derivative_of_what_is_nan_is_nan():
    logits, bad = jnp.array([2.0, 0.0, -1.0]), jnp.int32(-100)

    def loss(t1, t2):
        return losses.bi_tempered_loss(logits, bad, t1=t1, t2=t2)

    by_both = jax.jit(jax.grad(loss, argnums=(0, 1)))
    for temperatures in ((1.0, 1.2), (0.8, 1.0)):
        assert np.isnan(by_both(*temperatures)).all()
