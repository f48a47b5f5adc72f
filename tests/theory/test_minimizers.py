"""Minimisers under soft targets: Theorem 2, what lies beyond it, and the order of classes."""

import functools

import numpy as np
import pytest

from esoftmax_jax import losses, theory

CE_EPS = losses.epsilon_softmax_cross_entropy
TARGET = [0.8, 0.15, 0.05]


def test_theorem_2_is_what_the_search_finds():
    m = 0.5  # 0.8 − 0.15 > m/(m + 1)
    by_theorem = [0.8 * 1.5 - 0.5, 0.15 * 1.5, 0.05 * 1.5]
    assert theory.epsilon_softmax_minimizer(TARGET, m=m).probabilities == pytest.approx(
        by_theorem
    )
    found = theory.risk_minimizer(functools.partial(CE_EPS, m=m, min_prob=None), TARGET)
    assert found.probabilities == pytest.approx(by_theorem, abs=1e-6)


@pytest.mark.parametrize(
    ("m", "min_prob"), [(5.0, 1e-8), (1e3, 1e-3), (20.0, 0.01), (1e7, 1e-8)]
)
@pytest.mark.parametrize("target", [TARGET, [0.5, 0.3, 0.2], [0.4, 0.4, 0.2]])
def test_beyond_it_the_closed_form_is_no_worse_and_no_better_than_a_search(m, min_prob, target):
    closed = theory.epsilon_softmax_minimizer(target, m=m, min_prob=min_prob)
    found = theory.risk_minimizer(functools.partial(CE_EPS, m=m, min_prob=min_prob), target)
    assert float(closed.risk) == pytest.approx(float(found.risk), abs=1e-8)


def test_a_small_lead_ties_and_a_high_floor_gives_classes_up():
    tied = theory.epsilon_softmax_minimizer([0.5, 0.3, 0.2], m=1e3).probabilities
    assert tied == pytest.approx([1 / 3] * 3)
    given_up = theory.epsilon_softmax_minimizer([0.5, 0.3, 0.2], m=1e8, min_prob=1e-8)
    assert given_up.probabilities.tolist() == [1, 0, 0]
    # What is given up costs −log 1e-8.
    assert float(given_up.risk) == pytest.approx(0.5 * -np.log(1e-8))


def test_several_targets_are_searched_at_once():
    targets = [[0.2, 0.5, 0.3], TARGET]
    found = theory.risk_minimizer(losses.cross_entropy, targets)
    assert found.probabilities == pytest.approx(np.array(targets), abs=1e-6)
    entropy = -(np.array(targets) * np.log(targets)).sum(axis=1)
    assert found.risk == pytest.approx(entropy, abs=1e-9)


def test_which_losses_keep_the_order_of_classes():
    assert theory.all_k_calibrated(losses.cross_entropy) == (True, None, None, True)
    gce = functools.partial(losses.generalized_cross_entropy, q=0.5)
    assert theory.all_k_calibrated(gce).calibrated
    loose, strict = (functools.partial(CE_EPS, m=m) for m in (0.1, 1e5))
    wide = [[0.5, 0.3, 0.2], [0.9, 0.07, 0.03]]  # lead by more than 0.1/1.1
    assert theory.all_k_calibrated(loose, wide).calibrated
    lost = theory.all_k_calibrated(strict, wide)
    assert not lost.calibrated
    assert lost.minimizer == pytest.approx([1 / 3] * 3)
    nce = theory.all_k_calibrated(losses.normalized_cross_entropy)
    assert (nce.calibrated, nce.attained) == (False, False)


def test_targets_that_are_no_distributions_are_refused():
    with pytest.raises(ValueError, match="target: expected probabilities that sum to 1"):
        theory.risk_minimizer(losses.cross_entropy, [0.5, 0.3, 0.3])
    with pytest.raises(
        ValueError, match=r"at least 2 and at most 6 classes, got shape \(10,\)"
    ):
        theory.risk_minimizer(losses.cross_entropy, np.full(10, 0.1))
    with pytest.raises(ValueError, match=r"target: expected one distribution \(K,\)"):
        theory.epsilon_softmax_minimizer([TARGET], m=1.0)


def test_a_target_with_nan_is_no_distribution():
    with pytest.raises(ValueError, match="target: expected probabilities that sum to 1"):
        theory.epsilon_softmax_minimizer([0.5, np.nan, 0.5], m=1.0)


@pytest.mark.parametrize("target", [["a", "b"], "ab", np.array(["0.5", "0.5"]), [0.5, None]])
def test_texts_are_no_probabilities(target):
    first = target if isinstance(target, str) else next(x for x in target if x != 0.5)
    said = f"expected numbers, got {str(first) if first else None!r}; pass the probability of"
    for called, function in (
        ("target", lambda: theory.risk_minimizer(losses.cross_entropy, target)),
        ("target", lambda: theory.epsilon_softmax_minimizer(target, m=1.0)),
        ("target", lambda: theory.all_k_calibrated(losses.cross_entropy, target)),
        ("top_probability", lambda: theory.epsilon_bound_of_prediction(1.0, target)),
        (
            "label_probability",
            lambda: theory.example_weight(losses.cross_entropy, 3, target, predicted=True),
        ),
    ):
        with pytest.raises(TypeError, match=f"{called}: {said}"):
            function()
    with pytest.raises(TypeError, match="noise: expected "):
        theory.excess_risk_bound(losses.mean_absolute_error, target, num_classes=2)


def test_rows_of_targets_have_one_length():
    with pytest.raises(ValueError, match="target: expected rows of one length"):
        theory.all_k_calibrated(losses.cross_entropy, [[0.5, 0.5], [1.0]])
