"""Many classes: where the clip of ε-softmax losses takes every gradient, and an m that is safe."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from esoftmax_jax import losses, presets
from esoftmax_jax.app.engine.config import RunConfig
from esoftmax_jax.app.labels.noise_spec import NoiseSpec
from esoftmax_jax.app.methods.loss_spec import LossSpec
from esoftmax_jax.app.runs.recipes import gate_notes

NUM_CLASSES = 1000
SAFE = 1 / (10 * NUM_CLASSES)


def untrained():
    """Return what a network says at first, and labels that it does not predict."""
    logits = 0.3 * jax.random.normal(jax.random.key(0), (500, NUM_CLASSES))
    labels = jnp.argsort(logits, axis=1)[:, NUM_CLASSES // 2]  # a probability of about 1/K
    return logits, labels


def gradient(loss, **options):
    logits, labels = untrained()
    return jax.grad(lambda z: loss(z, labels, **options).sum())(logits)


def test_the_gate_of_the_published_constants():
    np.testing.assert_allclose(losses.gate_probability(1e5), 1e-3, rtol=1e-4)
    np.testing.assert_allclose(losses.gate_probability(99.0, min_prob=1e-3), 0.1, rtol=1e-6)
    gates = losses.gate_probability(jnp.array([0.0, 1e4]))
    np.testing.assert_allclose(gates, [1e-8, 1e-4], rtol=2e-4)
    floors = jnp.array([1e-8, 1e-5])
    np.testing.assert_allclose(losses.gate_probability(99.0, floors), [1e-6, 1e-3], rtol=1e-6)
    np.testing.assert_allclose(losses.m_for_gate(1e-3, floors), [99999, 99], rtol=1e-6)
    np.testing.assert_allclose(jax.jit(losses.m_for_gate)(1e-3), 99999, rtol=1e-6)


def test_an_untrained_network_of_a_thousand_classes_learns_from_mae_alone_at_m_1e5():
    alone = gradient(losses.epsilon_softmax_cross_entropy, m=1e5)
    np.testing.assert_array_equal(alone, 0)
    both = gradient(losses.epsilon_softmax_cross_entropy_with_mae, m=1e5, alpha=0.01, beta=5.0)
    np.testing.assert_array_equal(
        both, gradient(lambda z, y: 5 * losses.mean_absolute_error(z, y))
    )
    assert jnp.abs(both).max() < 2 * 5 / NUM_CLASSES


def test_with_the_m_of_a_gate_it_learns_from_every_label():
    m = losses.m_for_gate(SAFE)
    assert losses.gate_probability(m) <= jnp.float32(SAFE)
    np.testing.assert_allclose(m, 9999, rtol=1e-6)
    found = gradient(losses.epsilon_softmax_cross_entropy, m=m)
    np.testing.assert_allclose(found, gradient(losses.cross_entropy), atol=1e-6)
    assert jnp.abs(found).max(axis=1).min() > 0.99


@pytest.mark.parametrize("min_prob", [1e-8, 3e-7, 0.02])
def test_the_m_of_a_gate_is_the_largest_that_opens_it(min_prob):
    probabilities = jnp.array([min_prob, 0.03, 0.1, 0.7, 1.0])
    m = losses.m_for_gate(probabilities, min_prob)
    assert jnp.all(losses.gate_probability(m, min_prob) <= probabilities)
    np.testing.assert_allclose(losses.gate_probability(m, min_prob), probabilities, rtol=1e-6)
    with pytest.raises(ValueError, match=r"probability: expected a finite value in \[.*, 1\]"):
        losses.m_for_gate(min_prob / 2, min_prob)
    with pytest.raises(
        ValueError, match=r"at least min_prob, 0\.1, got 0\.01; no m has a gate"
    ):
        losses.m_for_gate(0.01, jnp.array([1e-8, 0.1]))


def test_presets_warn_of_more_classes_than_their_m_suits():
    preset = presets.paper("cifar10", "symmetric", 0.4)["CE_eps+MAE"]
    preset.loss(num_classes=10)
    with pytest.warns(
        presets.GateWarning,
        match=r"^CE_eps\+MAE: m=100000 gives no gradient to .* below 0.001, and .* 1000 classes "
        r"about 0.001; take m=9999 or less$",
    ):
        preset.loss(num_classes=NUM_CLASSES)


def test_no_warning_for_the_papers_own_data_nor_without_a_floor():
    for dataset, noise, rate, num_classes in (
        ("cifar10", "symmetric", 0.8, 10),
        ("cifar100", "symmetric", 0.4, 100),  # with m = 1e5 of table 6, just on the bound
        ("webvision", "web", None, 50),
        ("clothing1m", "web", None, 14),
    ):
        for preset in presets.paper(dataset, noise, rate).values():
            preset.loss(num_classes=num_classes)
    unclipped = {"m": 1e5, "min_prob": None}
    assert presets.gate_warning("CE_eps", unclipped, NUM_CLASSES) is None
    assert presets.gate_warning("CE", {}, NUM_CLASSES) is None
    sentence = presets.gate_warning("FL_eps", {"m": 1e4}, 50_000)
    assert sentence is not None
    assert sentence.endswith("take m=199 or less")


def test_where_the_floor_itself_is_the_gate_no_m_is_safe():
    sentence = presets.gate_warning("CE_eps", {"m": 1e5, "min_prob": 0.5}, 1000)
    assert sentence is not None
    assert sentence.endswith("take min_prob=1e-8")
    with pytest.raises(ValueError, match=r"hyperparameters: expected m of CE_eps, got \[\]"):
        presets.gate_warning("CE_eps", {}, 1000)


def test_the_commands_say_it_once_for_each_loss_and_m():
    def config(loss, **settings):
        chosen = LossSpec(loss, tuple(settings.items()))
        return RunConfig("d", NoiseSpec("none"), chosen, learning_rate=0.1, seed=0, epochs=1)

    weights: Any = {"alpha": 0.01, "beta": 5.0}
    configs = [config("CE"), *[config("CE_eps+MAE", m=1e5, **weights)] * 2]
    (note,) = gate_notes(configs, NUM_CLASSES)
    assert note.startswith("Note: CE_eps+MAE: m=100000 gives no gradient")
    assert gate_notes(configs, 10) == ()
