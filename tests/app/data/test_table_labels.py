"""What the classes of a table are called: numbers with gaps, and names that look the same."""

from pathlib import Path

import numpy as np
import pytest

from esoftmax_jax import app
from esoftmax_jax.app.data.label_text import same_looking
from esoftmax_jax.app.data.load import load_dataset
from esoftmax_jax.spreadsheets import is_missing
from tests.helpers.datasets import draw, refused

pytestmark = pytest.mark.usefixtures("folder")


def table(labels):
    rows = [f"{i % 7},{i * i % 11},{label}" for i, label in enumerate(labels)]
    Path("own.csv").write_text("\n".join(["x,y,label", *rows]), encoding="utf-8")
    return "csv:own.csv"


@pytest.mark.parametrize(
    ("numbers", "called"),
    [
        ([2, 4], "2, 4"),
        (["+1", -1], "-1, 1"),
        ([1.0, 2.0, 3.0, 5.0, 6.0, 7.0], "1, 2, 3, 5, 6, 7"),
        (range(3, 9), "3, 4, 5, 6, 7, 8"),
        ([-2, -1, 0, 1, 2], "-2, -1, 0, 1, 2"),
        ([5, 100, 20, 10], "5, 10, 20, 100"),
    ],
)
def test_few_numbers_with_gaps_are_names_of_classes(numbers, called):
    data = load_dataset(table([*numbers] * 15))
    assert data.class_names == tuple(called.split(", "))
    assert f"The classes are called by their numbers, {called}." in data.note


def test_numbers_from_0_or_1_need_no_note():
    for first in (0, 1):
        data = load_dataset(table([first, first + 1, first + 2] * 10))
        assert data.class_names == (str(first), str(first + 1), str(first + 2))
        assert "by their numbers" not in data.note


def test_numbers_with_gaps_that_are_probably_no_classes():
    refused(table([0, 1, 3] * 5), "every class from 0 to 3, got none of class 2")
    refused(table([*([0, 1] * 20), -1, -1, -1]), "row 42", "numbered from 0 or 1, got label -1")
    refused(table([0, 1, -1] * 20), "numbered from 0 or 1, got label -1")
    refused(table([*([1, 2] * 20), *([-999] * 20)]), "numbered from 0 or 1, got label -999")
    refused(
        table(list(range(18, 80)) * 20), "from 0 to 79, got none of class 0", "group numbers"
    )


def test_classes_that_differ_in_capitals_are_told(tmp_path):
    told = "Classes that differ in capitals alone: 'Cat' and 'cat'; rename what is one class."
    labels = ["Cat", "cat", "dog"] * 10
    data = load_dataset(table(labels))
    assert (data.class_names, told in data.note) == (("Cat", "cat", "dog"), True)
    in_memory = app.dataset_from_arrays(np.eye(30), labels)
    assert told in in_memory.note
    assert "capitals" not in load_dataset(table(["cat", "dog"] * 10)).note
    many = [f"{letter}{case}" for letter in "vwxyz" for case in "Aa"]
    assert "'zA' and" not in load_dataset(table(many * 10)).note
    assert "and 2 more" in load_dataset(table(many * 10)).note


@pytest.mark.parametrize("word", ["-", "-1", "-999", "-99.0", "n/a"])
def test_what_stands_for_no_label_beside_names_is_refused(word):
    labels = ["cat", "dog", word] * 10
    np.savez("own.npz", train_images=np.eye(30), train_labels=labels)
    message = f"got {word!r}, which stands for a missing one .such rows: 10.; fill them .* or pass (--)?literal.labels if {word!r} names a class"
    for read in (
        lambda **options: load_dataset(table(labels), **options),
        lambda **options: load_dataset("npz:own.npz", **options),
        lambda **options: app.dataset_from_arrays(np.eye(30), labels, **options),
    ):
        with pytest.raises(app.UsageError, match=message):
            read()
        assert set(read(literal_labels=True).class_names) == {*labels}


@pytest.mark.parametrize(
    "labels",
    [["-", "+"], ["-1", "1"], ["-", "+", "="], ["cat", "7"], ["a-", "-a"], ["-1", "1", "x"]],
)
def test_signs_and_numbers_that_are_classes(labels):
    assert set(load_dataset(table(labels * 20)).class_names) == {*labels}


ALIKE = {
    "composed": ("caf\u00e9", "cafe\u0301"),
    "no width": ("cat", "cat\u200b"),
    "no-break": ("light blue", "light\u00a0blue"),
    "two blanks": ("light blue", "light  blue"),
    "mark": ("cat", "\ufeffcat"),
}


@pytest.mark.parametrize("case", ALIKE)
def test_labels_that_look_the_same_are_one_class(case):
    name, other = ALIKE[case]
    data = load_dataset(table(["dog", name, other] * 10))
    assert data.class_names == tuple(sorted(["dog", name]))
    said = f"Names that look the same are those of one class: {other!a} and {name!a}."
    assert said in data.note
    labels = np.concatenate([data.train.labels.observed, data.test.labels.observed])
    assert sorted(np.bincount(labels).tolist()) == [10, 20]
    apart = load_dataset(table(["dog", name, other] * 10), literal_labels=True)
    assert apart.num_classes == 3
    assert f"{other!a} and {name!a} are different classes by --literal-labels." in apart.note


def test_names_that_differ_to_the_eye_stay_as_they_are():
    assert same_looking(["Cat", "cat", "cafe", "caf\u00e9", "\U0001f600"]) == {}
    assert same_looking(["caf\u0065\u0301"]) == {}
    assert same_looking(["b\u200b", "b\u00ad"]) == {"b\u200b": "b\u00ad"}
    assert is_missing("NaN\u200b")
    assert is_missing("\u200b")


def test_folders_of_classes_that_look_the_same_are_one_class():
    name, other = ALIKE["composed"]
    for part, called in {"train": name, "test": other}.items():
        for i in range(3):
            draw(Path("split", part, called, f"{i}.png"), i)
            draw(Path("split", part, "dog", f"{i}.png"), 10 + i)
    data = load_dataset("folder:split")
    assert (data.class_names, data.test.labels.observed.tolist()) == (
        (name, "dog"),
        [0, 0, 0, 1, 1, 1],
    )
    assert f"one class: {other!a} and {name!a}." in data.note
    for i in range(5):
        for called in ("cat", "cat ", "dog"):
            draw(Path("flat", called, f"{i}.png"), i)
    data = load_dataset("folder:flat")
    assert data.class_names == ("cat", "dog")
    assert np.bincount(data.train.labels.observed).tolist() == [8, 4]


def test_each_check_overruled_is_counted_in_a_note():
    labels = [*(["2"] * 30), *(["4"] * 30), *(["NaN"] * 5), *(["2;4"] * 3)]
    note = load_dataset(table(labels), literal_labels=True).note
    by = "by --literal-labels"
    assert f"'NaN' names a class {by} (5 in column 'label', first in row 62)." in note
    assert f"multi-label data are classes {by} (3 in column 'label', first in row 67)." in note
