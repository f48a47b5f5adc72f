"""Theorem 1 and Lemma 1: values by hand, conditions one by one, and one that is needed."""

import functools
import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from esoftmax_jax import losses, theory

CE_EPS = losses.epsilon_softmax_cross_entropy
UNEVEN = np.array([[0.5, 0.4, 0.1], [0.1, 0.5, 0.4], [0.4, 0.1, 0.5]])


@jax.jit
def bent(logits, labels):
    """Symmetric, and 0 at its label's vertex; on the way to another class it is less than there."""
    probs = jax.nn.softmax(logits)
    bend = probs * (1 - probs)
    values = (1 - probs) / 2 + 1.4 * (bend.mean(axis=-1, keepdims=True) - bend)
    return jnp.take_along_axis(values, labels[:, None], axis=-1)[:, 0]


def test_the_bound_by_hand():
    loss = functools.partial(CE_EPS, m=1e9)
    found = theory.excess_risk_bound(loss, 0.4, 3)
    gap = math.log1p((2 / 3) / (1e9 + 1 / 3))
    # c = 0.6, a = 0.6 − 0.2
    assert (found.clean_share, found.margin) == pytest.approx((0.6, 0.4))
    assert found.delta == pytest.approx(gap, rel=1e-6)
    assert found.bound == pytest.approx(2 * gap * (1 + 0.6 / 0.4), rel=1e-6)
    assert found.tighter == pytest.approx(found.bound / 2)
    uneven = theory.excess_risk_bound(loss, UNEVEN, class_probabilities=[1, 0, 0])
    assert (uneven.clean_share, uneven.margin) == pytest.approx((0.5, 0.1))


def test_the_bound_says_something_only_where_epsilon_is_small_against_the_floor():
    vacuous = {
        m: theory.excess_risk_bound(functools.partial(CE_EPS, m=m), 0.4, 3).vacuous
        for m in (1e3, 1e5, 1e8)
    }
    assert vacuous == {1e3: True, 1e5: True, 1e8: False}


def test_outputs_that_are_nearer_to_one_hot_have_a_smaller_bound():
    gce = functools.partial(losses.generalized_cross_entropy, q=0.5)
    near, anywhere = (theory.excess_risk_bound(gce, 0.2, 3, epsilon=x) for x in (1e-4, 2.0))
    assert near.bound == anywhere.bound  # of a convex sum no more is known
    floored = functools.partial(CE_EPS, m=0.0, min_prob=1e-2)
    near, anywhere = (theory.excess_risk_bound(floored, 0.2, 3, epsilon=x) for x in (1e-4, 2.0))
    assert near.delta < 0.02 < anywhere.delta
    assert near.tighter == near.bound < anywhere.tighter == anywhere.bound / 2


def test_a_distance_from_one_hot_needs_the_same_sum_at_all_of_them():
    def by_class(logits, labels):
        return losses.mean_absolute_error(logits, labels) * jnp.where(labels == 0, 0.5, 1.0)

    assert theory.excess_risk_bound(by_class, 0.2, 3, convex=True).delta == pytest.approx(1)
    with pytest.raises(ValueError, match="the same Σ_k L at all one-hot vectors, got 3 to 4"):
        theory.excess_risk_bound(by_class, 0.2, 3, epsilon=0.1, lipschitz=2.0)


@pytest.mark.parametrize(
    ("loss", "noise", "reason"),
    [
        ("CE_eps", 0.7, "noise: expected clean-label-dominant noise, got class 0 with label 1 at 0.35, and with its own at 0.3"),
        ("CE_eps", [[0.4, 0.6, 0], [0, 1, 0], [0, 0, 1]], "class 0 with label 1 at 0.6"),
        ("CE_eps", np.eye(2), r"noise: expected a rate or a matrix of shape \(3, 3\), got shape \(2, 2\)"),
        ("CE_eps", np.eye(3) / 2, "noise: expected 3 probabilities that sum to 1"),
        ("CE_eps", 1.0, r"noise: expected a rate in \[0, 1\), got 1.0"),
        ("CE", 0.4, "loss: expected a bounded loss, got an unbounded one"),
        ("AEL", 0.4, r"\(R_L\(f\*\) = 0\), got 0.135335; subtract it"),
        ("NCE", UNEVEN, "expected the largest loss for each wrong label .* got 0.5 there"),
        ("Forward", 0.2, r"loss: expected 0 where the right label has probability 1"),
        ("own", 0.4, "expected a loss whose δ is known from above, got ≥ 2.66667"),
    ],
)  # fmt: skip
def test_a_condition_that_does_not_hold_is_named(loss, noise, reason):
    chosen: Any = {
        "CE_eps": functools.partial(CE_EPS, m=1e8),
        "CE": losses.cross_entropy,
        "AEL": functools.partial(losses.asymmetric_exponential_loss, a=0.5),
        "NCE": losses.normalized_cross_entropy,
        "Forward": functools.partial(
            losses.forward_corrected_cross_entropy,
            transition_matrix=jnp.asarray(UNEVEN, jnp.float32),
        ),
        "own": lambda z, y: losses.mean_absolute_error(z, y) ** 2,
    }[loss]
    with pytest.raises(ValueError, match=reason):
        theory.excess_risk_bound(chosen, noise, 3)


def test_without_the_largest_loss_at_wrong_labels_a_symmetric_loss_is_not_robust():
    """δ = 0, R_L(f*) = 0, clean labels dominate: and minimising under noise costs 0.098."""
    assert theory.symmetry_gap(bent, 3).lower < 1e-12
    points, _ = theory.risk_minimizer(bent, UNEVEN[0])
    logits = jnp.log(jnp.maximum(jnp.asarray(points), 1e-30))
    assert points == pytest.approx([0.5765, 0.4235, 0], abs=1e-4)
    assert float(bent(logits[None], jnp.array([0]))[0]) == pytest.approx(0.0978, abs=1e-4)
    with pytest.raises(ValueError, match="got 0.5 there and 0.733333 elsewhere"):
        theory.excess_risk_bound(bent, UNEVEN, 3, convex=True)
    assert theory.excess_risk_bound(bent, 0.4, 3, convex=True).bound < 1e-12


def test_lemma_1_and_the_bound_by_the_prediction():
    draw = np.random.default_rng(0)
    shared = np.tril(np.ones((4, 4))) / np.arange(1, 5)[:, None]
    probs = np.concatenate([shared, draw.dirichlet(np.full(4, 0.5), 100)])
    top = probs.max(axis=1)
    hot = np.arange(4) == probs.argmax(axis=1)[:, None]
    outputs = (probs + 9 * hot) / 10
    distance = np.linalg.norm(outputs - hot, axis=1)
    by_prediction = theory.epsilon_bound_of_prediction(9.0, top)
    assert np.all(distance <= by_prediction + 1e-12)
    assert by_prediction[:4] == pytest.approx(distance[:4])  # reached by n equal classes
    assert by_prediction.max() == pytest.approx(float(losses.epsilon_bound(9.0, 4)), rel=1e-6)


@pytest.mark.parametrize(("noise", "num_classes"), [(2 / 3, 3), (0.5, 2), (0.9, 10)])
def test_at_the_limit_no_label_dominates_whatever_rounding_leaves(noise, num_classes):
    with pytest.raises(ValueError, match="expected clean-label-dominant noise"):
        theory.excess_risk_bound(losses.mean_absolute_error, noise, num_classes)


def test_a_specification_of_the_command_line_is_no_rate():
    with pytest.raises(TypeError, match="expected a rate or a matrix .* got 'symmetric:0.4'"):
        theory.excess_risk_bound(losses.mean_absolute_error, "symmetric:0.4", 3)
