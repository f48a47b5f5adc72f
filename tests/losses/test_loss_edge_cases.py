"""Where a formula, a dtype or a wrapper ends: what users ran into there."""

import functools
import pickle
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import enable_x64
from jax.sharding import Mesh, PartitionSpec

from esoftmax_jax import losses

Z = jnp.array([[2.0, 0.0, -1.0], [0.0, 1.0, 3.0]])
Y = jnp.array([0, 2])


def test_a_sum_refuses_unknown_hyperparameters():
    loss = losses.get("NCE+RCE", alpha=1.0, beta=1.0)
    for call in (loss, lambda *a, **k: losses.expected_loss(loss)(Z, jnp.eye(3)[Y], **k)):
        with pytest.raises(
            TypeError, match=r"NCE\+RCE: expected .* among min_target, got min_targt"
        ):
            call(Z, Y, min_targt=0.5)


def test_a_sum_takes_a_weight_for_each_example():
    loss = functools.partial(losses.get, "NCE+RCE", beta=1.0)
    weights = jnp.array([1.0, 0.25])
    mixed = loss(alpha=weights)
    expected = [loss(alpha=w)(Z, Y)[i] for i, w in enumerate((1.0, 0.25))]
    np.testing.assert_allclose(mixed(Z, Y), expected, rtol=1e-6)
    every = losses.per_class_loss(mixed)(Z)
    np.testing.assert_allclose(every[jnp.arange(2), Y], expected, rtol=1e-6)


def test_a_sum_leaves_half_precision_once():
    """At the end, and not with every term: within half a unit of the last place."""
    logits = jax.random.normal(jax.random.key(0), (64, 10), jnp.bfloat16)
    labels = jnp.arange(64) % 10
    loss = losses.get("CE_tau+MAE", alpha=0.37, beta=1.3, tau=0.5)
    exact = loss(logits.astype(jnp.float32), labels)
    np.testing.assert_array_equal(loss(logits, labels), exact.astype(jnp.bfloat16))
    large = losses.weighted_sum((1e5, losses.normalized_cross_entropy))
    values = large(0.01 * logits.astype(jnp.float16), labels)
    assert jnp.all(jnp.isfinite(values / 1e4) == (values < 6.6e4))


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


@pytest.mark.parametrize("dtype", [jnp.uint8, jnp.int8, jnp.int16])
def test_early_learning_with_narrow_ids(dtype):
    state = losses.init_early_learning(50_000, 3)
    where, ids = jnp.array([True, False]), jnp.array([7, 8], dtype)
    _, after = losses.early_learning_regularized_cross_entropy(Z, Y, ids, state, where=where)
    changed = np.flatnonzero(np.any(after.targets != state.targets, axis=1))
    np.testing.assert_array_equal(changed, [7])
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
    narrow = jnp.asarray(logits, jnp.float32)
    every = losses.per_class_loss(losses.ldr_kl_loss)(narrow, **settings)
    np.testing.assert_allclose(every, expected, rtol=2e-5, atol=1e-6)
    for label in range(3):
        labels = jnp.full(3, label)
        values = losses.ldr_kl_loss(narrow, labels, **settings)
        np.testing.assert_allclose(values, expected[:, label], rtol=2e-5, atol=1e-6)
        gradient = jax.grad(lambda z, y=labels: losses.ldr_kl_loss(z, y, **settings).sum())
        assert jnp.all(jnp.isfinite(gradient(narrow)))


def test_transition_matrix_is_learned_from_the_identity():
    def total(matrix):
        return losses.forward_corrected_cross_entropy(Z, Y, transition_matrix=matrix).sum()

    probs = jax.nn.softmax(Z, axis=1)
    expected = jnp.zeros((3, 3))
    for row, label in zip(probs, Y, strict=True):
        expected = expected.at[:, label].add(-row / row[label])
    np.testing.assert_allclose(jax.grad(total)(jnp.eye(3)), expected, rtol=1e-5)
    along = jax.jvp(total, (jnp.eye(3),), (jnp.ones((3, 3)),))[1]
    np.testing.assert_allclose(along, expected.sum(), rtol=1e-5)


@pytest.mark.parametrize("name", ["t1", "t2"])
@pytest.mark.parametrize("distance", [0.0, 1e-4, 0.3])
def test_temperatures_are_learned_from_one(name, distance):
    with enable_x64(True):
        logits = jax.random.normal(jax.random.key(0), (7, 5), jnp.float64)
        labels = jnp.arange(7) % 5
        sign = -1 if name == "t1" else 1

        def total(t):
            return losses.bi_tempered_loss(logits, labels, **{name: t}).sum()

        start, step = 1 + sign * distance, sign * 1e-6
        slope = (total(start + step) - total(start)) / step
        np.testing.assert_allclose(jax.grad(total)(start), slope, rtol=1e-4)


def test_label_weights_are_learned_from_one_hot():
    def total(weights):
        return losses.expected_loss(losses.cross_entropy)(Z, weights).sum()

    expected = losses.per_class_loss(losses.cross_entropy)(Z)
    np.testing.assert_allclose(jax.grad(total)(jnp.eye(3)[Y]), expected, rtol=1e-6)
    masked = losses.expected_loss(losses.cross_entropy)(Z.at[:, 1].set(-jnp.inf), jnp.eye(3)[Y])
    assert jnp.all(jnp.isfinite(masked))


def test_gradient_clipping_leaves_out_what_is_no_loss():
    state = losses.init_gradient_clipping(256)
    values = jax.random.exponential(jax.random.key(0), (256,))
    update = functools.partial(losses.update_gradient_clipping, max_ratio=2.0)
    full = update(state, values)
    poisoned = update(state, values.at[3].set(jnp.nan))
    assert poisoned.num_seen == 255
    again = update(poisoned, values[2:4], where=jnp.array([False, True]))
    np.testing.assert_allclose(again.tau, full.tau, rtol=1e-5)
    np.testing.assert_array_equal(jnp.sort(again.queue), jnp.sort(full.queue))
    nothing: Any = None
    with pytest.raises(TypeError, match=r"state: expected a GradientClippingState, got None"):
        update(nothing, values)


def test_gradient_clipping_on_every_device_by_itself():
    values = jax.random.exponential(jax.random.key(0), (8, 64))
    update = functools.partial(losses.update_gradient_clipping, max_ratio=2.0)
    state = losses.init_gradient_clipping(64)
    expected = [update(state, row).tau for row in values]
    mesh = Mesh(np.array(jax.devices()), ("devices",))
    mapped = jax.shard_map(
        lambda x: update(state, x).tau[None],
        mesh=mesh,
        in_specs=PartitionSpec("devices"),
        out_specs=PartitionSpec("devices"),
    )
    np.testing.assert_allclose(mapped(values), expected, rtol=1e-5)


def test_a_bad_label_poisons_the_gradient_of_views_too():
    @jax.jit
    @jax.grad
    def gradient(views):
        return losses.generalized_jensen_shannon_loss(views, jnp.array([0, 5])).sum()

    found = gradient(jnp.stack([Z, Z + 1]))
    np.testing.assert_array_equal(jnp.isnan(found).all(axis=(0, 2)), np.array([False, True]))


@functools.wraps(losses.cross_entropy)
def wrapped(logits, labels, **options):
    return losses.cross_entropy(logits, labels % 3, **options)


@pytest.mark.parametrize(
    "loss", [jax.jit(losses.cross_entropy), jax.checkpoint(losses.cross_entropy), wrapped]
)
def test_losses_that_others_wrapped_are_called_for_each_label(loss):
    expected = losses.per_class_loss(losses.cross_entropy)(Z)
    np.testing.assert_allclose(losses.per_class_loss(loss)(Z), expected, rtol=1e-6)
    turned = losses.per_class_loss(loss)(Z.T, axis=0, where=jnp.array([True, False]))
    np.testing.assert_allclose(turned, jnp.where(jnp.array([True, False]), expected.T, 0))


def test_checked_of_nothing():
    values = losses.checked(losses.cross_entropy)(jnp.zeros((0, 3)), jnp.zeros(0, jnp.int32))
    assert values.shape == (0,)


def test_matrices_without_an_inverse_or_a_row():
    singular = jnp.full((3, 3), 1 / 3)
    with pytest.raises(ValueError, match=r"transition_matrix: expected an invertible matrix"):
        losses.backward_corrected_cross_entropy(Z, Y, transition_matrix=singular)
    missing = jnp.diag(jnp.array([1.0, 0.0, 1.0]))
    with pytest.raises(ValueError, match=r"got zeros alone for class 1; a class of which"):
        losses.forward_corrected_cross_entropy(Z, Y, transition_matrix=missing)


def test_numpy_float64_gives_no_warning():
    """Warnings are errors in tests."""
    logits, labels = np.asarray(Z, np.float64), np.asarray(Y)
    for loss in (
        losses.with_epsilon_softmax(losses.cross_entropy, m=10.0),
        losses.with_logit_bias(losses.cross_entropy, bias=1.0),
        losses.get("NCE+RCE", alpha=1.0, beta=1.0),
    ):
        assert loss(logits, labels).dtype == jnp.float32
    losses.expected_loss(losses.cross_entropy)(logits, np.eye(3)[labels])
    losses.entropy_regularizer(logits)
    losses.generalized_jensen_shannon_loss(np.stack([logits] * 2), labels)
    state = losses.init_early_learning(10, 3)
    losses.early_learning_regularized_cross_entropy(logits, labels, labels, state)


def test_the_last_layer_promotes_no_ranks():
    with jax.numpy_rank_promotion("raise"):
        value = losses.linear_cross_entropy(
            jnp.ones((4, 3)), jnp.ones((3, 5)), jnp.arange(4), bias=jnp.arange(5.0)
        )
    assert value.shape == (4,)


def test_backward_correction_learns_its_matrix():
    matrix = jnp.array([[0.8, 0.1, 0.1], [0.2, 0.7, 0.1], [0.0, 0.3, 0.7]])

    def total(matrix, logits=Z):
        return losses.backward_corrected_cross_entropy(
            logits, Y, transition_matrix=matrix
        ).sum()

    # Known, it is inverted before the program; traced, by the program.
    np.testing.assert_allclose(jax.jit(total)(matrix), total(matrix), rtol=1e-5)
    inverse, log_probs = jnp.linalg.inv(matrix), jax.nn.log_softmax(Z, axis=1)
    weights = jnp.zeros((3, 3)).at[Y].set(log_probs)
    expected = inverse.T @ weights @ inverse.T  # d(A⁻¹) = −A⁻¹ dA A⁻¹
    np.testing.assert_allclose(jax.grad(total)(matrix), expected, rtol=1e-4)
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
    logits = jax.random.normal(jax.random.key(0), (3, 3, 3))
    labels = jnp.arange(9).reshape(3, 3) % 3

    def one(loss, name, axis):
        numbers = [1.0, 0.5, 0.75] if name != "t2" else [1.0, 1.5, 2.0]
        found = loss(logits, labels, axis=axis, **{name: jnp.array(numbers)})
        single = [loss(logits, labels, axis=axis, **{name: number}) for number in numbers]
        return found, jnp.stack([each[:, i] for i, each in enumerate(single)], axis=1)

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
    logits = jax.random.normal(jax.random.key(0), (2, 3, 4))
    flat = logits.transpose(0, 2, 1).reshape(2, 12)
    for function in (losses.epsilon_softmax, losses.log_epsilon_softmax):
        found = function(logits, m=2.0, axis=(2, 1))
        exact = function(flat, m=2.0).reshape(2, 4, 3).transpose(0, 2, 1)
        np.testing.assert_array_equal(found, exact)
    found, exact = (
        losses.entropy_regularizer(z, axis=axis) for z, axis in ((logits, (2, 1)), (flat, 1))
    )
    np.testing.assert_array_equal(found, exact)
    views, labels = logits[None], jnp.zeros(2, jnp.int32)
    with pytest.raises(TypeError, match=r"axis: expected an integer, one axis .*got \(2, 3\)"):
        losses.generalized_jensen_shannon_loss(views, labels, axis=(2, 3))  # type: ignore[arg-type]
