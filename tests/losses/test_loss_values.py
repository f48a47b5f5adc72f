"""Values and gradients: against the authors' code, and identities between losses."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from esoftmax_jax import losses
from tests import golden
from tests.helpers.every_loss import CLASSES, EXAMPLES, random_batch
from tests.helpers.loss_cases import CASES


@pytest.mark.skipif(not golden.PRESENT, reason=f"{golden.FOLDER} is absent")
def test_every_loss_of_the_authors_code_is_compared():
    assert {entry["loss"] for entry in golden.entries()} == set(golden.NAMES)


@pytest.mark.skipif(not golden.PRESENT, reason=f"{golden.FOLDER} is absent")
def test_the_authors_values_and_gradients(subtests):
    for dtype, tolerance in golden.TOLERANCE.items():
        for entry, value_error, gradient_error in golden.errors(dtype):
            theirs = entry["loss"]
            with subtests.test(f"{theirs} K={entry['K']} {entry['params']} {dtype}"):
                assert value_error < max(tolerance, golden.LOOSER.get(theirs, 0))
                assert gradient_error < tolerance


@pytest.mark.parametrize("case", [c for c in CASES if c.constant_sum], ids=lambda c: c.name)
def test_symmetric_losses_have_a_constant_sum_over_labels(case):
    logits, _ = random_batch()
    labels = jnp.repeat(jnp.arange(CLASSES)[:, None], EXAMPLES, axis=1)
    every_label = jax.jit(lambda z: jax.lax.map(lambda y: case(z, y), labels))(logits)
    np.testing.assert_allclose(every_label.sum(0), case.constant_sum(CLASSES), rtol=1e-5)


def assert_same(first, second, rtol=1e-5):
    @jax.jit
    def both(logits, labels):
        pairs = [jax.vjp(lambda z, f=f: f(z, labels), logits) for f in (first, second)]
        return [(values, pullback(jnp.ones_like(values))[0]) for values, pullback in pairs]

    for seed in range(8):
        (values, gradient), (others, other) = both(*random_batch(seed=seed))
        np.testing.assert_allclose(values, others, rtol=rtol, atol=1e-6)
        np.testing.assert_allclose(gradient, other, rtol=1e-4, atol=1e-5)


def with_options(loss, **options):
    return lambda logits, labels: loss(logits, labels, **options)


def test_m_zero_is_cross_entropy():
    assert_same(
        with_options(losses.epsilon_softmax_cross_entropy, m=0.0, min_prob=None),
        losses.cross_entropy,
    )


def test_gamma_zero_is_cross_entropy():
    assert_same(with_options(losses.focal_loss, gamma=0.0), losses.cross_entropy)
    assert_same(
        with_options(losses.epsilon_softmax_focal_loss, m=5.0, gamma=0.0),
        with_options(losses.epsilon_softmax_cross_entropy, m=5.0),
    )


@pytest.mark.parametrize(
    "loss", [losses.normalized_focal_loss, losses.normalized_negative_focal_loss]
)
def test_the_square_root_for_gamma_one_half_has_the_derivatives_of_the_power(loss):
    # γ = 0.5 takes another branch; an array of γ never does.
    logits = 3 * jax.random.normal(jax.random.key(0), (6, 5))
    labels = jnp.arange(6) % 5

    def total(logits, gamma):
        return loss(logits, labels, gamma=gamma).sum()

    by_gamma = jax.grad(total, argnums=1)
    every = total, jax.grad(total), jax.hessian(total), by_gamma, jax.jacobian(by_gamma)

    @jax.jit
    def derivatives(gamma):
        return [function(logits, gamma) for function in every]

    value, *orders, slope, mixed = derivatives(jnp.asarray(0.5))
    exact, *others, slopes, each = derivatives(jnp.full(6, 0.5))
    np.testing.assert_allclose(value, exact, rtol=1e-6)
    for order, other in zip(orders, others, strict=True):
        np.testing.assert_allclose(order, other, atol=1e-6)
    np.testing.assert_allclose(slope, slopes.sum(), rtol=1e-5)
    np.testing.assert_allclose(mixed, each.sum(axis=0), atol=1e-6)


def test_generalized_cross_entropy_between_cross_entropy_and_mae():
    assert_same(
        with_options(losses.generalized_cross_entropy, q=1e-6), losses.cross_entropy, rtol=1e-2
    )
    assert_same(
        with_options(losses.generalized_cross_entropy, q=1.0),
        lambda z, y: losses.mean_absolute_error(z, y) / 2,
    )


def test_the_bounded_loss_of_a_preference_is_variation_cross_entropy_of_two_classes():
    """−log((e^d + a)/(e^d + 1)) is VCE of logits [d, 0] with a/(1 − a), minus log(1 − a)."""
    a, d = 0.1, np.array([-80.0, -3.0, 0.0, 0.7, 80.0], np.float32)

    def loss(d):
        logits = jnp.stack([d, jnp.zeros_like(d)], axis=-1)
        return losses.variation_cross_entropy(logits, np.zeros(5, int), a=a / (1 - a))

    values, pull = jax.vjp(loss, d)
    odds = np.exp(d.astype(np.float64))
    expected = -np.log((odds + a) / (odds + 1))
    np.testing.assert_allclose(values - np.log1p(-a), expected, rtol=1e-5, atol=1e-6)
    slope = odds / (odds + 1) - odds / (odds + a)
    np.testing.assert_allclose(pull(np.ones(5, np.float32))[0], slope, rtol=1e-5, atol=1e-7)


def test_the_fused_losses_are_the_sums_of_their_parts():
    def part(z, y, **kw):
        return losses.epsilon_softmax_cross_entropy(z, y, m=100.0, **kw)

    assert_same(
        with_options(
            losses.epsilon_softmax_cross_entropy_with_mae, m=100.0, alpha=0.3, beta=2.0
        ),
        losses.weighted_sum((0.3, part), (2.0, losses.mean_absolute_error)),
    )

    def focal_part(z, y, **kw):
        return losses.epsilon_softmax_focal_loss(z, y, m=100.0, gamma=0.5, **kw)

    assert_same(
        with_options(
            losses.epsilon_softmax_focal_loss_with_mae, m=100.0, alpha=0.3, beta=2.0, gamma=0.5
        ),
        losses.weighted_sum((0.3, focal_part), (2.0, losses.mean_absolute_error)),
    )


def test_optax_agrees_on_cross_entropy():
    import optax

    assert_same(losses.cross_entropy, optax.softmax_cross_entropy_with_integer_labels)


def test_epsilon_loss_ignores_what_it_says_it_ignores():
    # m = 1e5 and the floor 1e-8: not predicted and p_y < 1e-3 means no gradient.
    logits = jnp.array([[8.0, 0.0, 0.0]])
    gradient = jax.grad(
        lambda z: losses.epsilon_softmax_cross_entropy(z, jnp.array([1]), m=1e5).sum()
    )(logits)
    np.testing.assert_array_equal(gradient, 0)
    unclipped = jax.grad(
        lambda z: losses.epsilon_softmax_cross_entropy(
            z, jnp.array([1]), m=1e5, min_prob=None
        ).sum()
    )(logits)
    assert jnp.abs(unclipped).max() > 0.9


@pytest.mark.parametrize("m", [0.0, 1e-3, 0.99, 1.0, 1.01, 1e3, 1e5, 1e8])
@pytest.mark.parametrize("num_classes", [2, 1000])
def test_log_of_the_top_class_keeps_its_relative_precision(m, num_classes):
    # The small losses of predicted examples, −log((p + m) / (1 + m)), in float32.
    p = np.linspace(1 / num_classes, 1 - 1e-3, 50)
    logits = np.zeros((50, num_classes))
    logits[:, 0] = np.log(p) - np.log1p(-p) + np.log(num_classes - 1)
    logits = logits.astype(np.float32)
    exact = logits[:, 0].astype(np.float64)
    exact_p = 1 / (1 + (num_classes - 1) * np.exp(-exact))
    expected = -np.log1p(-(1 - exact_p) / (1 + m))
    ours = losses.epsilon_softmax_cross_entropy(
        logits, np.zeros(50, np.int32), m=m, min_prob=None
    )
    # log p itself carries a rounding of the logits' size, 13.8 · 2^-24 = 8.2e-7 beside a loss of
    # 1e-3, which an older JAX and a GPU reach; nothing more may be lost.
    np.testing.assert_allclose(ours, expected, rtol=1e-3 if num_classes > 2 else 2e-4)
