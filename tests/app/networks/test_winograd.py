"""Winograd's convolution: the same numbers as the plain one, and when it is chosen."""

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from esoftmax_jax.app.networks.convolution import (
    convolve_fastest,
    convolve_lax,
    convolve_patches,
)
from esoftmax_jax.app.networks.winograd import convolve_winograd, transforms
from tests.helpers.networks import images_of


@functools.partial(jax.jit, static_argnums=0)
def value_and_gradients(convolve: Any, images: Any, kernel: Any, cotangent: Any) -> Any:
    result, pull_back = jax.vjp(convolve, images, kernel)
    return result, *pull_back(cotangent)


@pytest.mark.parametrize("size", [(2, 2), (4, 4), (4, 6), (8, 2), (8, 8), (12, 8), (8, 10)])
def test_exact_in_float64(size):
    with jax.enable_x64(True):
        generator = np.random.default_rng(0)
        shapes = [(2, *size, 5), (3, 3, 5, 4), (2, *size, 4)]
        arrays = [generator.normal(size=shape) for shape in shapes]
        ours = value_and_gradients(convolve_winograd, *arrays)
        plain = value_and_gradients(convolve_lax, *arrays)
    for left, right in zip(ours, plain, strict=True):
        assert left.dtype == np.float64
        np.testing.assert_allclose(left, right, atol=1e-12)


@pytest.mark.parametrize(("size", "tolerance"), [(6, 2e-6), (16, 8e-6)])
def test_as_precise_as_float32_allows(size, tolerance):
    arrays = (
        images_of(2, size, size, 32),
        images_of(3, 3, 32, 16, seed=1),
        images_of(2, size, size, 16),
    )
    ours = value_and_gradients(convolve_winograd, *arrays)
    plain = value_and_gradients(convolve_lax, *arrays)
    for left, right in zip(ours, plain, strict=True):
        # Sums of some hundred terms: 1e-6 of the largest result is a few roundings. Tiles of
        # 4×4 multiply by up to 2.8, and their errors add up.
        np.testing.assert_allclose(left, right, atol=tolerance * np.abs(right).max())


@pytest.mark.parametrize("outputs", [2, 4])
def test_the_matrices_convolve(outputs):
    with jax.enable_x64(True):
        line, weights = np.random.default_rng(0).normal(size=(2, outputs + 2))
        found = transforms(outputs)
        products = (found.kernel @ weights[:3]) * (found.images @ line)
        expected = [line[i : i + 3] @ weights[:3] for i in range(outputs)]
        np.testing.assert_allclose(found.outputs @ products, expected, atol=1e-12)


def test_many_runs_at_once():
    images, kernel = images_of(3, 2, 8, 8, 16), images_of(3, 3, 3, 16, 2, seed=1)
    mapped = jax.jit(jax.vmap(convolve_winograd))(images, kernel)
    for one, image, weights in zip(mapped, images, kernel, strict=True):
        np.testing.assert_allclose(one, convolve_lax(image, weights), atol=5e-5)


@pytest.mark.parametrize(
    ("images", "kernel", "stride", "winograd"),
    [
        ((2, 4, 4, 16), (3, 3, 16, 8), 1, True),
        ((2, 4, 4, 15), (3, 3, 15, 8), 1, False),
        ((2, 4, 5, 16), (3, 3, 16, 8), 1, False),
        ((2, 4, 4, 16), (1, 1, 16, 8), 1, False),
        ((2, 4, 4, 16), (3, 3, 16, 8), 2, False),
    ],
)
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_chosen_where_it_applies_and_pays(images, kernel, stride, winograd, dtype):
    arguments = jnp.zeros(images, dtype), jnp.zeros(kernel, dtype)
    traced = str(jax.make_jaxpr(lambda x, k: convolve_fastest(x, k, stride))(*arguments))
    assert ("custom_vjp" in traced) == (winograd and dtype == "float32")
    plain = jax.eval_shape(lambda x, k: convolve_patches(x, k, stride), *arguments)
    chosen = jax.eval_shape(lambda x, k: convolve_fastest(x, k, stride), *arguments)
    assert (chosen.shape, chosen.dtype) == (plain.shape, plain.dtype)
