"""Labels that are probably no classes are refused, with what they look like and what to do."""

import datetime
import random
from pathlib import Path

import numpy as np
import pyarrow  # type: ignore[import-untyped]
import pyarrow.parquet  # type: ignore[import-untyped]
import pytest

from esoftmax_jax.app.data.label_doubts import find_doubt
from esoftmax_jax.app.data.load import load_dataset
from esoftmax_jax.app.jobs.train_command import shared_options
from experiments.cli import main, make_parser
from tests.helpers.datasets import refused

pytestmark = pytest.mark.usefixtures("folder")


def drawn(values, rows, seed=0):
    """Draw so many labels, each alike."""
    return random.Random(seed).choices([str(value) for value in values], k=rows)


def rounded(mean, deviation, rows, digits):
    draw = random.Random(0).gauss
    return [f"{draw(mean, deviation):.{digits}f}" for _ in range(rows)]


NUMBERS = {
    "two fractions": ["0.5", "1.5"] * 10,
    "many fractions": [f"{k / 2}" for k in range(13) for _ in range(20)],
    "numbers with a unit": drawn([f"{k} kg" for k in range(40, 110)], 200),
    "fractions with a unit": [f"{x} m/s" for x in rounded(3, 1, 90, 2)],
    "degrees": [f"{x}°C" for x in rounded(20, 9, 90, 0)],
    "fractions beside whole numbers": ["1.0", "2.0", "2.5", "3.0"] * 10,
    "a fraction in many rows": [*(["1"] * 500), "1.25"],
    "measured": rounded(3, 1, 100, 3),
    "exponents": ["1e-3", "2e-3", "1e-2"] * 10,
    "fractions and a question mark": [*rounded(3, 1, 50, 2), "?"],
    "prices": rounded(20_000, 9_000, 60, 0),
    "prices with a unit": [f"$1,{x:03}" for x in range(0, 900, 30)],
    "decimal commas": ["3,14", "2,72", "1,41", "1,73"] * 5,
    "shares": ["12.5 %", "13.0 %", "99.1 %"] * 4,
    "ages": rounded(40, 14, 200, 0),
    "years": drawn(range(1980, 2021), 150),
    "scores": drawn(range(101), 700),
    "counts from 0": [str(k) for k in range(40) for _ in range(1 + k % 7)],
    "visits": [str(k) for k in range(14) for _ in range(1 + 40 // (k + 1) ** 2)],
    "keys from 0": [str(k) for k in range(100)],
    "keys": [str(10_007 + 3 * k) for k in range(30)],
    "days as numbers": drawn(range(20240101, 20240131), 60),
}
SEVERAL = {
    "semicolon": [*(["benign", "urgent"] * 10), "benign;urgent"],
    "semicolon, one never alone": [*(["benign"] * 10), "benign;urgent"],
    "semicolons only": ["a;b", "b;c", "a;c"] * 4,
    "bar": [*(["a", "b"] * 10), "a|b"],
    "bar and blanks": [*(["a", "b"] * 10), "b | a"],
    "comma": [*(["cat", "dog"] * 10), "cat,dog"],
    "comma and blank": [*(["cat", "dog"] * 10), "cat, dog"],
    "commas only": ["a,b", "b,c", "a,c"] * 4,
    "blank": [*(["cat", "dog"] * 10), "cat dog"],
    "slash": [*(["cat", "dog"] * 10), "cat/dog"],
    "plus": [*(["cat", "dog"] * 10), "cat+dog"],
    "and": [*(["cat", "dog"] * 10), "cat and dog"],
    "json": ['["a","b"]', '["a"]'] * 9,
    "python": ["['cat', 'dog']", "['cat']"] * 9,
    "one in a list": ["['cat']", "['dog']"] * 9,
    "empty list": [*(["a", "b"] * 10), "[]"],
    "numpy": ["['cat' 'dog']", "['cat']"] * 9,
    "tuple": ["('cat', 'dog')", "('cat',)"] * 9,
    "set": ["{'cat', 'dog'}", "{'cat'}"] * 9,
    "dictionary": ['{"cat": 1}', '{"dog": 1}'] * 9,
    "several hot": ["[0, 1, 1]", "[1, 0, 0]"] * 9,
    "several hot without brackets": ["0 1 1", "1 0 0"] * 9,
    "numbers": [*drawn(range(5), 40), "1;3"],
    "numbers and blanks": [*drawn(range(5), 40), "1 3"],
    "line breaks": [*(["cat", "dog"] * 10), "cat\ndog"],
    "tabs": ["cat\tdog", "sea"] * 20,
    "in two orders": ["dog cat", "cat dog", "sea"] * 20,
    "tags": ["haze primary", "agriculture clear primary", "clear primary", "cloudy",
             "clear primary water", "partly_cloudy primary", "clear primary road"] * 20,
    "each joined in many rows": ["benign", "urgent", "benign+urgent"] * 50,
    "several hot in many rows": ["0 1 1", "1 0 0"] * 50,
    "numbers and commas": [*drawn(range(5), 40), "1,3"],
}  # fmt: skip
DATES = {
    "ISO": ["2020-01-01", "2020-01-02"] * 9,
    "with time": ["2020-01-01 10:30:00", "2020-01-02T11:00:00Z"] * 9,
    "American": ["01/02/2020", "12/31/99"] * 9,
    "German": ["1.2.2020", "31.12.2020"] * 9,
    "months": ["2020-01", "2020-02"] * 9,
    "names": ["5 Jan 2020", "January 5, 2020", "05-Mar-21"] * 9,
    "days of many rows": [f"2020-01-{day:02}" for day in range(1, 13)] * 20,
    "named days of many rows": ["5 Jan 2020", "6 Jan 2020"] * 20,
    "times": ["10:30", "11:45:00"] * 9,
}
KEYS = {
    "file names": [f"IMG_{k}.jpg" for k in range(30)],
    "hexadecimal": [f"{k * 7919:08x}-a" for k in range(30)],
    "free text": [f"the patient has had {k} visits" for k in range(20)] + ["none"] * 3,
}
LOOKS = {"a number to be": NUMBERS, "several labels": SEVERAL, "dates": DATES, "names of examples": KEYS}  # fmt: skip


@pytest.mark.parametrize(
    ("looks", "labels"),
    [
        pytest.param(looks, x, id=name)
        for looks, all_ in LOOKS.items()
        for name, x in all_.items()
    ],
)
def test_labels_that_are_no_classes(looks, labels):
    doubt = find_doubt(labels)
    assert doubt is not None
    assert doubt.looks.startswith(looks)
    assert set(doubt.labels) <= set(labels)
    assert doubt.message("column 'label'").startswith(
        f"expected one class a row in column 'label', got {doubt.labels[0]!r}: the labels look like"
    )


CLASSES = {
    "two": ["0", "1"] * 3,
    "one row each": ["a", "b", "c"],
    "digits": drawn(range(10), 50),
    "twelve numbers": [str(k) for k in range(12) for _ in range(6)],
    "few examples of a hundred numbers": [str(k) for k in range(100) for _ in range(5)],
    "few examples of a hundred names": [f"bird {k}" for k in range(100) for _ in range(5)],
    "one or two of a hundred names": [f"bird {k}" for k in range(100) for _ in range(1 + k % 2)],
    "hundreds of numbers": drawn(range(200), 8000),
    "half stars": [f"{k / 2}" for k in range(1, 11) for _ in range(15)],
    "two fractions of many rows": ["10.5", "11.5"] * 20,
    "Gleason scores": ["0+0", "3+3", "3+4", "4+3", "4+4", "4+5", "negative"] * 20,
    "acuity": ["20/20", "20/40", "20/80"] * 20,
    "months of many rows": ["Jan 2020", "Feb 2020"] * 75,
    "seasons": ["2001-02", "2002-03"] * 75,
    "hours": ["00:00", "06:00", "12:00"] * 75,
    "codes": [f"{k}{x}" for k in range(1, 9) for x in "ab" for _ in range(k)],
    "screws": ["1.5 mm", "2 mm", "3 mm"] * 9,
    "attributes": ["left lung", "right lung", "left kidney", "right kidney", "heart"] * 20,
    "sharks": ["great white shark", "white shark", "tiger shark", "whale shark", "shark"] * 20,
    "large numbers, many rows": drawn([100, 200, 300], 90),
    "whole numbers as floats": [f"{k}.0" for k in range(12) for _ in range(6)],
    "salt, pepper": ["salt, pepper", "sugar"] * 9,
    "commas of ImageNet": ["great white shark, white shark", "hammerhead, hammerhead shark",
                           "missile", "projectile, missile"] * 5,
    "breeds": ["golden retriever", "labrador retriever", "dog", "hot dog"] * 5,
    "ages": ["0-9", "10-19", "20-29"] * 5,
    "a fraction in a name": ["1/2 inch", "1/4 inch"] * 5,
    "brackets": ["[other]", "(none)", "f(x)"] * 5,
    "genes": ["BRCA1", "BRCA2", "p53+", "A&E", "N/A or so", "C++"] * 5,
    "sizes": ["3 mm", "5 mm"] * 5,
    "versions": ["v1.0", "v1.1"] * 5,
}  # fmt: skip


@pytest.mark.parametrize("case", CLASSES)
def test_labels_that_are_classes(case):
    assert find_doubt(CLASSES[case]) is None


def table(labels, clean=None, form="csv"):
    Path("own.csv").unlink(missing_ok=True)
    if form == "parquet":
        x = pyarrow.array([i % 5 / 10 for i in range(len(labels))])
        pyarrow.parquet.write_table(pyarrow.table({"x": x, "label": labels}), "own.parquet")
        return "parquet:own.parquet"
    rows = [f'{i % 5 / 10},"{label}"' for i, label in enumerate(labels)]
    if clean is not None:
        rows = [f'{row},"{label}"' for row, label in zip(rows, clean, strict=True)]
    header = "x,label" + (",clean_label" if clean else "")
    Path("own.csv").write_text("\n".join([header, *rows]))
    return "csv:own.csv"


def test_a_table_is_refused_with_the_row_and_the_way_out():
    several = ["a", "b", "a;b", "b"] * 5
    refused(
        table(several),
        "own.csv, row 4: expected one class a row in column 'label', got 'a;b': the labels look",
        "give each row one label, or pass --literal-labels",
    )
    refused(table(["a", "b"] * 10, several), "own.csv, row 4:", "column 'clean_label'")
    refused(
        table(["1", "2.5"] * 9), "row 3", "regression (2 different ones in 18 rows); group the"
    )


def test_parquet_labels_in_bytes():
    names = [name.encode() for name in ("ant", "caf\u00e9")]
    assert load_dataset(table(names * 10, form="parquet")).class_names == ("ant", "caf\u00e9")


def test_parquet_columns_that_hold_no_classes():
    day = datetime.date(2020, 1, 1)
    refused(table([["a", "b"], ["a"]] * 5, form="parquet"), "row 1", "several labels")
    refused(table([day, day.replace(day=2)] * 5, form="parquet"), "dates or times")
    refused(table([0.25, 1.0] * 5, form="parquet"), "'0.25'", "to be predicted")


def test_one_option_insists_on_any_of_them():
    for labels in (["0.5", "10", "2.5"] * 5, ["a", "b", "a;b"] * 5, ["1", "30", "2"] * 9):
        data = load_dataset(table(labels), literal_labels=True)
        assert sorted(data.class_names) == sorted(set(labels))
    assert data.class_names == ("1", "2", "30")
    assert "labels that look like" not in data.note.lower()  # they look like classes
    note = load_dataset(table(["a", "b", "a;b"] * 5), literal_labels=True).note
    assert "Labels that look like several labels in one cell" in note
    said = "are classes by --literal-labels (5 in column 'label', first in row 4)."
    assert said in note


def test_archives_of_numbers_to_be_predicted():
    score = np.repeat(np.arange(60), 3 + np.arange(60) % 9)
    x = np.random.default_rng(0).normal(size=(len(score), 3))
    np.savez("own.npz", train_images=x, train_labels=score)
    refused("npz:own.npz", "train_labels: expected one class a row", "as of regression (60")
    data = load_dataset("npz:own.npz", literal_labels=True)
    assert data.num_classes == 60
    assert "rows) are classes by --literal-labels." in data.note
    np.savez(
        "own.npz", train_images=x, train_labels=score, class_names=list(map(str, range(60)))
    )
    assert load_dataset("npz:own.npz").num_classes == 60
    np.savez("own.npz", train_images=x, train_labels=x[:, 0])
    refused("npz:own.npz", "expected class numbers", "in row 0", "numbers to be predicted")


def test_the_commands_take_the_option(capsys):
    spec = table(["a", "b", "a;b"] * 5)
    arguments = ["noise", "--dataset", spec]
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: own.csv, row 4:")
    assert error.count("\n") == 1
    assert not Path("runs").exists()
    assert main([*arguments, "--literal-labels"]) == 0
    options = make_parser().parse_args(["compare", "--dataset", spec, "--literal-labels"])
    assert shared_options(options) == ("--dataset", spec, "--literal-labels")
