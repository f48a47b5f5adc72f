"""Lists of labels: written, read as others left them, and applied."""

import csv
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from esoftmax_jax import cleaning

NAMES = ["ant", "bee", "cat"]
LABELS = np.array([0, 1, 2, 1, 0])
MARGINS = np.array([2.0, -1.5, 0.25, -3.0, np.nan], np.float32)
RANKING = cleaning.rank_labels(MARGINS, np.array([1, 0, 0, 2, -1]))


@pytest.fixture
def path(tmp_path):
    return tmp_path / "list.csv"


def listed(path, *lines, header="example,label"):
    path.write_text("\n".join([header, *lines, ""]), encoding="utf-8")
    return cleaning.read_label_list(path)


def applied(*reviews, labels=LABELS, **more: Any):
    return cleaning.apply_label_lists(labels, *reviews, class_names=NAMES, **more)


def test_a_list_has_the_worst_first(path):
    files = ["a.png", "b.png", "c,d.png", "e.png", "f.png"]
    cleaning.write_label_list(path, RANKING, LABELS, class_names=NAMES, examples=files)
    assert path.read_bytes().decode().split("\r\n") == [
        "rank,example,label,suggestion,margin,given",
        "1,e.png,bee,cat,-3,bee",
        "2,b.png,bee,ant,-1.5,bee",
        '3,"c,d.png",cat,ant,0.25,cat',
        "4,a.png,ant,bee,2,ant",
        "5,f.png,ant,,nan,ant",
        "",
    ]
    assert os.listdir(path.parent) == ["list.csv"]  # noqa: PTH208
    # As it was written, it changes nothing.
    corrected = applied(cleaning.read_label_list(path), examples=files)
    np.testing.assert_array_equal(corrected.labels, LABELS)
    assert corrected.kept.all()


def test_somebodys_work_is_not_replaced(path):
    path.write_text("example,label\n0,bee\n")
    with pytest.raises(FileExistsError, match=r"expected a new file, got one that is there"):
        cleaning.write_label_list(path, RANKING, LABELS, class_names=NAMES)
    assert path.read_text() == "example,label\n0,bee\n"
    cleaning.write_label_list(path, RANKING, LABELS, class_names=NAMES, overwrite=True)
    assert len(path.read_text().splitlines()) == 6


def test_from_the_list_to_better_labels(path):
    cleaning.write_label_list(path, RANKING, LABELS, class_names=NAMES)
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    rows[0]["label"] = rows[0]["suggestion"]
    rows[1]["label"] = ""
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), delimiter=";")
        writer.writeheader()
        writer.writerows(rows)
    labels, kept = applied(cleaning.read_label_list(path))
    np.testing.assert_array_equal(labels, [0, 1, 2, 2, 0])
    np.testing.assert_array_equal(kept, [True, False, True, True, True])
    assert labels.dtype == LABELS.dtype


def test_names_may_be_what_numpy_and_ranges_hold(path):
    cleaning.write_label_list(
        path, RANKING, LABELS, class_names=range(3), examples=np.array([*"abcde"])
    )
    assert path.read_text().splitlines()[1] == "1,d,1,2,-3,1"
    review = cleaning.read_label_list(path)
    corrected = cleaning.apply_label_lists(
        LABELS, review, class_names=np.arange(3), examples=np.array([*"abcde"])
    )
    np.testing.assert_array_equal(corrected.labels, LABELS)


def test_names_that_are_formulas(path):
    names: dict[str, Any] = {
        "class_names": ["=ant", "bee", "cat"],
        "examples": [*"ab", "+c", *"de"],
    }
    cleaning.write_label_list(path, RANKING, LABELS, **names, spreadsheet_safe=True)
    lines = path.read_text().splitlines()
    assert lines[3] == "3,'+c,cat,'=ant,0.25,cat"
    path.write_text("\n".join([*lines[:3], "3,'+c,'=ant,'=ant,0.25,cat"]))
    review = cleaning.read_label_list(path)
    corrected = cleaning.apply_label_lists(LABELS, review, **names)
    np.testing.assert_array_equal(corrected.labels, [0, 1, 0, 1, 0])
    names["class_names"][1] = "'=ant"
    with pytest.raises(ValueError, match=r"class_names: expected names that differ in more th"):
        cleaning.write_label_list(
            path, RANKING, LABELS, **names, spreadsheet_safe=True, overwrite=True
        )


def test_lists_after_each_other(path):
    first = listed(path, "0,bee,ant", "1,,bee", header="example,label,given")
    second = listed(path, "0,cat,bee", "1,cat,bee", header="example,label,given")
    np.testing.assert_array_equal(applied(first).labels[:2], [1, 1])
    labels, kept = applied(first, second)
    np.testing.assert_array_equal(labels[:2], [2, 2])
    assert kept.all()


def test_examples_of_one_name_are_told_apart(path):
    names = ["x", "x", "x", "y", "y"]
    more = {"examples": names, "parts": ["train", "train", "test", "train", "test"]}
    review = listed(path, "x,test,,cat", "y,train,,cat", header="example,part,id,label")
    np.testing.assert_array_equal(applied(review, **more).labels, [0, 1, 2, 2, 0])
    review = listed(path, "x,train,8.0,cat", header="example,part,id,label")
    identifiers = ["7", "8", "", "9", ""]
    found = applied(review, **more, identifiers=identifiers)
    np.testing.assert_array_equal(found.labels, [0, 2, 2, 1, 0])
    review = listed(path, "x,ant,cat", header="example,given,label")
    np.testing.assert_array_equal(applied(review, **more).labels, [2, 1, 2, 1, 0])


def test_an_unlabelled_example_gets_a_label(path):
    labels = np.array([-1, 1, 2, 1, 0], np.int8)
    corrected = applied(listed(path, "0,cat"), labels=labels)
    np.testing.assert_array_equal(corrected.labels, [2, 1, 2, 1, 0])
    assert corrected.labels.dtype == np.int8
    many = [str(k) for k in range(300)]
    wide = cleaning.apply_label_lists(labels, listed(path, "0,299"), class_names=many)
    assert wide.labels[0] == 299


WRONG = {
    ("9,ant",): r"list.csv, row 2: expected an example of the data, got '9'; correct or remove the row",
    ("0,ant", "1,Bee"): r"row 3: expected a class of the data \(ant, bee, cat\), got 'Bee'; did you mean 'bee'\?; correct",
    ("0,ant", "0,bee"): r"row 3: expected one label of '0', got 'bee' here and 'ant' in row 2",
    ("4,ant",): r"row 2: expected a training example, got '4' of a test set whose labels count as right",
}  # fmt: skip


@pytest.mark.parametrize("lines", WRONG)
def test_lists_that_do_not_fit_are_refused(path, lines):
    with pytest.raises(ValueError, match=WRONG[lines]):
        applied(listed(path, *lines), fixed=np.arange(5) == 4)


def test_a_decision_and_its_label_agree(path):
    header = "example,label,given,decision"
    right = ["0,bee,ant,correct", "1,bee,bee,keep", "2,,cat,drop", "3,ant,bee,", "4,cat,ant"]
    corrected = applied(listed(path, *right, header=header))
    np.testing.assert_array_equal(corrected.labels, [1, 1, 2, 0, 2])
    np.testing.assert_array_equal(corrected.kept, [True, True, False, True, True])
    for line, message in {
        "0,ant,ant,drop": "row 2: expected an empty label beside the decision 'drop', got 'ant'",
        "0,bee,ant,Keep": "row 2: expected the label 'ant' beside the decision 'Keep', got 'bee'",
    }.items():
        with pytest.raises(ValueError, match=message):
            applied(listed(path, line, header=header))


def test_what_is_no_list_is_refused(path):
    with pytest.raises(ValueError, match=r"expected one column 'label', got 'example', 'x' in"):
        listed(path, "0,ant", header="example,x")
    with pytest.raises(ValueError, match=r"row 2: expected 2 cells as in the header, got 1"):
        listed(path, "0")
    with pytest.raises(FileNotFoundError):
        cleaning.read_label_list(path.parent / "none.csv")
    given = listed(path, "0,bee,bee", header="example,label,given")
    with pytest.raises(ValueError, match=r"expected the part, id and given label that '0' has"):
        applied(given)


def test_sizes_and_classes_are_checked():
    def write(labels=LABELS, ranking=RANKING, **more: Any):
        cleaning.write_label_list(
            Path("unused.csv"), ranking, labels, **{"class_names": NAMES, **more}
        )

    with pytest.raises(ValueError, match=r"labels: expected one for each of 5 examples, got 4"):
        write(LABELS[:4])
    with pytest.raises(ValueError, match=r"labels: expected classes in \[0, 3\), .*, got -1"):
        write(np.array([-1, 0, 1, 2, 0]))
    with pytest.raises(
        ValueError, match=r"suggestions: expected classes in \[0, 2\), .* got 2"
    ):
        write(np.zeros(5, int), class_names=NAMES[:2])
    with pytest.raises(ValueError, match=r"examples: expected 5 names, got 1"):
        write(examples=["a"])
    with pytest.raises(ValueError, match=r"examples: expected a name for each, got 'a' twice"):
        write(examples=["a", "b", "a", "c", "d"])
    with pytest.raises(ValueError, match=r"names of classes that differ in more than blanks"):
        write(class_names=["a", "a ", "b"])
    with pytest.raises(
        TypeError, match=r"reviews: expected what read_label_list .*, as \*reviews"
    ):
        applied("list.csv")
    with pytest.raises(TypeError, match=r"labels: expected an integer dtype, got float64"):
        applied(labels=np.zeros(5))
    with pytest.raises(ValueError, match=r"parts: expected one for each of 5 labels, got 1"):
        applied(parts=["train"])
    with pytest.raises(ValueError, match=r"names of classes that differ in more than blanks"):
        cleaning.apply_label_lists(LABELS, class_names=["a", "a ", "b"])
    assert not Path("unused.csv").exists()
