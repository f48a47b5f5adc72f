"""Labels from a file reach the examples that they are about."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from esoftmax_jax.app.data.dataset import Dataset
from esoftmax_jax.app.data.load import load_dataset
from esoftmax_jax.app.labels.noisy_labels import apply_noise
from esoftmax_jax.app.terminal.messages import UsageError
from experiments.cli import main, make_parser
from tests.helpers.datasets import draw
from tests.helpers.parsed_data import load_data

pytestmark = pytest.mark.usefixtures("folder")

COUNT, CLASSES = 90, 3
# Sorted by class, as folders are: a label on its neighbour's image looks right mostly.
CLEAN = np.repeat(np.arange(CLASSES), COUNT // CLASSES)
NOISY = np.where(np.arange(COUNT) % 10 == 3, (CLEAN + 1) % CLASSES, CLEAN)
VALUES = np.arange(COUNT)  # what tells the examples apart


def archive(**more: Any) -> str:
    arrays = {"train_images": VALUES[:, None] * 1.0, "train_labels": CLEAN}
    np.savez("own.npz", **(arrays | more))
    return "npz:own.npz"


def folder(root="own"):
    for value, label in zip(VALUES, CLEAN, strict=True):
        draw(Path(root, f"class {label}", f"{value:03d}.png"), np.full((2, 2), value, np.uint8))
    return f"folder:{root}"


def table(form, **columns):
    if form == "csv":
        rows = zip(VALUES, CLEAN, *columns.values(), strict=True)
        lines = [",".join(map(str, row)) for row in [("x", "label", *columns), *rows]]
        Path("own.csv").write_text("\n".join(lines))
    else:
        import pyarrow  # type: ignore[import-untyped]
        import pyarrow.parquet  # type: ignore[import-untyped]

        pyarrow.parquet.write_table(
            pyarrow.table({"x": VALUES, "label": CLEAN, **columns}), "own.parquet"
        )
    return f"{form}:own.{form}"


SOURCES = {
    "npz": archive,
    "folder": folder,
    "csv": lambda: table("csv"),
    "parquet": lambda: table("parquet"),
}


IN_ORDER = {"folder": " (paths sorted as text)"}


def values_of(dataset: Dataset) -> np.ndarray:
    """Return which of VALUES each training example is."""
    images = dataset.train.images.reshape(len(dataset.train), -1)
    return images[:, 0].astype(int)


def loaded(spec: str, *more: str, **columns: np.ndarray) -> tuple[Dataset, np.ndarray]:
    """Load data with a file of labels; return the labels that are trained on, too."""
    np.savez("labels.npz", **columns)  # type: ignore[arg-type]
    arguments = ["noise", "--dataset", spec, "--labels", "labels.npz", *more]
    dataset, (noise,) = load_data(make_parser().parse_args(arguments))
    return dataset, apply_noise(noise, dataset, seed=0).labels.observed


@pytest.mark.parametrize("kind", SOURCES)
def test_a_row_for_every_example_of_a_source_without_a_test_set(kind):
    spec = SOURCES[kind]()
    dataset, labels = loaded(spec, noisy=NOISY)
    np.testing.assert_array_equal(labels, NOISY[values_of(dataset)])
    assert len(labels) == 72
    np.testing.assert_array_equal(dataset.train.ids, values_of(dataset))
    assert (
        f"The labels of labels.npz are laid by place: a row for each of the 90 examples of "
        f"{spec}, 72 of them training examples{IN_ORDER.get(kind, '')}."
    ) in dataset.note
    # A part of the training examples keeps its own.
    for option in (("--train-examples", "50"), ("--imbalance", "2")):
        part, labels = loaded(spec, *option, noisy=NOISY)
        assert len(labels) < 72
        np.testing.assert_array_equal(labels, NOISY[values_of(part)])


@pytest.mark.parametrize("kind", SOURCES)
def test_a_row_for_every_training_example(kind):
    spec = SOURCES[kind]()
    places = values_of(load_dataset(spec))
    dataset, labels = loaded(spec, noisy=NOISY[places])
    np.testing.assert_array_equal(labels, NOISY[places])
    assert (
        f"are laid on the 72 training examples, in their order{IN_ORDER.get(kind, '')}."
    ) in dataset.note
    dataset, labels = loaded(spec, "--train-examples", "60", noisy=NOISY[places][:60])
    np.testing.assert_array_equal(labels, NOISY[values_of(dataset)])
    assert "are laid on the first 60 training examples, in their order" in dataset.note


@pytest.mark.parametrize("kind", SOURCES)
def test_another_number_of_rows_is_refused(kind, capsys):
    spec = SOURCES[kind]()
    for rows in (71, 73, 89, 91, 400):
        np.save("labels.npy", np.resize(NOISY, rows))
        assert main(["noise", "--dataset", spec, "--labels", "labels.npy", "--out", "out"]) == 2
        assert capsys.readouterr().err == (
            f"error: --labels: expected a row for each of the 90 examples of {spec}, or for "
            f"each of the 72 training examples among them, or a column 'id', got {rows} rows "
            "without ids in labels.npy; complete the file, or name the examples by ids\n"
        )
    assert not Path("out").exists()


@pytest.mark.parametrize("kind", SOURCES)
def test_ids_are_places_in_the_source(kind, capsys):
    spec = SOURCES[kind]()
    order = np.random.default_rng(0).permutation(COUNT)
    dataset, labels = loaded(spec, id=order, noisy=NOISY[order], clean_label=CLEAN[order])
    np.testing.assert_array_equal(labels, NOISY[values_of(dataset)])
    assert "The labels of labels.npz are laid by its column 'id'." in dataset.note
    # Counted from 1: nearly every label of sorted data would look right on its neighbour.
    with pytest.raises(
        UsageError, match=r"places in .*, from 0 to 89, in column 'id' of labels.npz, got 90;"
    ):
        loaded(spec, id=VALUES + 1, noisy=NOISY)
    with pytest.raises(UsageError, match=r"got -1; count its examples from 0"):
        loaded(spec, id=VALUES - 1, noisy=NOISY)
    # Counted among the training examples.
    with pytest.raises(UsageError, match=r"got none for the id \d+ \(\d+ missing in all"):
        loaded(spec, id=np.arange(72), noisy=NOISY[values_of(dataset)])
    # What `noise` writes is read back.
    arguments = ["noise", "--dataset", spec, "--noise", "symmetric:0.2", "--out", "out"]
    assert main(arguments) == 0
    with np.load("out/symmetric-0.2-seed0.npz") as written:
        columns = dict(written)
    np.testing.assert_array_equal(columns["id"], values_of(dataset))
    _, labels = loaded(spec, **columns)
    np.testing.assert_array_equal(labels, columns["noisy_label"])


def test_clean_labels_in_the_file_must_agree():
    _, labels = loaded(archive(), noisy=NOISY, clean_label=CLEAN)
    assert len(labels) == 72
    moved = np.roll(CLEAN, 1)
    with pytest.raises(UsageError, match=r"'clean_label' must agree .* got \d of 72 that dif"):
        loaded(archive(), noisy=NOISY, clean_label=moved)


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_rows_of_other_splits_count_as_places(form):
    split = np.array(["train", "test", "validation"])[np.arange(COUNT) % 3]
    spec = table(form, split=split.tolist())
    dataset, labels = loaded(spec, noisy=NOISY)
    np.testing.assert_array_equal(values_of(dataset), np.arange(0, COUNT, 3))
    np.testing.assert_array_equal(labels, NOISY[::3])
    assert "each of the 90 examples of" in dataset.note
    _, labels = loaded(spec, noisy=NOISY[::3])
    np.testing.assert_array_equal(labels, NOISY[::3])
    with pytest.raises(
        UsageError, match=r"each of the 90 .* each of the 30 training .* got 60"
    ):
        loaded(spec, noisy=NOISY[:60])


def test_a_test_set_of_its_own_has_no_places():
    spec = archive(test_images=VALUES[:9, None] * 1.0, test_labels=CLEAN[:9])
    dataset, labels = loaded(spec, noisy=NOISY)
    np.testing.assert_array_equal(labels, NOISY)
    assert "are laid on the 90 training examples, in their order." in dataset.note
    folder("divided/train")
    folder("divided/test")
    _, labels = loaded("folder:divided", noisy=NOISY)
    np.testing.assert_array_equal(labels, NOISY)
    for one in (spec, "folder:divided"):
        with pytest.raises(
            UsageError,
            match=rf"for each of the 90 training examples of {one}, or a column.* got 99 row",
        ):
            loaded(one, noisy=np.resize(NOISY, 99))


def test_ids_of_an_archive_are_followed():
    # Those of a set from 0 on: rows follow ids, as in the published files of CIFAR-N.
    ids = np.random.default_rng(0).permutation(COUNT)
    spec = archive(train_ids=ids)
    in_order = np.empty_like(NOISY)
    in_order[ids] = NOISY
    dataset, labels = loaded(spec, noisy=in_order)
    np.testing.assert_array_equal(labels, NOISY[values_of(dataset)])
    assert "are laid by id: row 0 on the example with id 0." in dataset.note
    with pytest.raises(
        UsageError,
        match=r"in the order of the ids, .* 'noisy' .* 90\.0 % in the order of the archive;",
    ):
        loaded(spec, noisy=NOISY)
    # A larger set's file has clean labels to show that it is the right one.
    larger = {"noisy": [*in_order, 0], "clean_label": [*CLEAN[np.argsort(ids)], 0]}
    _, labels = loaded(spec, **{key: np.array(column) for key, column in larger.items()})
    np.testing.assert_array_equal(labels, NOISY[values_of(dataset)])
    with pytest.raises(UsageError, match="got 91 rows without ids"):
        loaded(spec, noisy=np.array(larger["noisy"]))


@pytest.mark.parametrize("parts", [("",), ("train", "test")])
def test_directories_called_by_numbers_are_gone_through_as_text(parts):
    classes = np.repeat(sorted(range(12), key=str), 10)
    for part in parts:
        for place, k in enumerate(classes.tolist()):
            pixels = np.full((2, 2), place, np.uint8)
            draw(Path("own", part, str(k), f"{place:03d}.png"), pixels)
    given = np.where(np.arange(120) % 10 == 3, (classes + 1) % 12, classes)
    dataset, labels = loaded("folder:own", noisy=given)
    np.testing.assert_array_equal(labels, given[values_of(dataset)])
    in_order = given[np.argsort(classes, kind="stable")]
    numbered_as_text = np.repeat(np.arange(12), 10)  # as torchvision numbers them
    for other, share in ((in_order, "90"), (numbered_as_text, "100")):
        with pytest.raises(
            UsageError,
            match=rf"order of its paths as text, got .* with {share}\.0 % in the order of its cl",
        ):
            loaded("folder:own", noisy=other)


@pytest.mark.parametrize("first", [1, 100])
def test_other_ids_of_an_archive_do_not_number_rows(first):
    spec = archive(train_ids=VALUES + first)
    dataset, labels = loaded(spec, noisy=NOISY)
    np.testing.assert_array_equal(labels, NOISY[values_of(dataset)])
    assert "are laid by place" in dataset.note
    _, labels = loaded(spec, id=VALUES + first, noisy=NOISY)
    np.testing.assert_array_equal(labels, NOISY[values_of(dataset)])


def test_labels_of_all_digits_are_not_laid_on_those_that_are_trained_on(capsys):
    np.save("labels.npy", np.arange(1797) % 10)
    assert main(["noise", "--labels", "labels.npy"]) == 2
    assert re.search(
        r"for each of the 1438 training examples of digits, or a column 'id', got 1797 rows without ids",
        capsys.readouterr().err,
    )


def test_labels_may_be_the_numbers_that_classes_are_called():
    text = "\n".join(f"{value},{label + 1}" for value, label in zip(VALUES, CLEAN, strict=True))
    Path("named.csv").write_text(f"x,label\n{text}\n")
    for numbers in (NOISY, NOISY + 1):  # of [0, 3), and as the table calls them
        dataset, labels = loaded("csv:named.csv", noisy=numbers)
        np.testing.assert_array_equal(labels, NOISY[values_of(dataset)])
