"""A small network, its data and its first state, for the tests of the training step."""

import functools

import flax.linen as nn
import jax
import jax.numpy as jnp
import optax

from esoftmax_jax import losses
from esoftmax_jax.training import create_train_state

BACKENDS = ["pmap", "shard_map", "jit"]


class Network(nn.Module):
    """Dense, batch norm, ReLU, (dropout), dense."""

    axis_name: str | None = None
    dtype: jnp.dtype = jnp.float32
    dropout: float = 0.0

    @nn.compact
    def __call__(self, x, train):
        x = nn.Dense(16, dtype=self.dtype, param_dtype=self.dtype)(x)
        x = nn.BatchNorm(
            use_running_average=not train,
            axis_name=self.axis_name,
            dtype=self.dtype,
            param_dtype=self.dtype,
        )(x)
        x = nn.relu(x)
        if self.dropout:
            x = nn.Dropout(self.dropout, deterministic=not train)(x)
        return nn.Dense(3, dtype=self.dtype, param_dtype=self.dtype)(x)


def loss_fn(logits, labels, *, where=None):
    return losses.epsilon_softmax_cross_entropy_with_mae(
        logits, labels, m=100.0, alpha=0.5, beta=1.0, where=where
    )


@functools.partial(jax.jit, static_argnums=(0, 1))
def make_data(count=64, dtype=jnp.float32):
    inputs = jax.random.normal(jax.random.key(0), (count, 8), dtype)
    labels = jnp.argmax(inputs[:, :3], axis=1).astype(jnp.int32)
    return {"inputs": inputs, "labels": labels}


def optimizer():
    return optax.chain(optax.add_decayed_weights(1e-4), optax.sgd(0.1, momentum=0.9))


@functools.partial(jax.jit, static_argnums=0)
def _variables(dtype):
    variables = Network(dtype=dtype).init(
        jax.random.key(1), jnp.zeros((1, 8), dtype), train=False
    )
    # Flax starts running statistics in float32: of the second step another program would come.
    return jax.tree.map(lambda x: x.astype(dtype), variables)


def initial_state(dtype=jnp.float32, **kwargs):
    return create_train_state(_variables(dtype), optimizer(), **kwargs)


@jax.jit
def initial_logits(inputs):
    """Return what the network of the initial state says, with its running statistics."""
    return Network().apply(_variables(jnp.float32), inputs, train=False)
