"""Published hyperparameters: which loss, with which constants, for which label noise."""

from esoftmax_jax.presets._paper import Preset, paper

__all__ = ["Preset", "paper"]
