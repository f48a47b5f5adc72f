"""The published figures, from the file beside this module."""

import csv
import functools
from pathlib import Path

from experiments.tables.cell import Reference

Key = tuple[str, str, str, str]


@functools.cache
def published() -> dict[Key, Reference]:
    """Return (table, dataset, setting, row) → figure, in the order of print.

    A row ends in ``/L1`` where the runs were penalised so.
    """
    path = Path(__file__).with_name("published.csv")
    with path.open(encoding="utf-8", newline="") as lines:
        return {
            (line["table"], line["dataset"], line["setting"], line["row"]): Reference(
                float(line["mean"]), float(line["std"]) if line["std"] else None, line["source"]
            )
            for line in csv.DictReader(lines)
        }


def printed(table: str, dataset: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the settings and rows of the paper's own table, as it has them."""
    keys = [
        key for key in published() if key[:2] == (table, dataset) and not key[3].endswith("/L1")
    ]
    settings = tuple(dict.fromkeys(key[2] for key in keys))
    return settings, tuple(dict.fromkeys(key[3] for key in keys))
