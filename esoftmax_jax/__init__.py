"""ε-softmax and symmetric losses for learning with wrong labels, in JAX."""

from esoftmax_jax import losses
from esoftmax_jax.losses import *  # noqa: F403
