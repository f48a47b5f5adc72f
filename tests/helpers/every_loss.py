"""Values and gradients of every loss of the table, in one program for each shape and dtype.

Tracing and compiling such a program is nearly all of the time of the tests of losses. They
therefore put their numbers in one shape, ``SHAPE``: the program is there already, and so is what
was traced of each loss for it, which every other program of that shape takes over.
"""

import functools

import jax
import jax.numpy as jnp
import numpy as np

from tests.helpers.loss_cases import CASES

SHAPE = EXAMPLES, CLASSES = 8, 10
LARGEST_MATRIX = 1000


def random_batch(shape=SHAPE, dtype="float32", scale=3.0, seed=0):
    logits_key, labels_key = jax.random.split(jax.random.key(seed))
    logits = scale * jax.random.normal(logits_key, shape)
    labels = jax.random.randint(labels_key, shape[:-1], 0, shape[-1])
    return logits.astype(dtype), labels


def cases_of(num_classes):
    """Return the cases without those that would need a matrix of very many classes."""
    return [case for case in CASES if not case.arrays or num_classes <= LARGEST_MATRIX]


@jax.jit
def values(logits, labels):
    """Return the values of each of ``cases_of(K)``."""
    return [case(logits, labels) for case in cases_of(logits.shape[-1])]


@functools.partial(jax.jit, static_argnames="axis")
def value_and_gradient(logits, labels, where=None, *, axis=-1):
    """Return (values, the gradient of their sum) of each of ``cases_of(K)``."""

    def one(case):
        found, pullback = jax.vjp(lambda z: case(z, labels, axis=axis, where=where), logits)
        return found, pullback(jnp.ones_like(found))[0]

    return [one(case) for case in cases_of(logits.shape[axis])]


def values_and_gradients(logits, labels):
    """Return (case, values, gradient) for every loss, in NumPy: what is asserted needs no program."""
    cases = cases_of(logits.shape[-1])
    results = jax.device_get(value_and_gradient(logits, labels))
    return [(case, *result) for case, result in zip(cases, results, strict=True)]


def values_and_gradients_of_pixels(logits, labels, where=(True,) * EXAMPLES):
    """Return the same for the batch as two pictures of 2 × 2 pixels, classes second.

    Under strict rank promotion, with a mask.
    """
    shape = (2, 2, 2)
    pictures = jnp.moveaxis(logits.reshape(*shape, CLASSES), -1, 1)
    kept = jnp.array(where).reshape(shape)
    with jax.numpy_rank_promotion("raise"):
        results = value_and_gradient(pictures, labels.reshape(shape), kept, axis=1)
    return [
        (case, found.reshape(-1), np.moveaxis(gradient, 1, -1).reshape(SHAPE))
        for case, (found, gradient) in zip(CASES, jax.device_get(results), strict=True)
    ]
