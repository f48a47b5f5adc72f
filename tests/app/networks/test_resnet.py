"""ResNet-34 and what it needs of convolutions: strides, 1×1, no bias."""

import functools
import math
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from esoftmax_jax.app.networks.convolution import Convolution, convolve_lax, convolve_patches
from esoftmax_jax.app.networks.resnet import ResNet34
from tests.helpers.networks import images_of, shapes_of, variables_of

# The layers are the same whatever computes them, and these are traced in no time.
WHOLE = functools.partial(ResNet34, convolution="lax")
NARROW = ResNet34(num_classes=3, widths=(4, 6), blocks=(1, 1))


@functools.partial(jax.jit, static_argnums=0)
def _value_and_gradient(model: nn.Module, variables: Any, images: jax.Array) -> Any:
    def loss(params: Any) -> Any:
        logits, moved = model.apply(
            variables | {"params": params}, images, train=True, mutable=["batch_stats"]
        )
        return -jax.nn.log_softmax(logits)[:, 0].mean(), (logits, moved["batch_stats"])

    return jax.value_and_grad(loss, has_aux=True)(variables["params"])


@pytest.mark.parametrize(("num_classes", "parameters"), [(10, 21_282_122), (100, 21_328_292)])
def test_published_number_of_parameters(num_classes, parameters):
    variables = shapes_of(WHOLE(num_classes), (1, 32, 32, 3))
    leaves = jax.tree.leaves(variables["params"])
    assert sum(leaf.size for leaf in leaves) == parameters
    # 36 convolutions, each with scale and bias of its batch norm, and the dense layer's two.
    assert len(leaves) == 3 * 36 + 2
    assert len(jax.tree.leaves(variables["batch_stats"])) == 2 * 36


def test_layers_are_where_they_belong():
    params = shapes_of(WHOLE(10), (1, 32, 32, 3))["params"]
    kernels = {name: leaf["kernel"].shape for name, leaf in params.items() if "kernel" in leaf}
    assert kernels["stem_conv"] == (3, 3, 3, 64)
    assert kernels["stage0_block0_conv0"] == (3, 3, 64, 64)
    assert kernels["stage1_block0_conv0"] == (3, 3, 64, 128)
    assert kernels["stage3_block2_conv1"] == (3, 3, 512, 512)
    assert {name: shape for name, shape in kernels.items() if "shortcut" in name} == {
        "stage1_block0_shortcut_conv": (1, 1, 64, 128),
        "stage2_block0_shortcut_conv": (1, 1, 128, 256),
        "stage3_block0_shortcut_conv": (1, 1, 256, 512),
    }
    assert kernels["logits"] == (512, 10)
    assert not [name for name in params if "conv" in name and "bias" in params[name]]


@pytest.mark.parametrize("size", [(7, 6), (8, 5)])
@pytest.mark.parametrize("kernel_size", [(3, 3), (1, 1)])
def test_strided_convolution_against_a_loop(size, kernel_size):
    """As PyTorch's with padding 1 for 3×3 and 0 for 1×1: zeros on both sides alike."""
    images, kernel = images_of(2, *size, 2), images_of(*kernel_size, 2, 3, seed=1)
    pads = [(length // 2, length // 2) for length in kernel_size]
    padded = np.pad(np.asarray(images), ((0, 0), *pads, (0, 0)))
    expected = np.zeros((2, math.ceil(size[0] / 2), math.ceil(size[1] / 2), 3), np.float32)
    for row, column in np.ndindex(expected.shape[1:3]):
        window = padded[
            :, 2 * row : 2 * row + kernel_size[0], 2 * column : 2 * column + kernel_size[1]
        ]
        expected[:, row, column] = np.einsum("nijc,ijcf->nf", window, np.asarray(kernel))
    cotangent = images_of(*expected.shape, seed=2)

    @functools.partial(jax.jit, static_argnums=0)
    def run(convolve: Any) -> Any:
        result, pull_back = jax.vjp(lambda x, k: convolve(x, k, 2), images, kernel)
        return result, *pull_back(cotangent)

    left, right = run(convolve_patches), run(convolve_lax)
    np.testing.assert_allclose(left[0], expected, atol=1e-5)
    for a, b in zip(left, right, strict=True):
        np.testing.assert_allclose(a, b, atol=2e-5)


def test_patches_of_a_strided_convolution_hold_only_what_is_needed():
    images, kernel = images_of(2, 8, 8, 3), images_of(3, 3, 3, 5)
    jaxpr = jax.make_jaxpr(lambda x, k: convolve_patches(x, k, 2))(images, kernel)
    assert max(v.aval.size for eqn in jaxpr.eqns for v in eqn.outvars) == 2 * 4 * 4 * 27


def test_a_convolution_without_bias_has_none():
    layer = Convolution(4, (1, 1), use_bias=False)
    shapes = jax.eval_shape(layer.init, jax.random.key(0), jnp.zeros((1, 2, 2, 3)))
    assert jax.tree.map(jnp.shape, shapes) == {"params": {"kernel": (1, 1, 3, 4)}}


def test_both_convolutions_give_the_same_network():
    images = images_of(6, 8, 8, 3)
    variables = variables_of(NARROW, images.shape)
    left, right = (
        _value_and_gradient(NARROW.clone(convolution=name), variables, images)
        for name in ("patches", "lax")
    )
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=2e-4), left, right)


def test_bfloat16_computes_low_and_keeps_float32_outside():
    images = images_of(6, 8, 8, 3)
    variables = variables_of(NARROW, images.shape)
    low = NARROW.clone(dtype=jnp.bfloat16)
    # Loss, logits, statistics, gradients, and the parameters as they are stored.
    results = jax.eval_shape(lambda v: _value_and_gradient(low, v, images), variables)
    leaves = jax.tree.leaves((results, shapes_of(low, images.shape)))
    assert {leaf.dtype for leaf in leaves} == {jnp.dtype("float32")}

    @functools.partial(jax.jit, static_argnums=0)
    def apply(model: nn.Module) -> Any:
        return model.apply(variables, images, train=True, mutable=["batch_stats"])[0]

    exact = np.asarray(apply(NARROW))
    # bfloat16 has 8 bits: half a unit is 2⁻⁹ of a value, and errors of six layers add up.
    assert 0 < np.abs(np.asarray(apply(low)) - exact).max() < 6 * 2**-8 * np.abs(exact).max()


def test_identity_blocks_add_the_input():
    """With a scale of 0 in its last batch norm a block is the ReLU of its shortcut."""
    images = images_of(4, 4, 4, 3)
    model = ResNet34(num_classes=2, widths=(4,), blocks=(1,), convolution="patches")
    variables = variables_of(model, images.shape)
    norm = variables["params"]["stage0_block0_norm1"]
    norm["scale"] = jnp.zeros_like(norm["scale"])
    stem = convolve_patches(images, variables["params"]["stem_conv"]["kernel"])
    stem = np.maximum(np.asarray(stem) / np.sqrt(1 + 1e-5), 0)
    logits: Any = model.apply(variables, images, train=False)
    expected = stem.mean((1, 2)) @ np.asarray(variables["params"]["logits"]["kernel"])
    np.testing.assert_allclose(logits, expected, atol=1e-5)
