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

Z = (2 * np.random.default_rng(0).normal(size=SHAPE)).astype(np.float32)
Y = np.array([0, 1, 2, 3, 4, 0, 1, 2], np.int32)
WHERE = np.array([True, True, False, True, False, True, True, True])
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
    kept = WHERE[:, None]
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
    logits = np.zeros((64, 500), np.float32)

    def total(logits):
        return losses.per_class_loss(losses.generalized_cross_entropy)(logits).sum()

    memory = jax.jit(jax.grad(total)).lower(logits).compile().memory_analysis()
    assert memory is not None
    assert memory.temp_size_in_bytes < 4 * logits.nbytes


def test_every_label_at_once_takes_other_losses_axes_and_per_example_settings():
    def other(logits, labels, *, axis=-1, where=None):
        del where
        return optax.softmax_cross_entropy_with_integer_labels(logits, labels, axis=axis)

    q = np.linspace(0.1, 0.9, 8, dtype=np.float32)

    @jax.jit
    def values():
        every = losses.per_class_loss(losses.cross_entropy)
        of_other = losses.per_class_loss(other)(Z)
        gce = losses.per_class_loss(losses.generalized_cross_entropy)
        return every(Z), of_other, every(Z.T, axis=0), gce(Z, q=q), gce(Z[3], q=q[3])

    expected, of_other, by_axis, per_example, alone = map(np.asarray, values())
    np.testing.assert_allclose(of_other, expected, rtol=1e-5)
    np.testing.assert_allclose(by_axis.T, expected, rtol=1e-5)
    np.testing.assert_allclose(per_example[3], alone, rtol=1e-5)
    biased = losses.with_logit_bias(losses.cross_entropy, bias=1.0)
    assert jax.eval_shape(losses.per_class_loss(biased), Z).shape == Z.shape
    checked = losses.per_class_loss(losses.checked(losses.cross_entropy))
    np.testing.assert_allclose(checked(Z), expected, rtol=1e-5)
    with pytest.raises(ValueError, match="logits: expected finite values"):
        checked(np.where(np.isin(Z, Z[0, 0]), np.float32(np.nan), Z))


def test_expected_loss_is_the_cross_entropy_of_soft_labels():
    soft = np.random.default_rng(2).dirichlet(np.ones(CLASSES), EXAMPLES).astype(np.float32)
    loss = losses.expected_loss(losses.cross_entropy)
    hard = np.eye(CLASSES, dtype=np.float32)[Y]
    fourth = np.arange(CLASSES) == 4
    masked, no_fourth = np.where(fourth, np.float32(-np.inf), Z), np.where(fourth, 0, soft)

    @jax.jit
    def results(z, q):
        with_slope = jax.value_and_grad(
            lambda z, f, weights: ((values := f(z, weights)).sum(), values), has_aux=True
        )
        of_both = [with_slope(z, f, soft) for f in (loss, optax.softmax_cross_entropy)]
        gce = losses.expected_loss(losses.generalized_cross_entropy)(z, hard, q=q)
        of_hard = gce, losses.generalized_cross_entropy(z, Y, q=q)
        return of_both, of_hard, with_slope(masked, loss, no_fourth), loss(z, soft, where=WHERE)

    for q in (0.3, 0.9):
        of_both, (gce, exact), ((_, finite), slope), kept = jax.device_get(results(Z, q))
        np.testing.assert_allclose(gce, exact, rtol=1e-5)
    ((_, found), by_ours), ((_, expected), by_optax) = of_both
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    np.testing.assert_allclose(by_ours, by_optax, atol=1e-5)
    assert np.isfinite(finite).all()
    assert np.isfinite(slope).all()
    np.testing.assert_array_equal(kept[~WHERE], 0)


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


@jax.jit
def under_epsilon_softmax(bad, m):
    """Return pairs of values and of slopes, a slope beside NaN, and values of half precision."""
    ours = losses.with_epsilon_softmax(losses.cross_entropy, m=m)
    theirs = functools.partial(losses.epsilon_softmax_cross_entropy, m=m)
    values = [f(Z, Y, where=WHERE) for f in (ours, theirs)]
    slopes = [jax.grad(lambda z, f=f: f(z, Y).sum())(Z) for f in (ours, theirs)]
    slope = jax.grad(lambda z: ours(z, Y, where=WHERE).sum())(bad)
    return values, slopes, slope, ours(Z.astype(jnp.bfloat16), Y)


def test_a_term_of_weight_zero_is_none_where_it_is_infinite():
    logits = jnp.array([[-jnp.inf, 1.0, 0.0], [0.0, 1.0, 2.0]])
    labels, mae = jnp.array([0, -1]), losses.mean_absolute_error

    def total(weight, logits):
        return losses.weighted_sum((weight, losses.cross_entropy), (1.0, mae))(logits, labels)

    alone, found = mae(logits, labels), jax.jit(total)(0.0, logits)
    np.testing.assert_allclose(found, alone)
    assert found[0] == 2
    assert np.isnan(found[1])  # a label that is no class stays marked
    assert np.isfinite(jax.grad(lambda z: total(0.0, z)[0])(logits)[0, 1:]).all()
    assert total(0.1, logits)[0] == jnp.inf


@pytest.mark.parametrize("m", [0.0, 10.0, 1e5])
def test_with_epsilon_softmax_makes_the_epsilon_losses(m):
    bad = np.where(np.arange(EXAMPLES)[:, None] == 2, np.float32(np.nan), Z)
    *pairs, slope, half = jax.device_get(under_epsilon_softmax(bad, m))
    for ours, theirs in pairs:
        np.testing.assert_allclose(ours, theirs, atol=1e-5)
    np.testing.assert_array_equal(slope[2], 0)
    assert half.dtype == jnp.bfloat16


def test_logit_bias_moves_the_label_alone():
    loss = losses.with_logit_bias(losses.mean_absolute_error, bias=1.5)
    by_hand = [formulas.mae(z + 1.5 * np.eye(CLASSES)[y], y) for z, y in zip(Z, Y, strict=True)]

    def start(num_classes):
        bias = losses.logit_bias_for_initial_prob(num_classes, initial_prob=0.2)
        biased = losses.with_logit_bias(losses.mean_absolute_error, bias=bias)
        return biased(np.zeros((1, num_classes), np.float32), np.array([1], np.int32))

    values, *starts = jax.jit(lambda: [loss(Z, Y), *map(start, (2, 10, 1000))])()
    np.testing.assert_allclose(values, by_hand, rtol=1e-5)
    np.testing.assert_allclose(starts, 1.6, rtol=1e-5)


def test_limits_of_one_loss_are_other_losses():
    # Few classes: where p_y is small, limits are far.
    logits = (2 * np.random.default_rng(0).normal(size=(EXAMPLES, 5))).astype(np.float32)
    pairs = []

    def same(first, second, rtol=1e-5):
        pairs.append((first, second, rtol))

    bind = functools.partial
    ce, mae = losses.cross_entropy, losses.mean_absolute_error
    same(bind(losses.bi_tempered_loss, t1=1.0, t2=1.0), ce)
    # At t2 = 1 the first term is GCE; the second depends on the prediction alone.
    probs = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    rest = (np.sum(probs**1.3, axis=1) - 1) / 1.3
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
    identity = np.eye(5, dtype=np.float32)
    same(bind(losses.forward_corrected_cross_entropy, transition_matrix=identity), ce)
    same(bind(losses.backward_corrected_cross_entropy, transition_matrix=identity), ce)

    @jax.jit
    def results(logits):
        mae_slope = jax.grad(lambda z: mae(z, Y).sum() / 2)(logits)
        dft_slope = jax.grad(lambda z: losses.dynamic_fine_tuning_loss(z, Y).sum())(logits)
        values = [(first(logits, Y), second(logits, Y)) for first, second, _ in pairs]
        return values, mae_slope, dft_slope

    values, mae_slope, dft_slope = results(logits)
    for (found, exact), (_, _, rtol) in zip(values, pairs, strict=True):
        np.testing.assert_allclose(found, exact, rtol=rtol, atol=1e-5)
    np.testing.assert_allclose(dft_slope, mae_slope, atol=1e-6)


def test_backward_correction_is_unbiased_and_forward_correction_consistent():
    transition = (0.6 * np.eye(CLASSES) + 0.04).astype(np.float32)
    backward = losses.per_class_loss(
        functools.partial(losses.backward_corrected_cross_entropy, transition_matrix=transition)
    )
    # Forward correction on the noisy posterior is least at the clean one.
    posterior = np.exp(Z[0]) / np.exp(Z[0]).sum()
    noisy = posterior @ transition
    forward = losses.per_class_loss(
        functools.partial(losses.forward_corrected_cross_entropy, transition_matrix=transition)
    )

    @jax.jit
    def results(log_posterior):
        slope = jax.grad(lambda z: jnp.vdot(noisy, forward(z)))(log_posterior)
        return backward(Z), losses.per_class_loss(losses.cross_entropy)(Z), slope

    corrected, clean, slope = map(np.asarray, results(np.log(posterior)))
    np.testing.assert_allclose(corrected @ transition.T, clean, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(slope, 0, atol=1e-6)


def test_negative_learning_draws_other_classes_uniformly():
    logits = np.log(np.array([[0.1, 0.2, 0.3, 0.4]] * 30_000, np.float32))
    labels = np.full(30_000, 2, np.int32)
    values = np.asarray(losses.negative_learning_loss(logits, labels, key=jax.random.key(0)))
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
