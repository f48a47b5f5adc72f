"""Losses made from losses, and the limits in which one loss is another."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from esoftmax_jax import losses
from tests.helpers import loss_formulas as formulas
from tests.helpers.every_loss import CLASSES, EXAMPLES, SHAPE, values_and_gradients
from tests.helpers.loss_cases import CASES

Z = 2 * jax.random.normal(jax.random.key(0), SHAPE)
Y = jnp.array([0, 1, 2, 3, 4, 0, 1, 2])
WHERE = jnp.array([True, True, False, True, False, True, True, True])
DETERMINISTIC = [case for case in CASES if case.formula is not None]


@jax.jit
def values_and_slopes_of_every_label(logits, where, weights):
    def one(case):
        # The case itself is not of the library; the loss with its options bound is.
        loss = functools.partial(case.loss, **case.options(CLASSES, logits.dtype))
        every = losses.per_class_loss(loss)
        values, pullback = jax.vjp(lambda z: every(z, where=where), logits)
        return values, pullback(weights)[0]

    return [one(case) for case in DETERMINISTIC]


def test_the_losses_of_every_label_at_once(subtests):
    weights = np.random.default_rng(1).normal(size=SHAPE).astype(np.float32)
    kept = np.asarray(WHERE)[:, None]
    together = jax.device_get(values_and_slopes_of_every_label(Z, WHERE, weights))
    one_by_one = [values_and_gradients(Z, np.full(EXAMPLES, k)) for k in range(CLASSES)]
    by_case = {case: found for case, *found in zip(CASES, *one_by_one, strict=True)}
    for case, (values, slope) in zip(DETERMINISTIC, together, strict=True):
        with subtests.test(case.name):
            _, each, gradients = zip(*by_case[case], strict=True)
            exact = np.where(kept, np.stack(each, axis=1), 0)
            # LDR-KL takes λ log K = 23 away, which is rounded by 2e-6.
            np.testing.assert_allclose(values, exact, rtol=1e-5, atol=3e-6)
            exact = np.einsum("nk,knj->nj", weights * kept, np.stack(gradients))
            scale = float(np.abs(exact).max())
            np.testing.assert_allclose(slope, exact, rtol=1e-4, atol=2e-6 * scale)


def test_every_label_at_once_costs_one_softmax_and_no_larger_array():
    logits = jnp.zeros((64, 500))

    def total(logits):
        return losses.per_class_loss(losses.generalized_cross_entropy)(logits).sum()

    memory = jax.jit(jax.grad(total)).lower(logits).compile().memory_analysis()
    assert memory is not None
    assert memory.temp_size_in_bytes < 4 * logits.nbytes


def test_every_label_at_once_takes_other_losses_axes_and_per_example_settings():
    def other(logits, labels, *, axis=-1, where=None):
        del where
        return optax.softmax_cross_entropy_with_integer_labels(logits, labels, axis=axis)

    expected = losses.per_class_loss(losses.cross_entropy)(Z)
    np.testing.assert_allclose(losses.per_class_loss(other)(Z), expected, rtol=1e-5)
    by_axis = losses.per_class_loss(losses.cross_entropy)(Z.T, axis=0)
    np.testing.assert_allclose(by_axis.T, expected, rtol=1e-5)
    biased = losses.with_logit_bias(losses.cross_entropy, bias=1.0)
    assert losses.per_class_loss(biased)(Z).shape == Z.shape
    q = jnp.linspace(0.1, 0.9, 8)
    values = losses.per_class_loss(losses.generalized_cross_entropy)(Z, q=q)
    alone = losses.per_class_loss(losses.generalized_cross_entropy)(Z[3], q=q[3])
    np.testing.assert_allclose(values[3], alone, rtol=1e-5)
    checked = losses.per_class_loss(losses.checked(losses.cross_entropy))
    np.testing.assert_allclose(checked(Z), expected, rtol=1e-5)
    with pytest.raises(ValueError, match="logits: expected finite values"):
        checked(Z.at[0, 0].set(jnp.nan))


def test_expected_loss_is_the_cross_entropy_of_soft_labels():
    soft = jax.nn.softmax(jax.random.normal(jax.random.key(2), Z.shape))
    loss = losses.expected_loss(losses.cross_entropy)
    expected = optax.softmax_cross_entropy(Z, soft)
    np.testing.assert_allclose(loss(Z, soft), expected, rtol=1e-5)
    slopes = [
        jax.grad(lambda z, f=f: f(z, soft).sum())(Z)
        for f in (loss, optax.softmax_cross_entropy)
    ]
    np.testing.assert_allclose(slopes[0], slopes[1], atol=1e-5)
    hard = jax.nn.one_hot(Y, CLASSES)
    for q in (0.3, 0.9):
        gce = losses.expected_loss(losses.generalized_cross_entropy)
        np.testing.assert_allclose(
            gce(Z, hard, q=q), losses.generalized_cross_entropy(Z, Y, q=q), rtol=1e-5
        )
    masked = Z.at[:, 4].set(-jnp.inf)
    no_fourth = soft.at[:, 4].set(0.0)
    slope = jax.grad(lambda z: loss(z, no_fourth).sum())(masked)
    assert jnp.isfinite(loss(masked, no_fourth)).all()
    assert jnp.isfinite(slope).all()
    np.testing.assert_array_equal(loss(Z, soft, where=WHERE)[~WHERE], 0)


def test_wrong_arguments_of_wrappers():
    with pytest.raises(TypeError, match="per_class_loss: expected a loss function, got 3"):
        losses.per_class_loss(3)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="expected_loss: expected a loss function, got 3"):
        losses.expected_loss(3)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="with_epsilon_softmax: expected a loss function"):
        losses.with_epsilon_softmax(3, m=1.0)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"m: expected a finite value in \[0, inf\), got -1"):
        losses.with_epsilon_softmax(losses.cross_entropy, m=-1)
    with pytest.raises(ValueError, match="bias: expected a finite value .* got nan"):
        losses.with_logit_bias(losses.cross_entropy, bias=float("nan"))
    soft = losses.expected_loss(losses.cross_entropy)
    with pytest.raises(TypeError, match="labels: .* got int32; for integer labels"):
        soft(Z, Y)
    with pytest.raises(ValueError, match=r"labels: .* \(8, 10\), got \(8,\)"):
        soft(Z, Z[:, 0])
    with pytest.raises(ValueError, match=r"initial_prob: .*\(0, 1\), got 1"):
        losses.logit_bias_for_initial_prob(10, initial_prob=1)


@pytest.mark.parametrize("m", [0.0, 10.0, 1e5])
def test_with_epsilon_softmax_makes_the_epsilon_losses(m):
    ours = losses.with_epsilon_softmax(losses.cross_entropy, m=m)
    theirs = functools.partial(losses.epsilon_softmax_cross_entropy, m=m)
    np.testing.assert_allclose(ours(Z, Y, where=WHERE), theirs(Z, Y, where=WHERE), atol=1e-5)
    slopes = [jax.grad(lambda z, f=f: f(z, Y).sum())(Z) for f in (ours, theirs)]
    np.testing.assert_allclose(slopes[0], slopes[1], atol=1e-5)
    bad = Z.at[2].set(jnp.nan)
    slope = jax.grad(lambda z: ours(z, Y, where=WHERE).sum())(bad)
    np.testing.assert_array_equal(slope[2], 0)
    assert ours(Z.astype(jnp.bfloat16), Y).dtype == jnp.bfloat16


def test_logit_bias_moves_the_label_alone():
    loss = losses.with_logit_bias(losses.mean_absolute_error, bias=1.5)
    by_hand = [
        formulas.mae(np.array(z) + 1.5 * np.eye(CLASSES)[y], y)
        for z, y in zip(Z, Y, strict=True)
    ]
    np.testing.assert_allclose(loss(Z, Y), by_hand, rtol=1e-5)
    for num_classes in (2, 10, 1000):
        bias = losses.logit_bias_for_initial_prob(num_classes, initial_prob=0.2)
        start = losses.with_logit_bias(losses.mean_absolute_error, bias=bias)
        value = start(jnp.zeros((1, num_classes)), jnp.array([1]))
        np.testing.assert_allclose(value, 1.6, rtol=1e-5)


def test_limits_of_one_loss_are_other_losses():
    # Few classes: where p_y is small, limits are far.
    logits = 2 * jax.random.normal(jax.random.key(0), (EXAMPLES, 5))

    def same(first, second, rtol=1e-5):
        np.testing.assert_allclose(first(logits, Y), second(logits, Y), rtol=rtol, atol=1e-5)

    bind = functools.partial
    ce, mae = losses.cross_entropy, losses.mean_absolute_error
    same(bind(losses.bi_tempered_loss, t1=1.0, t2=1.0), ce)
    # At t2 = 1 the first term is GCE; the second depends on the prediction alone.
    probs = jax.nn.softmax(logits)
    rest = (jnp.sum(probs**1.3, axis=1) - 1) / 1.3
    gce = bind(losses.generalized_cross_entropy, q=0.3)
    same(bind(losses.bi_tempered_loss, t1=0.7, t2=1.0), lambda z, y: gce(z, y) + rest)
    same(bind(losses.taylor_cross_entropy, order=1), lambda z, y: mae(z, y) / 2)

    def taylor(z, y):  # the series converges slowly where p_y is small
        return losses.taylor_cross_entropy(z / 5, y, order=64)

    same(taylor, lambda z, y: ce(z / 5, y), rtol=1e-4)
    same(bind(losses.partially_huberised_cross_entropy, tau=1e7), ce)
    same(bind(losses.normalized_focal_loss, gamma=0.0), losses.normalized_cross_entropy)
    same(
        bind(losses.normalized_negative_focal_loss, gamma=0.0),
        losses.normalized_negative_cross_entropy,
    )
    same(bind(losses.asymmetric_mean_squared_error, a=1.0), losses.mean_squared_error)
    same(
        bind(losses.asymmetric_generalized_cross_entropy, a=1e-6, q=0.7), bind(gce, q=0.7), 1e-3
    )
    same(bind(losses.asymmetric_unhinged_loss, a=3.0, q=1.0), lambda z, y: mae(z, y) / 2)
    same(bind(losses.jensen_shannon_loss, pi=1e-4), ce, rtol=2e-3)
    same(bind(losses.jensen_shannon_loss, pi=1 - 1e-6), lambda z, y: mae(z, y) / 2, rtol=0.2)
    same(bind(losses.logit_clip_cross_entropy, delta=1e3, continuous=True), ce)
    same(bind(losses.temperature_softmax_cross_entropy, tau=1.0), ce)
    identity = jnp.eye(5)
    same(bind(losses.forward_corrected_cross_entropy, transition_matrix=identity), ce)
    same(bind(losses.backward_corrected_cross_entropy, transition_matrix=identity), ce)
    mae_slope = jax.grad(lambda z: mae(z, Y).sum() / 2)(logits)
    dft_slope = jax.grad(lambda z: losses.dynamic_fine_tuning_loss(z, Y).sum())(logits)
    np.testing.assert_allclose(dft_slope, mae_slope, atol=1e-6)


def test_backward_correction_is_unbiased_and_forward_correction_consistent():
    transition = jnp.array(0.6 * np.eye(CLASSES) + 0.04)
    backward = losses.per_class_loss(
        functools.partial(losses.backward_corrected_cross_entropy, transition_matrix=transition)
    )
    clean = losses.per_class_loss(losses.cross_entropy)(Z)
    np.testing.assert_allclose(backward(Z) @ transition.T, clean, rtol=1e-4, atol=1e-4)
    # Forward correction on the noisy posterior is least at the clean one.
    posterior = jax.nn.softmax(Z[0])
    noisy = posterior @ transition
    forward = losses.per_class_loss(
        functools.partial(losses.forward_corrected_cross_entropy, transition_matrix=transition)
    )
    slope = jax.grad(lambda z: jnp.vdot(noisy, forward(z)))(jnp.log(posterior))
    np.testing.assert_allclose(slope, 0, atol=1e-6)


def test_negative_learning_draws_other_classes_uniformly():
    logits = jnp.log(jnp.array([[0.1, 0.2, 0.3, 0.4]] * 30_000))
    labels = jnp.full(30_000, 2)
    values = losses.negative_learning_loss(logits, labels, key=jax.random.key(0))
    expected = -np.log1p(-np.array([0.1, 0.2, 0.4]))
    counts = [(np.abs(values - e) < 1e-4).sum() for e in expected]
    assert sum(counts) == 30_000
    np.testing.assert_allclose(counts, 10_000, atol=400)  # five standard deviations
    again = losses.negative_learning_loss(logits, labels, key=jax.random.key(0))
    np.testing.assert_array_equal(values, again)
    many = losses.negative_learning_loss(
        logits[:2], labels[:2], key=jax.random.key(1), num_complementary=20_000
    )
    np.testing.assert_allclose(many, expected.mean(), rtol=0.02)
