"""The networks: both convolutions agree, and the parameters are as specified."""

import functools
import math
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from esoftmax_jax.app.networks.convolution import (
    convolve_lax,
    convolve_patches,
    max_pool,
    select_convolution,
)
from esoftmax_jax.app.networks.small import MLP, EightLayerCNN, MnistCNN
from tests.helpers.networks import count, images_of, shapes_of, variables_of

SMALL = EightLayerCNN(num_classes=3, widths=(4,), dense=7)


@functools.partial(jax.jit, static_argnums=(0, 3))
def _apply(model: nn.Module, variables: Any, images: jax.Array, train: bool = True) -> Any:
    return model.apply(variables, images, train=train, mutable=["batch_stats"])


@pytest.mark.parametrize(("kernel_size", "channels"), [((3, 3), 1), ((3, 3), 3), ((2, 4), 2)])
def test_both_convolutions_agree_in_value_and_gradient(kernel_size, channels):
    images = images_of(2, 6, 5, channels)
    kernel = images_of(*kernel_size, channels, 4, seed=1)
    cotangent = images_of(2, 6, 5, 4, seed=2)

    @functools.partial(jax.jit, static_argnums=0)
    def run(convolve: Any) -> Any:
        result, pull_back = jax.vjp(convolve, images, kernel)
        return result, *pull_back(cotangent)

    for left, right in zip(run(convolve_patches), run(convolve_lax), strict=True):
        np.testing.assert_allclose(left, right, atol=2e-5)


def test_convolution_against_a_loop():
    images, kernel = images_of(2, 4, 5, 2), images_of(3, 3, 2, 3, seed=1)
    padded = np.pad(np.asarray(images), ((0, 0), (1, 1), (1, 1), (0, 0)))
    expected = np.zeros((2, 4, 5, 3), np.float32)
    for row in range(4):
        for column in range(5):
            window = padded[:, row : row + 3, column : column + 3]
            expected[:, row, column] = np.einsum("nijc,ijcf->nf", window, np.asarray(kernel))
    result = np.asarray(convolve_patches(images, kernel))
    np.testing.assert_allclose(result, expected, atol=1e-5)


@pytest.mark.parametrize("model", [MnistCNN(num_classes=3), SMALL], ids=["mnist", "eight"])
def test_networks_agree_between_implementations(model):
    images, labels = images_of(6, 8, 8, 2), jnp.arange(6) % 3
    variables = variables_of(model, images.shape)

    @functools.partial(jax.jit, static_argnums=0)
    def run(model: nn.Module, params: Any) -> Any:
        def loss(params: Any) -> Any:
            logits, _ = model.apply(
                variables | {"params": params}, images, train=True, mutable=["batch_stats"]
            )
            chosen = jnp.take_along_axis(jax.nn.log_softmax(logits), labels[:, None], 1)
            return -jnp.mean(chosen), logits

        return jax.value_and_grad(loss, has_aux=True)(params)

    plain = run(model.clone(convolution="lax"), variables["params"])
    for name in ("patches", "winograd"):
        other = run(model.clone(convolution=name), variables["params"])
        jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=2e-4), other, plain)


def test_mnist_parameters():
    variables = shapes_of(MnistCNN(num_classes=10), (1, 28, 28, 1))
    shapes = jax.tree.map(jnp.shape, variables["params"])
    assert shapes["conv0"] == {"kernel": (3, 3, 1, 32), "bias": (32,)}
    assert shapes["conv1"] == {"kernel": (3, 3, 32, 64), "bias": (64,)}
    assert shapes["dense"] == {"kernel": (7 * 7 * 64, 128), "bias": (128,)}
    assert shapes["dense_norm"] == {"scale": (128,), "bias": (128,)}
    assert shapes["logits"] == {"kernel": (128, 10), "bias": (10,)}
    assert count(variables["params"]) == 320 + 18_496 + 401_536 + 256 + 1_290
    assert count(variables["batch_stats"]) == 256


def test_eight_layer_parameters():
    variables = shapes_of(EightLayerCNN(num_classes=10, convolution="lax"), (1, 32, 32, 3))
    widths, channels, expected = (64, 64, 128, 128, 196, 196), 3, 0
    for place, width in enumerate(widths):
        kernel = variables["params"][f"conv{place}"]["kernel"]
        assert kernel.shape == (3, 3, channels, width)
        expected += 9 * channels * width + width + 2 * width
        channels = width
    expected += 4 * 4 * 196 * 256 + 256 + 2 * 256 + 256 * 10 + 10
    assert count(variables["params"]) == expected
    assert count(variables["batch_stats"]) == 2 * (sum(widths) + 256)


def test_mlp_parameters():
    model = MLP(num_classes=4, hidden=(5, 6))
    variables = variables_of(model, (1, 8, 8, 1))
    assert count(variables) == 64 * 5 + 5 + 5 * 6 + 6 + 6 * 4 + 4
    logits, _ = _apply(model, variables, images_of(3, 8, 8, 1))
    flat, _ = _apply(model, variables, images_of(3, 64), False)
    assert logits.shape == (3, 4)
    np.testing.assert_array_equal(logits, flat)  # the same numbers, flattened before


def test_initial_values():
    model = MnistCNN(num_classes=10)
    params = jax.jit(lambda key: model.init(key, jnp.zeros((1, 16, 16, 1)), train=False))(
        jax.random.key(0)
    )["params"]
    bounds = {
        "conv0": math.sqrt(6 / 9),
        "conv1": math.sqrt(6 / (9 * 32)),
        "dense": math.sqrt(6 / (4 * 4 * 64 + 128)),
        "logits": math.sqrt(6 / 138),
    }
    for name, bound in bounds.items():
        kernel = np.asarray(params[name]["kernel"])
        assert 0.95 * bound < np.abs(kernel).max() <= bound, name
        # Uniform, not merely bounded: the spread is bound / sqrt(3).
        assert kernel.std() == pytest.approx(bound / math.sqrt(3), rel=0.1), name
        assert not np.asarray(params[name]["bias"]).any(), name


def test_statistics_move_in_training_only():
    images = images_of(4, 8, 8, 3)
    variables = variables_of(SMALL, images.shape)
    moved, kept = (
        _apply(SMALL, variables, images, train)[1]["batch_stats"] for train in (True, False)
    )
    before = variables["batch_stats"]
    for old, new, same in zip(*map(jax.tree.leaves, (before, moved, kept)), strict=True):
        assert (np.asarray(old) != np.asarray(new)).all()
        np.testing.assert_array_equal(old, same)
    # The first layer's statistics by hand: 0.9 of the old, 0.1 of the batch's.
    parameters = variables["params"]["conv0"]
    convolved = np.asarray(convolve_lax(images, parameters["kernel"]) + parameters["bias"])
    mean, variance = convolved.mean((0, 1, 2)), convolved.var((0, 1, 2))
    np.testing.assert_allclose(moved["norm0"]["mean"], 0.1 * mean, atol=1e-5)
    np.testing.assert_allclose(moved["norm0"]["var"], 0.9 + 0.1 * variance, rtol=1e-4)


def test_axis_name_gives_the_statistics_of_the_whole_batch():
    images = images_of(4, 8, 8, 3)
    variables = variables_of(SMALL, images.shape)
    whole, moved = _apply(SMALL, variables, images)
    across = SMALL.clone(axis_name="shards")
    run: Any = jax.vmap(lambda part: _apply(across, variables, part), axis_name="shards")
    halves, shared = run(images.reshape(2, 2, 8, 8, 3))
    np.testing.assert_allclose(halves.reshape(4, 3), whole, atol=2e-4)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a[1], b, atol=1e-5), shared, moved)


@pytest.mark.parametrize("model", [MnistCNN(3), SMALL, MLP(3)], ids=["mnist", "eight", "mlp"])
def test_bfloat16_computes_low_and_keeps_float32_outside(model):
    images = images_of(4, 8, 8, 3)
    variables = variables_of(model, images.shape)
    logits, moved = _apply(model.clone(dtype=jnp.bfloat16), variables, images)
    exact, _ = _apply(model, variables, images)
    assert logits.dtype == jnp.float32
    low = model.clone(dtype=jnp.bfloat16)
    leaves = jax.tree.leaves((shapes_of(low, images.shape), moved))
    assert {leaf.dtype for leaf in leaves} == {jnp.dtype("float32")}
    assert 0 < np.abs(np.asarray(logits) - np.asarray(exact)).max() < 0.3


def test_pooling_matches_reduce_window():
    # Few distinct values make ties common; both must pick the same winner.
    values = np.random.default_rng(0).integers(0, 3, (3, 7, 6, 2))
    images = jnp.asarray(values, jnp.float32)
    cotangent = images_of(3, 3, 3, 2)

    def reference(images: jax.Array) -> Any:
        window = (1, 2, 2, 1)
        return lax.reduce_window(images, -jnp.inf, lax.max, window, window, "VALID")

    @functools.partial(jax.jit, static_argnums=0)
    def run(pool: Any) -> Any:
        result, pull_back = jax.vjp(pool, images)
        return result, *pull_back(cotangent)

    for left, right in zip(run(max_pool), run(reference), strict=True):
        np.testing.assert_array_equal(left, right)


def test_pooling_hands_on_nan():
    for place in range(4):
        square = np.arange(4.0, dtype=np.float32)
        square[place] = np.nan
        assert jnp.isnan(max_pool(jnp.asarray(square).reshape(1, 2, 2, 1))).all(), place


def test_select_convolution():
    assert select_convolution("lax") == "lax"
    assert select_convolution("patches") == "patches"
    assert select_convolution("winograd") == "winograd"
    expected = "winograd" if jax.default_backend() == "cpu" else "lax"
    assert select_convolution("auto") == expected


def test_wrong_convolution_names_the_options():
    model = MnistCNN(num_classes=3, convolution="fft")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="'auto', 'lax', 'patches', 'winograd'; got 'fft'"):
        shapes_of(model, (1, 8, 8, 1))
