"""The tables of the ε-softmax paper as configurations, one module each."""

from experiments.configs._cell import Cell, Reference
from experiments.configs._own_rows import own_rows
from experiments.configs._protocols import HUMAN
from experiments.configs._scale import SCALES, Scale
from experiments.configs._table import Table
from experiments.configs._tables import DATASETS, TABLES, load_table

__all__ = [
    "DATASETS",
    "HUMAN",
    "SCALES",
    "TABLES",
    "Cell",
    "Reference",
    "Scale",
    "Table",
    "load_table",
    "own_rows",
]
