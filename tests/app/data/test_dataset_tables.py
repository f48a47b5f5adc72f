"""CSV and Parquet files: images by path, tables of numbers, and what is refused by row."""

import csv
import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow  # type: ignore[import-untyped]
import pyarrow.parquet  # type: ignore[import-untyped]
import pytest

from esoftmax_jax.app.data.load import load_dataset
from esoftmax_jax.app.data.readers import image_files
from esoftmax_jax.app.terminal.messages import UsageError
from tests.helpers.datasets import draw, pixels, refused, tree

FORMS = ("csv", "parquet")


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("ESOFTMAX_CACHE_DIR", str(tmp_path / "cache"))


@pytest.fixture
def save(tmp_path):
    """Writes columns to a file and returns its specification."""

    def write(form: str, **columns: list[object]) -> str:
        path = tmp_path / "data" / f"table.{form}"
        path.parent.mkdir(exist_ok=True)
        if form == "parquet":
            pyarrow.parquet.write_table(pyarrow.table(columns), path)
        else:
            with path.open("w", newline="", encoding="utf-8") as file:
                rows = zip(*columns.values(), strict=True)
                csv.writer(file).writerows([list(columns), *rows])
        return f"{form}:{path}"

    return write


@pytest.fixture
def text(tmp_path):
    """Writes a CSV file as it stands."""

    def write(content: str, encoding: str = "utf-8") -> str:
        (tmp_path / "table.csv").write_bytes(content.encode(encoding))
        return f"csv:{tmp_path / 'table.csv'}"

    return write


@pytest.fixture
def files(tmp_path):
    """Ten images, half of them in a directory of their own."""
    names = [f"{'a, b' if i < 5 else 'rest'}/{i}.png" for i in range(10)]
    for i, name in enumerate(names):
        draw(tmp_path / "data" / name, i)
    return names


def drawn(*seeds: int) -> np.ndarray:
    return np.stack([pixels(seed) for seed in seeds])


@pytest.mark.parametrize("form", FORMS)
def test_images_with_names_of_classes(form, save, files, tmp_path):
    files[1] = str(tmp_path / "data" / files[1])  # absolute
    split = ["train"] * 5 + ["Train", "test", "test", "val", "validation"]
    spec = save(form, path=files, label=["b", "a"] * 5, split=split, comment=["any"] * 10)
    before = tree(tmp_path / "data")
    data = load_dataset(spec)
    np.testing.assert_array_equal(data.train.images, drawn(0, 1, 2, 3, 4, 5))
    np.testing.assert_array_equal(data.test.images, drawn(6, 7))
    assert data.train.labels.observed.tolist() == [1, 0] * 3
    assert data.test.labels.observed.tolist() == [1, 0]
    assert (data.name, data.class_names) == (spec, ("a", "b"))
    assert data.note == "The rows of the split validation are left out."
    assert not data.train.labels.known
    assert tree(tmp_path / "data") == before


@pytest.mark.parametrize("form", FORMS)
def test_clean_labels_beside_those_given(form, save, files):
    given, clean = [0, 1, 2, 0, 1, 2, 0, 1, 2, 0], [0, 1, 2] * 2 + [1, 1, 1, 1]
    split = ["train"] * 8 + ["validation"] * 2
    data = load_dataset(save(form, path=files, label=given, clean_label=clean, split=split))
    labels = data.train.labels
    assert labels.truth is not None
    assert labels.observed.tolist() == given[:8]
    assert labels.truth.tolist() == clean[:8]
    # What came of the user's own test set is not looked at where it has clean labels.
    assert data.test.labels.trusted
    assert data.test.labels.observed.tolist() == clean[8:]
    assert (data.num_classes, data.class_names) == (3, ("0", "1", "2"))


@pytest.mark.parametrize("form", FORMS)
def test_a_fifth_of_each_clean_class_is_held_out(form, save):
    numbers = list(range(30))
    clean = [0] * 10 + [1] * 20
    data = load_dataset(save(form, x=numbers, label=[0, 1] * 15, clean_label=clean))
    assert np.bincount(data.train.labels.reference).tolist() == [8, 16]
    assert np.bincount(data.test.labels.reference).tolist() == [2, 4]
    assert "fixed fifth of each class" in data.note
    rows = data.train.images[:, 0].astype(int)
    np.testing.assert_array_equal(data.train.labels.observed, rows % 2)
    np.testing.assert_array_equal(data.train.labels.truth, rows >= 10)
    assert sorted([*rows.tolist(), *data.test.images[:, 0].astype(int).tolist()]) == numbers


@pytest.mark.parametrize("form", FORMS)
def test_tables_of_numbers(form, save):
    columns = {"x": [1, 2, 3, 4], "label": ["b", "a", "b", "a"], "y": [0.5, -1e3, 1e-3, 0.1]}
    data = load_dataset(save(form, **columns, split=["train", "train", "test", "train"]))
    assert data.train.images.dtype == np.float32
    expected = np.array([[1, 0.5], [2, -1e3], [4, 0.1]], np.float32)
    np.testing.assert_array_equal(data.train.images, expected)
    assert data.train.labels.observed.tolist() == [1, 0, 0]
    np.testing.assert_allclose(data.mean, expected.mean(0), rtol=1e-5)
    np.testing.assert_allclose(data.std, expected.std(0), rtol=1e-5)


def test_parquet_types(save, tmp_path):
    label = pyarrow.array(["b", "a"] * 5).dictionary_encode()
    data = load_dataset(save("parquet", label=label, x=[True, False] * 5))
    assert data.class_names == ("a", "b")
    assert set(data.train.images[data.train.labels.observed == 1].ravel()) == {1.0}
    data = load_dataset(
        save("parquet", label=[0.0, 1.0] * 5, x=range(10), __index_level_0__=range(10))
    )
    assert data.class_names == ("0", "1")
    assert data.train.images.shape == (8, 1)


def test_parquet_columns_that_are_no_numbers(save):
    labels = [0, 1]
    refused(
        save("parquet", label=labels, x=[[1.0, 2.0]] * 2),
        "row 1: expected a finite number, category, date or text in column 'x', got several "
        "values in a cell, list of 2; make a column of each or remove the column",
    )
    for cell in (datetime.date(2020, 1, 1), datetime.datetime(2020, 1, 1)):
        always = f"1 column: left out: x (always {cell.isoformat()!r})"
        refused(save("parquet", label=labels, x=[cell] * 2), "say something", always)
    empty = pyarrow.array([], pyarrow.string())
    refused(save("parquet", label=empty, x=empty), "got none; add examples")


def test_a_mark_blank_lines_and_quotes_are_tolerated(text, tmp_path):
    for i in range(6):
        draw(tmp_path / f"a, {i}.png", i)
    lines = [f'"a, {i}.png", {i % 2} ,"two\nlines"' for i in range(6)]
    spec = text("\ufeffpath, label,note\r\n\r\n" + "\r\n".join(lines) + "\r\n\r\n\n", "utf-8")
    data = load_dataset(spec)
    assert len(data.train) + len(data.test) == 6
    spec = text("path,label,note\n" + "\n".join([*lines, "none.png,0,"]))
    refused(spec, "table.csv, row 14:", "none.png")  # as an editor counts


def test_labels_may_change_without_decoding_again(save, files, monkeypatch):
    split = ["train", "train", "test", "train", "test"] * 2
    first = load_dataset(save("csv", path=files, label=[0, 1] * 5, split=split))
    monkeypatch.setattr(image_files, "_decode_all", None)
    again = load_dataset(save("csv", path=files, label=[1, 0] * 5, split=split))
    np.testing.assert_array_equal(first.train.images, again.train.images)
    np.testing.assert_array_equal(first.train.labels.observed, 1 - again.train.labels.observed)


WRONG_TABLES: dict[str, tuple[dict[str, list[Any]], list[str]]] = {
    "no label": ({"x": [1, 2]}, ["a column 'label'", "'x'"]),
    "only labels": ({"label": [1, 2]}, ["columns of numbers", "'label'"]),
    "infinite number": ({"x": [1.0, 2.0, float("inf")], "label": [0, 1, 0]}, ["row {+2}", "'x'", "inf"]),
    "missing label": ({"x": [1, 2], "label": ["a", None]}, ["row {+1}", "'label'", "empty cell"]),
    "missing clean label": ({"x": [1, 2], "label": [0, 1], "clean_label": [None, 1]}, ["row {}", "'clean_label'"]),
    "negative": ({"x": [1, 2, 3], "label": [0, 1, -1]}, ["row {+2}", "from 0", "-1", "--literal-labels"]),
    "skipped": ({"x": [1, 2, 3], "label": [0, 1, 3]}, ["0 to 3", "class 2", "renumber"]),
    "one class": ({"x": [1, 2, 3, 4, 5], "label": ["a"] * 5}, ["at least 2 classes, got 1"]),
    "foreign number": ({"x": [1, 2, 3], "label": [0, 1, 2], "split": ["train", "train", "test"]}, ["row {+2}", "(0, 1)", "'2'", "'label'"]),
    "foreign name": ({"x": [1, 2, 3], "label": ["a", "b", "c"], "split": ["train", "train", "test"]}, ["row {+2}", "(a, b)", "'c'"]),
    "foreign clean label": ({"x": [1, 2], "label": [0, 1], "clean_label": [0, 2]}, ["row {+1}", "'2'", "'clean_label'"]),
    "name among numbers": ({"x": [1, 2], "label": [0, 1], "clean_label": ["0", "b"]}, ["row {+1}", "'b'"]),
    "unknown split": ({"x": [1, 2], "label": [0, 1], "split": ["train", "dev"]}, ["row {+1}", "'split'", "'dev'"]),
    "no test rows": ({"x": [1, 2], "label": [0, 1], "split": ["train"] * 2}, ["train and test", "train alone"]),
    "no training rows": ({"x": [1, 2], "label": [0, 1], "split": ["test"] * 2}, ["train and test", "test alone"]),
    "too few": ({"x": [1, 2, 3], "label": [0, 1, 0]}, ["at least 3 rows of a class", "'split'"]),
    "no rows": ({"x": [], "label": []}, ["rows below the header, got none"]),
    "missing image": ({"path": ["gone.png"] * 3, "label": [0, 1, 0], "split": ["train", "train", "test"]}, ["row {}", "no file"]),
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("case", WRONG_TABLES)
def test_wrong_tables(form, case, save):
    columns, words = WRONG_TABLES[case]
    first = 2 if form == "csv" else 1
    rows = {f"{{+{i}}}": str(first + i) for i in (1, 2)} | {"{}": str(first)}
    for mark, number in rows.items():
        words = [word.replace(mark, number) for word in words]
    refused(save(form, **columns), f"table.{form}", *words)


WRONG_TEXTS = {
    "ragged": ("x,label\n1,0\n2,1,7\n", ["row 3", "expected 2 cells", "got 3"]),
    "short": ("x,label\n1,0\n\n2\n", ["row 4", "expected 2 cells", "got 1"]),
    "nothing": ("", ["a column 'label'", "got none"]),
    "header alone": ("x,label\n", ["got none"]),
    "zero bytes": (
        "x,label\n1,a\0\n",
        [
            "expected text in UTF-8, got zero bytes, as a spreadsheet or a picture has; save the file"
        ],
    ),
    "same name": ("x,x,label\n1,1,0\n", ["a name of its own", "'x' twice"]),
    "no name": ("x,,label\n0,1,0\n", ["a name of its own", "none in column 2"]),
    "open quote": ('x,label\n1,0\n"2,1\n', ["row 3", "cannot be read"]),
}


@pytest.mark.parametrize("case", WRONG_TEXTS)
def test_wrong_csv(case, text):
    content, words = WRONG_TEXTS[case]
    refused(text(content), "table.csv", *words)


def test_files_that_are_none(text, tmp_path):
    refused(text("x,label\n1,ä\n", "latin-1"), "UTF-8")
    for form in FORMS:
        refused(f"{form}:{tmp_path / 'none'}", "no file", f"{form}:PATH", "label")
        refused(f"{form}:{tmp_path}", "no file")
    refused(f"parquet:{tmp_path / 'table.csv'}", "table.csv", "can be read")


@pytest.mark.parametrize("form", FORMS)
def test_images_by_path_that_are_refused(form, save, files, tmp_path):
    refused(
        save(form, x=[1, 2], label=[0, 1]), "--image-size", "no column 'path'", image_size=4
    )
    labels = [0, 1] * 5
    Path(tmp_path / "data" / files[3]).write_bytes(b"no image")
    refused(save(form, path=files, label=labels), repr(files[3]), "cannot be decoded")
    draw(tmp_path / "data" / files[3], pixels(0, (9, 9, 3)))
    spec = save(form, path=files, label=labels)
    refused(spec, "one size", "--image-size", repr(files[3]))
    assert load_dataset(spec, image_size=6).train.images.shape[1:] == (6, 6, 3)


MISSING = [
    "?",
    "--",
    "N.A.",
    "(null)",
    "\\N",
    "#REF!",
    "Null",
    "NaN",
    "nan",
    "None",
    "NA",
    "N/A",
    "n/a",
    "null",
    "NULL",
    "<NA>",
    "#N/A",
    "-nan",
    "NaT",
]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("word", MISSING)
def test_a_word_for_a_missing_label_is_refused_with_its_row(form, word, save):
    columns = {"x": [1, 2, 3, 4, 5, 6], "label": ["a", "a", "b", word, word, word]}
    row = {"csv": 5, "parquet": 4}[form]
    refused(
        save(form, **columns),
        f"table.{form}, row {row}: expected a label in column 'label', got {word!r}, which",
        "(such rows: 3); fill them or remove the rows, or pass --literal-labels if",
    )
    data = load_dataset(save(form, **columns), literal_labels=True)
    assert data.class_names == tuple(sorted(["a", "b", word]))


@pytest.mark.parametrize("column", ["label", "clean_label"])
def test_missing_labels_of_parquet_columns(column, save):
    for cells in (
        pyarrow.array([0, 1, None, 1]),
        pyarrow.array([0.0, 1.0, float("nan"), 1.0], from_pandas=False),
        pyarrow.array(["a", "b", None, "b"]).dictionary_encode(),
    ):
        columns = {"x": [1, 2, 3, 4], "label": [0, 1, 0, 1], column: cells}
        spec = save("parquet", **columns)
        refused(spec, "row 3", f"column {column!r}, got an empty cell")
        with pytest.raises(UsageError, match="empty cell"):
            load_dataset(spec, literal_labels=True)


def test_names_that_only_resemble_missing_values_are_classes(save):
    labels = ["none", "unknown", "Nana", "na"] * 5
    data = load_dataset(save("csv", x=range(20), label=labels))
    assert data.class_names == ("Nana", "na", "none", "unknown")


@pytest.mark.parametrize("spelling", ["{}.0", "{}.", "0{}", "+{}", "{}.000e+00", "{}"])
def test_whole_numbers_are_classes_in_any_spelling(spelling, save):
    numbers = [k for k in range(12) for _ in range(5)]
    labels = [spelling.format(k) for k in numbers]
    data = load_dataset(save("csv", x=range(60), label=labels, clean_label=numbers))
    assert data.class_names == tuple(map(str, range(12)))
    np.testing.assert_array_equal(data.train.labels.observed, data.train.images[:, 0] // 5)
    np.testing.assert_array_equal(data.train.labels.truth, data.train.labels.observed)
    assert data.train.labels.paired


@pytest.mark.parametrize(
    "dtype", [pyarrow.float32(), pyarrow.decimal128(5, 2), pyarrow.string()]
)
def test_whole_numbers_are_classes_in_any_parquet_type(dtype, save):
    labels = pyarrow.array([0.0, 1.0, 2.0] * 5).cast(dtype)
    data = load_dataset(save("parquet", x=range(15), label=labels))
    assert data.class_names == ("0", "1", "2")
    np.testing.assert_array_equal(data.train.labels.observed, data.train.images[:, 0] % 3)


@pytest.mark.parametrize("form", FORMS)
def test_classes_counted_from_1_are_called_so(form, save):
    data = load_dataset(save(form, x=range(15), label=[1.0, 2.0, 3.0] * 5))
    assert data.class_names == ("1", "2", "3")
    np.testing.assert_array_equal(data.train.labels.observed, data.train.images[:, 0] % 3)


@pytest.mark.parametrize("form", FORMS)
def test_two_spellings_of_a_number_are_one_class(form, save):
    data = load_dataset(save(form, x=range(15), label=["1", "01", "2", "1.0", "+2"] * 3))
    assert data.class_names == ("1", "2")
    np.testing.assert_array_equal(
        data.train.labels.observed, np.isin(data.train.images[:, 0] % 5, (2, 4))
    )


def test_words_for_missing_labels_that_are_names_are_told(save):
    labels = ["yes", "no", "N/A"] * 5
    note = load_dataset(save("csv", x=range(15), label=labels), literal_labels=True).note
    assert "'N/A' names a class by --literal-labels (" in note
