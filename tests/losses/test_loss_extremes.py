"""What every loss does where numbers are not there, are no classes, or are as large as can be.

Masks, labels outside the classes, NaN and −inf, huge logits, ties.
"""

import jax
import jax.numpy as jnp
import numpy as np

from tests.helpers.every_loss import (
    CLASSES,
    EXAMPLES,
    SHAPE,
    random_batch,
    values,
    values_and_gradients,
    values_and_gradients_of_pixels,
)
from tests.helpers.loss_cases import CASES


def test_masked_examples_are_exactly_zero(subtests):
    logits, labels = random_batch()
    where = np.array([True, False, True, False, False, True, True, False])
    bad = logits.at[1].set(jnp.nan).at[3].set(jnp.inf).at[4].set(-jnp.inf)
    bad_labels = labels.at[1].set(-100).at[4].set(99)
    masked = values_and_gradients_of_pixels(bad, bad_labels, where)
    clean = values_and_gradients_of_pixels(logits, labels)
    for (case, losses, gradient), (_, exact, exact_gradient) in zip(masked, clean, strict=True):
        with subtests.test(case.name):
            np.testing.assert_array_equal(losses[~where], 0)
            np.testing.assert_array_equal(gradient[~where], 0)
            np.testing.assert_allclose(losses[where], exact[where], rtol=1e-6, atol=1e-6)
            np.testing.assert_allclose(
                gradient[where], exact_gradient[where], rtol=5e-6, atol=1e-6
            )


def test_a_label_that_is_no_class_gives_nan_and_never_another_class(subtests):
    logits, labels = random_batch()
    wrong = np.array([0, 2, 3, 5])
    bad_labels = labels.at[wrong].set(jnp.array([-1, -100, CLASSES, 2**31 - 1]))
    others = np.array([1, 4, 6, 7])
    bad = values_and_gradients(logits, bad_labels)
    clean = values_and_gradients(logits, labels)
    for (case, losses, gradient), (_, exact, exact_gradient) in zip(bad, clean, strict=True):
        with subtests.test(case.name):
            assert np.isnan(losses[wrong]).all()
            assert np.isnan(gradient[wrong]).all()
            np.testing.assert_array_equal(losses[others], exact[others])
            np.testing.assert_array_equal(gradient[others], exact_gradient[others])


def test_a_label_beyond_32_bits_is_no_class(subtests):
    with jax.enable_x64(True):
        logits, labels = random_batch()
        wide = labels.astype("int64").at[0].set(2**32 + 1)
        for case, found in zip(CASES, values(logits, wide), strict=True):
            with subtests.test(case.name):
                assert found.dtype == logits.dtype
                assert np.isnan(found[0])
                assert np.isfinite(found[1:]).all()


def test_a_wide_numpy_label_is_no_class_either(subtests):
    """JAX has no 64 bits by default, and would drop the upper half of each label."""
    logits, labels = random_batch()
    wide = np.array(labels, np.int64)
    wide[0] += 2**32
    for case in CASES:
        with subtests.test(case.name):
            found = case(logits, wide)
            assert np.isnan(found[0])
            assert np.isfinite(found[1:]).all()


def test_nan_logits_give_nan_and_only_there(subtests):
    logits, labels = random_batch()
    wrong_class = (labels[1] + 1) % CLASSES
    bad = logits.at[1, wrong_class].set(jnp.nan)
    for case, losses, gradient in values_and_gradients(bad, labels):
        with subtests.test(case.name):
            assert np.isnan(losses[1])
            assert np.isnan(gradient[1]).all()
            assert np.isfinite(np.delete(losses, 1)).all()
            assert np.isfinite(np.delete(gradient, 1, axis=0)).all()


def test_huge_logits_are_finite(subtests):
    row = [1e4, -1e4, 0, 1, 2, 3, -5, 80, -80, 0.5]
    tied = [1e4, 1e4, -1e4, 0, 0, 0, 0, 0, 0, 0]
    rows = [row, row, row, row[::-1], row[::-1], [1e4] * CLASSES, [-1e4] * CLASSES, tied]
    labels = jnp.array([0, 1, 2, 9, 0, 3, 3, 1])
    for case, losses, gradient in values_and_gradients(jnp.array(rows), labels):
        with subtests.test(case.name):
            assert np.isfinite(losses).all()
            assert np.isfinite(gradient).all()


def test_masked_classes_do_not_exist(subtests):
    # Classes of logit −inf may be removed without changing anything, except where a loss
    # depends on K itself.
    present = 2  # the least, whose program other tests need as well
    logits, labels = random_batch((EXAMPLES, present))
    more = jnp.full(SHAPE, -jnp.inf).at[:, :present].set(logits)
    masked = values_and_gradients(more, labels)
    removed = values_and_gradients(logits, labels)
    for (case, losses, gradient), (_, exact, exact_gradient) in zip(
        masked, removed, strict=True
    ):
        if case.depends_on_masked:
            continue
        with subtests.test(case.name):
            np.testing.assert_allclose(losses, exact, rtol=2e-6, atol=1e-6)
            np.testing.assert_allclose(
                gradient[:, :present], exact_gradient, rtol=2e-5, atol=1e-6
            )
            np.testing.assert_array_equal(gradient[:, present:], 0)


def test_a_label_on_a_masked_class(subtests):
    logits = jnp.zeros(SHAPE).at[:, :3].set(jnp.array([1.0, -jnp.inf, 0.5]))
    for case, losses, gradient in values_and_gradients(logits, jnp.ones(EXAMPLES, "int32")):
        if case.formula is None or "backward" in case.name:
            continue  # random; or not defined, which its docstring says
        with subtests.test(case.name):
            if case.bounded:
                assert np.isfinite(losses).all()
                assert np.isfinite(gradient).all()
            else:
                assert losses[0] == jnp.inf, "its line of CASES lacks bounded=True"


def test_a_tie_for_the_maximum_counts_as_predicted(subtests):
    logits = jnp.zeros(SHAPE).at[:, :4].set(jnp.array([1.0, 0.0, 1.0, -1.0]))
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
    for (case, losses, gradient), (_, others, _) in zip(before, after, strict=True):
        if case.depends_on_constant:
            continue
        with subtests.test(case.name):
            np.testing.assert_allclose(others, losses, rtol=1e-4, atol=1e-4)
            # Therefore gradients sum to zero over classes.
            scale = np.abs(gradient).max()
            np.testing.assert_allclose(gradient.sum(axis=-1) / scale, 0, atol=5e-6)
