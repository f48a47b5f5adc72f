"""Rows that the paper does not have: later losses, L1 for all, and a stronger baseline."""

import dataclasses
from collections.abc import Sequence

from esoftmax_jax.app.engine.schedule import COSINE
from esoftmax_jax.app.methods.loss_spec import LossSpec
from experiments.tables.cell import Cell

LATER = {
    "cifar10": {
        "ANL-CE": {"alpha": 5.0, "beta": 5.0},
        "ANL-FL": {"alpha": 5.0, "beta": 5.0, "gamma": 0.5},
        "JAL-CE": {"a": 30.0, "alpha": 1.0, "beta": 1.0},
        "JAL-FL": {"a": 30.0, "alpha": 1.0, "beta": 1.0, "gamma": 0.5},
    },
    "cifar100": {
        "ANL-CE": {"alpha": 10.0, "beta": 1.0},
        "ANL-FL": {"alpha": 10.0, "beta": 1.0, "gamma": 0.5},
        "JAL-CE": {"a": 20.0, "alpha": 5.0, "beta": 1.0},
        "JAL-FL": {"a": 20.0, "alpha": 5.0, "beta": 1.0, "gamma": 0.5},
    },
}
"""Active Negative Loss (Ye et al., NeurIPS 2023) and Joint Asymmetric Loss (Wang et al., ICCV
2025), with their authors' constants."""

L1_DECAY = {
    "cifar10": {"ANL": 5e-5, "JAL": 5e-5},
    "cifar100": {"ANL": 5e-7, "JAL": 5e-6},
}
"""Published strengths of L1, which takes the place of L2. Losses that were never published
under L1 get JAL's."""

UNDER_BOTH = ("CE", "GCE", "NCE+RCE", "CE_eps+MAE", "FL_eps+MAE", *LATER["cifar10"])
"""Rows that are there under L2 and L1: ANL and JAL change loss and penalty at once, and only
so can one tell which of the two it was."""

TUNED = "CE (tuned)"


def extra_rows(published: Sequence[Cell]) -> list[Cell]:
    """Return the rows beside the paper's, for the settings that it has.

    Args:
        published: the paper's cells for one table and dataset.
    """
    baseline = [cell for cell in published if cell.row == "CE"]
    later = [
        dataclasses.replace(cell, row=loss, loss=LossSpec(loss, tuple(sorted(values.items()))))
        for loss, values in LATER[baseline[0].dataset].items()
        for cell in baseline
    ]
    everything = [*published, *later]
    under_l1 = [_under_l1(cell) for row in UNDER_BOTH for cell in everything if cell.row == row]
    return [*map(tuned, baseline), *later, *under_l1]


def tuned(baseline: Cell) -> Cell:
    """Return cross-entropy with what a practitioner adds to it, before any robust loss.

    Cosine schedule, label smoothing 0.1, MixUp and the average of the parameters; without it
    a robust loss would be compared with a baseline that nobody needs to use.
    """
    return dataclasses.replace(
        baseline,
        row=TUNED,
        schedule=COSINE,
        label_smoothing=0.1,
        ema_decay=0.999,
        augment=dataclasses.replace(baseline.augment, mixup=1.0),
    )


def _under_l1(cell: Cell) -> Cell:
    strengths = L1_DECAY[cell.dataset]
    strength = strengths.get(cell.row.partition("-")[0], strengths["JAL"])
    return dataclasses.replace(cell, regulariser="L1", weight_decay=0.0, l1_decay=strength)
