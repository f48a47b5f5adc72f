"""Soft labels that give nothing to a class of logit −inf, for every loss of the table."""

import jax
import jax.numpy as jnp
import numpy as np
import optax

from esoftmax_jax import losses
from tests.helpers.every_loss import CLASSES, EXAMPLES, SHAPE
from tests.helpers.loss_cases import CASES

M = 10.0
FLOORS = {"softmax": "softmax", "ε-softmax": None, "ε-softmax with its floor": 1e-8}
UNDER_EPSILON_SOFTMAX = ("focal", "normalized_c", "jensen")


def masked_batch():
    """Return logits of which one class is −inf, and distributions that leave it out."""
    rng = np.random.default_rng(0)
    logits = 3 * rng.normal(size=SHAPE)
    logits[:, 2] = -np.inf
    weights = rng.dirichlet(np.ones(CLASSES), size=EXAMPLES)
    weights[:, 2] = 0
    weights[0] = np.eye(CLASSES)[4]
    return logits, weights / weights.sum(axis=1, keepdims=True)


def seen(logits, floor):
    """Return what the loss is given: the logits, or log p_ε of them, raised to the floor."""
    if floor == "softmax":
        return logits
    probs = np.exp(logits - logits.max(axis=1, keepdims=True))
    probs /= probs.sum(axis=1, keepdims=True)
    top = np.eye(CLASSES)[np.argmax(logits, axis=1)]
    with np.errstate(divide="ignore"):
        return np.log(np.maximum((probs + M * top) / (M + 1), floor or 0))


def exact(case, floor, logits, weights):
    """Return Σ_k q_k ℓ(z, k) by the formula, without the classes of q_k = 0."""
    given = seen(logits, floor)
    values = np.zeros(len(logits))
    for k in np.flatnonzero(weights.any(axis=0)):
        used = weights[:, k] > 0
        values[used] += weights[used, k] * case.reference(given[used], np.full(used.sum(), k))
    return values


def settings(case):
    """Every loss as it is; some of them on ε-softmax, which is one wrapper for all."""
    wrapped = case.name.startswith(UNDER_EPSILON_SOFTMAX)
    return FLOORS if wrapped else {"softmax": "softmax"}


@jax.jit
def every(logits, weights):
    def total(logits, numbers, case, floor):
        loss = case.loss
        if floor != "softmax":
            loss = losses.with_epsilon_softmax(loss, m=M, min_prob=floor)
        options = case.options(CLASSES, "float32") | numbers
        values = losses.expected_loss(loss)(logits, weights, **options)
        return values.sum(), values

    derivative = jax.value_and_grad(total, argnums=(0, 1), has_aux=True)
    return [
        {
            k: derivative(logits, case.numbers, case, floor)
            for k, floor in settings(case).items()
        }
        for case in CASES
    ]


def test_expected_losses_and_gradients_where_a_class_is_masked(subtests):
    logits, weights = masked_batch()
    step = 1e-5 * np.random.default_rng(1).normal(size=logits.shape)
    results = every(jnp.asarray(logits, "float32"), jnp.asarray(weights, "float32"))
    for case, result in zip(CASES, results, strict=True):
        if "backward" in case.name:
            continue  # not defined for masked classes, which its docstring says
        for name, ((_, values), (gradient, by_numbers)) in result.items():
            with subtests.test(f"{case.name} of {name}"):
                assert np.isfinite(values).all()
                assert np.isfinite(gradient).all()
                assert not case.bounded or all(map(np.isfinite, by_numbers.values()))
                np.testing.assert_array_equal(gradient[:, 2], 0)
                if case.formula is None:
                    continue
                arguments = (case, FLOORS[name])
                expected = exact(*arguments, logits, weights)
                np.testing.assert_allclose(values, expected, rtol=1e-5, atol=1e-5)
                if "stop" in case.name or "dynamic" in case.name:
                    continue  # not the derivative of the formula
                ahead = exact(*arguments, logits + step, weights)
                behind = exact(*arguments, logits - step, weights)
                along = np.sum(np.float64(gradient) * step, axis=1)
                np.testing.assert_allclose(along, (ahead - behind) / 2, rtol=1e-3, atol=2e-9)


def test_a_temperature_is_learned_beside_a_masked_class():
    logits, labels = jnp.array([[2.0, -jnp.inf, -1.0]]), jnp.array([0])

    def total(logits, tau):
        return losses.temperature_softmax_cross_entropy(logits, labels, tau=tau).sum()

    slope = jax.grad(total, argnums=1)
    np.testing.assert_allclose(slope(logits, 0.5), slope(logits[:, ::2], 0.5), rtol=1e-6)


def test_the_focal_loss_of_a_masked_label_is_infinite_and_its_slope_is_not():
    logits = jnp.array([[2.0, -jnp.inf, -1.0]])
    value, gradient = jax.value_and_grad(
        lambda z: losses.focal_loss(z, jnp.array([1]), gamma=0.5).sum()
    )(logits)
    assert value == jnp.inf
    # That of cross-entropy, the limit of small p.
    np.testing.assert_allclose(gradient[0], jax.nn.softmax(logits[0]) - jnp.eye(3)[1])


def test_a_label_on_a_class_left_out_is_impossible():
    """Optax subtracts the logit of a class that is not in its sum: finite, even negative."""
    logits, label = jnp.array([[2.0, 0.0, -1.0]]), jnp.array([0])
    kept = jnp.array([[False, True, True]])
    assert losses.cross_entropy(logits, label, where=kept) == jnp.inf
    theirs = optax.softmax_cross_entropy_with_integer_labels(logits, label, where=kept)
    assert theirs < 0
    np.testing.assert_array_equal(
        losses.cross_entropy(logits, label, where=kept.any(1) & kept[:, 0]), 0
    )
