"""Labels of an archive in other forms than class numbers from 0."""

import numpy as np
import pytest

from esoftmax_jax.app.data.in_memory.dataset import dataset_from_arrays
from esoftmax_jax.app.data.load import load_dataset
from tests.helpers.datasets import refused

pytestmark = pytest.mark.usefixtures("folder")

CLASSES = np.arange(30) % 3


def archive(labels, test=None):
    x = np.random.default_rng(0).normal(size=(len(labels), 4))
    arrays = {"train_images": x, "train_labels": labels}
    if test is not None:
        arrays |= {"test_images": x[: len(test)] + 1, "test_labels": test}
    np.savez("own.npz", allow_pickle=False, **arrays)
    return "npz:own.npz"


FORMS = {
    "one-hot": (np.eye(3)[CLASSES], ("0", "1", "2")),
    "one-hot, bool": (np.eye(3, dtype=bool)[CLASSES], ("0", "1", "2")),
    "from 1": (CLASSES + 1, ("1", "2", "3")),
    "from 1, float column": (CLASSES[:, None] + 1.0, ("1", "2", "3")),
    "names": (np.array(["ant", "bee", "cow"])[CLASSES], ("ant", "bee", "cow")),
    "bytes": (np.array([b"ant", b"bee", b"cow"])[CLASSES], ("ant", "bee", "cow")),
    "with gaps": (np.array([2, 4, 9])[CLASSES], ("2", "4", "9")),
    "numbers as text": (np.array(["2", "9", "10"])[CLASSES], ("2", "9", "10")),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("tested", [False, True])
def test_labels_in_other_forms(form, tested):
    labels, names = FORMS[form]
    data = load_dataset(archive(labels, labels[:6] if tested else None))
    assert (data.num_classes, data.class_names) == (3, names)
    places = data.train.sources.astype(int)
    assert data.train.labels.observed.tolist() == CLASSES[places].tolist()
    assert len(places) == (30 if tested else 24)
    said = f"The classes are called by their numbers, {', '.join(names)}."
    assert (said in data.note) == form.startswith(("from 1", "with gaps"))


def test_names_that_look_the_same_are_one_class():
    spelt = np.array(["caf\u00e9", "cafe\u0301", "tea"])
    said = "ames that look the same are those of one class: 'cafe\\u0301' and 'caf\\xe9'"
    for data in (
        load_dataset(archive(spelt[CLASSES], spelt[[1, 2]])),
        dataset_from_arrays(np.eye(30), spelt[CLASSES]),
    ):
        assert data.class_names == ("caf\u00e9", "tea")
        assert said in data.note
    for data in (
        load_dataset(archive(spelt[CLASSES]), literal_labels=True),
        dataset_from_arrays(np.eye(30), spelt[CLASSES], literal_labels=True),
    ):
        assert data.num_classes == 3
        assert "and 'caf\\xe9' are different classes by --literal-labels" in data.note


def test_names_that_differ_in_capitals_alone_are_told():
    data = load_dataset(archive(np.array(["Cat", "cat", "dog"])[CLASSES]))
    assert data.class_names == ("Cat", "cat", "dog")
    assert "Classes that differ in capitals alone: 'Cat' and 'cat'; rename" in data.note


def test_truth_values():
    data = load_dataset(archive(CLASSES == 1))
    assert data.class_names == ("False", "True")
    assert np.bincount(data.train.labels.observed).tolist() == [16, 8]


def test_labels_that_are_no_classes():
    several = np.eye(3)[CLASSES]
    several[0] = 1
    refused(archive(several), "expected one label a row, shape (N,), got (30, 3)")
    refused(archive(CLASSES[:9] + 2), "train_labels: expected examples of every class from 0")
    refused(archive(CLASSES - 1), "expected classes numbered from 0, got label -1 in row 0")
    refused(archive(CLASSES + 1, CLASSES[:6]), "every class from 0 to 3", "none of class 0")
    names = np.array(["ant", "bee", "None"])[CLASSES]
    refused(archive(names), "train_labels: expected a label in row 2, got 'None'")
    note = load_dataset(archive(names), literal_labels=True).note
    assert "'None' names a class by --literal-labels (10, first in row 2)." in note
    names = np.array(["ant", "bee", "cow"])[CLASSES]
    refused(
        archive(names, ["ant", "dog"]), "test_labels: expected a class", "got 'dog' in row 1"
    )
    several = archive(np.array(["ant", "bee", "ant;bee"])[CLASSES])
    refused(several, "several labels in one cell")
    note = load_dataset(several, literal_labels=True).note
    assert "multi-label data are classes by --literal-labels (10, first in row 2)." in note
    refused(archive(np.array([b"a", b"\xff"])[CLASSES % 2]), "names of classes in UTF-8")


def test_arrays_that_are_not_read_are_named():
    x = np.random.default_rng(0).normal(size=(30, 4))
    np.savez(
        "own.npz", train_images=x, train_labels=CLASSES, val_images=x, noisy_labels=CLASSES
    )
    assert (
        "Arrays that are not read: 'noisy_labels', 'val_images'."
        in load_dataset("npz:own.npz").note
    )
    assert "not read" not in load_dataset(archive(CLASSES)).note
