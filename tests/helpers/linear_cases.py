"""The losses of a last layer beside their plain forms, and a layer to try them on."""

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from esoftmax_jax import losses
from esoftmax_jax.losses._linear import losses as linear

Loss = Callable[..., Any]
TOKENS, WIDTH, CLASSES = 6, 5, 40
HYPERPARAMETERS: dict[str, Any] = {"m": 10.0, "alpha": 0.3, "beta": 1.0}


# The fused loss, and the loss of the logits.
PAIRS: dict[str, tuple[Loss, Loss]] = {
    "CE": (linear.linear_cross_entropy, losses.cross_entropy),
    "GCE": (
        functools.partial(linear.linear_generalized_cross_entropy, q=0.6),
        functools.partial(losses.generalized_cross_entropy, q=0.6),
    ),
    "DFT": (linear.linear_dynamic_fine_tuning_loss, losses.dynamic_fine_tuning_loss),
    "CE_eps+MAE": (
        functools.partial(
            linear.linear_epsilon_softmax_cross_entropy_with_mae, **HYPERPARAMETERS
        ),
        functools.partial(losses.epsilon_softmax_cross_entropy_with_mae, **HYPERPARAMETERS),
    ),
}
CE, GCE = PAIRS["CE"][0], PAIRS["GCE"][0]
EPSILON = PAIRS["CE_eps+MAE"][0]


def layer(dtype=jnp.float32, leading=(TOKENS,), num_classes=CLASSES):
    """Random hidden states, kernel, bias and labels; one in three labels is predicted."""
    rng = np.random.default_rng(0)
    hidden = rng.normal(size=(*leading, WIDTH))
    kernel = rng.normal(size=(WIDTH, num_classes))
    bias = rng.normal(size=num_classes)
    labels = rng.integers(num_classes, size=leading)
    labels = np.where(rng.random(leading) < 0.4, np.argmax(hidden @ kernel + bias, -1), labels)
    floats = (jnp.asarray(x, dtype) for x in (hidden, kernel, bias))
    return *floats, jnp.asarray(labels, jnp.int32)


def weighted(values):
    """Return a sum in which every token has another weight."""
    return jnp.sum(
        values * jnp.arange(1, values.size + 1, dtype=values.dtype).reshape(values.shape)
    )


def assert_close(left, right, tolerance):
    for a, b in zip(jax.tree.leaves(left), jax.tree.leaves(right), strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)
