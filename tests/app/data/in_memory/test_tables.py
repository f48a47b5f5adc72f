"""Tables of pandas, dictionaries of columns and lists of texts as data, and for a model."""

from typing import Any

import numpy as np
import pytest

from esoftmax_jax import app
from esoftmax_jax.app.data.card import Card
from esoftmax_jax.app.data.columns.choice import ColumnChoice
from esoftmax_jax.app.data.in_memory.tables import as_table
from esoftmax_jax.app.data.unlabelled import array_examples
from esoftmax_jax.app.jobs.audit.training import dataset_of_arrays
from tests.app.data.columns.table_helpers import CELLS, ROWS
from tests.tensors import Tensor

pandas = pytest.importorskip("pandas")

LABELS = ["wet" if i % 3 else "dry" for i in ROWS]
LINE = (
    "9 columns: 2 numbers, 1 boolean, 1 date, 1 category, 1 text, left out: patient (all "
    "different), id (numbers the rows), site (always 'north')"
)


def frame():
    """Return the table as pandas has it, with its types."""
    found = pandas.DataFrame(CELLS)
    found["age"] = pandas.to_numeric(found["age"])  # with NaN
    found["income"] = [float(cell.replace(",", "")) for cell in CELLS["income"]]
    found["member"] = found["member"] == "yes"
    found["joined"] = pandas.to_datetime(found["joined"])
    found["city"] = found["city"].where(found["city"] != "", None).astype("category")
    found["id"] = found["id"].astype("Int64")
    return found


def card(data):
    return Card(
        data.class_names, data.train.images.shape[1:], "float32", (), columns=data.columns
    )


def test_a_frame_of_mixed_columns():
    data = app.dataset_from_arrays(frame(), LABELS)
    assert LINE in data.note
    assert data.train.images.dtype == np.float32
    assert (len(data.train), len(data.test)) == (48, 12)
    of_texts = app.dataset_from_arrays(
        {name: list(column) for name, column in CELLS.items()}, LABELS
    )
    np.testing.assert_allclose(of_texts.train.images, data.train.images, atol=1e-5)


def test_a_frame_of_numbers_is_an_array_with_names():
    numbers = pandas.DataFrame({"x": range(30), "y": np.arange(30) % 7})
    data = app.dataset_from_arrays(numbers, LABELS[:30])
    assert data.columns is None
    assert data.feature_names == ("x", "y")
    plain = app.dataset_from_arrays(numbers.to_numpy(float), LABELS[:30])
    np.testing.assert_array_equal(data.train.images, plain.train.images)
    assert plain.feature_names == ()
    renamed = app.dataset_from_arrays(numbers.rename(columns={"x": "z"}), LABELS[:30])
    assert renamed.data_hash != data.data_hash  # a model finds its columns by them
    times = numbers.assign(y=1.6e9 + np.arange(30))
    told = app.dataset_from_arrays(times, LABELS[:30]).note
    assert "The median is subtracted from 'y', as float32" in told


@pytest.mark.parametrize("make", [pandas.DataFrame, dict])
def test_a_model_finds_numbers_by_their_names(make):
    numbers = pandas.DataFrame({"x": np.arange(30), "y": np.arange(30) % 7})
    data = app.dataset_from_arrays(numbers, LABELS[:30])
    of_numbers = Card(data.class_names, (2,), "float32", data.feature_names)
    expected = numbers.to_numpy(np.float32)
    turned = {"y": numbers["y"].astype(object), "more": LABELS[:30], "x": numbers["x"]}
    found = array_examples("inputs", make(turned), of_numbers)
    np.testing.assert_array_equal(found.inputs, expected)
    assert found.notes == ["columns that are passed over: 'more'"]
    for plain in (numbers.to_numpy(), numbers.to_numpy().astype(object), expected.tolist()):
        by_position = array_examples("inputs", plain, of_numbers)
        np.testing.assert_array_equal(by_position.inputs, expected)
    refused = {
        "expected the columns 'x', 'y', which the model was trained on, got no 'y' among "
        "'x', 'yy'; add the column; did you mean 'yy'": {"x": [1], "yy": [2]},
        r"column 'y': expected numbers, got dtype object of shape \(1,\); convert text and": {
            "x": [1],
            "y": np.array(["1_2"], object),
        },
    }
    for message, given in refused.items():
        with pytest.raises(app.UsageError, match=f"^inputs: {message}"):
            array_examples("inputs", make(given), of_numbers)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (Tensor(None), "expected an array that NumPy can read, got Tensor"),
        ([[1.0, 2.0], [1.0]], "expected an array, got a list with rows of different lengths"),
        (np.ma.array(np.eye(2), mask=np.eye(2) > 0), "expected numbers, got 2 masked"),
    ],
)
def test_a_model_refuses_what_is_no_array(given, message):
    with pytest.raises(app.UsageError, match=f"^inputs: {message}"):
        array_examples("inputs", given, Card(("a", "b"), (2,), "float32", ()))


def test_a_test_part_of_numbers_has_the_columns_of_the_other_in_any_order():
    numbers = pandas.DataFrame({"x": np.arange(30.0), "id": range(30), "y": np.arange(30) % 7})

    def made(test):
        return app.dataset_from_arrays(
            numbers, LABELS[:30], test_inputs=test, test_labels=LABELS[:30]
        )

    for test in (numbers[["y", "id", "x"]], numbers[["y", "x"]].assign(**{"Unnamed: 0": 1})):
        data = made(test)
        np.testing.assert_array_equal(data.test.images, numbers[["x", "y"]])
    with pytest.raises(
        app.UsageError,
        match="arrays: test_inputs: expected the columns 'x', 'y' of inputs, got 'x', 'z'; pass",
    ):
        made(numbers[["x", "id"]].assign(z=1))


def test_numbers_of_rows_are_no_features_unless_they_are_named():
    names = ["Unnamed: 0", "id", "x"]
    rows = pandas.DataFrame(
        {name: range(7, 37) for name in names[:2]} | {"x": np.arange(30) % 7}
    )
    data = app.dataset_from_arrays(rows, LABELS[:30])
    assert data.feature_names == ("x",)
    assert "Columns that number the rows are passed over: 'Unnamed: 0', 'id'." in data.note
    assert app.dataset_from_arrays(rows, LABELS[:30], columns=names).feature_names == tuple(
        names
    )
    kept = app.dataset_from_arrays(rows, LABELS[:30], kinds={"id": "number"})
    assert kept.feature_names == ("id", "x")
    mixed = app.dataset_from_arrays(
        rows.assign(w=["u", "v"] * 15), LABELS[:30], columns=["Unnamed: 0", "w"]
    )
    assert mixed.columns is not None
    assert mixed.columns.names == ("Unnamed: 0", "w")
    with pytest.raises(
        app.UsageError, match="arrays: inputs: expected columns of numbers that say something"
    ):
        app.dataset_from_arrays(rows[["id"]], LABELS[:30])
    twice = pandas.DataFrame(np.eye(30, 2), columns=["x", "x"])
    with pytest.raises(app.UsageError, match="inputs: expected a name of its own for every"):
        app.dataset_from_arrays(twice, LABELS[:30])


@pytest.mark.parametrize(
    ("values", "cells"),
    [
        (np.array(["2020-01-01", "NaT"], "M8[ns]"), ["2020-01-01T00:00:00", ""]),
        (np.array(["2020-01-01", "NaT"], "M8[D]"), ["2020-01-01", ""]),
        (np.array([1_500_000_000, "NaT"], "m8[ns]"), ["1.5", ""]),
    ],
)
def test_times_of_numpy_are_times(values, cells):
    table = as_table("inputs", {"t": values})
    assert table is not None
    assert table.cells == {"t": cells}


def test_codes_with_an_underscore_are_no_numbers_in_memory():
    codes = pandas.DataFrame({"code": ["12_3", "1_23"] * 15})
    data = app.dataset_from_arrays(codes, LABELS[:30])
    assert data.columns is not None
    assert [column.kind for column in data.columns.columns] == ["category"]


def test_a_frame_with_empty_cells():
    numbers = pandas.DataFrame({"x": [1.0, np.nan, 3.0] * 10, "y": range(30)})
    data = app.dataset_from_arrays(numbers, LABELS[:30])
    assert "2 columns: 2 numbers." in data.note
    assert data.train.images.shape == (24, 3)
    np.testing.assert_array_equal(data.train.images[:, 1], data.train.ids % 3 == 1)


def test_a_list_of_texts():
    texts = [
        f"{'rain falls on stone' if i % 2 else 'sun dries the sand'} on day {i}" for i in ROWS
    ]
    for given in (texts, np.array(texts), pandas.Series(texts)):
        data = app.dataset_from_arrays(given, [i % 2 for i in ROWS])
        assert "1 column: 1 text." in data.note
    assert array_examples("inputs", texts[:3], card(data)).inputs.shape[0] == 3
    words = app.dataset_from_arrays([f"user{i}" for i in ROWS], LABELS)
    assert "1 column: 1 text." in words.note


def test_a_test_part_of_ones_own_decides_no_feature():
    table = frame()
    test = table.iloc[::5].assign(age=900.0)
    whole: Any = {"test_labels": LABELS[::5]}
    data = app.dataset_from_arrays(table, LABELS, test_inputs=test, **whole)
    other = app.dataset_from_arrays(table, LABELS, test_inputs=table.iloc[::5], **whole)
    np.testing.assert_array_equal(data.train.images, other.train.images)
    np.testing.assert_array_equal(other.test.images, other.train.images[::5])
    assert (data.test.images[:, 0] > 10).all()
    with pytest.raises(
        app.UsageError,
        match="arrays: test_inputs: expected the columns 'age', .* of inputs, got",
    ):
        app.dataset_from_arrays(table, LABELS, test_inputs=test.drop(columns="age"), **whole)


def test_empty_cells_of_one_part_alone():
    table = pandas.DataFrame({"x": np.arange(30.0)})
    test = pandas.DataFrame({"x": [3.0, np.nan]})
    data = app.dataset_from_arrays(
        table, LABELS[:30], test_inputs=test, test_labels=["wet", "dry"]
    )
    np.testing.assert_allclose(data.test.images[1], 0, atol=1e-6)  # the median is the mean
    assert "Cells without a value, which training did not have: 1 in column 'x'" in data.note
    with pytest.raises(
        app.UsageError, match="test_inputs: expected a table with columns as the"
    ):
        app.dataset_from_arrays(
            frame(), LABELS, test_inputs=np.zeros((2, 9)), test_labels=["wet", "dry"]
        )


def test_columns_are_chosen_and_ignored():
    data = app.dataset_from_arrays(frame(), LABELS, columns=["age", "city"])
    assert "2 columns: 1 number, 1 category." in data.note
    other = app.dataset_from_arrays(frame(), LABELS, ignore="note")
    assert data.data_hash != other.data_hash
    numbers = app.dataset_from_arrays(frame(), LABELS, columns="income")
    assert numbers.columns is None
    wrong: list[tuple[Any, Any, str]] = [
        (frame(), {"columns": "agee"}, "columns: expected columns of inputs, got 'agee'.*did you mean 'age'"),
        (np.zeros((60, 2)), {"ignore": "x"}, "ignore: expected a table with names of columns beside it, got inputs of type ndarray"),
        (frame(), {"ignore": list(CELLS)}, "ignore: expected to leave a column of inputs"),
    ]  # fmt: skip
    for table, options, message in wrong:
        with pytest.raises(app.UsageError, match=message):
            app.dataset_from_arrays(table, LABELS, **options)


def test_an_index_that_became_a_column_is_passed_over():
    table = frame().assign(**{"Unnamed: 0": range(60)})
    assert (
        "Columns that number the rows are passed over: 'Unnamed: 0'."
        in app.dataset_from_arrays(table, LABELS).note
    )


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"age": ["old", *range(59)]}, "arrays: inputs, row 0: expected a number as in other rows in column 'age', got 'old'"),
        ({"age": [np.inf, *range(59)]}, "arrays: inputs, row 0: expected a finite number in column 'age', got 'inf'"),
        ({"age": [[1, 2]] * 60}, "arrays: inputs, row 0: expected .* in column 'age', got several values in a cell, list of 2"),
    ],
)  # fmt: skip
def test_junk_is_refused_with_its_row(changed, message):
    with pytest.raises(app.UsageError, match=message):
        app.dataset_from_arrays(frame().assign(**changed), LABELS)


def test_a_model_takes_a_table_in_any_order_or_its_features():
    data = app.dataset_from_arrays(frame(), LABELS)
    table = frame()[list(reversed(CELLS))].assign(more=1)
    found = array_examples("inputs", table, card(data))
    np.testing.assert_array_equal(found.inputs[data.train.ids], data.train.images)
    assert found.notes == [
        "categories that training did not have: 1 in column 'city', first inputs, row 7, 'Nice'",
        "columns that are passed over: 'site', 'id', 'patient', 'more'",
    ]
    np.testing.assert_array_equal(
        array_examples("inputs", data.test.images, card(data)).inputs, data.test.images
    )
    with pytest.raises(
        app.UsageError, match="inputs: expected the columns .* got no 'city' among"
    ):
        array_examples("inputs", table.drop(columns="city"), card(data))
    with pytest.raises(app.UsageError, match="trained on, got texts alone"):
        array_examples("inputs", ["a text"], card(data))


def test_the_kind_of_a_column_of_numbers_may_be_declared():
    table = pandas.DataFrame({"zip": [10115, 94110, 1001] * 20, "age": range(60)})
    assert app.dataset_from_arrays(table, LABELS).columns is None
    data = app.dataset_from_arrays(table, LABELS, kinds={"zip": "category"})
    assert data.columns is not None
    assert [column.kind for column in data.columns.columns] == ["category", "number"]


def test_an_audit_trains_on_such_a_table():
    nothing = ColumnChoice()
    for given in (frame(), CELLS["note"]):
        data = dataset_of_arrays(given, LABELS, literal_labels=False, choice=nothing)
        assert data.columns is not None
    chosen = ColumnChoice(columns=("age",))
    data = dataset_of_arrays(frame(), LABELS, literal_labels=False, choice=chosen)
    assert "1 column: 1 number." in data.note
    with pytest.raises(app.UsageError, match="ignore: expected data that is trained on, got p"):
        app.audit(frame(), labels=LABELS, probabilities=np.full((60, 2), 0.5), ignore="age")
