"""Accuracy over epochs on CIFAR-10 under heavy symmetric noise.

``python -m experiments reproduce figure1``

The selection is ours: CE, GCE, CE_eps and CE_eps+MAE at symmetric 0.6 and 0.8, trained as in
``table2``, whose figures stand beside those rows that it has. What to look for is whether a
curve falls after its peak, when wrong labels begin to be memorized; and what CE_eps is without
MAE. CE_eps has the m of CE_eps+MAE. Time and score at scale ``paper``: not yet run.
"""

import esoftmax_jax
from esoftmax_jax.app.methods.loss_spec import LossSpec
from experiments.tables.protocols import PAPER, loss_of, split_setting
from experiments.tables.table import Table, make_table

NAME = "figure1"
DATASETS = ("cifar10",)
SETTINGS = ("sym0.6", "sym0.8")
LOSSES = ("CE", "GCE", "CE_eps", "CE_eps+MAE")


def build(dataset: str) -> Table:
    """Return the table for one of DATASETS."""
    cells = []
    for loss in LOSSES:
        for setting in SETTINGS:
            published = esoftmax_jax.presets.paper(dataset, *split_setting(setting))
            preset = published["CE_eps+MAE" if loss == "CE_eps" else loss]
            chosen = loss_of(preset)
            if loss == "CE_eps":
                only_m = tuple(pair for pair in chosen.hyperparameters if pair[0] == "m")
                chosen = LossSpec(loss, only_m)
            place = (NAME, dataset, setting, loss)
            cells.append(PAPER[dataset].cell(place, chosen))
    return make_table(NAME, dataset, cells, figures="table2")
