"""What every loss promises, whatever it computes."""

import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import export

from tests.helpers.every_loss import (
    CLASSES,
    EXAMPLES,
    SHAPE,
    random_batch,
    value_and_gradient,
    values,
    values_and_gradients,
    values_and_gradients_of_pixels,
)
from tests.helpers.loss_cases import CASES


@pytest.mark.parametrize(
    ("shape", "dtype"),
    [((2, 3, 4, 5), "float32"), ((5,), "bfloat16"), ((0, 5), "float16")],
)
def test_one_gradient_for_each_example_in_the_dtype_of_the_logits(subtests, shape, dtype):
    logits, labels = (jax.ShapeDtypeStruct(*x) for x in ((shape, dtype), (shape[:-1], "int32")))
    results = jax.eval_shape(value_and_gradient, logits, labels)
    for case, (found, gradient) in zip(CASES, results, strict=True):
        with subtests.test(case.name):
            assert (found.shape, gradient.shape) == (shape[:-1], shape)
            assert found.dtype == gradient.dtype == logits.dtype


@pytest.mark.parametrize("shape", [(5,), (2, 3, 4, 5), (0, 5)])
@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
def test_one_loss_for_each_example_in_the_dtype_of_the_logits(subtests, shape, dtype):
    logits, labels = (jax.ShapeDtypeStruct(*x) for x in ((shape, dtype), (shape[:-1], "int32")))
    results = jax.eval_shape(values, logits, labels)
    for case, found in zip(CASES, results, strict=True):
        with subtests.test(case.name):
            assert (found.shape, found.dtype) == (shape[:-1], dtype)


@pytest.mark.parametrize("label_dtype", ["int8", "uint32"])
def test_any_integer_dtype_of_labels(subtests, label_dtype):
    logits, labels = random_batch((EXAMPLES, 300))  # more classes than int8 can count
    labels = labels % 100
    narrow = values(logits, labels.astype(label_dtype))
    for case, expected, found in zip(CASES, values(logits, labels), narrow, strict=True):
        with subtests.test(case.name):
            np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_transformations_agree(subtests):
    logits, labels = random_batch()
    compiled = values_and_gradients(logits, labels)
    cases = [case for case in CASES if case.formula is not None]  # place in the batch matters

    # The batch on each device, begun at another example; there, one example at a time.
    @jax.pmap
    @jax.vmap
    def mapped(logits, labels):
        return [case(logits, labels) for case in cases]

    rolled = [np.stack([np.roll(x, d, 0) for d in range(8)]) for x in (logits, labels)]
    by_device = dict(zip(cases, mapped(*rolled), strict=True))
    for case, expected, _ in compiled:
        with subtests.test(case.name):
            with jax.disable_jit():
                found = case(logits, labels)
            np.testing.assert_allclose(found, expected, rtol=2e-6, atol=2e-6)
            if case in by_device:
                exact = np.stack([np.roll(expected, d) for d in range(8)])
                np.testing.assert_allclose(by_device[case], exact, rtol=2e-6, atol=2e-6)


def test_numpy_arrays_are_accepted_without_jit(subtests):
    logits, labels = random_batch()
    for case, expected, _ in values_and_gradients(logits, labels):
        with subtests.test(case.name):
            found = case(np.asarray(logits), np.asarray(labels))
            np.testing.assert_allclose(found, expected, rtol=2e-6, atol=2e-6)


def test_pixels_with_a_mask_under_strict_rank_promotion(subtests):
    """Dense prediction is more axes, of which that of the classes may be any."""
    logits, labels = random_batch()
    kept = np.arange(EXAMPLES) != 3
    flat = values_and_gradients(logits, labels)
    for where in (kept, np.ones_like(kept)):
        pixels = values_and_gradients_of_pixels(logits, labels, where)
        for (case, expected, gradient), (_, found, other) in zip(flat, pixels, strict=True):
            if case.formula is None:
                continue  # its draws follow the shape of the batch
            with subtests.test(case.name):
                exact = np.where(where, expected, 0)
                np.testing.assert_allclose(found, exact, rtol=2e-6, atol=1e-6)
                exact = np.where(where[:, None], gradient, 0)
                scale = max(1, float(np.abs(gradient).max()))
                np.testing.assert_allclose(other, exact, rtol=2e-5, atol=1e-6 * scale)


def test_a_class_weight_is_a_factor_of_the_losses():
    logits, labels = random_batch()
    pixels, classes = np.reshape(logits, (2, 2, 2, CLASSES)), np.reshape(labels, (2, 2, 2))
    classes = np.where(classes == classes[0, 0, 0], 2, classes)
    labels = classes.reshape(-1)
    weights = np.array([1, 2, 0, 1, 0.5, 3, 1, 0.25, 1, 2], np.float32)
    case, _, flat = values_and_gradients(logits, labels)[0]

    @jax.jit
    @jax.grad
    def gradient_of_weighted_mean(logits):
        weight = weights[classes]
        return jnp.sum(weight * case(logits, classes)) / jnp.sum(weight)

    gradient = gradient_of_weighted_mean(pixels)
    np.testing.assert_array_equal(np.asarray(gradient)[classes == 2], 0)
    by_hand = weights[classes][..., None] * flat.reshape(pixels.shape) / weights[classes].sum()
    np.testing.assert_allclose(gradient, by_hand, rtol=1e-5, atol=1e-7)


def test_hyperparameters_may_be_traced_mapped_learned_or_per_example(subtests):
    logits, labels = random_batch()
    expected = values_and_gradients(logits, labels)
    numbers = [{k: jnp.asarray(v) for k, v in case.numbers.items()} for case in CASES]
    three = jax.tree.map(lambda x: jnp.stack([x] * 3), numbers)
    each = jax.tree.map(lambda x: jnp.full(labels.shape, x), numbers)

    def every(numbers):
        return [
            case.loss(logits, labels, **(case.options(CLASSES, logits.dtype) | given))
            for case, given in zip(CASES, numbers, strict=True)
        ]

    @jax.jit
    def ways(three, each, numbers):
        learned = jax.grad(lambda numbers: sum(v.sum() for v in every(numbers)))(numbers)
        return jax.vmap(every)(three), every(each), learned

    mapped, per_example, learned = ways(three, each, numbers)
    for i, (case, exact, _) in enumerate(expected):
        with subtests.test(case.name):
            np.testing.assert_allclose(mapped[i][2], exact, rtol=2e-6, atol=2e-6)
            np.testing.assert_allclose(per_example[i], exact, rtol=2e-6, atol=2e-6)
            assert all(np.isfinite(g) for g in learned[i].values())


def test_no_array_of_the_logits_size_is_kept(subtests):
    # value and gradient together: the gradient itself is the only large array.
    logits, labels = random_batch((128, 1000))
    for case in CASES:
        with subtests.test(case.name):
            program = jax.jit(jax.value_and_grad(lambda z, y, case=case: case(z, y).mean()))
            memory = program.lower(logits, labels).compile().memory_analysis()
            assert memory is not None
            matrices = sum(
                x.nbytes for x in case.options(1000, "float32").values() if np.ndim(x)
            )
            assert memory.temp_size_in_bytes < (
                (case.large_temporaries + 0.1) * logits.nbytes + 3 * matrices
            )


def test_accelerators_that_are_not_here_can_run_them():
    # Lowered, not compiled: no operation that only a CPU has.
    logits = jax.ShapeDtypeStruct(SHAPE, "float32")
    labels = jax.ShapeDtypeStruct((EXAMPLES,), "int32")
    exported = export.export(value_and_gradient, platforms=("cuda", "tpu"))(logits, labels)
    assert exported.platforms == ("cuda", "tpu")
    assert len(exported.out_avals) == 2 * len(CASES)


def test_nothing_of_the_wrapper_remains_in_a_callers_program():
    # Lowered: from 0.11 on JAX inlines no earlier.
    program = values.lower(*random_batch()).as_text()
    called = set(re.findall(r"call @(\w+)", program))
    assert not called & {"compiled", *(case.loss.__name__ for case in CASES)}
    assert "@main" in program
