"""Float32 against float64: small probabilities of the label, and a common offset of the logits."""

import jax
import jax.numpy as jnp
import numpy as np

from esoftmax_jax import losses
from tests.helpers.every_loss import CLASSES, values_and_gradients

PROBABILITIES = np.array([1e-12, 1e-10, 1e-7, 1e-5, 1e-3, 0.05, 0.5, 0.9])
LABELS = np.zeros(8, np.int32)


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
