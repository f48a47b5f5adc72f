"""The picture of losses and weights against p_y, from the library's own numbers."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from esoftmax_jax import losses, theory
from experiments.pictures.style import LOSSES, grid, panels

NUM_CLASSES = 10
_SHOWN: dict[str, tuple[str, dict[str, float]]] = {
    "CE": ("CE", {}),
    "GCE": ("GCE", {"q": 0.7}),
    "MAE": ("MAE", {}),
    "CE_ε": ("CE_eps", {"m": 1e5}),
    "CE_ε+MAE": ("CE_eps+MAE", {"m": 1e5, "alpha": 0.01, "beta": 5.0}),
}
_SIGNS = {"q": "q", "m": "m", "alpha": "α", "beta": "β"}


def losses_at(loss: Any, probabilities: Any, *, predicted: bool) -> Any:
    """Return the loss of a label with these probabilities, (N,), in double precision."""
    rest = (1 - probabilities[:, None]) * np.full(NUM_CLASSES - 1, 1 / (NUM_CLASSES - 1))
    if not predicted:
        shares = np.full(NUM_CLASSES - 1, 0.1 / (NUM_CLASSES - 2))
        shares[0] = 0.9
        rest = (1 - probabilities[:, None]) * shares
    logits = np.log(np.concatenate([probabilities[:, None], rest], axis=1))
    with jax.enable_x64(True):
        return np.asarray(loss(jnp.asarray(logits), jnp.zeros(len(logits), jnp.int32)))


def loss_curves() -> Any:
    """Return a figure of two panels each of loss and weight."""
    figure, axes = panels(2, 2, (10, 7), sharex="col", sharey="row")
    for column, predicted in enumerate((False, True)):
        low, high = (0.1001, 0.999) if predicted else (1e-6, 0.47)
        points = (np.linspace if predicted else np.geomspace)(low, high, 300)
        for name, (loss_name, constants) in _SHOWN.items():
            loss = losses.get(loss_name, **constants)
            values = losses_at(loss, points, predicted=predicted)
            weights = theory.example_weight(loss, NUM_CLASSES, points, predicted=predicted)
            said = ", ".join(f"{_SIGNS[key]} = {one:g}" for key, one in constants.items())
            label = f"{name}: {said}" if said else name
            axes[0, column].plot(points, values, label=label, **LOSSES[name])
            axes[1, column].plot(points, np.maximum(weights.weight, 1e-7), **LOSSES[name])
        where = "predicted" if predicted else "not predicted"
        axes[0, column].set_title(f"label {where}", fontsize=11)
        axes[1, column].set_xlabel("p_y")
        if not predicted:
            for axis in axes[:, 0]:
                axis.set_xscale("log")
                axis.axvline(1e-3, color="0.7", lw=1)
            axes[0, 0].text(1.15e-3, 17, "gate", fontsize=9, color="0.3")
    grid(axes)
    axes[0, 0].set_ylabel("loss")
    axes[1, 0].set_ylabel("weight w of the gradient (foot: 0)")
    axes[1, 0].set_yscale("log")
    axes[0, 1].legend(fontsize=9)
    return figure
