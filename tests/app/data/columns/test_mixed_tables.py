"""CSV and Parquet files as they come: features, notes, identity, and new tables for a model."""

import csv
import datetime
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow  # type: ignore[import-untyped]
import pyarrow.parquet  # type: ignore[import-untyped]
import pytest

from esoftmax_jax.app.data.card import Card
from esoftmax_jax.app.data.columns.choice import ColumnChoice
from esoftmax_jax.app.data.load import load_dataset
from esoftmax_jax.app.data.unlabelled import read_unlabelled
from esoftmax_jax.app.runs.columns_file import read_columns, write_columns
from esoftmax_jax.app.terminal.messages import UsageError
from tests.app.data.columns.table_helpers import CELLS, ROWS
from tests.helpers.datasets import draw, refused

pytestmark = pytest.mark.usefixtures("folder")

LABELS = ["wet" if i % 3 else "dry" for i in ROWS]
SPLIT = ["test" if i % 5 == 4 else "train" for i in ROWS]
LINE = (
    "9 columns: 2 numbers, 1 boolean, 1 date, 1 category, 1 text, left out: patient (all "
    "different), id (numbers the rows), site (always 'north')"
)


def write(name="own.csv", **columns):
    """Write a table, by default the whole one with its labels."""
    columns = columns or CELLS | {"label": LABELS, "split": SPLIT}
    with Path(name).open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([list(columns), *zip(*columns.values(), strict=True)])
    return f"csv:{name}"


def names_of(data):
    return () if data.columns is None else data.columns.names


def card(data):
    images = data.train.images
    return Card(
        data.class_names, images.shape[1:], "float32", data.feature_names, columns=data.columns
    )


def test_a_table_as_it_comes_is_told_in_one_line():
    data = load_dataset(write())
    assert LINE in data.note
    assert data.columns is not None
    assert data.columns.names == ("age", "income", "member", "joined", "city", "note")
    assert data.train.images.dtype == np.float32
    assert data.train.images.shape == (48, data.columns.width)
    assert np.isfinite(data.train.images).all()
    assert (set(data.mean), set(data.std)) == ({0.0}, {1.0})  # features are scaled already
    assert data.train.sources[0] == "2"
    numbers = data.train.images[:, [0, 2]]  # age and income
    np.testing.assert_allclose(numbers[:, 1].std(), 1, rtol=1e-5)


def test_test_rows_decide_no_feature_of_training_rows():
    first = load_dataset(write())
    changed = {
        name: [f"{len(cell)}" if SPLIT[i] == "test" and name in ("age", "note", "city") else cell for i, cell in enumerate(column)]
        for name, column in CELLS.items()
    }  # fmt: skip
    other = load_dataset(write(**changed, label=LABELS, split=SPLIT))
    np.testing.assert_array_equal(first.train.images, other.train.images)
    assert (first.test.images != other.test.images).any()
    assert "Categories that training did not have: 12 in column 'city'" in other.note
    assert first.data_hash != other.data_hash


def test_labels_decide_no_feature():
    flipped = ["dry" if label == "wet" else "wet" for label in LABELS]
    first = load_dataset(write())
    other = load_dataset(write(**CELLS, label=flipped, split=SPLIT))
    np.testing.assert_array_equal(first.train.images, other.train.images)
    assert first.data_hash != other.data_hash


def test_a_fifth_is_held_out_and_equal_rows_stay_together():
    twice = {
        name: [*column, *column]
        for name, column in CELLS.items()
        if name not in ("id", "patient")
    }
    data = load_dataset(write(**twice, label=LABELS * 2))
    assert len(data.train) + len(data.test) == 120
    assert len(set(data.train.ids % 60)) == len(data.train) / 2
    assert "60 rows with the features of an earlier row, in the same part" in data.note


def test_parquet_gives_the_features_of_csv():
    expected = load_dataset(write())
    columns = {
        "age": [float(cell) if cell else None for cell in CELLS["age"]],
        "income": [float(cell.replace(",", "")) for cell in CELLS["income"]],
        "member": [cell == "yes" for cell in CELLS["member"]],
        "joined": [datetime.date(*map(int, cell.split("-"))) for cell in CELLS["joined"]],
        "city": [cell or None for cell in CELLS["city"]],
        "note": CELLS["note"],
        "patient": CELLS["patient"],
        "id": [int(cell) for cell in CELLS["id"]],
        "site": CELLS["site"],
    }
    for kind in (pyarrow.date32(), pyarrow.timestamp("ns"), pyarrow.timestamp("s", "UTC")):
        table = pyarrow.table(columns | {"label": LABELS, "split": SPLIT})
        place = table.column_names.index("joined")
        table = table.set_column(place, "joined", table["joined"].cast(kind))
        pyarrow.parquet.write_table(table, "own.parquet")
        data = load_dataset("parquet:own.parquet")
        assert LINE in data.note
        np.testing.assert_allclose(data.train.images, expected.train.images, atol=1e-5)


def test_text_and_label_are_enough():
    text = [
        f"{'rain falls on stone' if i % 2 else 'sun dries the sand'} at day {i}" for i in ROWS
    ]
    data = load_dataset(write(text=text, label=[i % 2 for i in ROWS]))
    assert "1 column: 1 text." in data.note
    assert data.class_names == ("0", "1")
    assert data.train.images.shape[1] > 2


def test_numbers_with_empty_cells():
    data = load_dataset(write(x=["1", "", "3", "5"] * 5, label=[0, 1, 0, 1] * 5))
    assert "1 column: 1 number." in data.note
    assert data.train.images.shape == (16, 2)
    rows = data.train.ids % 4
    np.testing.assert_array_equal(data.train.images[:, 1], rows == 1)
    known = data.train.images[rows != 1, 0]
    np.testing.assert_allclose(known.std(), 1, rtol=1e-6)
    np.testing.assert_allclose(data.train.images[rows == 1, 0], np.median(known))


def test_columns_may_be_chosen_and_ignored():
    spec = write()
    first = load_dataset(spec, columns="age, income")
    assert "2 columns: 2 numbers." in first.note
    assert names_of(first) == ("age", "income")
    again = load_dataset(spec, columns=["income", "age"])
    assert again.data_hash == first.data_hash
    fewer = load_dataset(spec, ignore="note,joined")
    assert "7 columns: 2 numbers, 1 boolean, 1 category, left out: patient" in fewer.note
    assert len({one.data_hash for one in (first, fewer, load_dataset(spec))}) == 3
    insisted = load_dataset(spec, columns="id,income")
    assert names_of(insisted) == ("income", "id")
    told = load_dataset(spec, columns="patient")
    assert "1 column: 1 text." in told.note


def test_a_choice_of_numbers_is_a_table_of_numbers():
    spec = write(x=ROWS, word=["a", "b"] * 30, id=ROWS, label=[i // 30 for i in ROWS])
    data = load_dataset(spec, ignore="word")
    assert data.columns is None
    assert data.feature_names == ("x",)
    assert load_dataset(spec, columns="id").feature_names == ("id",)
    plain = write("plain.csv", x=ROWS, label=[i // 30 for i in ROWS])
    assert data.data_hash == load_dataset(plain).data_hash


WRONG: dict[str, tuple[Any, ...]] = {
    "unknown": ({"columns": "agee"}, "--columns: expected columns of own.csv, got 'agee'; it has", "did you mean 'age'?"),
    "unknown to ignore": ({"ignore": "x"}, "--ignore: expected columns of own.csv, got 'x'"),
    "the label": ({"ignore": "label"}, "--ignore: expected columns of features, got 'label'"),
    "with a meaning": ({"columns": "split"}, "--columns: expected columns of features, got 'split'"),
    "in both": ({"columns": "age", "ignore": "age"}, "--ignore: expected other columns than --columns has, got 'age' in both"),
    "twice": ({"columns": "age,age"}, "--columns: expected names of columns separated by commas, each once"),
    "none": ({"columns": ""}, "--columns: expected names of columns"),
    "numbers": ({"columns": [3]}, "--columns: expected names of columns as text, got 3; a column that is called by a number is '3'"),
    "nothing left": ({"columns": "site"}, "expected columns that say something about an example, got 1 column: left out: site (always 'north'); add features"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_choices_that_cannot_be(case):
    options, *words = WRONG[case]
    refused(write(), *words, **options)


def test_a_choice_is_of_tables_of_features():
    refused(
        "wine", "--columns: expected csv:PATH or parquet:PATH beside it, got wine", columns="x"
    )
    for i in range(4):
        draw(Path(f"{i}.png"), i)
    spec = write(path=[f"{i}.png" for i in range(4)], note=[*"abcd"], label=[0, 1] * 2)
    refused(spec, "--ignore: expected a table without a column 'path'", ignore="note")


def test_a_name_with_a_comma_stands_in_quotation_marks():
    assert ColumnChoice.of('"income, total",age').columns == ("income, total", "age")


def test_the_kind_of_a_column_may_be_declared():
    spec = write(zip=[10115, 94110, 1001] * 4, id=range(12), label=[0, 1] * 6)
    assert load_dataset(spec).feature_names == ("zip",)
    data = load_dataset(spec, kinds="zip:category")
    assert "2 columns: 1 category, left out: id (numbers the rows)" in data.note
    data = load_dataset(spec, kinds={"zip": "category", "id": "number"})
    assert data.columns is not None
    assert [column.kind for column in data.columns.columns] == ["category", "number"]
    assert load_dataset(spec, kinds="id:number").feature_names == ("zip", "id")
    refused(spec, "--kinds: expected columns of own.csv, got 'zap'", kinds="zap:date")
    refused(spec, "--kinds: expected columns of features, got 'label'", kinds="label:date")
    refused(spec, "; 'zip:date' is what --kinds takes", columns="zip:date")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("zip", r"expected NAME:KIND, several .* one of number, boolean, .*, got 'zip'"),
        ("zip:catgory", r"got 'zip:catgory'; did you mean 'category'\?"),
        ({"zip": 3}, r"got 'zip:3'"),
        ({0: "text"}, r"names of columns as text, got 0; .* called by a number is '0'"),
        ("a:text,a:date", r"--kinds: expected each column once, got 'a:text,a:date'"),
        ("b:text", r"expected columns that are features, got 'b', which --ignore passes over"),
        ("c:text", r"expected columns that are features, got 'c', which --columns leaves over"),
    ],
)
def test_kinds_that_are_none_are_refused(given, message):
    with pytest.raises(UsageError, match=message):
        ColumnChoice.of("a,zip", "b", given)
    assert ColumnChoice.of(kinds="at 10:30:date").kinds == (("at 10:30", "date"),)


def test_the_split_may_be_ignored():
    data = load_dataset(write(), ignore="split")
    assert "A fixed fifth of each class is held out" in data.note


JUNK = {
    "a word among numbers": ("age", 8, "old", "own.csv, row 10: expected a number as in other rows in column 'age', got 'old'; correct it, leave the cell empty if the value is missing, or pass --ignore age"),
    "no date": ("joined", 5, "2020-02-31", "own.csv, row 7: expected a date as in other rows in column 'joined', got '2020-02-31'"),
}  # fmt: skip


@pytest.mark.parametrize("case", JUNK)
def test_junk_is_refused_with_its_row(case):
    name, row, cell, message = JUNK[case]
    column = [cell if i == row else old for i, old in enumerate(CELLS[name])]
    refused(write(**(CELLS | {name: column, "label": LABELS})), message)


def test_a_new_table_has_columns_in_any_order_and_more():
    data = load_dataset(write())
    new = {name: CELLS[name] for name in reversed(CELLS)} | {
        "extra": CELLS["id"],
        "label": LABELS,
    }
    found = read_unlabelled("--inputs", write("new.csv", **new), card(data))
    np.testing.assert_array_equal(found.inputs[data.train.ids], data.train.images)
    assert (
        found.notes[-1]
        == "columns that are passed over: 'site', 'id', 'patient', 'extra', 'label'"
    )


def test_what_is_new_in_a_new_table_is_counted():
    data = load_dataset(write())
    new = {name: [*column[:3]] for name, column in CELLS.items()}
    new |= {
        "city": ["Oslo", "Lima", "Lima"],
        "income": ["7", "", "-"],
        "note": ["xyz", "the water", ""],
    }
    found = read_unlabelled("--inputs", write("new.csv", **new), card(data))
    assert found.notes[:3] == [
        "cells without a value, which training did not have: 2 in column 'income', first "
        "new.csv, row 3; the median takes their place",
        "categories that training did not have: 2 in column 'city', first new.csv, row 3, 'Lima'",
        "texts without a word that training had: 1 in column 'note', first new.csv, row 2",
    ]
    assert np.isfinite(found.inputs).all()


NEW: dict[str, tuple[Any, str]] = {
    "a column that lacks": ({"city": None}, "new.csv: expected the columns 'age', .* which the model was trained on, got no 'city' among .*; add the column"),
    "words for numbers": ({"age": ["old"] * 60}, "new.csv, row 2: expected a finite number in column 'age', as in the training rows, got 'old'"),
    "no dates": ({"joined": ["soon"] * 60}, r"row 2: expected a date \(year first\) in column 'joined'"),
    "neither yes nor no": ({"member": ["yes", "perhaps"] * 30}, "row 3: expected yes or no, true or false, in column 'member', .* got 'perhaps'"),
}  # fmt: skip


@pytest.mark.parametrize("case", NEW)
def test_a_new_table_of_another_kind_is_refused(case):
    data = load_dataset(write())
    changes, message = NEW[case]
    new = {name: column for name, column in (CELLS | changes).items() if column is not None}
    with pytest.raises(UsageError, match=message):
        read_unlabelled("--inputs", write("new.csv", **new), card(data))


def test_columns_are_kept_in_files_that_hold_no_code():
    data = load_dataset(write())
    hashes, shape = write_columns(Path(), data.columns), data.train.images.shape[1:]
    found = read_columns(Path(), hashes, shape, "call train again")
    again = read_unlabelled(
        "--inputs", "csv:own.csv", Card((), shape, "float32", (), columns=found)
    )
    np.testing.assert_array_equal(again.inputs[data.train.ids], data.train.images)
    with pytest.raises(ValueError, match=r"features for the input_shape \[3\]"):
        read_columns(Path(), hashes, (3,), "call train again")
    for name in ("columns.json", "columns.npz"):
        content = Path(name).read_bytes()
        Path(name).write_bytes(content + b" ")
        with pytest.raises(ValueError, match=f"{name} is not as it was written"):
            read_columns(Path(), hashes, shape, "call train again")
        Path(name).write_bytes(content)
    assert read_columns(Path(), {}, shape, "call train again") is None


def test_a_table_of_numbers_is_as_it_was_and_needs_no_scikit_learn():
    rows = [
        f"{i % 7},{i * i / 10},{1_600_000_000 + 60 * i},{i},{'ab'[i % 2]}" for i in range(30)
    ]
    Path("own.csv").write_text("\n".join(["x,y,time,id,label", *rows]))
    code = (
        "import sys; from esoftmax_jax.app.data.load import load_dataset; "
        "print(load_dataset('csv:own.csv').data_hash, 'sklearn' in sys.modules)"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert found.stdout.split() == ["99982dea97a6ef2a", "False"]


def test_foreign_examples_need_the_same_features():
    from esoftmax_jax.app.data.foreign_images import like_training_images

    data = load_dataset(write())
    with pytest.raises(
        UsageError, match="--noise open-set: expected images or tables of numbers"
    ):
        like_training_images(data, data)


def test_texts_that_differ_only_in_rare_words_are_not_called_the_same():
    text = [f"all alike here but w{i}x{i}" for i in range(60)]
    data = load_dataset(write(text=text, label=[i % 2 for i in range(60)]))
    assert "have the content" not in data.note
    assert "Texts without a word" not in data.note
