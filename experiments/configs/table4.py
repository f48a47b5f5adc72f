"""Table 4: CIFAR-10N and CIFAR-100N, labels that people gave; without semi-supervised stage.

``python -m experiments reproduce table4 --dataset cifar10 --labels CIFAR-10_human.npy``

Published: ResNet-34, 100 epochs, rate 0.1 and a tenth of it from epoch 60 on, no clipping;
best epoch. Time and score at scale ``paper``: not yet run.

The best epoch is the best on the test set, which no practitioner knows; the last one is in
the results too. All rows but CE and CE_eps+MAE are quoted from other papers and are shown with
their figures only. ``CE (tuned)`` is not in the paper.
"""

from experiments.tables.extra_rows import tuned
from experiments.tables.protocols import CIFAR_N
from experiments.tables.published_rows import published_cells
from experiments.tables.table import Table, make_table

NAME = "table4"
DATASETS = ("cifar10", "cifar100")


def build(dataset: str) -> Table:
    """Return the table for one of DATASETS."""
    cells = published_cells(NAME, dataset, CIFAR_N, presets_for=f"{dataset}n")
    stronger = [tuned(cell) for cell in cells if cell.row == "CE"]
    return make_table(NAME, dataset, [*cells, *stronger])
