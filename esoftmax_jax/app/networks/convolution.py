"""Convolution and 2×2 pooling in the form that the backend runs fastest.

XLA's CPU convolution loses most of its speed inside ``lax.scan``, where a whole
epoch runs; there, gathering the shifted images and one matrix product is several
times faster, and Winograd's form of 3×3 kernels again by half. On accelerators the
vendor's convolution wins. All forms share their parameters, so a checkpoint moves
between them, and the choice is made in one place, :func:`select_convolution`.
"""

from collections.abc import Callable
from typing import Literal, get_args

import flax.linen as nn
import jax
import jax.numpy as jnp
from jax import lax
from jax.typing import DTypeLike

from esoftmax_jax.app.networks.winograd import convolve_winograd

Implementation = Literal["auto", "lax", "patches", "winograd"]

_FEWEST_CHANNELS = 16
"""Below, the transforms cost more than Winograd saves: 3 channels take 5 times as long."""


def select_convolution(implementation: str) -> Literal["lax", "patches", "winograd"]:
    """Resolves ``"auto"`` for the default backend, and checks the name.

    Args:
        implementation: ``"lax"``, ``"patches"``, ``"winograd"`` (patches where it does
            not apply or pay), or ``"auto"``: winograd on the CPU, lax elsewhere.

    Returns:
        The implementation to run.

    Raises:
        ValueError: if the name is none of these.
    """
    if implementation == "lax":
        return "lax"
    if implementation == "patches":
        return "patches"
    if implementation == "winograd":
        return "winograd"
    if implementation == "auto":
        return "winograd" if jax.default_backend() == "cpu" else "lax"
    options = ", ".join(repr(name) for name in get_args(Implementation))
    raise ValueError(f"convolution must be one of {options}; got {implementation!r}")


def _pads(kernel: jax.Array) -> list[tuple[int, int]]:
    """The zeros before and after each axis, whatever the stride.

    An odd kernel has as many on both sides, as PyTorch's ``padding=1`` for 3×3;
    "SAME" would put all of a stride-2 convolution's at the end. An even kernel has
    the odd one after the image, as "SAME" at stride 1.
    """
    return [((size - 1) // 2, size // 2) for size in kernel.shape[:2]]


def convolve_lax(images: jax.Array, kernel: jax.Array, stride: int = 1) -> jax.Array:
    """Convolves (N, H, W, C) with (kh, kw, C, F) to (N, ⌈H / stride⌉, ⌈W / stride⌉, F)."""
    return lax.conv_general_dilated(
        images,
        kernel,
        (stride, stride),
        _pads(kernel),
        dimension_numbers=("NHWC", "HWIO", "NHWC"),
    )


def convolve_patches(images: jax.Array, kernel: jax.Array, stride: int = 1) -> jax.Array:
    """Computes :func:`convolve_lax` as one matrix product over shifted copies.

    The kh·kw shifted images stand side by side along the channels, in the order
    of the kernel's rows, so that one (N·H'·W', kh·kw·C) × (kh·kw·C, F) product
    does the work. It needs kh·kw / stride² times the input's memory for a moment.

    Args:
        images: (N, H, W, C).
        kernel: (kh, kw, C, F).
        stride: of rows and columns; only what the output needs is copied.

    Returns:
        (N, H', W', F), with H' = ⌈H / stride⌉ and W' = ⌈W / stride⌉.
    """
    count, *sizes, channels = images.shape
    rows, columns, _, features = kernel.shape
    height, width = (-(-size // stride) for size in sizes)
    padded = jnp.pad(images, ((0, 0), *_pads(kernel), (0, 0)))
    shifted = [
        padded[
            :,
            row : row + (height - 1) * stride + 1 : stride,
            column : column + (width - 1) * stride + 1 : stride,
        ]
        for row in range(rows)
        for column in range(columns)
    ]
    patches = jnp.concatenate(shifted, axis=-1).reshape(count * height * width, -1)
    product = patches @ kernel.reshape(rows * columns * channels, features)
    return product.reshape(count, height, width, features)


def convolve_fastest(images: jax.Array, kernel: jax.Array, stride: int = 1) -> jax.Array:
    """Computes :func:`convolve_lax` by Winograd where that applies and pays, else by patches.

    It applies to 3×3 kernels, stride 1 and even sizes. Half precision goes by patches: the
    transforms' sums would lose bits that the products do not.
    """
    even = images.shape[1] % 2 == images.shape[2] % 2 == 0
    applies = kernel.shape[:2] == (3, 3) and stride == 1 and even
    if applies and kernel.shape[2] >= _FEWEST_CHANNELS and images.dtype.itemsize >= 4:
        convolved: jax.Array = convolve_winograd(images, kernel)
        return convolved
    return convolve_patches(images, kernel, stride)


_IMPLEMENTATIONS: dict[str, Callable[[jax.Array, jax.Array, int], jax.Array]] = {
    "lax": convolve_lax,
    "patches": convolve_patches,
    "winograd": convolve_fastest,
}


class Convolution(nn.Module):
    """A convolution with an output of the input's size, divided by the stride.

    The parameters are the same for every implementation: ``kernel`` (kh, kw, C, F),
    Kaiming-uniform for ReLU (bound sqrt(6 / fan_in)), and ``bias`` (F,), zeros.

    Attributes:
        features: number of output channels F.
        kernel_size: (kh, kw).
        stride: of rows and columns.
        use_bias: whether there is a ``bias``; before batch norm it does nothing.
        implementation: see :func:`select_convolution`.
        dtype: dtype of the computation and of the output.
    """

    features: int
    kernel_size: tuple[int, int] = (3, 3)
    stride: int = 1
    use_bias: bool = True
    implementation: Implementation = "auto"
    dtype: DTypeLike = jnp.float32

    @nn.compact
    def __call__(self, images: jax.Array) -> jax.Array:
        """Maps (N, H, W, C) to (N, ⌈H / stride⌉, ⌈W / stride⌉, features)."""
        convolve = _IMPLEMENTATIONS[select_convolution(self.implementation)]
        shape = (*self.kernel_size, images.shape[-1], self.features)
        kernel = self.param("kernel", nn.initializers.he_uniform(), shape, jnp.float32)
        product = convolve(images.astype(self.dtype), kernel.astype(self.dtype), self.stride)
        if not self.use_bias:
            return product
        bias = self.param("bias", nn.initializers.zeros, (self.features,), jnp.float32)
        return product + bias.astype(self.dtype)


def max_pool(images: jax.Array) -> jax.Array:
    """Takes the maximum of every 2×2 square; an odd last row or column is left out.

    Two elementwise choices instead of ``lax.reduce_window``, whose gradient (a
    select-and-scatter) is slow on the CPU. Its result is kept: of equal values the
    first in reading order receives the whole gradient, and NaN passes through.

    Args:
        images: (N, H, W, C).

    Returns:
        (N, H // 2, W // 2, C).
    """
    count, height, width, channels = images.shape
    even = images[:, : height // 2 * 2, : width // 2 * 2]
    squares = even.reshape(count, height // 2, 2, width // 2, 2, channels)
    rows = _first_larger(squares[:, :, :, :, 0], squares[:, :, :, :, 1])
    return _first_larger(rows[:, :, 0], rows[:, :, 1])


def _first_larger(first: jax.Array, second: jax.Array) -> jax.Array:
    """The larger of two, elementwise; the first where they are equal, NaN if any."""
    return jnp.where((first < second) | jnp.isnan(second), second, first)
