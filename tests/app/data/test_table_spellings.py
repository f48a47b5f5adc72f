"""What spreadsheets and people add to a table, which says nothing about its examples."""

from pathlib import Path

import pytest

from esoftmax_jax.app.data.load import load_dataset
from tests.helpers.datasets import refused

pytestmark = pytest.mark.usefixtures("folder")


def table(content):
    Path("own.csv").write_text(content, encoding="utf-8", newline="")
    return "csv:own.csv"


@pytest.mark.parametrize("first", ["", "sep=,\n", '"sep=,"\n', "SEP=,\r\n"])
def test_what_spreadsheets_add_to_a_table_is_passed_over(first):
    rows = "".join(f"{i},{'ab'[i % 2]},\n" for i in range(10))
    data = load_dataset(table(f"{first}x,label,\n{rows},,\n ,,\n,,,\n"))
    assert (data.feature_names, data.class_names) == (("x",), ("a", "b"))
    assert len(data.train) + len(data.test) == 10
    row = 3 + bool(first)
    refused(table(f"{first}x,label,\n1,a,\n2,b,7\n"), f"row {row}: expected 2 cells as in")


def test_the_separator_may_be_told_to_spreadsheets():
    rows = "".join(f'{i};"a,{i % 2}"\n' for i in range(10))
    assert load_dataset(table(f"sep=;\nx;label\n{rows}")).class_names == ("a,0", "a,1")


def test_parts_in_other_words():
    split = ["Training"] * 6 + ["TESTING", "Testing"] + ["valid"] * 2
    rows = "".join(f"{i},{'ab'[i % 2]},{part}\n" for i, part in enumerate(split))
    data = load_dataset(table(f"x,label,split\n{rows}"))
    assert (len(data.train), len(data.test)) == (6, 2)


def test_a_column_of_files_under_another_name():
    refused(
        table("file_name,label\na/0.PNG,cat\nb/1.jpg,dog\n"),
        "row 2: expected a finite number in column 'file_name', got 'a/0.PNG'; call the column "
        "'path' if it names images",
    )
