"""In the place of optax's cross-entropies: their own tests, and the same for all losses."""

import functools
import importlib.util
import unittest
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from optax.losses import _classification

from esoftmax_jax import losses
from tests.helpers.loss_cases import CASES

FILE = Path(_classification.__file__).with_name("_classification_test.py")
SOFT = losses.expected_loss(losses.cross_entropy)
LOGITS = jax.random.normal(jax.random.key(0), (2, 3, 4, 5))
LABELS = jax.random.randint(jax.random.key(1), (2, 4), 0, 15)
# Of the 15 classes of each example 13, 12, 11 … are kept; the last example keeps none.
KEPT = np.arange(15) < np.array([[13, 12, 11, 10], [9, 8, 7, 0]])[..., None]


def suite_of_optax():
    """Return optax's test cases of softmax cross-entropy, or skip where they are not shipped."""
    if not FILE.exists():
        pytest.skip(f"this version of optax does not ship {FILE.name}")
    spec = importlib.util.spec_from_file_location("optax_classification_test", FILE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except ImportError as error:
        pytest.skip(f"the tests of optax need what is not installed: {error}")
    loader = unittest.TestLoader()
    loader.testNamePatterns = ["*SoftmaxCrossEntropy*"]
    return loader.loadTestsFromModule(module)


def test_the_tests_of_optax_pass(monkeypatch):
    suite = suite_of_optax()
    for name in ("softmax_cross_entropy", "safe_softmax_cross_entropy"):
        monkeypatch.setattr(_classification, name, SOFT)
    name = "softmax_cross_entropy_with_integer_labels"
    monkeypatch.setattr(_classification, name, losses.cross_entropy)
    np.random.seed(0)
    result = unittest.TestResult()
    suite.run(result)
    assert result.testsRun >= 28
    assert [*result.failures, *result.errors] == []


MERGED = jnp.transpose(LOGITS, (0, 2, 3, 1)).reshape(2, 4, 15)  # axes 3 and 1 as one, the last
AXES = {"axis": (3, 1)}


def apart(array):
    """Return an array of merged classes with their two axes."""
    return np.transpose(np.reshape(array, (2, 4, 5, 3)), (0, 3, 1, 2))


# The decorator does it for all; values of some, from every part of the table.
SOME = [case for case in CASES[::4] if not case.arrays]
DERIVED = {
    "weighted_sum": losses.weighted_sum(
        (0.5, losses.cross_entropy), (1.0, losses.mean_squared_error)
    ),
    "with_epsilon_softmax": losses.with_epsilon_softmax(losses.cross_entropy, m=3.0),
    "with_logit_bias": losses.with_logit_bias(losses.mean_absolute_error, bias=1.0),
    "sum by name": losses.get("NCE+RCE", alpha=1.0, beta=0.5),
}
EVERY = DERIVED | {
    case.name: functools.partial(case.loss, **case.hyperparameters) for case in SOME
}


def values_and_gradients(logits, labels, **options):
    def one(loss):
        def total(logits):
            values = loss(logits, labels, **options)
            return values.sum(), values

        (_, values), gradient = jax.value_and_grad(total, has_aux=True)(logits)
        return values, gradient

    return jax.jit(lambda z: {name: one(loss) for name, loss in EVERY.items()})(logits)


def test_several_axes_of_classes_and_classes_left_out(subtests):
    """As if these had a logit of −inf; an example with none left is 0 and has no gradient."""
    labels = LABELS % np.maximum(KEPT.sum(-1), 1)
    bad = jnp.where(apart(KEPT), LOGITS, jnp.nan)  # what is left out is never looked at
    found = values_and_gradients(bad, labels, where=apart(KEPT), axis=(3, 1))
    masked = jnp.where(KEPT, MERGED, -jnp.inf)
    expected = values_and_gradients(masked, labels, where=KEPT.any(-1))
    for name, (values, gradient) in found.items():
        with subtests.test(name):
            np.testing.assert_allclose(values, expected[name][0], rtol=2e-6, atol=1e-6)
            exact = apart(expected[name][1])
            np.testing.assert_allclose(gradient, exact, rtol=2e-5, atol=1e-6)
            assert values[1, 3] == 0
            np.testing.assert_array_equal(gradient[1, :, 3], 0)


def test_soft_labels_over_several_axes_and_without_some_classes():
    soft = jax.nn.softmax(MERGED[::-1])
    for options, merged in (({}, {}), ({"where": apart(KEPT)}, {"where": KEPT})):
        found = SOFT(LOGITS, labels=apart(soft), **AXES, **options)
        theirs = functools.partial(optax.softmax_cross_entropy, **merged)
        np.testing.assert_allclose(found, theirs(MERGED, soft), rtol=1e-5)
        slopes = [
            jax.jit(jax.grad(lambda q, f=f: f(MERGED, q).sum()))(soft)
            for f in (functools.partial(SOFT, **merged), theirs)
        ]
        kept = merged.get("where", True)  # elsewhere optax's is NaN
        np.testing.assert_allclose(
            slopes[0], jnp.where(kept, slopes[1], 0), rtol=1e-5, atol=1e-6
        )


def test_a_loss_for_each_class_keeps_the_axes_of_classes():
    every = losses.per_class_loss(losses.cross_entropy)
    np.testing.assert_allclose(every(LOGITS, **AXES), apart(every(MERGED)), rtol=1e-6)
    other = losses.per_class_loss(losses.with_logit_bias(losses.cross_entropy, bias=0.0))
    np.testing.assert_allclose(other(LOGITS, **AXES), apart(every(MERGED)), rtol=1e-5)


def test_axis_and_where_by_position_where_nothing_could_be_mistaken_for_them():
    labels, some = jnp.argmax(LOGITS, axis=1), jnp.ones((2, 4, 5), bool)
    expected = losses.cross_entropy(LOGITS, labels, axis=1)
    checked: Any = losses.checked(losses.cross_entropy)
    for loss in (checked, SOME[0].loss):
        np.testing.assert_array_equal(loss(LOGITS, labels, 1, some), expected)
    with pytest.raises(TypeError, match="too many positional arguments"):
        losses.generalized_cross_entropy(LOGITS, labels, 1)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match=r"expected logits, labels by position .* got 3"):
        losses.checked(losses.generalized_cross_entropy)(LOGITS, labels, 1)


def test_checked_looks_at_the_classes_that_are_kept():
    loss = losses.checked(losses.cross_entropy)
    bad = jnp.where(apart(KEPT), LOGITS, jnp.nan)
    labels = np.where(KEPT.any(-1), LABELS % np.maximum(KEPT.sum(-1), 1), 99)
    assert jnp.isfinite(loss(bad, labels, where=apart(KEPT), **AXES)).all()
    with pytest.raises(
        ValueError, match=r"labels: expected classes in \[0, 15\), got 99 \(1 of 8"
    ):
        loss(LOGITS, labels, **AXES)
    with pytest.raises(ValueError, match="logits: expected finite values, got nan"):
        loss(bad, LABELS, **AXES)
