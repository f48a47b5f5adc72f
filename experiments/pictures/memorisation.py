"""Who memorises wrong labels: what the page of the theory replays, as a picture."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from experiments.lines import Row
from experiments.pictures.style import LOSSES, grid, panels

_NAMES = {"CE": "CE", "CE_eps+MAE": "CE_ε+MAE"}
_KINDS = {
    "memorised": "wrong labels memorised, %",
    "clean_test": "accuracy on clean test examples, %",
}


def memorisation(shared: Row, runs: Sequence[Row], rates: Sequence[float]) -> Any:
    """Return a figure: a row of panels for each kind of curve, a column for each rate.

    Args:
        shared: the line of what all runs have in common.
        runs: a line for each run.
        rates: learning rates that are shown.
    """
    figure, axes = panels(2, len(rates), (3.6 * len(rates) + 1, 6), sharex=True, sharey="row")
    grid(axes, {axes[0, place]: f"learning rate {rate:g}" for place, rate in enumerate(rates)})
    for run in runs:
        if run["learning_rate"] not in rates:
            continue
        column, name = rates.index(run["learning_rate"]), _NAMES[run["loss"]]
        for row, kind in enumerate(_KINDS):
            curve = 100 * np.array(run[kind])
            axes[row, column].plot(
                np.arange(1, len(curve) + 1), curve, label=name, **LOSSES[name]
            )
    for row, text in enumerate(_KINDS.values()):
        axes[row, 0].set_ylabel(text)
    for axis in axes[1]:
        axis.set_xlabel("epoch")
    axes[0, 0].legend(fontsize=9)
    share = 100 * shared["wrong"] / shared["labels"]
    figure.suptitle(f"{shared['dataset']}, {share:.0f} % of the labels wrong", fontsize=12)
    return figure
