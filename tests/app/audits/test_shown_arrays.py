"""Examples in memory are shown, whatever they are."""

import numpy as np
import pytest

from esoftmax_jax.app.audits.shown_arrays import shown_data
from esoftmax_jax.app.audits.sources import examples_of_arrays
from esoftmax_jax.app.terminal.messages import UsageError
from tests.tensors import Tensor


def cells(data, row=1):
    shown = shown_data(data)
    return shown.columns, shown.content([row])[0]


def test_texts_are_text():
    for texts in (["one", "two"], np.array(["one", "two"]), np.array(["one", "two"], object)):
        assert cells(texts) == (("text",), ["two"])
    assert cells(["short", "x" * 5000])[1] == ["x" * 2000]


def test_numbers_and_mixed_rows():
    assert cells(np.array([[1.0, 2.5], [3.0, 1 / 3]])) == (("0", "1"), ["3", "0.333333"])
    assert cells([[1, "red"], [2, "blue"]]) == (("0", "1"), ["2", "blue"])
    assert cells(np.array([[True, None], [2.0, np.nan]], object))[1] == ["2", ""]
    assert cells(np.arange(3.0)) == (("0",), ["1"])
    assert len(cells(np.zeros((2, 99)))[1]) == 40


def test_a_table_of_pandas():
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame(
        {"text": ["a", "b"], "size": [1.5, None], "when": pandas.to_datetime(["2020", "2021"])}
    ).assign(id=pandas.array([7, None], dtype="Int64"))
    columns, row = cells(table)
    assert columns == ("text", "size", "when", "id")
    assert row[0:2] == ["b", ""]
    assert row[2].startswith("2021-01-01")
    assert shown_data(table).identifiers == ["7", ""]
    assert cells(table["text"]) == (("text",), ["b"])


def test_columns_by_name():
    assert cells({"a": [1, 2], "b": ["x", "y"]}) == (("a", "b"), ["2", "y"])


def test_a_sparse_array_of_scipy():
    sparse = pytest.importorskip("scipy.sparse")
    columns, row = cells(sparse.csr_matrix(np.eye(50)))
    assert (len(columns), row[:3]) == (40, ["0", "1", "0"])


def test_pictures_of_several_sizes():
    pictures = [np.zeros((4, 5), np.uint8), np.zeros((6, 5, 3), np.uint8)]
    shown = shown_data(pictures)
    assert shown.columns == ()
    assert [str(one)[:21] for one in shown.content([0, 1])] == ["data:image/png;base64"] * 2
    of_one_height = [np.zeros((4, 5), np.uint8), np.zeros((4, 6), np.uint8)]
    assert shown_data(of_one_height).num_rows == 2


def large(value):
    """Return what NumPy abbreviates as text, with a value in the middle."""
    picture = np.zeros((100, 100), np.uint8)
    picture[50, 50] = value
    return picture


def objects(rows):
    found = np.empty(len(rows), object)
    for place, row in enumerate(rows):
        found[place] = row
    return found


PICTURES = [large(place) for place in range(3)]


@pytest.mark.parametrize(
    ("data", "count"),
    [
        (objects(PICTURES), 0),
        (objects([PICTURES[0], PICTURES[1], PICTURES[0]]), 1),
        ([np.zeros((4, 5)), np.zeros((5, 4)), np.ones((4, 5))], 0),
        ([np.zeros((4, 5)), np.ones((5, 4)), np.zeros((4, 5))], 1),
        ({"picture": objects(PICTURES)}, 0),
        ({"picture": PICTURES, "x": [1, 1, 1]}, 0),
        ({"picture": [PICTURES[0]] * 3, "x": [1, 2, 1]}, 1),
        (np.array([[1, "a"], [1, "b"], [1, "a"]], object), 1),
        (np.array([0.0, 1.0, -0.0]), 1),
        (["a", "b", "a"], 1),
        (Tensor([[0.0], [1.0], [0.0]]), 1),
    ],
)
def test_the_same_content_with_two_labels_is_told_whatever_holds_it(data, count):
    notes = examples_of_arrays(data, [0, 1, 1]).notes
    told = f"examples with the content of an earlier one and another label: {count}, first '0'"
    assert [note.startswith(told) for note in notes] == [True] * count


def test_what_has_no_rows_is_told():
    for data, message in (
        (7, "DATA: expected an array of examples beside labels, got int"),
        ({}, "DATA: expected columns beside labels, got none"),
        ({"a": [1, 2], "b": [1]}, r"DATA: expected columns of one length, got \[1, 2\]"),
        (Tensor(None), "DATA: expected an array that NumPy can read, got Tensor"),
    ):
        with pytest.raises(UsageError, match=message):
            shown_data(data)
    with pytest.raises(UsageError, match="one for each of 3 examples, got 2; make"):
        examples_of_arrays(["a", "b", "c"], [0, 1])
