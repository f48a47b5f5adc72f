"""The tables of the ε-softmax paper as configurations, one module each."""

from experiments.configs.index import DATASETS, TABLES, load_table
from experiments.tables.cell import Cell, Reference
from experiments.tables.protocols import HUMAN
from experiments.tables.scale import SCALES, Scale
from experiments.tables.table import Table

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
]
