"""Reviewed lists of labels, and data that they are about."""

from pathlib import Path

import numpy as np

from esoftmax_jax.app.data.load import load_dataset


def table(rows, path="own.csv"):
    """Write a table of one number and its label."""
    Path(path).write_text("\n".join(["x,label", *(f"{i}.5,{label}" for i, label in rows)]))
    return load_dataset(f"csv:{path}")


def listed(*rows, header="rank,example,label", path="list.csv"):
    Path(path).write_text("\r\n".join([header, *rows, ""]), encoding="utf-8-sig")
    return [Path(path)]


def by_source(dataset):
    names = np.array(dataset.class_names)
    both = [
        *zip(dataset.train.sources, names[dataset.train.labels.observed], strict=True),
        *zip(dataset.test.sources, names[dataset.test.labels.observed], strict=True),
    ]
    return {str(source): str(label) for source, label in both}
