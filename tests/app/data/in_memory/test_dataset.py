"""Arrays in memory as a data set."""

import numpy as np
import pytest

from esoftmax_jax import app
from tests.tensors import Tensor

INPUTS = np.random.default_rng(0).normal(size=(30, 4))
LABELS = ["cat", "dog", "owl"] * 10


def test_numbers_and_names_become_examples_and_classes():
    data = app.dataset_from_arrays(INPUTS, LABELS)
    assert data.name == "arrays"
    assert data.class_names == ("cat", "dog", "owl")
    assert (len(data.train), len(data.test)) == (24, 6)
    np.testing.assert_array_equal(data.train.images, INPUTS.astype(np.float32)[data.train.ids])
    names = np.array(data.class_names)[data.train.labels.observed]
    np.testing.assert_array_equal(names, np.array(LABELS)[data.train.ids])
    assert not data.train.labels.known
    assert not data.test.labels.known


def test_a_test_part_and_true_labels_of_ones_own():
    numbers = np.arange(30) % 3
    observed = np.where(np.arange(30) < 3, (numbers + 1) % 3, numbers)
    data = app.dataset_from_arrays(
        INPUTS, observed, true_labels=numbers, test_inputs=INPUTS[:6], test_labels=numbers[:6]
    )
    np.testing.assert_array_equal(np.flatnonzero(data.train.labels.wrong), [0, 1, 2])
    np.testing.assert_array_equal(data.test.labels.truth, numbers[:6])


@pytest.mark.parametrize(
    "inputs",
    [INPUTS.round().tolist(), INPUTS.round().astype(object), INPUTS.round().astype(np.int8)],
    ids=["lists", "objects", "int8"],
)
def test_whatever_holds_the_numbers(inputs):
    data = app.dataset_from_arrays(inputs, np.array(LABELS, object))
    np.testing.assert_array_equal(data.train.images, INPUTS.round()[data.train.ids])
    assert data.class_names == ("cat", "dog", "owl")


def test_a_table_of_pandas():
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame(INPUTS.round(), columns=list("abcd")).astype(int)
    data = app.dataset_from_arrays(table, pandas.Series(LABELS, dtype="category"))
    np.testing.assert_array_equal(data.train.images, INPUTS.round()[data.train.ids])
    assert data.class_names == ("cat", "dog", "owl")


def test_labels_that_are_numbers_need_not_count_from_0():
    for values, names in (([1, 2, 3], ("1", "2", "3")), ([7, -40, 2], ("-40", "2", "7"))):
        labels = np.array(values)[np.arange(30) % 3]
        data = app.dataset_from_arrays(INPUTS, labels)
        assert data.class_names == names
        observed = np.array(names)[data.train.labels.observed]
        np.testing.assert_array_equal(observed, labels[data.train.ids].astype(str))
        assert f"The classes are called by their numbers, {', '.join(names)}." in data.note


def test_one_hot_labels_and_a_single_column():
    for labels in (np.eye(3)[np.arange(30) % 3], np.arange(30)[:, None] % 3):
        data = app.dataset_from_arrays(INPUTS, labels)
        assert data.class_names == ("0", "1", "2")
        np.testing.assert_array_equal(data.train.labels.observed, data.train.ids % 3)


def test_images_stay_bytes():
    images = np.arange(30 * 4 * 4, dtype=np.uint16).astype(np.uint8).reshape(30, 4, 4)
    data = app.dataset_from_arrays(images, np.array(LABELS) == "cat")
    assert data.train.images.shape[1:] == (4, 4, 1)
    assert data.train.images.dtype == np.uint8
    assert data.class_names == ("False", "True")


def test_other_content_is_other_data():
    one, other = (app.dataset_from_arrays(INPUTS + add, LABELS) for add in (0, 1))
    assert one.data_hash != other.data_hash


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            (INPUTS, LABELS[:7]),
            r"arrays: labels: expected one label for each of the 30 images, got 7; make",
        ),
        (
            ([[1, "red"]] * 30, LABELS),
            r"arrays: inputs: expected numbers, got dtype <U21 of shape \(30, 2\); convert "
            "columns of text",
        ),
        (
            ([[1], [1, 2]] * 15, LABELS),
            "arrays: inputs: expected an array, got a list with rows of different lengths; make",
        ),
        (
            (Tensor(None), LABELS),
            r"arrays: inputs: expected an array that NumPy can read, got Tensor \(Got unsupported "
            r"ScalarType BFloat16\); convert it to an array of NumPy first",
        ),
        (
            (INPUTS, Tensor(None)),
            "arrays: labels: expected an array that NumPy can read, got Tensor",
        ),
        (
            (np.where(INPUTS > 2, np.nan, INPUTS), LABELS),
            r"arrays: inputs: row \d+ holds a value that is not a finite float32; remove",
        ),
        (
            (INPUTS, ["cat", None, "owl"] * 10),
            r"arrays: labels: expected a label for every example, got None in row 1, which "
            r"stands for a missing one \(such rows: 10\); fill them in, or leave",
        ),
        (
            (INPUTS, ["cat"] * 30),
            r"arrays: labels: expected at least 2 classes, got 1, 'cat' for each of 30",
        ),
    ],
)
def test_what_does_not_fit_is_told_in_one_sentence(arguments, message):
    with pytest.raises(app.UsageError, match=message):
        app.dataset_from_arrays(*arguments)


def test_what_is_masked_is_no_number():
    images = np.ma.array(np.eye(20), mask=np.eye(20) > 0)
    with pytest.raises(app.UsageError, match="inputs: expected numbers, got 20 masked; leave"):
        app.dataset_from_arrays(images, np.arange(20) % 2)


def test_tensors_are_taken_out_of_their_graph_and_from_their_device():
    numbers = np.arange(30) % 3
    expected = app.dataset_from_arrays(INPUTS, numbers)
    for labels in (Tensor(numbers), Tensor(np.eye(3)[numbers])):
        assert app.dataset_from_arrays(Tensor(INPUTS), labels).data_hash == expected.data_hash
    columns = {"x": Tensor(INPUTS[:, 0]), "y": Tensor(INPUTS[:, 1])}
    assert app.dataset_from_arrays(columns, Tensor(numbers)).columns is not None


def test_a_test_part_needs_its_labels():
    with pytest.raises(app.UsageError, match="expected test_inputs and test_labels together"):
        app.dataset_from_arrays(INPUTS, LABELS, test_inputs=INPUTS)
