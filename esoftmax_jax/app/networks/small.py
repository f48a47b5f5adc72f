"""The small networks of the experiments, in Flax Linen; ResNet-34 is beside them.

Every network maps float images (N, H, W, C) to float32 logits (N, num_classes).
Parameters and batch statistics stay float32 whatever ``dtype`` the computation
uses; statistics live in the collection ``"batch_stats"`` and move only when
``train=True`` and the collection is mutable.
"""

from functools import partial

import flax.linen as nn
import jax
import jax.numpy as jnp
from jax.typing import DTypeLike

from esoftmax_jax.app.networks.convolution import Convolution, Implementation, max_pool


def dense_layer(features: int, dtype: DTypeLike, name: str) -> nn.Dense:
    """A dense layer with Xavier-uniform weights and a zero bias."""
    return nn.Dense(
        features, dtype=dtype, kernel_init=nn.initializers.xavier_uniform(), name=name
    )


def _flatten(images: jax.Array) -> jax.Array:
    """Reshapes (N, ...) to (N, D)."""
    return images.reshape(images.shape[0], -1)


class Network(nn.Module):
    """The attributes that all networks share.

    Attributes:
        num_classes: number of logits K.
        axis_name: mapped axis over which batch statistics are averaged, if any.
        dtype: dtype of the computation.
        convolution: how convolutions run, see ``select_convolution``.
    """

    num_classes: int
    axis_name: str | None = None
    dtype: DTypeLike = jnp.float32
    convolution: Implementation = "auto"

    def batch_norm(self, hidden: jax.Array, train: bool, name: str) -> jax.Array:
        """Applies batch normalisation over all axes but the last.

        It runs in float32 whatever ``dtype`` is, for the sake of the statistics.
        """
        normalise = nn.BatchNorm(
            use_running_average=not train,
            momentum=0.9,
            epsilon=1e-5,
            axis_name=self.axis_name,
            name=name,
        )
        normalised: jax.Array = normalise(hidden.astype(jnp.float32))
        return normalised.astype(self.dtype)


class MnistCNN(Network):
    """Two convolutions (32, 64), each pooled, and a normalised dense layer of 128."""

    @nn.compact
    def __call__(self, images: jax.Array, *, train: bool) -> jax.Array:
        """Returns the logits (N, num_classes) of images (N, H, W, C)."""
        hidden = images.astype(self.dtype)
        for index, width in enumerate((32, 64)):
            convolve = Convolution(
                width, implementation=self.convolution, dtype=self.dtype, name=f"conv{index}"
            )
            hidden = max_pool(nn.relu(convolve(hidden)))
        hidden = dense_layer(128, self.dtype, "dense")(_flatten(hidden))
        hidden = nn.relu(self.batch_norm(hidden, train, "dense_norm"))
        return dense_layer(self.num_classes, self.dtype, "logits")(hidden).astype(jnp.float32)


class EightLayerCNN(Network):
    """Six normalised convolutions in three pooled pairs, and two dense layers.

    Attributes:
        widths: channels of each pair.
        dense: width of the hidden dense layer.
    """

    widths: tuple[int, ...] = (64, 128, 196)
    dense: int = 256

    @nn.compact
    def __call__(self, images: jax.Array, *, train: bool) -> jax.Array:
        """Returns the logits (N, num_classes) of images (N, H, W, C)."""
        hidden = images.astype(self.dtype)
        convolution = partial(Convolution, implementation=self.convolution, dtype=self.dtype)
        for pair, width in enumerate(self.widths):
            for half in (0, 1):
                place = 2 * pair + half
                hidden = convolution(width, name=f"conv{place}")(hidden)
                hidden = nn.relu(self.batch_norm(hidden, train, f"norm{place}"))
            hidden = max_pool(hidden)
        hidden = dense_layer(self.dense, self.dtype, "dense_hidden")(_flatten(hidden))
        hidden = nn.relu(self.batch_norm(hidden, train, "dense_norm"))
        return dense_layer(self.num_classes, self.dtype, "logits")(hidden).astype(jnp.float32)


class MLP(Network):
    """Dense layers with ReLU, for small images or plain features.

    Attributes:
        hidden: widths of the hidden layers.
    """

    hidden: tuple[int, ...] = (256,)

    @nn.compact
    def __call__(self, images: jax.Array, *, train: bool) -> jax.Array:
        """Returns the logits (N, num_classes) of (N, ...); ``train`` changes nothing."""
        del train
        features = _flatten(images.astype(self.dtype))
        for index, width in enumerate(self.hidden):
            features = nn.relu(dense_layer(width, self.dtype, f"dense{index}")(features))
        return dense_layer(self.num_classes, self.dtype, "logits")(features).astype(jnp.float32)
