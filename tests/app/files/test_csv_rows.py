"""The user's CSV files."""

import contextlib
import os
from pathlib import Path

import numpy as np
import pytest

from esoftmax_jax.app.data.columns.choice import ColumnChoice
from esoftmax_jax.app.data.load import load_dataset
from esoftmax_jax.app.data.readers.table_header import Wanted, make_header
from esoftmax_jax.app.files.csv_file import check_csv
from esoftmax_jax.app.files.csv_rows import csv_rows
from esoftmax_jax.app.terminal.messages import UsageError
from tests.helpers.datasets import refused


def test_what_is_no_table_is_the_users_error(tmp_path):
    (tmp_path / "a.csv").write_bytes(b"a,\xe9\n")
    with pytest.raises(UsageError, match=r"^table: expected text in UTF-8, got something else"):
        list(csv_rows("table", tmp_path / "a.csv"))
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(OSError, match="a pipe, not a file"):
        list(csv_rows("table", tmp_path / "pipe.csv"))


@pytest.mark.parametrize(
    ("header", "replaced"),
    [
        ("example,prediction", True),
        ("example,prediction,p(cat),p(dog)", True),
        ('example,prediction,"p(a, b)"', True),
        ("example,prediction,my note", False),
        ("example,predictions", False),
        ("my note,example,prediction", False),
        ("example;prediction", False),  # as a spreadsheet has saved it
        ("", False),
    ],
)
def test_a_list_is_replaced_unless_it_has_columns_of_somebodys_own(header, replaced, tmp_path):
    path = tmp_path / "list.csv"
    path.write_text(f"{header}\r\n1,cat\r\n", newline="")
    refusal = pytest.raises(UsageError, match="^--out: .*list.csv, which is something else")
    with contextlib.nullcontext() if replaced else refusal:
        check_csv("--out", path, ("example", "prediction"), further=("p(",))


def test_excels_unicode_text_is_a_table(tmp_path):
    rows = "".join(f"{'ab'[i % 2]}\t{i * 1.5}\t{i % 3}\r\n" for i in range(20))
    (tmp_path / "a.csv").write_text(f"label\tbreite\thöhe\r\n{rows}", "utf-16", newline="")
    data = load_dataset(f"csv:{tmp_path / 'a.csv'}")
    assert data.feature_names == ("breite", "höhe")
    assert len(data.train) == 16
    np.testing.assert_array_equal(data.train.images[:, 0] / 1.5 % 2, data.train.labels.observed)


def test_100_000_columns_are_read_and_not_listed(tmp_path):
    count = 10**5
    names = ",".join(f"c{i}" for i in range(count))
    path = tmp_path / "a.csv"
    rows = [f"{'ab'[i % 2]}," + ",".join(["0.5"] * count) for i in range(2)]
    path.write_text("\n".join([f"label,{names}", *rows]))
    refused(f"csv:{path}", "expected at least 3 rows of a class")
    path.write_text("\n".join([names, *rows]))
    refused(f"csv:{path}", "got 'c0', 'c1', ", "'c19' and 99980 more; name the columns so")


def test_columns_are_chosen_and_found_among_100_000():
    names = [f"c{i}" for i in range(10**5)]
    chosen = ColumnChoice.of(columns=names[1::2])
    header = make_header(Path("a.csv"), ["label", *names], Wanted(choice=chosen))
    assert header.feature_names == tuple(names[1::2])
    header = make_header(Path("a.csv"), names, Wanted(names[::-2]))
    assert (header.feature_names, header.passed_over) == (tuple(names[::-2]), tuple(names[::2]))
