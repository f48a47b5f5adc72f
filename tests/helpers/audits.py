"""Small data with wrong labels, and probabilities that know the right ones."""

import csv
from pathlib import Path
from typing import Any

import numpy as np

CLASSES = ("ant", "bee", "cat")


def noisy(count=60, classes=CLASSES):
    """Return right class numbers, and labels that are wrong in rows 1, 11, 21, ..."""
    truth = np.arange(count) % len(classes)
    labels = truth.copy()
    labels[1::10] = (labels[1::10] + 1) % len(classes)
    return truth, labels


def probabilities_of(truth, num_classes=3, sure=0.8):
    """Return probabilities that are right, of several degrees of sureness."""
    own = truth[:, None] == np.arange(num_classes)
    rows = np.arange(len(truth))
    sures = (sure + rows % 9 / 100 + rows / 1000 / len(rows))[:, None]
    return np.where(own, sures, (1 - sures) / (num_classes - 1))


def write_table(path, columns):
    """Write columns by name as CSV."""
    with Path(path).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))


class Frame(dict[Any, Any]):
    """Columns by name, as those of pandas."""

    @property
    def columns(self):
        """Return the names."""
        return list(self)


def write_parquet(path, columns):
    """Write columns by name as Parquet."""
    import pyarrow  # type: ignore[import-untyped]
    import pyarrow.parquet  # type: ignore[import-untyped]

    pyarrow.parquet.write_table(pyarrow.table(columns), path)


def noisy_table(path="own.csv", **further):
    """Write a table of noisy labels beside texts; return the right labels' probabilities."""
    truth, labels = noisy()
    columns = {"text": [f"text {row}" for row in range(len(truth))], **further}
    write_table(path, columns | {"label": [CLASSES[label] for label in labels]})
    return probabilities_of(truth)


def weak():
    """Return 2 000 right labels of four classes, and probabilities that hardly know them."""
    generator = np.random.default_rng(0)
    truth = generator.integers(4, size=2000)
    powers = np.exp(generator.normal(size=(2000, 4)) + np.eye(4)[truth] / 2)
    return truth, powers / powers.sum(axis=1, keepdims=True)
