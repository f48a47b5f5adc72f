"""The network that a configuration names."""

from typing import Any

import jax.numpy as jnp

from experiments._config import RunConfig
from experiments._convolution import Implementation
from experiments._networks import MLP, EightLayerCNN, MnistCNN
from experiments._resnet import ResNet34


def make_network(
    config: RunConfig, num_classes: int, convolution: Implementation = "auto"
) -> Any:
    """Build the network that a configuration names."""
    dtype = jnp.dtype(config.dtype)
    if config.network == "mlp":
        return MLP(num_classes, hidden=(_scaled(config, 256),), dtype=dtype)
    if config.network == "mnist_cnn":
        return MnistCNN(num_classes, dtype=dtype, convolution=convolution)
    if config.network == "resnet34":
        widths = tuple(_scaled(config, width) for width in (64, 128, 256, 512))
        return ResNet34(num_classes, widths=widths, dtype=dtype, convolution=convolution)
    widths = tuple(_scaled(config, width) for width in (64, 128, 196))
    return EightLayerCNN(
        num_classes,
        widths=widths,
        dense=_scaled(config, 256),
        dtype=dtype,
        convolution=convolution,
    )


def _scaled(config: RunConfig, width: int) -> int:
    return max(1, round(config.width * width))
