"""Margins of labels, and the classes that a network would rather give."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from esoftmax_jax import cleaning, noise

Z = jnp.array([[2.0, 0.0, -1.0], [2.0, 0.0, -1.0], [0.0, 0.0, -1.0]])


def test_margins_are_the_label_against_the_best_other_class():
    labels = jnp.array([0, 2, 1])
    np.testing.assert_array_equal(cleaning.label_margins(Z, labels), [2.0, -3.0, 0.0])
    np.testing.assert_array_equal(cleaning.label_margins(Z.T, labels, axis=0), [2, -3, 0])
    assert cleaning.label_margins(Z.astype(jnp.bfloat16), labels).dtype == jnp.bfloat16
    compiled = jax.jit(jax.vmap(cleaning.label_margins))(Z, labels)
    np.testing.assert_array_equal(compiled, [2.0, -3.0, 0.0])
    assert noise.label_margins is cleaning.label_margins


def test_margins_of_labels_and_classes_that_are_not_there():
    masked = jnp.array([[-jnp.inf, 1.0, -jnp.inf]])
    assert cleaning.label_margins(masked, jnp.array([1])).item() == jnp.inf
    assert cleaning.label_margins(masked, jnp.array([0])).item() == -jnp.inf
    assert cleaning.label_margins(masked, jnp.array([2])).item() == -jnp.inf
    invalid = jnp.array([3, -1])
    assert jnp.all(jnp.isnan(cleaning.label_margins(Z[:2], invalid)))
    gradient = jax.grad(lambda z: cleaning.label_margins(z, invalid).sum())(Z[:2])
    assert jnp.all(jnp.isnan(gradient))
    assert jnp.isnan(cleaning.label_margins(Z[:1], np.array([2**32 + 1]))).all()
    wide = jnp.zeros((1, 300)).at[0, 299].set(1.0)
    assert cleaning.label_margins(wide, np.array([255], np.uint8)).item() == -1.0


@pytest.mark.parametrize("function", [cleaning.label_margins, cleaning.suggested_labels])
def test_what_has_no_margin_is_refused(function):
    with pytest.raises(TypeError, match=r"labels: expected an integer dtype"):
        function(Z, jnp.zeros(3))
    with pytest.raises(ValueError, match=r"labels: expected shape \(3,\)"):
        function(Z, jnp.array([0, 1]))
    with pytest.raises(TypeError, match=r"logits: expected an array of JAX, .*, got list"):
        function([[1.0, 2.0]], jnp.array([0]))


def test_a_suggestion_is_the_likeliest_other_class():
    suggested = cleaning.suggested_labels
    np.testing.assert_array_equal(suggested(Z, jnp.array([0, 2, 1])), [1, 0, 0])
    np.testing.assert_array_equal(suggested(Z.T, jnp.array([0, 2, 1]), axis=0), [1, 0, 0])
    half = suggested(Z.astype(jnp.bfloat16), np.array([0, 2, 1], np.uint8))
    np.testing.assert_array_equal(half, [1, 0, 0])
    assert half.dtype == jnp.int32
    np.testing.assert_array_equal(suggested(Z[:2], np.array([-1, 3])), [0, 0])


def test_a_suggestion_is_never_the_label():
    masked = jnp.array([[1.0, -jnp.inf, -jnp.inf], [-jnp.inf, 0.0, -jnp.inf]])
    np.testing.assert_array_equal(cleaning.suggested_labels(masked, jnp.array([0, 1])), [1, 0])
