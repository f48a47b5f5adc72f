"""Properties of every loss on drawn inputs: the slow formula, extremes, derivatives."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.helpers.every_loss import (
    CLASSES,
    EXAMPLES,
    SHAPE,
    cases_of,
    value_and_gradient,
    values,
)

seeds = st.integers(0, 2**31 - 1)


def evaluate(logits, labels, gradients=True):
    """Return (case, values, gradient) in float64 NumPy; logits in any dtype."""
    with jax.enable_x64(logits.dtype == np.float64):
        arguments = jax.device_put((logits, labels))
        if gradients:
            results = value_and_gradient(*arguments)
        else:
            results = [(found, 0.0) for found in values(*arguments)]
    cases = cases_of(logits.shape[-1])
    return [
        (case, *(np.asarray(array, np.float64) for array in result))
        for case, result in zip(cases, results, strict=True)
    ]


def drawn(seed, num_classes, scale, rows=EXAMPLES):
    rng = np.random.default_rng(seed)
    logits = scale * rng.normal(size=(rows, num_classes))
    labels = rng.integers(num_classes, size=rows)
    labels[: rows // 2] = logits[: rows // 2].argmax(axis=1)
    return logits, labels


@pytest.mark.parametrize("num_classes", [2, CLASSES, 300])
@settings(max_examples=10, deadline=None)
@given(seed=seeds, scale=st.sampled_from([0.01, 1.0, 5.0, 20.0]))
def test_values_match_the_formula(num_classes, seed, scale):
    logits, labels = drawn(seed, num_classes, scale)
    # The programs with gradients of these are there anyway.
    for case, found, _ in evaluate(logits, labels, num_classes == CLASSES):
        if case.formula is not None:
            expected = case.reference(logits, labels)
            np.testing.assert_allclose(
                found, expected, rtol=1e-10, atol=1e-12, err_msg=case.name
            )
    single = logits.astype(np.float32)
    for case, found, _ in evaluate(single, labels, num_classes <= CLASSES):
        if case.formula is not None:
            expected = case.reference(single, labels)
            error = np.abs(found - expected) / np.maximum(1, np.abs(expected))
            # The inverse matrix of backward correction lets large terms cancel.
            tolerance = 1e-4 if "backward" in case.name else 1e-5
            assert error.max() <= tolerance, (case.name, error.max())


def test_fifty_thousand_classes():
    logits, labels = drawn(0, 50_000, 3.0, rows=2)
    single = logits.astype(np.float32)
    for case, found, gradient in evaluate(single, labels):
        assert np.isfinite(gradient).all(), case.name
        expected = case.reference(single, labels)
        error = np.abs(found - expected) / np.maximum(1, np.abs(expected))
        assert error.max() <= 1e-5, (case.name, error.max())


@pytest.mark.parametrize(
    ("num_classes", "dtype"),
    [(2, "float32"), *((CLASSES, x) for x in ("float32", "float64", "bfloat16", "float16"))],
)
@settings(max_examples=15, deadline=None)
@given(seed=seeds, masked=st.booleans())
def test_extreme_logits_ties_and_masked_classes_are_finite(num_classes, dtype, seed, masked):
    rng = np.random.default_rng(seed)
    choices = [1e4, -1e4, 0.0, 0.0, 1.0, -3.5, 88.0, -104.0]
    logits = rng.choice(choices, size=(EXAMPLES, num_classes))
    labels = rng.integers(num_classes, size=8)
    labels[:4] = logits[:4].argmax(axis=1)
    if masked:
        hidden = rng.random(logits.shape) < 0.3
        hidden[np.arange(8), labels] = False
        logits = np.where(hidden, -np.inf, logits)
    for case, found, gradient in evaluate(logits.astype(jnp.dtype(dtype)), labels):
        if masked and case.depends_on_masked and case.arrays:
            continue  # a masked class has no logarithm for a matrix, nor may it be drawn
        assert np.isfinite(found).all(), case.name
        assert np.isfinite(gradient).all(), case.name


@settings(max_examples=10, deadline=None)
@given(seed=seeds, scale=st.sampled_from([0.1, 3.0, 20.0]))
def test_bfloat16_is_within_its_rounding_of_float64(seed, scale):
    logits, labels = drawn(seed, CLASSES, scale)
    half = logits.astype(jnp.bfloat16)
    exact = evaluate(np.asarray(half, np.float64), labels)
    for (case, found, gradient), (_, expected, slope) in zip(
        evaluate(half, labels), exact, strict=True
    ):
        unit = float(jnp.finfo("bfloat16").eps)
        np.testing.assert_allclose(found, expected, rtol=unit, atol=1e-5, err_msg=case.name)
        atol = 1e-5 * max(1, np.abs(slope).max())
        np.testing.assert_allclose(gradient, slope, rtol=unit, atol=atol, err_msg=case.name)


def stopped(case):
    # Its derivative is not that of its value, by definition.
    return case.hyperparameters.get("stop_modulator_gradient") or "dynamic" in case.name


def test_derivatives_of_first_and_second_order_in_every_mode(subtests):
    # Away from ties and floors, where they do not exist. All losses in one program: forward
    # mode of value and gradient, against central differences and against reverse mode twice.
    logits = 2 * np.random.default_rng(3).normal(size=SHAPE)
    labels = np.arange(EXAMPLES)
    direction, weights = np.random.default_rng(4).normal(size=(2, *SHAPE))
    step = 1e-5
    with jax.enable_x64(True):
        z, y, v, w = jax.device_put((logits, labels, direction, weights))

        @jax.jit
        def derivatives(z):
            slopes, along = jax.linearize(lambda z: value_and_gradient(z, y), z)

            def products(direction):
                return jnp.stack([jnp.vdot(w, gradient) for _, gradient in along(direction)])

            pullback = jax.linear_transpose(products, z)  # which is what reverse mode does
            each = jax.lax.map(lambda one: pullback(one)[0], jnp.eye(len(slopes)))
            return slopes, along(v), each

        slopes, forward, reverse = derivatives(z)
        ahead, behind = (derivatives(z + x * v)[0] for x in (step, -step))
        results = forward, ahead, behind, slopes, reverse
    forward, ahead, behind, slopes, reverse = jax.tree.map(np.asarray, results)
    for i, case in enumerate(cases_of(CLASSES)):
        with subtests.test(case.name):
            numeric = (ahead[i][0] - behind[i][0]) / (2 * step)
            second = (ahead[i][1] - behind[i][1]) / (2 * step)
            rate, curvature = forward[i]
            by_gradient = (slopes[i][1] * direction).sum(axis=1)
            np.testing.assert_allclose(rate, by_gradient, rtol=1e-9, atol=1e-11)
            if not stopped(case):
                np.testing.assert_allclose(curvature, second, rtol=1e-5, atol=1e-7)
                np.testing.assert_allclose(rate, numeric, rtol=1e-6, atol=1e-8)
                # The Hessian is symmetric: H w from reverse mode, v·H·w from both.
                np.testing.assert_allclose(
                    (reverse[i] * direction).sum(), (curvature * weights).sum(), rtol=1e-8
                )
