"""Tables of pandas are joined with labels by an index, or it is said why they are not."""

import numpy as np
import pytest

from esoftmax_jax import app
from esoftmax_jax.app.data.in_memory.indexes import in_order_of, rows_by_index
from esoftmax_jax.app.terminal.messages import UsageError

pandas = pytest.importorskip("pandas")


def column(index):
    return pandas.Series(np.arange(len(index)), index=list(index))


@pytest.mark.parametrize(
    ("rows", "labels"),
    [
        ("abcd", "abcd"),  # in order
        ("aabb", "aabb"),
        ([float("nan")] * 4, [float("nan")] * 4),
        (range(4), "cdba"),  # one has mere numbers of rows
        ("cdba", range(4)),
        (range(4), [7, 2, 9, 4]),
        ("abcde", "abcd"),  # a matter of the number of rows
    ],
)
def test_where_the_order_counts(rows, labels):
    assert rows_by_index("features", column(rows), column(labels)) is None
    assert rows_by_index("features", np.zeros(4), column(labels)) is None
    assert rows_by_index("features", column(rows), list(labels)) is None


@pytest.mark.parametrize(("rows", "labels"), [("dbca", "abcd"), ([9, 4, 7, 2], [2, 4, 7, 9])])
def test_the_same_index_in_another_order_joins(rows, labels):
    table, wanted = column(rows), column(labels)
    assert in_order_of("features", table, wanted).index.tolist() == wanted.index.tolist()
    np.testing.assert_array_equal(rows_by_index("features", table, wanted), [3, 1, 2, 0])


@pytest.mark.parametrize(
    ("rows", "labels", "message"),
    [
        ([3, 1, 2, 0], range(4), r"which may be mere numbers of rows; pass features\.loc\[lab"),
        (range(4), [3, 1, 2, 0], r"which may be mere numbers of rows; pass features\.loc\[lab"),
        ("abab", "aabb", r"which repeats; .* features\.to_numpy\(\) if the order"),
        ("abcd", "abce", r"expected the index of labels, got another, with 'd'; pass feat"),
    ],
)
def test_what_cannot_be_told_is_asked(rows, labels, message):
    with pytest.raises(UsageError, match=f"^features: .*{message}"):
        rows_by_index("features", column(rows), column(labels))


def test_a_dataset_is_made_of_joined_tables():
    names = [f"row {place}" for place in range(30)]
    values = np.arange(30) % 3
    labels = pandas.Series(values, index=names)
    table = pandas.DataFrame({"x": values * 5.0, "y": 1.0}, index=names)
    data = app.dataset_from_arrays(table.iloc[::-1], labels, true_labels=labels.iloc[::-1])
    for part in (data.train, data.test):
        np.testing.assert_array_equal(part.images[:, 0], part.labels.observed * 5)
    assert not data.train.labels.wrong.any()
    with pytest.raises(app.UsageError, match=r"arrays: inputs: expected rows in the order of"):
        app.dataset_from_arrays(
            table.reset_index(drop=True), labels.reset_index(drop=True).iloc[::-1]
        )
