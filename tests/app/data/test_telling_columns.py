"""A column from which labels can be read is told before anything is trained."""

from pathlib import Path

import numpy as np
import pytest

from esoftmax_jax.app.data.load import load_dataset
from esoftmax_jax.app.data.telling_columns import warn_of_telling_columns

LABELS = ["ant", "bee", "cat"] * 4
SIZES = [str(size) for size in range(7, 19)]


@pytest.mark.parametrize(
    ("cells", "tells"),
    [
        (LABELS, True),
        (["7", "8", "9"] * 4, True),
        (["x", "y", "x"] * 4, False),  # two labels share a value
        (["7", "8", "9"] * 3 + ["7", "8", "8"], False),  # but for one row
        (SIZES, False),  # an id
    ],
    ids=["copy", "codes", "coarser", "almost", "all different"],
)
def test_one_value_for_each_label_and_no_other(cells, tells):
    found = warn_of_telling_columns([("size", SIZES), ("kind", cells)], LABELS, of_file=True)
    assert bool(found) == tells
    if tells:
        (text,) = found
        assert text.startswith("the column 'kind' has one value for each label and no other")
        assert "--ignore kind" in text


def test_columns_of_numbers_and_of_text_are_looked_at(folder):
    rows = [f"{s},{i % 3},{a},{a}" for i, (s, a) in enumerate(zip(SIZES, LABELS, strict=True))]
    Path("both.csv").write_text("\n".join(["size,code,kind,label", *rows]))
    numbers = [row.rpartition(",")[0] for row in rows]
    Path("numbers.csv").write_text("\n".join(["size,code,label", *numbers]))
    (both,) = load_dataset("csv:both.csv").warnings
    assert both.startswith("the columns 'code', 'kind' have one value for each label")
    (one,) = load_dataset("csv:numbers.csv").warnings
    assert one.startswith("the column 'code' has one value for each label")
    assert load_dataset("csv:both.csv", ignore="code,kind").warnings == ()


def test_names_are_told_as_the_option_reads_them():
    (text,) = warn_of_telling_columns([("kind, old", LABELS)], LABELS, of_file=True)
    assert """pass --ignore '"kind, old"' unless""" in text


def test_arrays_of_an_archive_are_looked_at(folder):
    images = np.stack([np.arange(12) % 5, np.arange(12) % 3], axis=1).astype(np.float32)
    np.savez("coded.npz", train_images=images, train_labels=np.arange(12) % 3)
    (text,) = load_dataset("npz:coded.npz").warnings
    assert text.startswith("the column '1' has one value for each label")
    assert text.endswith("leave it out unless that is meant")
