"""The published figures, from the file beside this module."""

import functools
import itertools
from pathlib import Path

from esoftmax_jax.spreadsheets import CsvRows
from experiments.tables.cell import Reference

Key = tuple[str, str, str, str]


@functools.cache
def published() -> dict[Key, Reference]:
    """Return (table, dataset, setting, row) → figure, in the order of print.

    A row ends in ``/L1`` where the runs were penalised so.
    """
    path = Path(__file__).with_name("published.csv")
    rows = itertools.islice(CsvRows(path.name, path), 1, None)
    return {
        (table, dataset, setting, row): Reference(
            float(mean), float(std) if std else None, source
        )
        for _, (table, dataset, setting, row, mean, std, source) in rows
    }


def printed(table: str, dataset: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the settings and rows of the paper's own table, as it has them."""
    keys = [
        key for key in published() if key[:2] == (table, dataset) and not key[3].endswith("/L1")
    ]
    settings = tuple(dict.fromkeys(key[2] for key in keys))
    return settings, tuple(dict.fromkeys(key[3] for key in keys))
