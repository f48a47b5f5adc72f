"""The network that a configuration names."""

from typing import Any

import jax.numpy as jnp

from esoftmax_jax.app.engine.config import RunConfig
from esoftmax_jax.app.networks.convolution import Implementation
from esoftmax_jax.app.networks.gradients import GradientMLP
from esoftmax_jax.app.networks.resnet import ResNet34
from esoftmax_jax.app.networks.small import MLP, EightLayerCNN, MnistCNN


def make_network(
    config: RunConfig, num_classes: int, convolution: Implementation = "auto"
) -> Any:
    """Build the network that a configuration names."""
    dtype = jnp.dtype(config.dtype)
    if config.network == "mlp":
        return MLP(num_classes, hidden=(_scaled(config, 256),), dtype=dtype)
    if config.network == "gradient_mlp":
        return GradientMLP(num_classes, hidden=_scaled(config, 256), dtype=dtype)
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
