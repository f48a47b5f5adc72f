"""What every loss promises, whatever it computes."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.loss_cases import CASES

every_loss = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
DTYPES = ["float32", "bfloat16", "float16"]


def random_batch(shape=(6, 5), dtype="float32", scale=3.0, seed=0):
    logits_key, labels_key = jax.random.split(jax.random.key(seed))
    logits = scale * jax.random.normal(logits_key, shape)
    labels = jax.random.randint(labels_key, shape[:-1], 0, shape[-1])
    return logits.astype(dtype), labels


@functools.cache
def compiled_value_and_grad(case, axis):
    # One function for each case, so that tests with the same shapes share a compilation.
    def total(logits, labels, where):
        values = case(logits, labels, axis=axis, where=where)
        return values.astype("float32").sum(), values

    return jax.jit(jax.value_and_grad(total, has_aux=True))


def value_and_grad(case, logits, labels, axis=-1, where=None):
    (_, values), gradient = compiled_value_and_grad(case, axis)(logits, labels, where)
    return values, gradient


@every_loss
@pytest.mark.parametrize("shape", [(5,), (2, 3, 4, 5), (0, 5)])
def test_one_loss_for_each_example(case, shape):
    logits, labels = random_batch(shape)
    values, gradient = value_and_grad(case, logits, labels)
    assert values.shape == shape[:-1]
    assert gradient.shape == shape


@every_loss
@pytest.mark.parametrize("dtype", DTYPES)
def test_dtype_in_is_dtype_out_and_half_precision_computes_in_float32(case, dtype):
    logits, labels = random_batch(dtype=dtype)
    values, gradient = value_and_grad(case, logits, labels)
    assert values.dtype == gradient.dtype == logits.dtype
    exact, exact_gradient = value_and_grad(case, logits.astype("float32"), labels)
    np.testing.assert_array_equal(values, exact.astype(dtype))
    np.testing.assert_array_equal(gradient, exact_gradient.astype(dtype))


@every_loss
def test_float64(case):
    with jax.enable_x64(True):
        logits, labels = random_batch(dtype="float64")
        values, gradient = value_and_grad(case, logits, labels)
        assert values.dtype == gradient.dtype == jnp.float64
        np.testing.assert_allclose(
            values, case.reference(logits, labels), rtol=1e-11, atol=1e-15
        )


@every_loss
@pytest.mark.parametrize("label_dtype", ["int8", "uint32"])
def test_any_integer_dtype_of_labels(case, label_dtype):
    logits, labels = random_batch((4, 300))  # 300 classes: more than int8 can count
    labels = labels % 100
    np.testing.assert_array_equal(
        case(logits, labels.astype(label_dtype)), case(logits, labels)
    )


@every_loss
def test_transformations_agree(case):
    logits, labels = random_batch((8, 5))
    eager = case(logits, labels)
    with jax.disable_jit():
        np.testing.assert_allclose(case(logits, labels), eager, rtol=2e-6, atol=1e-6)
    np.testing.assert_allclose(jax.jit(case)(logits, labels), eager, rtol=2e-6, atol=1e-6)
    np.testing.assert_allclose(jax.vmap(case)(logits, labels), eager, rtol=2e-6, atol=1e-6)
    one_each = jax.pmap(case)(logits[:, None], labels[:, None])
    np.testing.assert_allclose(one_each[:, 0], eager, rtol=2e-6, atol=1e-6)


@every_loss
def test_numpy_arrays_are_accepted(case):
    logits, labels = random_batch()
    values = case(np.asarray(logits), np.asarray(labels))
    np.testing.assert_array_equal(values, case(logits, labels))


@every_loss
def test_strict_rank_promotion(case):
    logits, labels = random_batch((2, 3, 5))
    with jax.numpy_rank_promotion("raise"):
        value_and_grad(case, logits, labels, where=labels > 1)


@every_loss
@pytest.mark.parametrize("axis", [0, 1, -2])
def test_axis(case, axis):
    logits, labels = random_batch((2, 3, 5))
    values, gradient = value_and_grad(case, logits, labels)
    moved, moved_gradient = value_and_grad(
        case, jnp.moveaxis(logits, -1, axis), labels, axis=axis
    )
    np.testing.assert_allclose(moved, values, rtol=2e-6, atol=1e-7)
    np.testing.assert_allclose(
        jnp.moveaxis(moved_gradient, axis, -1), gradient, rtol=2e-5, atol=1e-6
    )


@every_loss
@pytest.mark.parametrize("axis", [-1, 0])
def test_masked_examples_are_exactly_zero(case, axis):
    logits, labels = random_batch((6, 5))
    where = jnp.array([True, False, True, False, False, True])
    bad = logits.at[1].set(jnp.nan).at[3].set(jnp.inf).at[4].set(-jnp.inf)
    bad_labels = labels.at[1].set(-100).at[4].set(99)
    if axis == 0:
        logits, bad = logits.T, bad.T
    values, gradient = value_and_grad(case, bad, bad_labels, where=where, axis=axis)
    clean, clean_gradient = value_and_grad(case, logits, labels, axis=axis)
    mask = where[None, :] if axis == 0 else where[:, None]
    np.testing.assert_array_equal(jnp.where(where, 0, values), 0)
    np.testing.assert_array_equal(jnp.where(mask, 0, gradient), 0)
    np.testing.assert_allclose(values, jnp.where(where, clean, 0), rtol=1e-6)
    np.testing.assert_allclose(gradient, jnp.where(mask, clean_gradient, 0), rtol=2e-6)


@every_loss
def test_a_label_that_is_no_class_gives_nan_and_never_another_class(case):
    logits, labels = random_batch()
    wrong = jnp.array([0, 2, 3, 5])
    bad_labels = labels.at[wrong].set(jnp.array([-1, -100, 5, 2**31 - 1]))
    values, gradient = value_and_grad(case, logits, bad_labels)
    clean, clean_gradient = value_and_grad(case, logits, labels)
    assert jnp.isnan(values[wrong]).all()
    assert jnp.isnan(gradient[wrong]).all()
    others = jnp.array([1, 4])
    np.testing.assert_array_equal(values[others], clean[others])
    np.testing.assert_array_equal(gradient[others], clean_gradient[others])


@every_loss
def test_a_label_beyond_32_bits_is_no_class(case):
    with jax.enable_x64(True):
        logits, labels = random_batch()
        wide = labels.astype("int64").at[0].set(2**32 + 1)
        assert jnp.isnan(case(logits, wide)[0])
        assert jnp.isfinite(case(logits, wide)[1:]).all()


@every_loss
def test_nan_logits_give_nan_and_only_there(case):
    logits, labels = random_batch()
    wrong_class = (labels[1] + 1) % 5
    values, gradient = value_and_grad(case, logits.at[1, wrong_class].set(jnp.nan), labels)
    assert jnp.isnan(values[1])
    assert jnp.isnan(gradient[1]).all()
    assert jnp.isfinite(jnp.delete(values, 1)).all()
    assert jnp.isfinite(jnp.delete(gradient, 1, axis=0)).all()


@every_loss
@pytest.mark.parametrize("dtype", DTYPES)
def test_huge_logits_are_finite(case, dtype):
    rows = [[1e4, -1e4, 0, 1], [-1e4, 1e4, 0, 1], [1e4, 1e4, 1e4, 1e4], [-1e4] * 4]
    logits = jnp.array([row for row in rows for _ in range(4)], dtype)
    labels = jnp.tile(jnp.arange(4), 4)
    values, gradient = value_and_grad(case, logits, labels)
    assert jnp.isfinite(values).all()
    assert jnp.isfinite(gradient).all()


@every_loss
def test_masked_classes_do_not_exist(case):
    # Classes of logit −inf may be removed without changing anything, except where a loss
    # depends on K itself; no loss of the table does.
    logits, labels = random_batch((6, 5))
    masked = jnp.concatenate([logits, jnp.full((6, 3), -jnp.inf)], axis=1)
    values, gradient = value_and_grad(case, masked, labels)
    expected, expected_gradient = value_and_grad(case, logits, labels)
    np.testing.assert_allclose(values, expected, rtol=2e-6, atol=1e-7)
    np.testing.assert_allclose(gradient[:, :5], expected_gradient, rtol=2e-5, atol=1e-6)
    np.testing.assert_array_equal(gradient[:, 5:], 0)


@every_loss
def test_a_label_on_a_masked_class(case):
    logits = jnp.array([[1.0, -jnp.inf, 0.5]])
    labels = jnp.array([1])
    values, gradient = value_and_grad(case, logits, labels)
    if case.bounded:
        assert jnp.isfinite(values).all()
        assert jnp.isfinite(gradient).all()
    else:
        assert values[0] == jnp.inf


@every_loss
def test_a_tie_for_the_maximum_counts_as_predicted(case):
    labels = jnp.array([0, 2])
    tied = case(jnp.array([[1.0, 0.0, 1.0]] * 2), labels)
    assert tied[0] == tied[1]
    np.testing.assert_allclose(tied[0], case.reference(np.array([1.0, 0.0, 1.0]), 0), rtol=2e-6)


@every_loss
def test_adding_a_constant_to_the_logits_changes_nothing(case):
    logits, labels = random_batch()
    np.testing.assert_allclose(
        case(logits + 128.0, labels), case(logits, labels), rtol=1e-4, atol=1e-4
    )


@every_loss
def test_gradients_sum_to_zero_over_classes(case):
    # Because adding a constant changes nothing.
    _, gradient = value_and_grad(case, *random_batch((64, 10)))
    scale = jnp.abs(gradient).max()
    np.testing.assert_allclose(gradient.sum(axis=-1) / scale, 0, atol=2e-6)


@every_loss
def test_hyperparameters_may_be_traced_mapped_learned_or_per_example(case):
    logits, labels = random_batch()
    numeric = {
        name: jnp.asarray(value)
        for name, value in case.hyperparameters.items()
        if isinstance(value, float)
    }
    flags = {k: v for k, v in case.hyperparameters.items() if k not in numeric}
    if not numeric:
        pytest.skip("this loss has no numeric hyperparameter")

    def loss(hyperparameters):
        return case.loss(logits, labels, **hyperparameters, **flags)

    expected = case(logits, labels)
    np.testing.assert_allclose(jax.jit(loss)(numeric), expected, rtol=2e-6, atol=1e-7)
    three = {name: jnp.stack([value] * 3) for name, value in numeric.items()}
    np.testing.assert_allclose(
        jax.vmap(loss)(three), jnp.stack([expected] * 3), rtol=2e-6, atol=1e-7
    )
    per_example = {name: jnp.full(labels.shape, value) for name, value in numeric.items()}
    np.testing.assert_allclose(loss(per_example), expected, rtol=2e-6, atol=1e-7)
    gradients = jax.grad(lambda h: loss(h).sum())(numeric)
    assert all(jnp.isfinite(g) for g in gradients.values())


@every_loss
def test_no_array_of_the_logits_size_is_kept(case):
    # value and gradient together: the gradient itself is the only large array.
    logits, labels = random_batch((512, 1000))
    program = jax.jit(jax.value_and_grad(lambda z, y: case(z, y).mean()))
    memory = program.lower(logits, labels).compile().memory_analysis()
    assert memory is not None
    assert memory.temp_size_in_bytes < (case.large_temporaries + 0.1) * logits.nbytes


@every_loss
def test_nothing_of_the_wrapper_remains_in_a_callers_program(case):
    logits, labels = random_batch()
    program = str(jax.make_jaxpr(lambda z, y: case(z, y))(logits, labels))
    assert f"name={case.loss.__name__}" not in program
    assert "name=compiled" not in program
