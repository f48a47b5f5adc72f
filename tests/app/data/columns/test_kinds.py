"""What a column is, by its cells alone."""

import pytest

from esoftmax_jax.app.data.columns.kinds import Column, LeftOut, find_kinds
from esoftmax_jax.app.terminal.messages import UsageError
from tests.app.data.columns.table_helpers import CELLS, ROWS, where


def kind_of(cells, name="x", insisted=()):
    found = find_kinds({name: cells}, range(len(cells)), where, insisted)
    return (*found.columns, *found.left_out)[0]


def test_a_table_in_one_line():
    assert str(find_kinds(CELLS, ROWS, where)) == (
        "9 columns: 2 numbers, 1 boolean, 1 date, 1 category, 1 text, left out: "
        "patient (all different), id (numbers the rows), site (always 'north')"
    )


TEN = range(10)
FOUND = {
    "numbers": ([f"{i}.5" for i in TEN], Column("x", "number", "plain")),
    "with empty cells": (["1", "", "NaN", "n/a", "-", "7"], Column("x", "number", "plain")),
    "exponents": (["1e3", "2E-4", "-7"], Column("x", "number", "plain")),
    "thousands": (["1,234", "12,000.5", "7"], Column("x", "number", "thousands")),
    "Swiss thousands": (["1'234", "12'000.5"], Column("x", "number", "thousands")),
    "decimal commas": (["1,5", "-0,25", "1.234,5", "3"], Column("x", "number", "decimal comma")),
    "French": (["1\u202f234,5", "2"], Column("x", "number", "decimal comma")),
    "money": (["$1,200", "-$5", "$ 7"], Column("x", "number", "thousands", "$")),
    "kilograms": ([f"{i} kg" for i in TEN], Column("x", "number", "plain", "kg")),
    "square metres": (["1,200m²", "35m²"], Column("x", "number", "thousands", "m²")),
    "per cent": (["5 %", "7.5%"], Column("x", "number", "plain", "%")),
    "one value or none": (["1", "", "1"], Column("x", "number", "plain")),
    "truth values": (["True", "FALSE", ""] * 5, Column("x", "boolean")),
    "y and n": (["y", "n"], Column("x", "boolean")),
    "ISO dates": (["2020-01-31", "2021/2/1"], Column("x", "date", "year first")),
    "times": (["2020-01-31T10:00:00Z", "2020-01-31 11:15"], Column("x", "date", "year first")),
    "of America": (["1/31/2020", "2/1/2020 3:45 PM"], Column("x", "date", "month first")),
    "of Europe": (["31/1/2020", "01/02/2020"], Column("x", "date", "day first")),
    "with points": (["1.2.2020", "3.4.2020"], Column("x", "date", "day first")),
    "times of day": (["10:30", "9:05:20", "23:59"], Column("x", "date", "time of day")),
    "named months": (["12 Jan 2020", "February 3, 2021"], Column("x", "date", "month named")),
    "months": (["2020-01", "2020-02"], Column("x", "date", "year and month")),
    "categories": (["red", "blue"] * 5, Column("x", "category")),
    "codes": (["0", "1", "2", "3+"] * 5, Column("x", "category")),
    "mixed codes": ([f"{i % 30}" if i % 2 else f"PC {i % 40}" for i in range(200)], Column("x", "category")),
    "long categories": (["some college, no degree", "no school at all"] * 9, Column("x", "category")),
    "many categories": ([f"town {i % 150}" for i in range(400)], Column("x", "category")),
    "texts": ([f"this is text {i}" for i in TEN], Column("x", "text", "words")),
    "names": ([f"Ann Smith{i}" for i in TEN], Column("x", "text", "words")),
    "repeated texts": ([f"one long text has number {i % 110} here" for i in range(400)], Column("x", "text", "words")),
    "Chinese": ([f"今天天气很好我们去公园{i}" for i in TEN], Column("x", "text", "characters")),
    "empty": (["", "?", "NA"], LeftOut("x", "empty")),
    "constant": (["a"] * 5, LeftOut("x", "always 'a'")),
    "keys": ([f"a{i}b" for i in TEN], LeftOut("x", "all different")),
}  # fmt: skip


@pytest.mark.parametrize("case", FOUND)
def test_kinds(case):
    cells, expected = FOUND[case]
    assert kind_of(cells) == expected


def test_a_key_by_its_name_is_left_out_unless_it_is_asked_for():
    numbers = [str(i) for i in TEN]
    assert kind_of(numbers, "id") == LeftOut("id", "numbers the rows")
    assert kind_of(numbers, "id", ("id",)) == Column("id", "number", "plain")
    assert kind_of(numbers, "rooms") == Column("rooms", "number", "plain")
    keys = [f"a{i}b" for i in TEN]
    assert kind_of(keys, "x", ("x",)) == Column("x", "text", "characters")


NUMBERS = [str(i) for i in range(30)]
REFUSED = {
    "junk among numbers": ([*NUMBERS, "abc"], r"row 30: expected a number as in other rows in column 'x', got 'abc'; correct it, leave the cell empty if the value is missing, or pass --ignore x"),
    "as many words": ([cell for i in range(30) for cell in (f"{i}", f"w{i}")], "row 1: expected a number as in other rows in column 'x', got 'w0'; .*--ignore x"),
    "first of several": ([*NUMBERS, "12 kg", "7 kg"], "row 30: expected a number .* got '12 kg'"),
    "a slip among few": ([*(["1", "2", "3"] * 9), "x"], "row 27: expected a number"),
    "infinite": (["1", "inf", "2"], r"row 1: expected a finite number in column 'x', got 'inf'"),
    "too large": (["1", "1e39", "2"], "row 1: expected a finite number in column 'x', got '1e39'"),
    "junk among dates": ([*(f"2020-01-{i:02d}" for i in range(1, 29)), "soon"], "row 28: expected a date as in other rows in column 'x', got 'soon'"),
    "no such day": ([*(f"2020-01-{i:02d}" for i in range(1, 29)), "2020-02-31"], "row 28: expected a date"),
    "day or month": (["03/04/2020", "05/06/2021"], r"row 0: expected dates that can be read in one way in column 'x', got '03/04/2020'; which may have day or month in front: write year-month-day, or pass --ignore x"),
    "images": ([f"{i}.png" for i in TEN], r"row 0: expected a finite number in column 'x', got '0.png'; call the column 'path' if it names images"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_of_no_one_kind_is_refused_with_its_row(case):
    cells, message = REFUSED[case]
    with pytest.raises(UsageError, match=message):
        kind_of(cells)


def test_only_training_rows_are_looked_at():
    found = find_kinds({"x": ["1", "2", "abc"]}, [0, 1], where)
    assert found.columns == (Column("x", "number", "plain"),)


DECLARED = {
    "codes": ("category", ["01001", "94110", "1"] * 2, Column("x", "category")),
    "an infinite category": ("category", ["inf", "a"], Column("x", "category")),
    "few values": ("text", ["red", "blue"] * 9, Column("x", "text", "words")),
    "a key": ("number", [str(i) for i in TEN], Column("x", "number", "plain")),
    "ones": ("boolean", ["1", "0", ""], Column("x", "boolean")),
    "years": ("date", ["2020-01", "2021-02"], Column("x", "date", "year and month")),
    "always the same": ("category", ["1", "1"], LeftOut("x", "always '1'")),
}
UNDECLARED = {
    "words": ("number", ["1", "two"], r"row 1: expected a number, as --kinds says, in column 'x', got 'two'; correct it or name another kind, or pass --ignore x"),
    "numbers": ("date", ["1", "2"], "row 0: expected a date, as --kinds says, in column 'x', got '1'"),
    "three": ("boolean", ["yes", "no", "maybe"], "expected true or false, yes or no, 1 or 0, as --kinds says, in column 'x', got 'yes'"),
    "day or month": ("date", ["03/04/2020", "05/06/2021"], "expected dates that can be read in one way"),
}  # fmt: skip


@pytest.mark.parametrize("case", DECLARED)
def test_a_kind_that_is_declared_is_taken(case):
    kind, cells, expected = DECLARED[case]
    found = find_kinds({"x": cells}, range(len(cells)), where, {"x"}, [("x", kind)])
    assert (*found.columns, *found.left_out) == (expected,)


@pytest.mark.parametrize("case", UNDECLARED)
def test_cells_that_are_not_of_the_declared_kind_are_refused(case):
    kind, cells, message = UNDECLARED[case]
    with pytest.raises(UsageError, match=message):
        find_kinds({"x": cells}, range(len(cells)), where, {"x"}, [("x", kind)])
