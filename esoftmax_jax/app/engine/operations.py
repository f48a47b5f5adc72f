"""How many floating-point operations a network needs, counted from its layers."""

import math
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from esoftmax_jax.app.networks.convolution import Convolution


def forward_operations(network: nn.Module, shape: tuple[int, ...]) -> int:
    """Return the operations of the convolutions and dense layers for images of a shape.

    The first of ``forward_counts``.
    """
    return forward_counts(network, shape)[0]


def forward_counts(network: nn.Module, shape: tuple[int, ...]) -> tuple[int, int]:
    """Return operations of convolutions and dense layers, and outputs of the convolutions.

    A multiplication and an addition are two operations. Products with the zeros around an image
    count, as is usual; batch norm, pooling and activations do not. Nothing is computed.

    Args:
        network: made of ``Convolution`` and ``nn.Dense`` layers.
        shape: (N, H, W, C).
    """
    operations = outputs = 0

    def count(call: Any, args: Any, kwargs: Any, context: Any) -> Any:
        nonlocal operations, outputs
        result = call(*args, **kwargs)
        layer = context.module
        if isinstance(layer, Convolution | nn.Dense) and context.method_name == "__call__":
            # Every weight is used once for every place of the output.
            places = math.prod(result.shape[:-1])
            operations += 2 * places * layer.variables["params"]["kernel"].size
            outputs += result.size if isinstance(layer, Convolution) else 0
        return result

    def initialise(key: jax.Array) -> Any:
        with nn.intercept_methods(count):
            return network.init(key, jnp.zeros(shape, jnp.float32), train=False)

    jax.eval_shape(initialise, jax.random.key(0))
    return operations, outputs


def step_operations(network: nn.Module, shape: tuple[int, ...]) -> int:
    """Return the operations of one training step on images (N, H, W, C).

    Three times the forward pass: each layer's products occur once more for the gradient of
    its input and once for that of its weights. (The first layer needs no gradient of its
    input; that one is counted nevertheless, as is usual.)
    """
    return 3 * forward_operations(network, shape)
