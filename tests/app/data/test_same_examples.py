"""The same example twice: never in both parts, never with two labels unnoticed."""

import os
from pathlib import Path

import numpy as np
import pyarrow  # type: ignore[import-untyped]
import pyarrow.parquet  # type: ignore[import-untyped]
import pytest

from esoftmax_jax.app.data.load import load_dataset
from esoftmax_jax.app.data.same_examples import contradiction, same_bytes
from experiments.cli import main
from tests.helpers.datasets import draw, pixels, refused

pytestmark = pytest.mark.usefixtures("folder")

COUNT = 20


@pytest.fixture
def photos(folder):
    """Make 20 images, those with an even number of class a."""
    for i in range(COUNT):
        draw(Path("photos", f"{i}.png"), i)
    return [(f"photos/{i}.png", "ab"[i % 2]) for i in range(COUNT)]


def listed(rows, header="path,label", form="csv"):
    if form == "parquet":
        columns = zip(header.split(","), zip(*rows, strict=True), strict=True)
        pyarrow.parquet.write_table(
            pyarrow.table({n: list(x) for n, x in columns}), "own.parquet"
        )
    Path("own.csv").write_text("\n".join([header, *(",".join(map(str, row)) for row in rows)]))
    return f"{form}:own.{form}"


def spellings(path):
    """Return other ways to the same file."""
    Path("again").mkdir()
    Path("again/link.png").symlink_to(Path(path).resolve())
    os.link(path, "again/hard.png")
    Path("directory").symlink_to("photos")
    return {
        "as it is": path,
        "dot": f"./{path}",
        "dots": f"photos/../{path}",
        "absolute": str(Path(path).resolve()),
        "link": "again/link.png",
        "hard link": "again/hard.png",
        "linked directory": path.replace("photos", "directory"),
    }


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_a_file_with_two_labels_is_refused_with_both_rows(form, photos):
    for spelt in spellings("photos/3.png").values():
        spec = listed([*photos, (spelt, "a"), ("photos/5.png", "a")], form=form)
        first, second = (5, 22) if form == "csv" else (4, 21)
        refused(
            spec,
            f"row {second}: expected the label 'b' that row {first} has for the same file, got "
            f"'a' for {spelt!r} (rows that differ so: 2); remove one of the two, or pass "
            "--literal-labels",
        )
    data = load_dataset(spec, literal_labels=True)
    assert (
        "Examples with the content of an earlier one and another label: 2, first " in data.note
    )
    said = "Rows with another label than an earlier one of the same file are taken by"
    assert f"{said} --literal-labels (2, first row {second})." in data.note
    check_divided(data)


def check_divided(data):
    """Assert that no image is in both parts."""
    train, test = (
        {image.tobytes() for image in images}
        for images in (data.train.images, data.test.images)
    )
    assert not train & test
    assert len(test) == 4


def test_two_clean_labels_of_a_file_are_refused(photos):
    rows = [(path, label, label) for path, label in photos]
    spec = listed([*rows, (photos[4][0], "a", "b")], header="path,label,clean_label")
    refused(spec, "row 22: expected the clean_label 'a' that row 6 has")


def test_a_file_that_is_listed_again_stays_in_one_part(photos):
    again = [*photos, *photos, (f"./{photos[0][0]}", "a")]
    data = load_dataset(listed(again))
    assert "21 rows with the file of an earlier row, in the same part as that." in data.note
    assert len(data.train) + len(data.test) == 41
    assert np.bincount(data.test.labels.observed).tolist() == [4, 4]
    check_divided(data)
    assert "content" not in data.note
    # Each file once is divided as ever.
    once = load_dataset(listed(photos))
    assert set(once.test.sources) == {"photos/" + Path(x).name for x in data.test.sources}


def test_a_file_in_two_parts_is_refused_with_both_rows(photos):
    rows = [(*row, "train" if i < 15 else "test") for i, row in enumerate(photos)]
    header = "path,label,split"
    refused(
        listed([*rows, ("./photos/2.png", "a", "test")], header),
        "row 22: expected the split 'train' that row 4 has for the same file, got 'test'",
        "remove one of the two",
    )
    # A validation set beside a test set is left out.
    data = load_dataset(listed([*rows, (*photos[2], "val"), (*photos[2], "train")], header))
    assert len(data.train) == 16
    refused(
        listed([*rows, (*photos[2], "val"), (*photos[2], "test")], header), "row 23", "row 4"
    )


def test_a_missing_file_is_told_as_ever(photos):
    refused(listed([*photos, ("none.png", "a"), ("none.png", "b")]), "row 22", "no file")


def test_the_same_content_under_two_names_is_counted():
    for i in range(10):
        for part in ("train", "test"):
            name = "cat" if i < 5 else "dog"
            draw(
                Path("own", part, name, f"{part}{i}.png"),
                i if part == "train" or i > 6 else i + 50,
            )
    note = load_dataset("folder:own").note
    assert "3 of the 10 test examples have the content of a training example" in note
    assert "another label" not in note
    draw(Path("own", "test", "dog", "other.png"), 2)
    note = load_dataset("folder:own").note
    assert "4 of the 11 test examples have the content" in note
    assert (
        "Examples with the content of an earlier one and another label: 1, first "
        "'train/cat/train2.png' (training set) and 'test/dog/other.png' (test set): keep one"
    ) in note


def test_the_same_content_in_a_table_of_paths(photos):
    draw(Path("photos", "copy.png"), 3)
    rows = [(*row, "train" if i < 15 else "test") for i, row in enumerate(photos)]
    data = load_dataset(listed([*rows, ("photos/copy.png", "b", "test")], "path,label,split"))
    assert "1 of the 6 test examples have the content of a training example" in data.note


def test_the_same_content_in_an_archive():
    images = np.stack([pixels(i) for i in range(30)])
    labels = np.arange(30) % 2
    np.savez(
        "own.npz",
        train_images=images[:20],
        train_labels=labels[:20],
        test_images=np.concatenate([images[20:], images[4:7]]),
        test_labels=[*labels[20:], 0, 0, 0],
    )
    note = load_dataset("npz:own.npz").note
    assert note.startswith("3 of the 13 test examples have the content of a training example")
    assert "first 5 (training set) and 11 (test set): keep one" in note


def test_sets_that_come_with_the_program_have_no_such_note():
    assert "content" not in load_dataset("digits").note


def numbers(rows):
    return listed(rows, "x,y,label")


def test_equal_rows_of_features_stay_in_one_part():
    distinct = [(f"{i}.25", f"{i % 3}.5", "ab"[i % 2]) for i in range(40)]
    before = load_dataset(numbers(distinct))
    assert "content" not in before.note
    for again in (distinct, distinct * 2, distinct * 4, distinct[:7]):
        data = load_dataset(numbers([*distinct, *again]))
        train, test = (set(map(bytes, x)) for x in (data.train.images, data.test.images))
        assert not train & test
        assert len(train | test) == 40
        assert test == set(map(bytes, before.test.images))
        assert f"{len(again)} rows with the features of an earlier row, in the" in data.note
        assert "content" not in data.note


def test_equal_rows_with_another_label_are_told():
    distinct = [(f"{i}.25", f"{i % 3}.5", "ab"[i % 2]) for i in range(40)]
    data = load_dataset(
        numbers([*distinct, ("4.25", "1.50", "b"), ("-0", "0", "a"), ("0", "-0", "b")])
    )
    assert (
        "Examples with the content of an earlier one and another label: 2, first " in data.note
    )
    assert "'6' (" in data.note
    assert "'42' (" in data.note


def test_rows_of_few_different_features_are_examples_of_their_own():
    few = [(i % 2, 0, "ab"[i % 5 % 2]) for i in range(100)]
    data = load_dataset(numbers(few))
    assert np.bincount(data.test.labels.observed).tolist() == [12, 8]
    assert "20 of the 20 test examples have the content of a training example" in data.note
    # One row that most of a class shares would be a whole part.
    one = [*((0, 0, "a") for _ in range(30)), *((i, 1, "ab"[i % 2]) for i in range(40))]
    assert np.bincount(load_dataset(numbers(one)).test.labels.observed).tolist() == [10, 4]


def test_the_command_line_ends_before_anything_is_written(photos, capsys):
    assert main(["noise", "--dataset", listed([*photos, (photos[0][0], "b")])]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: own.csv, row 22: expected the label 'a' that row 2 has")
    assert error.count("\n") == 1
    assert not Path("runs").exists()


def test_files_of_the_same_bytes(tmp_path):
    contents = [b"a" * 9000, b"b" * 9000, b"a" * 9000, b"a" * 8999 + b"c", b"a" * 10, b""]
    files = [tmp_path / str(place) for place in range(len(contents))]
    for file, content in zip(files, contents, strict=True):
        file.write_bytes(content)
    gone = [tmp_path / "gone", tmp_path / "gone"]
    assert same_bytes([*files, *gone]).tolist() == [0, 1, 0, 3, 4, 5, 6, 7]


def test_pipes_are_no_files_of_the_same_bytes(tmp_path):
    pipes = [tmp_path / "one", tmp_path / "two"]
    for pipe in pipes:
        os.mkfifo(pipe)
    assert same_bytes(pipes).tolist() == [0, 1]  # opened, they would wait for ever


def test_two_labels_of_the_same_content_are_told_by_what_examples_are_called():
    groups, called = np.array([0, 1, 0, 1]), ["a", "b", "c", "d"]
    assert contradiction(groups, np.array([0, 1, 0, 1]), called) == []
    assert contradiction(groups, np.array([0, 1, 1, 0]), called) == [
        "examples with the content of an earlier one and another label: 2, first 'a' and 'c'; "
        "one of the two labels is wrong: keep one, or correct it"
    ]
