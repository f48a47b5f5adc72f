"""One's own probabilities and features, in every form they are kept in."""

import numpy as np
import pytest

from esoftmax_jax.app.audits.example_rows import without_counted_header
from esoftmax_jax.app.audits.own_arrays import read_numbers
from esoftmax_jax.app.audits.probabilities import read_features, read_probabilities
from esoftmax_jax.app.audits.sources import examples_of_arrays, read_examples
from esoftmax_jax.app.terminal.messages import UsageError
from tests.helpers.audits import (
    CLASSES,
    Frame,
    noisy_table,
    probabilities_of,
    write_parquet,
    write_table,
)
from tests.tensors import Tensor

pytestmark = pytest.mark.usefixtures("folder")


def labels_of(count=6):
    """Return examples whose labels are right."""
    return examples_of_arrays(None, np.array(CLASSES)[np.arange(count) % 3])


def test_every_form_gives_the_same_numbers():
    examples, wanted = labels_of(), probabilities_of(np.arange(6) % 3)
    columns = {name: wanted[:, place] for place, name in enumerate(CLASSES)}
    np.save("own.npy", wanted)
    np.savez("own.npz", probabilities=wanted, features=wanted[:, :1])
    np.savez("only.npz", anything=wanted)
    np.savez("named.npz", probabilities=wanted[:, ::-1], class_names=np.array(CLASSES[::-1]))
    np.savetxt("plain.csv", wanted, delimiter=",")
    np.savetxt("plain.txt", wanted, delimiter="\t")
    write_table("named.csv", {"row": [*"abcdef"], **dict(reversed(columns.items()))})
    write_table("predicted.csv", {f"p({name})": column for name, column in columns.items()})
    frame = Frame(reversed(columns.items()))
    write_parquet("named.parquet", frame)
    write_table("pandas.csv", {"": range(6), **frame})  # with a column of row numbers
    for given in (
        wanted, wanted.tolist(), Tensor(wanted), frame, dict(frame), "own.npy", "own.npz", "only.npz", "named.npz", "plain.csv",
        "plain.txt", "named.csv", "predicted.csv", "named.parquet", "pandas.csv",
    ):  # fmt: skip
        found = read_probabilities(given, examples)
        np.testing.assert_allclose(found, wanted, rtol=1e-12, err_msg=str(given))


def test_a_header_of_numbers_is_one_only_if_it_names_the_classes():
    examples = examples_of_arrays(None, np.array([0, 1, 1, 0]))
    wanted = np.array([[1.0, 0.0], [0.0, 1.0], [0.25, 0.75], [0.75, 0.25]])
    np.savetxt("header.csv", wanted, delimiter=",", header="0,1", comments="")
    np.savetxt("plain.csv", wanted, delimiter=",")
    for given in ("header.csv", "plain.csv", Frame({0: wanted[:, 0], 1: wanted[:, 1]})):
        np.testing.assert_array_equal(read_probabilities(given, examples), wanted)


def test_names_of_columns_may_be_numbers_in_another_spelling():
    labels = np.array([3, 1, 2, 1, 2, 3])
    wanted = probabilities_of(labels - 1)
    frame = Frame({3.0: wanted[:, 2], 1.0: wanted[:, 0], 2.0: wanted[:, 1]})
    np.testing.assert_array_equal(
        read_probabilities(frame, examples_of_arrays(None, labels)), wanted
    )


def test_rows_that_name_their_examples_may_come_in_any_order():
    wanted = noisy_table()
    examples = read_examples("own.csv")
    names = [str(row + 2) for row in range(60)]  # the header is row 1
    columns = {name: wanted[:, place] for place, name in enumerate(CLASSES)}
    shuffled = np.random.default_rng(0).permutation(60)
    columns = {name: column[shuffled] for name, column in columns.items()}
    write_table("own-probs.csv", {"example": np.array(names)[shuffled], **columns})
    np.testing.assert_allclose(read_probabilities("own-probs.csv", examples), wanted)


def test_a_column_id_is_the_id_of_the_data_not_the_number_of_a_row():
    right = probabilities_of(np.arange(6) % 3)
    columns = {name: right[:, place] for place, name in enumerate(CLASSES)}
    ids, labels, shuffled = [7, 6, 5, 4, 3, 2], [*CLASSES, *CLASSES], [3, 0, 5, 1, 4, 2]
    write_table("with-id.csv", {"id": ids, "label": labels})
    write_table("without.csv", {"x": range(6), "label": labels})
    write_table("in-order.csv", {"id": ids, **columns})
    write_table("counted.csv", {"id": range(1, 7), **columns})
    mixed = {name: column[shuffled] for name, column in columns.items()}
    write_table("mixed.csv", {"id": np.array(ids)[shuffled], **mixed})
    for data, given in (
        ("with-id.csv", "in-order.csv"), ("with-id.csv", "mixed.csv"),
        ("without.csv", "counted.csv"),
    ):  # fmt: skip
        found = read_probabilities(given, read_examples(data))
        np.testing.assert_allclose(found, right, err_msg=f"{data}, {given}")
    with pytest.raises(
        UsageError, match=r"got a column 'id', which csv:without.csv has not; leave it out if"
    ):
        read_probabilities("in-order.csv", read_examples("without.csv"))


@pytest.mark.parametrize("name", ["", "Unnamed: 0"])
def test_an_index_in_another_order_is_refused(name):
    right = probabilities_of(np.arange(6) % 3)
    columns = {name: right[:, place] for place, name in enumerate(CLASSES)}
    for first in (0, 1):
        write_table("in-order.csv", {name: np.arange(6) + first, **columns})
        np.testing.assert_allclose(read_probabilities("in-order.csv", labels_of()), right)
        write_table("mixed.csv", {name: np.arange(6)[::-1] + first, **columns})
        with pytest.raises(
            UsageError, match="expected rows in order, got another order in the"
        ):
            read_probabilities("mixed.csv", labels_of())
    write_table("some.csv", {name: [9, 4, 7, 1, 0, 3], **columns})  # of a larger table
    np.testing.assert_allclose(read_probabilities("some.csv", labels_of()), right)


def test_a_column_of_labels_says_whether_rows_are_in_order():
    right, labels = probabilities_of(np.arange(6) % 3), [*CLASSES, *CLASSES]
    columns = {name: right[:, place] for place, name in enumerate(CLASSES)}
    write_table("data.csv", {"x": range(6), "label": labels})
    write_table("same.csv", {"label": labels, **columns})
    np.testing.assert_allclose(read_probabilities("same.csv", read_examples("data.csv")), right)
    write_table("others.csv", {"label": labels[1:] + labels[:1], **columns})
    with pytest.raises(
        UsageError, match=r"got the label 'bee' where '2' has 'ant' \(such rows: 6\); put them"
    ):
        read_probabilities("others.csv", read_examples("data.csv"))
    # Another column of that name, of what the classes are not.
    write_table("text.csv", {"label": ["a", "b"] * 3, **columns})
    np.testing.assert_allclose(read_probabilities("text.csv", read_examples("data.csv")), right)


def test_names_of_other_examples_are_refused_and_not_taken_for_the_order():
    right = probabilities_of(np.arange(6) % 3)
    columns = {name: right[:, place] for place, name in enumerate(CLASSES)}
    write_table("others.csv", {"example": [f"row-{row}" for row in range(6)], **columns})
    with pytest.raises(
        UsageError, match=r"none for '0' \(6 missing, column 'example' has such as 'row-0'\)"
    ):
        read_probabilities("others.csv", labels_of())


def test_what_does_not_fit_is_told():
    examples, right = labels_of(), probabilities_of(np.arange(6) % 3)
    write_table("other.csv", {"dog": right[:, 0], "bee": right[:, 1], "cat": right[:, 2]})
    np.savez("two.npz", one=right, other=right)
    for given, message in [
        (np.vstack([right, right]), "a row for each of the 6 labels of arrays, got 12; leave out"),
        (right[:5], "a row for each of the 6 labels of arrays, got 5; predict the others too"),
        (right[:, :2], r"3 columns, one for each class \('ant', 'bee', 'cat'\), got 2"),
        (right * 2, r"numbers in \[0, 1\], got 1.6, 0.2, 0.2 for '0' \(6 such rows\); pass"),
        (right * 0.9, r"rows that sum to 1, got 0.72, 0.09, 0.09 for '0' \(6 such rows\)"),
        (np.where(right > 0.8, np.nan, right), r"numbers in \[0, 1\], got 0.09492, nan, 0.09492 for '1'"),
        (right[:, [2, 0, 1]], "agree with 0% of the labels, and with 100% in the order 'cat', "
         "'ant', 'bee'; reorder them"),
        ("other.csv", r"a column for each class \('ant', 'bee', 'cat'\), called so, got 'dog'"),
        ("two.npz", "an array probabilities or .* found 'one', 'other'; name it so"),
        ("none.npy", r"no file 'none.npy'; expected a file .npy, .npz, .csv or .parquet"),
        (np.array(["a"]), r"numbers of shape \(N, columns\)"),
        (Tensor(None), "--probabilities: expected an array that NumPy can read, got Tensor"),
        ([[0.5, 0.5], [1.0]], "--probabilities: expected an array, got a list with rows of diff"),
    ]:  # fmt: skip
        with pytest.raises(UsageError, match=message):
            read_probabilities(given, examples)


def test_a_few_columns_in_another_order_are_told():
    examples, right = labels_of(60), probabilities_of(np.arange(60) % 3)
    message = (
        "agree with 33% of the labels, and with 100% in the order 'ant', 'cat', 'bee'; reorder"
    )
    with pytest.raises(UsageError, match=message):
        read_probabilities(right[:, [0, 2, 1]], examples)
    # A class that most are taken for is no order.
    one = probabilities_of(np.where(np.arange(60) % 3 == 2, 1, np.arange(60) % 3))
    np.testing.assert_array_equal(read_probabilities(one, examples), one)
    # So are a few labels of two rare classes that are each taken for the other.
    few = examples_of_arrays(None, np.array(CLASSES)[[0] * 50 + [1, 2] * 4])
    exchanged = probabilities_of(np.array([0] * 50 + [2, 1] * 4))
    np.testing.assert_array_equal(read_probabilities(exchanged, few), exchanged)


def test_a_header_that_only_counts_the_columns_is_no_row():
    examples, wanted = labels_of(), probabilities_of(np.arange(6) % 3)
    np.savetxt("counted.csv", wanted, delimiter=",", header="0,1,2", comments="")
    found = without_counted_header(read_numbers("--probabilities", "counted.csv", ()), examples)
    np.testing.assert_allclose(read_probabilities(found, examples), wanted)
    # As many lines as examples: the first is one of them.
    lines = np.vstack([[0, 1, 2], wanted[1:]])
    np.savetxt("row.csv", lines, delimiter=",", fmt="%g")
    row = without_counted_header(read_numbers("--features", "row.csv", ()), examples)
    assert read_features(row, examples)[0][0].tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"ant": ["0,5"] * 6, "bee": ["0,5"] * 6}, r"'ant', 'bee' with cells such as '0,5'; write "
         "numbers, with a decimal point"),
        ({"ant": ["0_5"] * 6, "bee": ["0_5"] * 6}, "'ant', 'bee' with cells such as '0_5'; write"),
        ({"ant": [0.5] * 6, "bee": [0.25] * 6, "cat": [*[0.25] * 5, ""]},
         r"expected numbers in column 'cat', got '' in its row 6 \(1 such\); correct it"),
        ({"ant": [1.0] * 6, "bee": [1.0] * 5}, r"columns of one length, .* got \(6,\), \(5,\)"),
        ({"ant": 1}, r"columns of one length, each with a name of its own, got \(\); correct"),
    ],
)  # fmt: skip
def test_columns_that_are_no_probabilities_are_told(columns, message):
    with pytest.raises(UsageError, match=message):
        read_probabilities(Frame(columns), labels_of())


@pytest.mark.parametrize(
    ("change", "remedy"),
    [
        (lambda right: right * 100, "divide percents by 100"),
        (
            lambda right: np.where(right > 0.8, np.nan, right),
            "predict these examples, or leave",
        ),
        (lambda right: np.log(right), "pass the softmax of logits"),
    ],
)
def test_what_to_do_with_numbers_that_are_no_probabilities(change, remedy):
    right = probabilities_of(np.arange(6) % 3)
    with pytest.raises(UsageError, match=rf"numbers in \[0, 1\], got .*; {remedy}"):
        read_probabilities(change(right), labels_of())


def test_features_with_a_gap_are_told_by_row_and_column():
    examples = labels_of()
    frame = Frame(height=[1.0, 2, 3, 4, 5, 6], width=[1, 2, float("nan"), 4, 5, 6])
    with pytest.raises(UsageError, match=r"got nan in column 'width' for '2' \(1 such rows\)"):
        read_features(frame, examples)
    frame["width"][2] = 0
    np.testing.assert_array_equal(read_features(frame, examples)[0][:, 1], [1, 2, 0, 4, 5, 6])


def test_what_of_a_table_is_no_feature_is_told():
    examples, size = labels_of(), [1.5, 2, 3, 4, 5, 6]
    notes = {"Unnamed: 0": range(6), "size": size, "word": [*"abcdef"]}
    rows, told, warnings = read_features(Frame(notes), examples)
    np.testing.assert_array_equal(rows, np.array(size)[:, np.newaxis])
    assert told == [
        "--features: columns that number the rows are passed over: 'Unnamed: 0'",
        "--features: columns of texts are passed over: 'word'",
    ]
    assert warnings == []
    *_, (warning,) = read_features(Frame(size=size, code=[7, 8, 9, 7, 8, 9]), examples)
    assert warning.startswith("--features: the column 'code' has one value for each label and")


def test_features_that_tell_nothing_or_have_a_gap_are_refused():
    examples, gap = labels_of(), ["1", "", "3", "4", "5", "6"]
    with pytest.raises(UsageError, match=r"numbers in column 'width', got '' in its row 2 \(1"):
        read_features(Frame(height=[1, 2, 3, 4, 5, 6], width=gap), examples)
    with pytest.raises(UsageError, match=r"--features: expected rows that differ, got the sam"):
        read_features(np.ones((6, 2)), examples)


def test_a_name_that_is_there_twice_is_told():
    right = probabilities_of(np.arange(6) % 3)
    columns = {name: right[:, place] for place, name in enumerate(CLASSES)}
    again = {name: np.append(column, column[:1]) for name, column in columns.items()}
    write_table("seven.csv", {"example": [0, 1, 2, 3, 4, 5, 0], **again})
    write_table("six.csv", {"example": [0, 1, 2, 3, 4, 4], **columns})
    for path, name in (("seven.csv", "0"), ("six.csv", "4")):
        with pytest.raises(
            UsageError,
            match=rf"a name of its own for every example, got '{name}' 2 times in column 'exam"
            r"ple'; remove or rename the others, or leave the column 'example' out",
        ):
            read_probabilities(path, labels_of())
    # Where the data has it twice too, and in the same order, nothing need be joined.
    write_table("data.csv", {"id": [1, 1, 2, 3, 4, 5], "label": [*CLASSES, *CLASSES]})
    write_table("ids.csv", {"id": [1, 1, 2, 3, 4, 5], **columns})
    found = read_probabilities("ids.csv", read_examples("data.csv"))
    np.testing.assert_allclose(found, right)
    write_table("mixed.csv", {"id": [5, 1, 1, 2, 3, 4], **columns})
    with pytest.raises(UsageError, match="got '1' 2 times in column 'id'"):
        read_probabilities("mixed.csv", read_examples("data.csv"))


def test_a_column_id_counts_wherever_it_stands_in_the_data():
    right = probabilities_of(np.arange(6) % 3)
    ids, shuffled = [7, 6, 5, 4, 3, 2], [3, 0, 5, 1, 4, 2]
    many = {f"x{place}": range(6) for place in range(50)}
    write_table("wide.csv", {**many, "id": ids, "label": [*CLASSES, *CLASSES]})
    columns = {name: right[shuffled, place] for place, name in enumerate(CLASSES)}
    write_table("own.csv", {"id": np.array(ids)[shuffled], **columns})
    labels = np.array(CLASSES)[np.arange(6) % 3]
    in_memory = examples_of_arrays(Frame({**many, "id": np.array(ids, float)}), labels)
    for examples in (read_examples("wide.csv"), in_memory):
        assert "id" not in examples.columns
        np.testing.assert_allclose(read_probabilities("own.csv", examples), right)


def test_one_probability_of_two_needs_the_other():
    examples = examples_of_arrays(None, np.arange(6) % 2)
    p = np.linspace(0.1, 0.9, 6)
    np.save("p.npy", p)
    np.savetxt("p.csv", p, header="p", comments="")
    for given in (p, p.tolist(), p[:, None], "p.npy", "p.csv", Frame(p=p)):
        with pytest.raises(UsageError, match=r"numpy\.column_stack\(\[1 - p, p\]\)"):
            read_probabilities(given, examples)
    with pytest.raises(UsageError, match=r"\(6,\); pass array\.reshape\(-1, 1\)"):
        read_features(p, examples)
