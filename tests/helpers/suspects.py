"""What the tests of suspects share."""

import csv
from pathlib import Path

from esoftmax_jax.app.suspects.suspect_list import COLUMNS

TRAIN = ["train", "--epochs", "20", "--checkpoint-every", "20", "--workdir", "run", "--suspects", "list.csv"]  # fmt: skip


def rows_of(path):
    with Path(path).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == COLUMNS
    assert [int(row["rank"]) for row in rows] == list(range(1, len(rows) + 1))
    margins = [float(row["margin"]) for row in rows]
    assert margins == sorted(margins)
    return rows
