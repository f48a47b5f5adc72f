"""Labels in memory become classes in one way, whatever holds them."""

import datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from esoftmax_jax.app.data.in_memory.labels import number_labels, plain_values
from esoftmax_jax.app.terminal.messages import UsageError

PLACES = np.arange(30) % 3


def numbered(labels, **options):
    return number_labels({"labels": labels}, **{"literal": False, **options})


@pytest.mark.parametrize(
    ("names", "values"),
    [
        (("0", "1", "2"), [0, 1, 2]),
        (("2", "10", "-1"), [2, 10, -1]),
        (("-1.5", "0.5", "10"), [-1.5, 0.5, 10.0]),
        (("False", "True"), [False, True]),
        (("ant", "bee"), ["ant", "bee"]),
        (("01", "2"), ["01", "2"]),
        (("1", "two"), ["1", "two"]),
        (("1", "nan"), ["1", "nan"]),
        (("1", "9" * 40), ["1", "9" * 40]),
    ],
)
def test_classes_that_are_called_by_numbers_are_numbers(names, values):
    found = plain_values(names)
    assert found.tolist() == values
    assert [type(one) for one in found.tolist()] == [type(one) for one in values]


@pytest.mark.parametrize(
    ("values", "names", "places"),
    [
        ([0, 1, 2], ("0", "1", "2"), [0, 1, 2]),
        ([1, 2, 3], ("1", "2", "3"), [0, 1, 2]),
        ([10, 20, 0], ("0", "10", "20"), [1, 2, 0]),
        ([20, 3, 100], ("3", "20", "100"), [1, 0, 2]),
        ([-1, -12, -2], ("-12", "-2", "-1"), [2, 0, 1]),
        ([-1, 1, 2], ("-1", "1", "2"), [0, 1, 2]),
        ([1.0, 10.0, 2.0], ("1", "2", "10"), [0, 2, 1]),
        ([0.5, -1.5, 10.0], ("-1.5", "0.5", "10"), [1, 0, 2]),
        (["cat", "ant", "bee"], ("ant", "bee", "cat"), [2, 0, 1]),
        (["10", "9", "1"], ("1", "9", "10"), [2, 1, 0]),
        ([b"cat", b"ant ", b"bee"], ("ant", "bee", "cat"), [2, 0, 1]),
        ([Decimal(3), Decimal(1), Decimal(2)], ("1", "2", "3"), [2, 0, 1]),
    ],
)
def test_numbers_are_in_their_order_and_texts_in_that_of_the_alphabet(values, names, places):
    labels = [values[place] for place in PLACES]
    for one in (labels, tuple(labels), np.array(labels), np.array(labels, object)):
        found = numbered(one, doubt=False)
        assert found.names == names
        assert found.numbers["labels"].tolist() == [places[place] for place in PLACES]


def test_numbers_are_the_classes_of_scikit_learn():
    values = np.random.default_rng(0).choice([-7, -1, 3, 40, 200], 60)
    for labels in (values, values.astype(float), values.astype(np.float32), values.tolist()):
        found = numbered(labels)
        order, places = np.unique(values, return_inverse=True)
        assert found.names == tuple(map(str, order.tolist()))
        np.testing.assert_array_equal(found.numbers["labels"], places)


def test_truth_values():
    for labels in (PLACES == 1, (PLACES == 1).tolist(), (PLACES == 1).astype(object)):
        found = numbered(labels)
        assert found.names == ("False", "True")
        np.testing.assert_array_equal(found.numbers["labels"], PLACES == 1)


def test_dates_that_are_classes_by_insistence():
    days = np.array(["2020-01-02", "2020-01-01", "2021-05-05"], "datetime64[ns]")[PLACES]
    assert numbered(days.astype("datetime64[D]"), literal=True).names[0] == "2020-01-01"
    assert numbered([datetime.date(2020, 1, 1 + k) for k in PLACES], doubt=False).names == (
        "2020-01-01",
        "2020-01-02",
        "2020-01-03",
    )
    with pytest.raises(UsageError, match="labels look like dates or times"):
        numbered(days)


def test_categories_of_pandas_keep_their_order_and_those_without_labels_are_known():
    pandas = pytest.importorskip("pandas")
    sizes = pandas.Categorical(
        np.array(["small", "large", "small"])[PLACES], categories=["small", "medium", "large"]
    )
    for labels in (sizes, pandas.Series(sizes), pandas.CategoricalIndex(sizes)):
        found = numbered(labels)
        assert found.names == ("small", "large")
        assert found.declared == ("small", "medium", "large")
        np.testing.assert_array_equal(found.numbers["labels"], PLACES == 1)
    ages = pandas.cut(pandas.Series(PLACES * 50), [-1, 9, 60, 120])
    assert numbered(ages).names == ("(-1, 9]", "(9, 60]", "(60, 120]")


@pytest.mark.parametrize("kind", ["Int64", "Float64", "string", "boolean", "object"])
def test_columns_of_pandas(kind):
    pandas = pytest.importorskip("pandas")
    values: dict[str, list[Any]] = {
        "boolean": [True, False],
        "Int64": [2, 1],
        "Float64": [2, 1],
    }
    pair = values.get(kind, ["b", "a"])
    column = pandas.Series([pair[place % 2] for place in range(30)], dtype=kind)
    found = numbered(column)
    assert found.names == tuple(sorted(map(str, pair)))
    np.testing.assert_array_equal(found.numbers["labels"], (np.arange(30) + 1) % 2)
    column.iloc[[4, 8]] = None if kind == "object" else pandas.NA
    with pytest.raises(
        UsageError, match=r"labels: expected a label .* in row 4, .*\(such rows: 2\)"
    ):
        numbered(column)


@pytest.mark.parametrize(
    "labels",
    [
        ["a", "b", None] * 9,
        ["a", "b", ""] * 9,
        ["a", "b", float("nan")] * 9,
        [1.0, 2.0, float("nan")] * 9,
        np.array([1, 2, None] * 9, object),
        np.array(["2020-01-01", "2021-01-01", "NaT"] * 9, "datetime64[D]"),
        np.ma.array([1, 2, 3] * 9, mask=[False, False, True] * 9),
        np.array(["a", "b", "<NA>"] * 9),
        [0, 1, -1] * 9,
        [0.0, 1.0, -1.0] * 9,
    ],
    ids=str,
)
def test_a_missing_label_is_told_with_its_row_and_how_many_there_are(labels):
    for doubt in (True, False):
        with pytest.raises(
            UsageError,
            match=r"^labels: expected a label .*in row 2, .*stands for a missing one.*"
            r"\(such rows: 9\); .*leave these examples out",
        ):
            numbered(labels, doubt=doubt)


def test_what_looks_like_a_missing_label_may_be_a_class():
    assert numbered([-1, 0, 1] * 9, literal=True).names == ("-1", "0", "1")
    assert numbered(["NA", "EU", "AS"] * 9, literal=True).names == ("AS", "EU", "NA")
    with pytest.raises(UsageError, match="got None in row 2"):
        numbered(["NA", "EU", None] * 9, literal=True)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([], r"labels: expected one label for each example, shape \(N,\), got none; pass"),
        (PLACES[:, None], r"got shape \(30, 1\); write numpy\.ravel\(labels\)"),
        (np.eye(3)[PLACES], r"got shape \(30, 3\); of one-hot labels pass numpy\.argmax\(lab"),
        (3, r"got 3; pass a list or an array"),
        ({"a", "b"}, r"got set; pass a list or an array"),
        ({"a": 1}, r"got dict; pass a list or an array"),
        ("abc", r"got 'abc'; pass a list or an array"),
        ([[1], [1, 2]], r"expected one label for each example, .*pass a list or an array"),
        (["a"] * 30, "expected at least 2 classes, got 1, 'a' for each of 30 examples; add"),
        (np.zeros(4), "expected at least 2 classes, got 1, '0' for each of 4 examples"),
        ([b"a", b"\xff"] * 9, "expected names of classes in UTF-8, got other bytes"),
        (["a;b", "a", "b"] * 9, "several labels in one cell"),
        (np.linspace(0, 1, 30), "a number to be predicted"),
        ([1, "1", 2] * 9, "labels of one type, got 1 beside '1'; convert them"),
        ([1.0, " 1 ", 2] * 9, "labels of one type, got 1.0 beside ' 1 '; convert them"),
        ([1, True, 2] * 9, "labels of one type, got True beside 1; convert them"),
        (np.array(["a", True] * 9, object), "labels of one type, got True beside 'a'"),
    ],
)
def test_what_is_no_label_is_told_with_what_to_do(labels, message):
    with pytest.raises(UsageError, match=message):
        numbered(labels)


def test_numbers_and_texts_that_are_called_differently_are_classes():
    assert numbered([1, "a", 2] * 9).names == ("1", "2", "a")


def test_labels_that_are_joined_because_of_blanks_are_told():
    found = numbered(["a", "a ", "b"] * 9)
    assert found.names == ("a", "b")
    assert found.notes == ("labels that differ in blanks only are one class: 'a' and 'a '",)
    assert numbered(["a", "b"] * 9).notes == ()


def test_labels_that_somebody_has_predicted_are_classes_without_a_doubt():
    labels = np.random.default_rng(0).integers(0, 200, 100)
    with pytest.raises(UsageError, match="a number to be predicted"):
        numbered(labels)
    assert numbered(labels, doubt=False).names == tuple(map(str, np.unique(labels)))
    (note,) = numbered(labels, literal=True).notes
    assert "a number to be predicted" in note


def test_further_labels_are_of_the_same_classes():
    found = number_labels(
        {"labels": ["b", "a"] * 5, "test_labels": ["a", "b", "b"]}, literal=False
    )
    assert found.numbers["test_labels"].tolist() == [0, 1, 1]
    with pytest.raises(
        UsageError, match=r"^test_labels: expected a class .*\(a, b\), got 'c' in row 1; corr"
    ):
        number_labels({"labels": ["b", "a"] * 5, "test_labels": ["a", "c"]}, literal=False)
