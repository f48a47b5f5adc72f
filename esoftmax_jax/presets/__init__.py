"""Published hyperparameters: which loss, with which constants, for which label noise."""

from esoftmax_jax.presets._gate_warning import GateWarning, gate_warning
from esoftmax_jax.presets._paper import paper
from esoftmax_jax.presets._preset import Preset

__all__ = ["GateWarning", "Preset", "gate_warning", "paper"]
