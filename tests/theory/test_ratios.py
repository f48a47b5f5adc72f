"""Asymmetry and variation ratios against the closed forms of their papers."""

import math

import jax.numpy as jnp
import pytest

from esoftmax_jax import losses, theory

RATIOS = [
    ("AGCE", {"a": 0.6, "q": 0.6}, (0.6 / 1.6) ** 0.4, (1.6 / 0.6) ** 0.4),
    ("AGCE", {"a": 6.0, "q": 1.5}, 1.0, (7 / 6) ** 0.5),  # concave: always asymmetric
    ("AUL", {"a": 6.3, "q": 1.5}, (5.3 / 6.3) ** 0.5, (6.3 / 5.3) ** 0.5),
    ("AEL", {"a": 2.5}, math.exp(-1 / 2.5), math.exp(1 / 2.5)),
    ("VCE", {"a": 0.1}, 0.1 / 1.1, 1.1 / 0.1),
    ("MAE", {}, 1.0, 1.0),
    ("CE", {}, 0.0, math.inf),
    ("GCE", {"q": 0.5}, 0.0, math.inf),
]


@pytest.mark.parametrize(("name", "hyperparameters", "asymmetry", "variation"), RATIOS)
def test_ratios_of_the_papers(name, hyperparameters, asymmetry, variation):
    loss = losses.get(name, **hyperparameters)
    assert theory.asymmetry_ratio(loss) == pytest.approx(asymmetry, abs=1e-5)
    assert theory.variation_ratio(loss) == pytest.approx(variation, rel=1e-5)


@pytest.mark.parametrize(("name", "hyperparameters", "asymmetry", "variation"), RATIOS)
def test_ratios_of_losses_in_single_precision(name, hyperparameters, asymmetry, variation):
    loss = losses.get(name, **hyperparameters)

    def single(logits, labels):
        return loss(logits.astype(jnp.float32), labels)

    assert theory.asymmetry_ratio(single) == pytest.approx(asymmetry, abs=1e-3)
    assert theory.variation_ratio(single) == pytest.approx(variation, rel=2e-3)


def test_the_ratios_are_of_losses_of_the_label_s_probability_alone():
    with pytest.raises(
        ValueError, match="expected a function of the label's probability alone"
    ):
        theory.variation_ratio(losses.normalized_cross_entropy)
    with pytest.raises(ValueError, match="with how the other classes share the rest"):
        theory.asymmetry_ratio(losses.get("CE_eps", m=5.0))
