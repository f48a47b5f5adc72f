"""What every loss promises, whatever it computes.

All losses of the table are compiled into one program per shape and dtype: nearly all of the time
of these tests is XLA's, and it shares the softmax between them.
"""

import functools
import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import export

from tests.loss_cases import CASES


def random_batch(shape=(8, 5), dtype="float32", scale=3.0, seed=0):
    logits_key, labels_key = jax.random.split(jax.random.key(seed))
    logits = scale * jax.random.normal(logits_key, shape)
    labels = jax.random.randint(labels_key, shape[:-1], 0, shape[-1])
    return logits.astype(dtype), labels


@functools.cache
def program(axis):
    def one(case, logits, labels, where):
        def total(logits):
            values = case(logits, labels, axis=axis, where=where)
            return values.astype("float32").sum(), values

        (_, values), gradient = jax.value_and_grad(total, has_aux=True)(logits)
        return values, gradient

    @jax.jit
    def every(logits, labels, where):
        return [one(case, logits, labels, where) for case in CASES]

    return every


def values_and_gradients(logits, labels, axis=-1, where=None):
    """Yield (case, values, gradient) for every loss."""
    results = program(axis)(logits, labels, where)
    return [(case, *result) for case, result in zip(CASES, results, strict=True)]


@jax.jit
def forward(logits, labels):
    return [case(logits, labels) for case in CASES]


@pytest.mark.parametrize(
    ("shape", "dtype"),
    [((2, 3, 4, 5), "float32"), ((5,), "bfloat16"), ((0, 5), "float16")],
)
def test_one_gradient_for_each_example_in_the_dtype_of_the_logits(subtests, shape, dtype):
    logits, labels = (jax.ShapeDtypeStruct(*x) for x in ((shape, dtype), (shape[:-1], "int32")))
    results = jax.eval_shape(program(-1), logits, labels, None)
    for case, (values, gradient) in zip(CASES, results, strict=True):
        with subtests.test(case.name):
            assert (values.shape, gradient.shape) == (shape[:-1], shape)
            assert values.dtype == gradient.dtype == logits.dtype


@pytest.mark.parametrize("shape", [(5,), (2, 3, 4, 5), (0, 5)])
@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
def test_one_loss_for_each_example_in_the_dtype_of_the_logits(subtests, shape, dtype):
    logits, labels = (jax.ShapeDtypeStruct(*x) for x in ((shape, dtype), (shape[:-1], "int32")))
    results = jax.eval_shape(forward, logits, labels)
    for case, values in zip(CASES, results, strict=True):
        with subtests.test(case.name):
            assert (values.shape, values.dtype) == (shape[:-1], dtype)


@pytest.mark.parametrize("label_dtype", ["int8", "uint32"])
def test_any_integer_dtype_of_labels(subtests, label_dtype):
    logits, labels = random_batch((4, 300))  # 300 classes: more than int8 can count
    labels = labels % 100
    narrow = forward(logits, labels.astype(label_dtype))
    for case, expected, values in zip(CASES, forward(logits, labels), narrow, strict=True):
        with subtests.test(case.name):
            np.testing.assert_allclose(values, expected, rtol=1e-6)


def test_transformations_agree(subtests):
    logits, labels = random_batch()
    compiled = values_and_gradients(logits, labels)
    cases = [case for case in CASES if case.formula is not None]  # place in the batch matters

    @jax.vmap
    def mapped(logits, labels):
        return [case(logits, labels) for case in cases]

    @jax.pmap
    def one_each(logits, labels):
        return [case(logits, labels) for case in cases]

    by_vmap = dict(zip(cases, jax.jit(mapped)(logits, labels), strict=True))
    by_pmap = dict(zip(cases, one_each(logits[:, None], labels[:, None]), strict=True))
    for case, values, _ in compiled:
        with subtests.test(case.name):
            with jax.disable_jit():
                np.testing.assert_allclose(case(logits, labels), values, rtol=2e-6, atol=2e-6)
            if case in by_vmap:
                np.testing.assert_allclose(by_vmap[case], values, rtol=2e-6, atol=2e-6)
                np.testing.assert_allclose(by_pmap[case][:, 0], values, rtol=2e-6, atol=2e-6)


def test_numpy_arrays_are_accepted_without_jit(subtests):
    logits, labels = random_batch()
    for case, expected, _ in values_and_gradients(logits, labels):
        with subtests.test(case.name):
            values = case(np.asarray(logits), np.asarray(labels))
            np.testing.assert_allclose(values, expected, rtol=2e-6, atol=2e-6)


def test_the_axis_of_classes_with_a_mask_under_strict_rank_promotion(subtests):
    logits, labels = random_batch()
    where = (jnp.arange(8) != 3).reshape(2, 4)
    moved = jnp.moveaxis(logits.reshape(2, 4, 5), -1, 1)
    expected = values_and_gradients(logits, labels)
    with jax.numpy_rank_promotion("raise"):
        results = values_and_gradients(moved, labels.reshape(2, 4), axis=1, where=where)
    for (case, values, gradient), (_, others, other) in zip(expected, results, strict=True):
        if case.formula is None:
            continue  # its draws follow the shape of the batch
        with subtests.test(case.name):
            kept = where.reshape(-1)
            np.testing.assert_allclose(
                others.reshape(-1), jnp.where(kept, values, 0), rtol=2e-6, atol=1e-6
            )
            back = jnp.moveaxis(other, 1, -1).reshape(8, 5)
            exact = jnp.where(kept[:, None], gradient, 0)
            scale = max(1, float(jnp.abs(gradient).max()))
            np.testing.assert_allclose(back, exact, rtol=2e-5, atol=1e-6 * scale)


def values_and_gradients_of_pixels(logits, labels, where=(True,) * 8):
    """Yield those of a batch of 8 as of two pictures of 2 × 2 pixels."""
    shape = (2, 2, 2)
    kept = jnp.array(where).reshape(shape)
    return values_and_gradients(logits.reshape(*shape, 5), labels.reshape(shape), where=kept)


def test_masked_examples_are_exactly_zero(subtests):
    logits, labels = random_batch()
    where = np.array([True, False, True, False, False, True, True, False])
    bad = logits.at[1].set(jnp.nan).at[3].set(jnp.inf).at[4].set(-jnp.inf)
    bad_labels = labels.at[1].set(-100).at[4].set(99)
    masked = values_and_gradients_of_pixels(bad, bad_labels, where)
    clean = values_and_gradients_of_pixels(logits, labels)
    where = where.reshape(2, 2, 2)
    for (case, values, gradient), (_, exact, exact_gradient) in zip(masked, clean, strict=True):
        with subtests.test(case.name):
            np.testing.assert_array_equal(values[~where], 0)
            np.testing.assert_array_equal(gradient[~where], 0)
            np.testing.assert_allclose(values[where], exact[where], rtol=1e-6, atol=1e-6)
            np.testing.assert_allclose(
                gradient[where], exact_gradient[where], rtol=5e-6, atol=1e-6
            )


def test_a_label_that_is_no_class_gives_nan_and_never_another_class(subtests):
    logits, labels = random_batch()
    wrong = jnp.array([0, 2, 3, 5])
    bad_labels = labels.at[wrong].set(jnp.array([-1, -100, 5, 2**31 - 1]))
    others = jnp.array([1, 4, 6, 7])
    bad = values_and_gradients(logits, bad_labels)
    clean = values_and_gradients(logits, labels)
    for (case, values, gradient), (_, exact, exact_gradient) in zip(bad, clean, strict=True):
        with subtests.test(case.name):
            assert jnp.isnan(values[wrong]).all()
            assert jnp.isnan(gradient[wrong]).all()
            np.testing.assert_array_equal(values[others], exact[others])
            np.testing.assert_array_equal(gradient[others], exact_gradient[others])


def test_a_label_beyond_32_bits_is_no_class(subtests):
    with jax.enable_x64(True):
        logits, labels = random_batch()
        wide = labels.astype("int64").at[0].set(2**32 + 1)
        for case, values in zip(CASES, forward(logits, wide), strict=True):
            with subtests.test(case.name):
                assert jnp.isnan(values[0])
                assert jnp.isfinite(values[1:]).all()


def test_a_wide_numpy_label_is_no_class_either(subtests):
    """JAX has no 64 bits by default, and would drop the upper half of each label."""
    logits, labels = random_batch()
    wide = np.array(labels, np.int64)
    wide[0] += 2**32
    for case in CASES:
        with subtests.test(case.name):
            values = case(logits, wide)
            assert jnp.isnan(values[0])
            assert jnp.isfinite(values[1:]).all()


def test_nan_logits_give_nan_and_only_there(subtests):
    logits, labels = random_batch()
    wrong_class = (labels[1] + 1) % 5
    bad = logits.at[1, wrong_class].set(jnp.nan)
    for case, values, gradient in values_and_gradients(bad, labels):
        with subtests.test(case.name):
            assert jnp.isnan(values[1])
            assert jnp.isnan(gradient[1]).all()
            assert jnp.isfinite(jnp.delete(values, 1)).all()
            assert jnp.isfinite(jnp.delete(gradient, 1, axis=0)).all()


def test_huge_logits_are_finite(subtests):
    row = [1e4, -1e4, 0, 1, 2]
    rows = [row, row, row, row[::-1], row[::-1], [1e4] * 5, [-1e4] * 5, [1e4, 1e4, -1e4, 0, 0]]
    labels = jnp.array([0, 1, 2, 4, 0, 3, 3, 1])
    for case, values, gradient in values_and_gradients(jnp.array(rows), labels):
        with subtests.test(case.name):
            assert jnp.isfinite(values).all()
            assert jnp.isfinite(gradient).all()


def test_masked_classes_do_not_exist(subtests):
    # Classes of logit −inf may be removed without changing anything, except where a loss
    # depends on K itself.
    logits, labels = random_batch()
    more = jnp.concatenate([logits, jnp.full((8, 3), -jnp.inf)], axis=1)
    masked = values_and_gradients(more, labels)
    removed = values_and_gradients(logits, labels)
    for (case, values, gradient), (_, exact, exact_gradient) in zip(
        masked, removed, strict=True
    ):
        if case.depends_on_masked:
            continue
        with subtests.test(case.name):
            np.testing.assert_allclose(values, exact, rtol=2e-6, atol=1e-6)
            np.testing.assert_allclose(gradient[:, :5], exact_gradient, rtol=2e-5, atol=1e-6)
            np.testing.assert_array_equal(gradient[:, 5:], 0)


def test_a_label_on_a_masked_class(subtests):
    logits = jnp.array([[1.0, -jnp.inf, 0.5, 0.0, 0.0]] * 8)
    for case, values, gradient in values_and_gradients(logits, jnp.ones(8, "int32")):
        if case.formula is None or "backward" in case.name:
            continue  # random; or not defined, which its docstring says
        with subtests.test(case.name):
            if case.bounded:
                assert jnp.isfinite(values).all()
                assert jnp.isfinite(gradient).all()
            else:
                assert values[0] == jnp.inf


def test_a_tie_for_the_maximum_counts_as_predicted(subtests):
    logits = jnp.array([[1.0, 0.0, 1.0, -1.0, 0.0]] * 8)
    for case, tied, _ in values_and_gradients(logits, jnp.array([0, 2] * 4)):
        if case.formula is None or case.arrays:
            continue  # the labels are not alike for a matrix or a draw
        with subtests.test(case.name):
            np.testing.assert_allclose(tied[0], tied[1], rtol=1e-6)
            exact = case.reference(np.array(logits[0]), 0)
            np.testing.assert_allclose(tied[0], exact, rtol=3e-6, atol=3e-6)


def test_adding_a_constant_to_the_logits_changes_nothing(subtests):
    logits, labels = random_batch()
    before = values_and_gradients(logits, labels)
    after = values_and_gradients(logits + 128.0, labels)
    for (case, values, gradient), (_, others, _) in zip(before, after, strict=True):
        if case.depends_on_constant:
            continue
        with subtests.test(case.name):
            np.testing.assert_allclose(others, values, rtol=1e-4, atol=1e-4)
            # Therefore gradients sum to zero over classes.
            scale = jnp.abs(gradient).max()
            np.testing.assert_allclose(gradient.sum(axis=-1) / scale, 0, atol=5e-6)


def test_hyperparameters_may_be_traced_mapped_learned_or_per_example(subtests):
    logits, labels = random_batch()
    expected = values_and_gradients(logits, labels)
    numbers = [{k: jnp.asarray(v) for k, v in case.numbers.items()} for case in CASES]
    three = jax.tree.map(lambda x: jnp.stack([x] * 3), numbers)
    each = jax.tree.map(lambda x: jnp.full(labels.shape, x), numbers)

    def every(numbers):
        return [
            case.loss(logits, labels, **(case.options(5, logits.dtype) | given))
            for case, given in zip(CASES, numbers, strict=True)
        ]

    @jax.jit
    def ways(three, each, numbers):
        learned = jax.grad(lambda numbers: sum(v.sum() for v in every(numbers)))(numbers)
        return jax.vmap(every)(three), every(each), learned

    mapped, per_example, learned = ways(three, each, numbers)
    for i, (case, values, _) in enumerate(expected):
        with subtests.test(case.name):
            np.testing.assert_allclose(mapped[i][2], values, rtol=2e-6, atol=2e-6)
            np.testing.assert_allclose(per_example[i], values, rtol=2e-6, atol=2e-6)
            assert all(jnp.isfinite(g) for g in learned[i].values())


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


def test_accelerators_that_are_not_here_can_run_them(subtests):
    # Lowered, not compiled: no operation that only a CPU has.
    logits = jax.ShapeDtypeStruct((8, 5), "float32")
    labels = jax.ShapeDtypeStruct((8,), "int32")
    for case in CASES:
        with subtests.test(case.name):
            program = jax.jit(jax.value_and_grad(lambda z, y, case=case: case(z, y).mean()))
            exported = export.export(program, platforms=("cuda", "tpu"))(logits, labels)
            assert exported.platforms == ("cuda", "tpu")


def test_nothing_of_the_wrapper_remains_in_a_callers_program(subtests):
    logits, labels = random_batch()
    for case in CASES:
        with subtests.test(case.name):
            # Lowered: from 0.11 on JAX inlines no earlier.
            program = (
                jax.jit(lambda z, y, case=case: case(z, y)).lower(logits, labels).as_text()
            )
            called = re.findall(r"call @(\w+)", program)
            assert not [name for name in called if name in ("compiled", case.loss.__name__)]
            assert "@main" in program


def test_pixels_tokens_and_class_weights(subtests):
    # Dense prediction is more axes; a class weight is a factor of the losses.
    flat_logits, flat_labels = random_batch()
    weights = jnp.array([1.0, 2.0, 0.0, 1.0, 0.5])
    flat = values_and_gradients(flat_logits, flat_labels)
    dense = values_and_gradients_of_pixels(flat_logits, flat_labels)
    for (case, values, gradient), (_, others, other) in zip(flat, dense, strict=True):
        with subtests.test(case.name):
            if case.formula is None:
                continue  # its draws follow the shape of the batch
            np.testing.assert_allclose(others.reshape(-1), values, rtol=2e-6, atol=1e-6)
            np.testing.assert_allclose(other.reshape(-1, 5), gradient, rtol=2e-5, atol=1e-5)

    pixels, classes = flat_logits.reshape(2, 2, 2, 5), flat_labels.reshape(2, 2, 2)

    @jax.jit
    @jax.grad
    def gradient_of_weighted_mean(logits):
        weight = weights[classes]
        return jnp.sum(weight * CASES[0](logits, classes)) / jnp.sum(weight)

    gradient = gradient_of_weighted_mean(pixels)
    np.testing.assert_array_equal(jnp.where((classes == 2)[..., None], gradient, 0), 0)
    by_hand = weights[classes][..., None] * dense[0][2] / weights[classes].sum()
    np.testing.assert_allclose(gradient, by_hand, rtol=1e-5, atol=1e-7)
