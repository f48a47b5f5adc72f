"""Labels as they came beside the right ones, and the table of examples that they belong to."""

import copy
import dataclasses
import pickle

import numpy as np
import pytest

from esoftmax_jax.app.data.labels import NO_CLASS, UNKNOWN, Labels
from esoftmax_jax.app.terminal.messages import UsageError
from tests.helpers.labels import ALONE, PAIRED, RIGHT, classes, data, examples


@pytest.mark.parametrize(
    ("labels", "known", "trusted", "paired"),
    [(RIGHT, True, True, False), (PAIRED, True, False, True), (ALONE, False, False, False)],
)
def test_what_is_known(labels, known, trusted, paired):
    assert (labels.known, labels.trusted, labels.paired) == (known, trusted, paired)
    # Any rows of them are known as well, or as little.
    for rows in (np.array([3, 1]), labels.observed == 0, slice(2)):
        part = labels.take(rows)
        assert (part.known, part.trusted, part.paired) == (known, trusted, paired)
        np.testing.assert_array_equal(part.observed, labels.observed[rows])
        np.testing.assert_array_equal(part.wrong, labels.wrong[rows])


def test_labels_that_happen_to_be_right_are_not_trusted():
    same = Labels(RIGHT.observed, RIGHT.observed.copy())
    assert (same.trusted, same.paired) == (False, True)
    assert not same.wrong.any()


@pytest.mark.parametrize("labels", [RIGHT, PAIRED, ALONE])
def test_copies_know_as_much(labels):
    for one in (pickle.loads(pickle.dumps(labels)), copy.deepcopy(labels)):
        assert (one.known, one.trusted) == (labels.known, labels.trusted)


def test_which_labels_are_wrong():
    assert PAIRED.wrong.tolist() == [False, True, False, True]
    for labels in (RIGHT, ALONE):
        assert not labels.wrong.any()
    assert RIGHT.judged.all()
    assert not ALONE.judged.any()
    # Of nobody's example it is not known; of an image of no class every label is wrong.
    mixed = Labels(classes(0, 1, 2), classes(0, UNKNOWN, NO_CLASS))
    assert mixed.judged.tolist() == [True, False, True]
    assert mixed.wrong.tolist() == [False, False, True]


def test_what_others_are_compared_with():
    assert PAIRED.reference.tolist() == [0, 2, 2, 1]
    assert ALONE.reference.tolist() == [0, 1, 2, 0]
    assert RIGHT.reference is RIGHT.observed


def test_parts_in_one():
    both = Labels.joined(PAIRED, ALONE)
    assert both.observed.tolist() == [0, 1, 2, 0] * 2
    assert both.truth_or_unknown.tolist() == [0, 2, 2, 1, *[UNKNOWN] * 4]
    assert both.wrong.tolist() == [False, True, False, True, *[False] * 4]
    assert Labels.joined(RIGHT, RIGHT).trusted
    assert Labels.joined(RIGHT, PAIRED).paired
    assert not Labels.joined(ALONE, ALONE).known


def test_corrected_labels():
    new = classes(0, 2, 2, 0)
    assert PAIRED.corrected(new).wrong.tolist() == [False, False, False, True]
    assert RIGHT.corrected(new).trusted
    assert not ALONE.corrected(new).known


WRONG = {
    "another dtype": (np.arange(3), None, r"observed: expected int32 of shape \(N,\), got int64 of shape \(3,\); convert"),
    "another rank": (np.zeros((2, 2), np.int32), None, r"got int32 of shape \(2, 2\)"),
    "a negative label": (classes(0, -1), None, r"observed: expected class numbers from 0, got -1 in row 1"),
    "a truth of fewer": (classes(0, 1), classes(0), "truth: expected one number for each of 2 labels, got 1"),
    "a truth that is no number": (classes(0, 1), np.ones(2), "truth: expected int32 .* got float64"),
    "a truth that means nothing": (classes(0, 1), classes(0, -3), "truth: .*, got -3 in row 1"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_what_are_no_labels(case):
    observed, truth, message = WRONG[case]
    with pytest.raises(ValueError, match=message):
        Labels(observed, truth)


def test_arrays_of_a_file():
    where = ("own: label", "own: clean")
    came, clean = np.array([[0.0], [1.0]]), np.array([1, 1], np.uint8)
    labels = Labels.checked(came, clean, where, rows=2, num_classes=2)
    assert (labels.observed.tolist(), labels.truth_or_unknown.tolist()) == ([0, 1], [1, 1])
    assert Labels.checked(came, came, where, rows=2, num_classes=2).trusted
    assert not Labels.checked(came, None, where, rows=2, num_classes=2).known
    with pytest.raises(UsageError, match=r"own: clean: .* of \[0, 2\), got label 2 in row 0"):
        Labels.checked(came, clean + 1, where, rows=2, num_classes=2)
    with pytest.raises(UsageError, match="own: label: expected one label for each of the 3"):
        Labels.checked(came, clean, where, rows=3, num_classes=2)


def test_examples_keep_together():
    some = examples(ids=np.array([7, 8, 9, 5]), annotations={"ann": classes(2, 1, 0, 0)})
    assert some.sources.tolist() == ["7", "8", "9", "5"]
    part = some.take(np.array([2, 1]))
    assert part.images.ravel().tolist() == [2, 1]
    assert part.labels.observed.tolist() == [2, 1]
    assert part.ids.tolist() == [9, 8]
    assert part.sources.tolist() == ["9", "8"]
    assert part.annotations["ann"].tolist() == [0, 1]
    assert examples().ids.tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize(
    "columns",
    [
        {"images": np.zeros((3, 1), np.float32)},
        {"ids": np.arange(3)},
        {"sources": np.array(["a", "b", "c"])},
        {"annotations": {"ann": classes(0, 1, 2)}},
    ],
)
def test_columns_of_another_length(columns):
    (name,) = columns.get("annotations", columns)
    message = (
        f"{name}: expected a row for each of 4 labels, got 3; make the arrays equally long"
    )
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(examples(), **columns)


def test_labels_outside_of_the_classes():
    with pytest.raises(ValueError, match=r"own: expected labels of \[0, 2\), got 0 to 2"):
        dataclasses.replace(data(RIGHT, RIGHT), num_classes=2)
    with pytest.raises(ValueError, match=r"expected labels of \[0, 3\), got -2 to 2"):
        data(Labels(RIGHT.observed, classes(0, 1, 2, NO_CLASS)), RIGHT)
