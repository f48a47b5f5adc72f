"""Table 8: instance-dependent noise on CIFAR-10 and CIFAR-100.

``python -m experiments reproduce table8 --dataset cifar10 --cells idn0.4``

Published: as in ``table2``. Time and score at scale ``paper``: not yet run.

Cells have ``instance-views``, the law of the published labels: drawn from one shifted and
mirrored view of each image. The labels themselves, a file of the authors' for each rate, take
its place with ``--labels FILE``, which makes sense for one setting at a time. GCE's q on
CIFAR-100 is not printed; it is that of symmetric noise of the same rate.

Rows of ANL, JAL, everything under L1, and ``CE (tuned)`` are not in the paper.
"""

from experiments.tables.extra_rows import extra_rows
from experiments.tables.protocols import PAPER
from experiments.tables.published_rows import published_cells
from experiments.tables.table import Table, make_table

NAME = "table8"
DATASETS = ("cifar10", "cifar100")


def build(dataset: str) -> Table:
    """Return the table for one of DATASETS."""
    cells = published_cells(NAME, dataset, PAPER[dataset])
    return make_table(NAME, dataset, [*cells, *extra_rows(cells)])
