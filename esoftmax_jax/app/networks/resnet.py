"""ResNet-34 in the form for 32×32 images: a 3×3 stem at full size and no max-pool."""

import flax.linen as nn
import jax
import jax.numpy as jnp

from esoftmax_jax.app.networks.convolution import Convolution
from esoftmax_jax.app.networks.small import Network, dense_layer


class ResNet34(Network):
    """A stem, four stages of basic blocks, the mean over all pixels, a dense layer.

    Every stage but the first halves height and width in its first block.
    Convolutions have no bias and start Kaiming-uniform (fan-in, ReLU), the dense
    layer Xavier-uniform, batch norm as the identity.

    Attributes:
        widths: channels of each stage; the stem has those of the first.
        blocks: number of blocks of each stage.
    """

    widths: tuple[int, ...] = (64, 128, 256, 512)
    blocks: tuple[int, ...] = (3, 4, 6, 3)

    @nn.compact
    def __call__(self, images: jax.Array, *, train: bool) -> jax.Array:
        """Returns the logits (N, num_classes) of images (N, H, W, C)."""
        hidden = self._layer(images.astype(self.dtype), train, "stem_{}", self.widths[0])
        hidden = nn.relu(hidden)
        for stage, (width, blocks) in enumerate(zip(self.widths, self.blocks, strict=True)):
            for place in range(blocks):
                stride = 2 if stage > 0 and place == 0 else 1
                hidden = self._block(hidden, train, f"stage{stage}_block{place}", width, stride)
        # The mean in float32: in bfloat16 a sum of many numbers loses bits.
        pooled = jnp.mean(hidden.astype(jnp.float32), axis=(1, 2)).astype(self.dtype)
        logits = dense_layer(self.num_classes, self.dtype, "logits")(pooled)
        return logits.astype(jnp.float32)

    def _block(
        self, images: jax.Array, train: bool, name: str, width: int, stride: int
    ) -> jax.Array:
        """Adds two 3×3 layers to a shortcut, which is a 1×1 layer where shapes differ.

        (N, H, W, C) to (N, ⌈H / stride⌉, ⌈W / stride⌉, width).
        """
        hidden = self._layer(images, train, f"{name}_{{}}0", width, stride=stride)
        hidden = self._layer(nn.relu(hidden), train, f"{name}_{{}}1", width)
        if stride == 1 and images.shape[-1] == width:
            return nn.relu(hidden + images)
        shortcut = self._layer(
            images, train, f"{name}_shortcut_{{}}", width, size=1, stride=stride
        )
        return nn.relu(hidden + shortcut)

    def _layer(
        self,
        images: jax.Array,
        train: bool,
        name: str,
        width: int,
        *,
        size: int = 3,
        stride: int = 1,
    ) -> jax.Array:
        """Convolves and normalises, without ReLU; ``name`` has {} for conv and norm."""
        convolve = Convolution(
            width,
            kernel_size=(size, size),
            stride=stride,
            use_bias=False,  # batch norm would take it out again
            implementation=self.convolution,
            dtype=self.dtype,
            name=name.format("conv"),
        )
        return self.batch_norm(convolve(images), train, name.format("norm"))
