"""The losses of a last layer: equal to the layer followed by the loss, without its memory."""

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from esoftmax_jax import losses
from esoftmax_jax.losses._linear import losses as linear
from tests.helpers.linear_cases import (
    CE,
    CLASSES,
    EPSILON,
    PAIRS,
    TOKENS,
    WIDTH,
    Loss,
    assert_close,
    layer,
    weighted,
)


@functools.partial(jax.jit, static_argnums=(0, 1))
def value_and_gradients(loss, chunk_size, hidden, kernel, bias, labels, where=None):
    def total(*args):
        values = loss(*args[:2], labels, bias=args[2], chunk_size=chunk_size, where=where)
        return weighted(values), values

    (_, values), gradients = jax.value_and_grad(total, (0, 1, 2), has_aux=True)(
        hidden, kernel, bias
    )
    return values, gradients


@functools.partial(jax.jit, static_argnums=0)
def unfused_value_and_gradients(loss, hidden, kernel, bias, labels):
    def total(*args):
        values = loss(args[0] @ args[1] + args[2], labels)
        return weighted(values), values

    (_, values), gradients = jax.value_and_grad(total, (0, 1, 2), has_aux=True)(
        hidden, kernel, bias
    )
    return values, gradients


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-10), ("float32", 1e-5)])
def test_equals_the_layer_followed_by_the_loss(name, dtype, tolerance):
    fused, unfused = PAIRS[name]
    with jax.enable_x64(True):
        arguments = layer(jnp.dtype(dtype))
        expected = unfused_value_and_gradients(unfused, *arguments)
        # 40 classes: a chunk of 16 leaves 8, and there are two more for the scan.
        assert_close(value_and_gradients(fused, 16, *arguments), expected, tolerance)


@pytest.mark.parametrize("chunk_size", [1, 20, 39, 2048])
def test_any_chunk_size_gives_the_same(chunk_size):
    expected = value_and_gradients(EPSILON, 16, *layer())
    assert_close(value_and_gradients(EPSILON, chunk_size, *layer()), expected, 1e-5)


def test_without_bias_and_with_leading_axes():
    hidden, kernel, _, labels = layer(leading=(2, 3))
    values = CE(hidden, kernel, labels, chunk_size=16)
    assert values.shape == (2, 3)
    assert_close(values, losses.cross_entropy(hidden @ kernel, labels), 1e-5)
    one = CE(hidden[0, 0], kernel, labels[0, 0], chunk_size=16)
    assert one.shape == ()
    assert_close(one, values[0, 0], 1e-5)
    assert CE(hidden[:0], kernel, labels[:0]).shape == (0, 3)
    numpy_arrays = (np.asarray(x) for x in (hidden, kernel, labels))
    assert_close(CE(*numpy_arrays, chunk_size=16), values, 1e-6)


def test_gradients_of_some_arguments_only():
    hidden, kernel, bias, labels = layer()

    def loss(hidden, kernel):
        return weighted(fused_one(hidden, kernel, bias, labels))

    _, (for_hidden, for_kernel, _) = value_and_gradients(CE, 16, *layer())
    assert_close(jax.jit(jax.grad(loss, 0))(hidden, kernel), for_hidden, 1e-5)
    assert_close(jax.jit(jax.grad(loss, 1))(hidden, kernel), for_kernel, 1e-5)


@pytest.mark.parametrize("name", ["CE", "CE_eps+MAE"])
def test_bfloat16_is_summed_in_float32(name):
    fused, unfused = PAIRS[name]
    hidden, kernel, bias, labels = layer(jnp.bfloat16)
    values, gradients = value_and_gradients(fused, 16, hidden, kernel, bias, labels)
    assert values.dtype == jnp.bfloat16
    assert {g.dtype for g in gradients} == {jnp.dtype(jnp.bfloat16)}
    exact = (x.astype(jnp.float32) for x in (hidden, kernel, bias))
    expected = unfused_value_and_gradients(unfused, *exact, labels)
    pairs = zip(jax.tree.leaves((values, gradients)), jax.tree.leaves(expected), strict=True)
    for a, b in pairs:
        a = a.astype(jnp.float32)
        np.testing.assert_allclose(a, b, rtol=0.02, atol=0.02 * float(jnp.max(jnp.abs(b))))


@pytest.mark.parametrize("kernel_dtype", [jnp.float16, jnp.float32])
def test_dtypes_may_differ(kernel_dtype):
    hidden, kernel, bias, labels = layer(jnp.bfloat16)
    kernel = kernel.astype(kernel_dtype)
    values, gradients = value_and_gradients(CE, 16, hidden, kernel, bias, labels)
    assert values.dtype == hidden.dtype
    assert [g.dtype for g in gradients] == [hidden.dtype, kernel.dtype, bias.dtype]
    logits = hidden.astype(jnp.float32) @ kernel.astype(jnp.float32) + bias.astype(jnp.float32)
    expected = losses.cross_entropy(logits, labels)
    np.testing.assert_allclose(values.astype(jnp.float32), expected, rtol=0.01)


@pytest.mark.parametrize("name", PAIRS)
def test_a_masked_token_contributes_nothing(name):
    hidden, kernel, bias, labels = layer()
    where = jnp.arange(TOKENS) != 2
    spoilt = (hidden.at[2].set(jnp.nan), kernel, bias, labels.at[2].set(-100))
    values, gradients = value_and_gradients(PAIRS[name][0], 16, *spoilt, where)
    assert values[2] == 0
    assert not jnp.any(gradients[0][2])
    clean, clean_gradients = value_and_gradients(PAIRS[name][0], 16, *layer(), where)
    assert_close((values, gradients), (clean, clean_gradients), 0)
    everything, _ = value_and_gradients(PAIRS[name][0], 16, *layer())
    assert_close(values, jnp.where(where, everything, 0), 1e-6)


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize("bad", [-1, CLASSES, 2**31 - 1, -(2**31)])
def test_a_label_that_is_no_class_gives_nan(name, bad):
    hidden, kernel, bias, labels = layer()
    labels = labels.at[2].set(bad)
    values, gradients = value_and_gradients(PAIRS[name][0], 16, hidden, kernel, bias, labels)
    assert jnp.array_equal(jnp.isnan(values), jnp.arange(TOKENS) == 2)
    assert jnp.all(jnp.isnan(gradients[0][2]))
    assert not jnp.any(jnp.isnan(gradients[0][3]))
    assert jnp.all(jnp.isnan(gradients[1]))


def test_narrow_and_wide_labels():
    hidden, kernel, _, labels = layer(num_classes=200)
    assert jnp.isnan(CE(hidden, kernel, jnp.full(TOKENS, -100, jnp.int8))).all()
    np.testing.assert_allclose(
        CE(hidden, kernel, labels.astype(jnp.uint8)), CE(hidden, kernel, labels)
    )
    with jax.enable_x64(True):
        far = jnp.full(TOKENS, 2**32 + 3, jnp.int64)
        assert jnp.isnan(CE(hidden, kernel, far)).all()


def test_a_tie_counts_as_predicted_in_every_chunk():
    kernel = jnp.zeros((WIDTH, 7)).at[:, jnp.array([0, 3, 6])].set(1 / 3)
    hidden = jnp.ones((7, WIDTH)) * 0.7
    options: dict[str, Any] = {"m": 1e4, "alpha": 1.0, "beta": 0.0, "chunk_size": 2}
    fused = linear.linear_epsilon_softmax_cross_entropy_with_mae(
        hidden, kernel, jnp.arange(7), **options
    )
    assert jnp.array_equal(fused < 1, jnp.array([1, 0, 0, 1, 0, 0, 1], bool))


def test_a_predicted_label_is_seen_as_predicted_always():
    # Any rounding between the maximum and the label's logit would show as a large loss.
    key = jax.random.key(0)
    hidden = jax.random.normal(key, (512, 33))
    kernel = jax.random.normal(jax.random.key(1), (33, 301))
    bias = jax.random.normal(jax.random.key(2), (301,))
    labels = jnp.argmax(jnp.matmul(hidden, kernel, precision="highest") + bias, axis=-1)
    values = linear.linear_epsilon_softmax_cross_entropy_with_mae(
        hidden, kernel, labels, bias=bias, m=1e4, alpha=1.0, beta=0.0, chunk_size=64
    )
    assert jnp.mean(values < 1) > 0.995  # the rest: near-ties that a rounded product decides


def test_masked_classes():
    hidden, kernel, bias, _ = layer()
    bias = bias.at[:16].set(-jnp.inf)  # the whole of a chunk
    labels = jnp.arange(20, 20 + TOKENS)
    kept = losses.cross_entropy(hidden @ kernel[:, 16:] + bias[16:], labels - 16)
    for chunk_size in (8, 16):
        values, gradients = value_and_gradients(CE, chunk_size, hidden, kernel, bias, labels)
        assert_close(values, kept, 1e-5)
        assert not jnp.any(gradients[1][:, :16])
        assert all(jnp.all(jnp.isfinite(g)) for g in gradients)
    assert jnp.all(
        linear.linear_dynamic_fine_tuning_loss(hidden, kernel, labels - 16, bias=bias) == 0
    )


def test_large_logits_lose_no_precision():
    hidden, kernel, _, labels = layer()
    logits = hidden @ kernel
    shifted = CE(hidden, kernel, labels, bias=jnp.full(CLASSES, 2.0**12))
    exact = losses.cross_entropy(logits + 2.0**12, labels)
    np.testing.assert_allclose(shifted, exact, rtol=1e-6, atol=1e-6)


def test_hyperparameters_per_token_and_traced():
    hidden, kernel, bias, labels = layer()
    q = jnp.linspace(0.2, 1, TOKENS)
    fused = jax.jit(
        lambda q: linear.linear_generalized_cross_entropy(
            hidden, kernel, labels, bias=bias, q=q
        )
    )
    expected = losses.generalized_cross_entropy(hidden @ kernel + bias, labels, q=q)
    assert_close(fused(q), expected, 1e-5)


def fused_one(hidden, kernel, bias, labels):
    return CE(hidden, kernel, labels, bias=bias, chunk_size=16)


def plain_one(hidden, kernel, bias, labels):
    return losses.cross_entropy(hidden @ kernel + bias, labels)


def test_vmap_and_remat():
    @jax.jit
    def gradients(hidden, kernel, bias, labels):
        mapped: Loss = jax.vmap(fused_one, (0, None, None, 0))
        saved = jax.checkpoint(fused_one)
        weights = jnp.arange(1, TOKENS + 1, dtype=hidden.dtype)[:, None]
        each = jax.vmap(jax.grad(fused_one, (0, 1, 2)), (0, None, None, 0))
        by_token = each(hidden, kernel, bias, labels)
        return (
            jax.grad(lambda *a: weighted(mapped(*a, labels)), (0, 1, 2))(hidden, kernel, bias),
            jax.grad(lambda *a: weighted(saved(*a, labels)), (0, 1, 2))(hidden, kernel, bias),
            (
                by_token[0] * weights,
                *(jnp.tensordot(weights[:, 0], g, 1) for g in by_token[1:]),
            ),
        )

    _, expected = value_and_gradients(CE, 16, *layer())
    for found in gradients(*layer()):
        assert_close(found, expected, 1e-5)


def test_second_derivatives():
    @functools.partial(jax.jit, static_argnums=0)
    def second(loss, hidden, kernel, bias, labels):
        def total(kernel):
            return weighted(loss(hidden, kernel, bias, labels))

        def slope(kernel):
            return jnp.sum(jnp.sin(jax.grad(total)(kernel)))

        hessian = jax.hessian(lambda row: loss(row, kernel, bias, labels[0]))
        product = jax.jvp(jax.grad(total), (kernel,), (jnp.cos(kernel),))[1]
        return jax.grad(slope)(kernel), product, hessian(hidden[0])

    assert_close(second(fused_one, *layer()), second(plain_one, *layer()), 1e-4)


def test_forward_mode():
    def derivatives(loss, *arrays):
        *inputs, labels = arrays
        directions = [jnp.cos(3 * x) for x in inputs]
        along = jax.jvp(lambda *a: loss(*a, labels), inputs, directions)
        return along, jax.jacfwd(lambda h: loss(h, *inputs[1:], labels))(inputs[0])

    compiled = jax.jit(derivatives, static_argnums=0)
    assert_close(compiled(fused_one, *layer()), compiled(plain_one, *layer()), 1e-5)


def test_memory_does_not_depend_on_the_number_of_classes():
    tokens, width, chunk_size = 256, 32, 512

    def temporary_bytes(loss, num_classes):
        shapes = ((tokens, width), (width, num_classes))
        arrays = [jax.ShapeDtypeStruct(shape, jnp.float32) for shape in shapes]
        labels = jax.ShapeDtypeStruct((tokens,), jnp.int32)
        gradients = jax.jit(jax.value_and_grad(lambda *a: loss(*a).mean(), (0, 1)))
        analysis = gradients.lower(*arrays, labels).compile().memory_analysis()
        assert analysis is not None
        return analysis.temp_size_in_bytes

    def unfused(hidden, kernel, labels):
        return PAIRS["CE_eps+MAE"][1](hidden @ kernel, labels)

    fused = functools.partial(EPSILON, chunk_size=chunk_size)
    small, large = temporary_bytes(fused, 8192), temporary_bytes(fused, 32768 + 100)
    assert abs(large - small) < 4 * tokens * 128  # the odd chunk's logits, at most
    assert large < temporary_bytes(unfused, 32768 + 100) / 20
