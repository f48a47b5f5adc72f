"""What is left of a cell, and which name it was."""

import pytest

from esoftmax_jax.spreadsheets import cell_value, names_by_value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("40", "4E+1"),
        ("40.0", "4E+1"),
        ("40,0", "4E+1"),
        ("+040.", "4E+1"),
        ("40,000", "40,000"),  # forty thousand, or forty
        ("4e1", "4e1"),
        ("9007199254740993", "9007199254740993"),
        ("9007199254740993.0", "9007199254740993.0"),  # as a float it has lost its end
        ("TRUE", "true"),
        ("a/40.0", "a/40.0"),
        ("", ""),
    ],
)
def test_what_is_left_of_a_cell(text, value):
    assert cell_value(text) == value


def test_names_that_can_still_be_told_apart():
    assert names_by_value(["007", "08", "8"]) == {"7": "007"}
    # Bytes that are the name itself are taken as they are.
    raw = "r\udcf6t"
    assert names_by_value([raw, "röt"]) == {}
    assert names_by_value([raw]) == {"röt": raw}
