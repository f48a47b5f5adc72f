"""Where a formula, a dtype or a wrapper ends: what users ran into there."""

import functools
import pickle
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import enable_x64

from esoftmax_jax import losses

Z = np.array([[2.0, 0.0, -1.0], [0.0, 1.0, 3.0]], np.float32)
Y = np.array([0, 2], np.int32)
EYE = np.eye(3, dtype=np.float32)


def test_a_sum_refuses_unknown_hyperparameters():
    loss = losses.get("NCE+RCE", alpha=1.0, beta=1.0)
    for call in (loss, lambda *a, **k: losses.expected_loss(loss)(Z, EYE[Y], **k)):
        with pytest.raises(
            TypeError, match=r"NCE\+RCE: expected .* among min_target, got min_targt"
        ):
            call(Z, Y, min_targt=0.5)


def test_a_sum_takes_a_weight_for_each_example():
    loss = functools.partial(losses.get, "NCE+RCE", beta=1.0)
    weights = np.array([1.0, 0.25], np.float32)
    mixed = loss(alpha=weights)

    @jax.jit
    def values():
        each = [loss(alpha=w)(Z, Y)[i] for i, w in enumerate((1.0, 0.25))]
        return mixed(Z, Y), losses.per_class_loss(mixed)(Z), each

    found, every, expected = values()
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    np.testing.assert_allclose(np.asarray(every)[np.arange(2), Y], expected, rtol=1e-6)


def test_a_sum_leaves_half_precision_once():
    """At the end, and not with every term: within half a unit of the last place."""
    # Not in one program, where XLA could leave out what is rounded between.
    logits = np.random.default_rng(0).normal(size=(64, 10)).astype(jnp.bfloat16)
    labels = np.arange(64, dtype=np.int32) % 10
    loss = losses.get("CE_tau+MAE", alpha=0.37, beta=1.3, tau=0.5)
    exact = np.asarray(loss(logits.astype(np.float32), labels))
    np.testing.assert_array_equal(loss(logits, labels), exact.astype(jnp.bfloat16))
    large = losses.weighted_sum((1e5, losses.normalized_cross_entropy))
    values = np.asarray(large(np.float16(0.01) * logits.astype(np.float16), labels))
    np.testing.assert_array_equal(np.isfinite(values), values.astype(np.float32) < 6.6e4)


@pytest.mark.parametrize("name", ["MAE", "NCE+RCE"])
def test_losses_by_name_can_be_pickled(name):
    weights = {} if name == "MAE" else {"alpha": 1.0, "beta": 0.5}
    loss = losses.get(name, **weights)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(loss))(Z, Y), loss(Z, Y))


@pytest.mark.parametrize(
    ("name", "meant"),
    [("ce", "CE"), ("generalized_cross_entropy", "GCE"), ("CE_ε+MAE", r"CE_eps\+MAE")],
)
def test_a_name_that_is_nearly_right_is_suggested(name, meant):
    with pytest.raises(ValueError, match=f"did you mean '{meant}'"):
        losses.get(name)


def test_a_name_that_is_none():
    several: Any = ["CE"]
    with pytest.raises(TypeError, match=r"name: expected a string .* got \['CE'\]"):
        losses.get(several)


def test_early_learning_with_narrow_ids():
    state = losses.init_early_learning(50_000, 3)
    where = np.array([True, False])

    @jax.jit
    def after(*several):
        update = losses.early_learning_regularized_cross_entropy
        return [update(Z, Y, ids, state, where=where)[1].targets for ids in several]

    for targets in after(*(np.array([7, 8], x) for x in ("uint8", "int8", "int16"))):
        changed = np.flatnonzero(np.any(targets != np.asarray(state.targets), axis=1))
        np.testing.assert_array_equal(changed, [7])
    ids = np.array([7, 8])
    other: Any = state.targets
    with pytest.raises(TypeError, match=r"state: expected a EarlyLearningState, got .*; start"):
        losses.early_learning_regularized_cross_entropy(Z, Y, ids, other)


SETTINGS = [
    {"threshold": 5.0, "lam": 0.1},
    {"threshold": 0.1, "lam": 0.005},
    {"threshold": -3.0, "lam": 0.1},
    {"threshold": 20.0, "lam": 0.1},
]


@pytest.mark.parametrize("settings", SETTINGS)
def test_ldr_kl_of_confident_predictions(settings):
    logits = np.array([[20.0, 0.0, -5.0], [3.0, 2.9, 2.8], [-5.0, 4.0, 9.0]])
    scores = np.log1p(np.exp(logits))
    scores /= scores.mean(axis=1, keepdims=True)
    margins = settings["threshold"] * (1 - np.eye(3))
    differences = (margins[None] + scores[:, None, :] - scores[:, :, None]) / settings["lam"]
    expected = settings["lam"] * (np.logaddexp.reduce(differences, axis=2) - np.log(3))
    narrow = logits.astype(np.float32)
    every = losses.per_class_loss(losses.ldr_kl_loss)(narrow, **settings)
    np.testing.assert_allclose(every, expected, rtol=2e-5, atol=1e-6)
    for label in range(3):
        labels = np.full(3, label, np.int32)
        values = losses.ldr_kl_loss(narrow, labels, **settings)
        np.testing.assert_allclose(values, expected[:, label], rtol=2e-5, atol=1e-6)
        assert np.all(np.isfinite(ldr_kl_gradient(narrow, labels, settings)))


@jax.jit
def ldr_kl_gradient(logits, labels, settings):
    return jax.grad(lambda z: losses.ldr_kl_loss(z, labels, **settings).sum())(logits)


def test_transition_matrix_is_learned_from_the_identity():
    def total(matrix):
        return losses.forward_corrected_cross_entropy(Z, Y, transition_matrix=matrix).sum()

    probs = np.exp(Z) / np.exp(Z).sum(axis=1, keepdims=True)
    expected = np.zeros((3, 3))
    for row, label in zip(probs, Y, strict=True):
        expected[:, label] += -row / row[label]

    @jax.jit
    def derivatives(matrix, direction):
        return jax.grad(total)(matrix), jax.jvp(total, (matrix,), (direction,))[1]

    gradient, along = derivatives(EYE, np.ones_like(EYE))
    np.testing.assert_allclose(gradient, expected, rtol=1e-5)
    np.testing.assert_allclose(along, expected.sum(), rtol=1e-5)


@pytest.mark.parametrize("name", ["t1", "t2"])
def test_temperatures_are_learned_from_one(name):
    logits = np.random.default_rng(0).normal(size=(7, 5))
    labels = np.arange(7, dtype=np.int32) % 5
    sign = -1 if name == "t1" else 1

    def total(t):
        return losses.bi_tempered_loss(logits, labels, **{name: t}).sum()

    with enable_x64(True):
        value_and_slope = jax.jit(jax.value_and_grad(total))
        for distance in (0.0, 1e-4, 0.3):
            start, step = 1 + sign * distance, sign * 1e-6
            value, slope = value_and_slope(start)
            ahead, _ = value_and_slope(start + step)
            exact = (float(ahead) - float(value)) / step
            np.testing.assert_allclose(slope, exact, rtol=1e-4)


def test_label_weights_are_learned_from_one_hot():
    def total(weights):
        return losses.expected_loss(losses.cross_entropy)(Z, weights).sum()

    without_one = np.where(np.arange(3) == 1, np.float32(-np.inf), Z)

    @jax.jit
    def results(weights):
        masked = losses.expected_loss(losses.cross_entropy)(without_one, weights)
        return jax.grad(total)(weights), losses.per_class_loss(losses.cross_entropy)(Z), masked

    gradient, expected, masked = results(EYE[Y])
    np.testing.assert_allclose(gradient, expected, rtol=1e-6)
    assert np.all(np.isfinite(masked))


def test_a_bad_label_poisons_the_gradient_of_views_too():
    @jax.jit
    @jax.grad
    def gradient(views):
        return losses.generalized_jensen_shannon_loss(views, np.array([0, 5])).sum()

    found = gradient(np.stack([Z, Z + 1]))
    np.testing.assert_array_equal(np.isnan(found).all(axis=(0, 2)), np.array([False, True]))


@functools.wraps(losses.cross_entropy)
def wrapped(logits, labels, **options):
    return losses.cross_entropy(logits, labels % 3, **options)


@pytest.mark.parametrize(
    "loss", [jax.jit(losses.cross_entropy), jax.checkpoint(losses.cross_entropy), wrapped]
)
def test_losses_that_others_wrapped_are_called_for_each_label(loss):
    kept = np.array([True, False])

    @jax.jit
    def values():
        every = losses.per_class_loss(loss)
        exact = losses.per_class_loss(losses.cross_entropy)(Z)
        return exact, every(Z), every(Z.T, axis=0, where=kept)

    expected, found, turned = map(np.asarray, values())
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    np.testing.assert_allclose(turned, np.where(kept, expected.T, 0))


def test_checked_of_nothing():
    values = losses.checked(losses.cross_entropy)(
        np.zeros((0, 3), np.float32), np.zeros(0, np.int32)
    )
    assert values.shape == (0,)


def test_matrices_without_an_inverse_or_a_row():
    singular = np.full((3, 3), 1 / 3, np.float32)
    with pytest.raises(ValueError, match=r"transition_matrix: expected an invertible matrix"):
        losses.backward_corrected_cross_entropy(Z, Y, transition_matrix=singular)
    missing = np.diag([1.0, 0.0, 1.0]).astype(np.float32)
    with pytest.raises(ValueError, match=r"got zeros alone for class 1; a class of which"):
        losses.forward_corrected_cross_entropy(Z, Y, transition_matrix=missing)


def test_numpy_float64_gives_no_warning():
    """Warnings are errors in tests."""
    logits, labels = Z.astype(np.float64), Y
    state = losses.init_early_learning(10, 3)

    @jax.jit
    def calls():
        """Call every kind of loss with NumPy's arrays, which no program has made JAX's."""
        of_logits = [
            loss(logits, labels)
            for loss in (
                losses.with_epsilon_softmax(losses.cross_entropy, m=10.0),
                losses.with_logit_bias(losses.cross_entropy, bias=1.0),
                losses.get("NCE+RCE", alpha=1.0, beta=1.0),
            )
        ]
        losses.expected_loss(losses.cross_entropy)(logits, np.eye(3)[labels])
        losses.entropy_regularizer(logits)
        losses.generalized_jensen_shannon_loss(np.stack([logits] * 2), labels)
        losses.early_learning_regularized_cross_entropy(logits, labels, labels, state)
        return of_logits

    assert {values.dtype for values in calls()} == {np.dtype(np.float32)}


def test_the_last_layer_promotes_no_ranks():
    hidden, kernel, bias = (np.ones(x, np.float32) for x in ((4, 3), (3, 5), 5))
    with jax.numpy_rank_promotion("raise"):
        value = losses.linear_cross_entropy(
            hidden, kernel, np.arange(4, dtype=np.int32), bias=bias
        )
    assert value.shape == (4,)


def test_backward_correction_learns_its_matrix():
    matrix = np.array([[0.8, 0.1, 0.1], [0.2, 0.7, 0.1], [0.0, 0.3, 0.7]], np.float32)

    def total(matrix, logits=Z):
        return losses.backward_corrected_cross_entropy(
            logits, Y, transition_matrix=matrix
        ).sum()

    # Known, it is inverted before the program; traced, by the program.
    value, gradient = jax.jit(jax.value_and_grad(total))(matrix)
    np.testing.assert_allclose(value, total(matrix), rtol=1e-5)
    inverse = np.linalg.inv(matrix.astype(np.float64))
    weights = np.zeros((3, 3))
    weights[Y] = Z - np.log(np.exp(Z).sum(axis=1, keepdims=True))
    expected = inverse.T @ weights @ inverse.T  # d(A⁻¹) = −A⁻¹ dA A⁻¹
    np.testing.assert_allclose(gradient, expected, rtol=1e-4)
    # The inverse's rows sum to 1 only roughly, which must not meet large logits.
    np.testing.assert_allclose(total(matrix, Z + 1e4), total(matrix, Z), rtol=1e-3)


OF_LOWER_RANK = [
    (losses.bi_tempered_loss, "t1"),
    (losses.bi_tempered_loss, "t2"),
    (functools.partial(losses.ldr_kl_loss, lam=2.0), "threshold"),
    (losses.ldr_kl_loss, "lam"),
    (losses.normalized_focal_loss, "gamma"),
    (losses.normalized_negative_focal_loss, "gamma"),
    (losses.generalized_cross_entropy, "q"),
]


def test_hyperparameters_of_lower_rank_broadcast_against_examples(subtests):
    logits = np.random.default_rng(0).normal(size=(3, 3, 3)).astype(np.float32)
    labels = np.arange(9, dtype=np.int32).reshape(3, 3) % 3

    def one(loss, name, axis):
        given = [1.0, 0.5, 0.75] if name != "t2" else [1.0, 1.5, 2.0]
        numbers = np.array(given, np.float32)
        found = loss(logits, labels, axis=axis, **{name: numbers})
        single = jax.lax.map(lambda x: loss(logits, labels, axis=axis, **{name: x}), numbers)
        return found, jnp.einsum("iji->ji", single)  # column i of the i-th number

    @jax.jit
    def every():
        return [[one(*each, axis) for axis in range(3)] for each in OF_LOWER_RANK]

    for (loss, name), results in zip(OF_LOWER_RANK, every(), strict=True):
        for axis, (found, single) in enumerate(results):
            with subtests.test(f"{name} of {loss}, axis {axis}"):
                np.testing.assert_allclose(found, single, rtol=1e-5)


def test_wide_numpy_labels_are_checked_whole():
    with pytest.raises(ValueError, match="labels"):
        losses.checked(losses.cross_entropy)(
            np.zeros((2, 4), np.float32), np.array([0, 2**32 + 1])
        )


def test_several_axes_of_classes_are_one():
    logits = np.random.default_rng(0).normal(size=(2, 3, 4)).astype(np.float32)
    flat = logits.transpose(0, 2, 1).reshape(2, 12)

    @functools.partial(jax.jit, static_argnames="axis")
    def values(logits, axis):
        activations = losses.epsilon_softmax, losses.log_epsilon_softmax
        probs = [function(logits, m=2.0, axis=axis) for function in activations]
        return probs, losses.entropy_regularizer(logits, axis=axis)

    (probs, entropy), (of_flat, exact) = values(logits, (2, 1)), values(flat, 1)
    for found, merged in zip(probs, of_flat, strict=True):
        apart = np.asarray(merged).reshape(2, 4, 3).transpose(0, 2, 1)
        np.testing.assert_array_equal(found, apart)
    np.testing.assert_array_equal(entropy, exact)
    views, labels = logits[None], np.zeros(2, np.int32)
    with pytest.raises(TypeError, match=r"axis: expected an integer, one axis .*got \(2, 3\)"):
        losses.generalized_jensen_shannon_loss(views, labels, axis=(2, 3))  # type: ignore[arg-type]
