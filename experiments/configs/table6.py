"""Table 6: what m, q and τ do on CIFAR-100, clean, symmetric and asymmetric.

``python -m experiments reproduce table6``

Published: ResNet-34, 200 epochs, rate 0.1; last epoch. Time and score at scale ``paper``: not
yet run.

The paper does not say which α and β the variants of CE_eps+MAE and CE_tau+MAE have; they are
those of CE_eps+MAE for the same noise. Asymmetric noise is as in ``table2``.
"""

from experiments.tables.protocols import PAPER
from experiments.tables.published_rows import published_cells
from experiments.tables.table import Table, make_table

NAME = "table6"
DATASETS = ("cifar100",)


def build(dataset: str) -> Table:
    """Return the table for one of DATASETS."""
    return make_table(NAME, dataset, published_cells(NAME, dataset, PAPER[dataset]))
