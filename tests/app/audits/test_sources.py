"""The labels of a path, found by looking, whatever lies beside them."""

import base64
import io
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from esoftmax_jax.app.audits.found_kind import specification
from esoftmax_jax.app.audits.shown_arrays import shown_data
from esoftmax_jax.app.audits.sources import examples_of_arrays, read_examples
from esoftmax_jax.app.data.in_memory.dataset import dataset_from_arrays
from esoftmax_jax.app.data.load import load_dataset
from esoftmax_jax.app.jobs.audit.audit import audit
from esoftmax_jax.app.suspects.corrections import correct
from esoftmax_jax.app.terminal.messages import UsageError
from tests.helpers.audits import CLASSES, noisy, noisy_table, write_parquet, write_table

pytestmark = pytest.mark.usefixtures("folder")


def pictures(*names, size=(20, 10)):
    """Write pictures of these names."""
    for place, name in enumerate(names):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", size, (place, 0, 0)).save(name)


def test_the_kind_of_a_path_is_seen():
    Path("photos").mkdir()
    Path("notes.docx").touch()
    kinds: list[tuple[str | Path, str]] = [
        ("photos", "folder:photos"),
        (Path("photos"), "folder:photos"),
        ("a.CSV", "csv:a.CSV"),
        ("a.tsv", "csv:a.tsv"),
        ("a.parquet", "parquet:a.parquet"),
        ("a.npz", "npz:a.npz"),
        ("npz:a.csv", "npz:a.csv"),
        ("digits", "digits"),
        ("tfds:mnist", "tfds:mnist"),
    ]
    for data, found in kinds:
        assert specification(data) == found
    with pytest.raises(UsageError, match=r"a folder of images, or a file \.csv, .* notes.docx"):
        specification("notes.docx")
    for nowhere in ("", "https://some.where/labels.csv"):
        with pytest.raises(UsageError, match=f"a path on this machine, got '{nowhere}'; pass"):
            specification(nowhere)
    with pytest.raises(UsageError, match="no file or folder './gone'; correct the path"):
        specification("./gone")
    with pytest.raises(UsageError, match="unknown dataset 'digit': .*did you mean 'digits'"):
        read_examples("digit")


def test_pictures_of_a_folder_keep_their_shape_and_need_not_be_alike():
    pictures("pets/cat/1.png", "pets/cat/2.png", "pets/dog/1.png")
    pictures("pets/dog/big.jpg", size=(600, 300))
    Path("pets/dog/broken.jpg").write_bytes(b"\xff\xd8\xff no picture")
    pictures(*(f"pets/{name}/{x}.png" for name in ("cat", "dog") for x in "pqrs"))
    found = read_examples("pets")
    assert found.class_names == ("cat", "dog")
    assert found.sources.tolist()[:2] == ["cat/1.png", "cat/2.png"]
    assert found.labels.tolist() == [0] * 6 + [1] * 7
    by_name = dict(zip(found.sources.tolist(), found.content(range(len(found))), strict=True))
    assert by_name["dog/broken.jpg"] is None
    assert by_name["cat/1.png"].startswith("data:image/png;base64,")
    kind, _, content = by_name["dog/big.jpg"].partition(",")
    assert kind == "data:image/jpeg;base64"
    assert Image.open(io.BytesIO(base64.b64decode(content))).size == (256, 128)


def test_names_of_files_need_not_be_text():
    pictures(*(f"pets/{name}/{x}.png" for name in ("cat", "dog") for x in "pqrs"))
    name = os.fsdecode(b"pets/cat/caf\xe9.png")
    Path(name).write_bytes(Path("pets/cat/p.png").read_bytes())
    found = read_examples("pets")
    row = found.sources.tolist().index(os.fsdecode(b"cat/caf\xe9.png"))
    assert str(found.content([row])[0]).startswith("data:image/png")
    likely = np.eye(2)[found.labels] * 0.8 + 0.1
    likely[row] = likely[row, ::-1]
    audit("pets", probabilities=likely, out="out")
    assert (
        Path("out/suspects.csv")
        .read_bytes()
        .split(b"\r\n")[1]
        .startswith(b"1,cat/caf\xe9.png,")
    )
    page = Path("out/report.html").read_text(encoding="utf-8")
    assert page.count(r"cat/caf\udce9.png") == 1  # whose script saves the byte again
    assert len(correct(load_dataset("folder:pets"), "out/suspects.csv").train) == 7


def test_a_test_folder_is_not_in_question():
    pictures(*(f"pets/train/{name}/{x}.png" for name in ("cat", "dog") for x in "abc"))
    pictures("pets/test/cat/a.png", "pets/test/dog/a.png")
    found = read_examples("pets")
    assert len(found) == 6
    assert found.num_rows == 8
    assert {name.split("/")[0] for name in found.sources.tolist()} == {"train"}


def test_a_table_may_hold_anything_beside_its_labels():
    noisy_table(age=[""] * 30 + ["7"] * 30, when=["2020-01-01"] * 60)
    found = read_examples("own.csv")
    assert found.class_names == CLASSES
    np.testing.assert_array_equal(found.labels, noisy()[1])
    assert found.columns == ("text", "age", "when")
    assert found.content([0, 59]) == [
        ["text 0", "", "2020-01-01"],
        ["text 59", "7", "2020-01-01"],
    ]
    columns = {"text": [f"text {row}" for row in range(60)], "age": [None] * 30 + [7.0] * 30}
    labels = [CLASSES[label] for label in found.labels]
    write_parquet("own.parquet", columns | {"when": ["2020-01-01"] * 60, "label": labels})
    again = read_examples("own.parquet")
    np.testing.assert_array_equal(again.labels, found.labels)
    assert again.content([59]) == found.content([59])
    assert found.sources.tolist()[0] == "2"  # as an editor counts
    assert again.sources.tolist()[0] == "1"


def test_bytes_are_labels_and_names_as_training_reads_them():
    names = [b"cat", b"dog", b"horse", b"\xff"] * 5
    ids = [b"a%d" % row for row in range(20)]
    table: dict[str, Any] = {"x": list(range(20)), "id": ids, "more": names}
    write_parquet("own.parquet", table | {"label": names})
    found = read_examples("own.parquet")
    assert found.class_names == ("\\xff", "cat", "dog", "horse")
    assert found.class_names == load_dataset("parquet:own.parquet", columns="x").class_names
    assert found.identifiers is not None
    assert list(found.identifiers)[:2] == ["a0", "a1"]
    assert found.content([2]) == [["2", "a2", "5 bytes"]]
    assert shown_data({"id": ids, "x": table["x"]}).identifiers == [f"a{x}" for x in range(20)]


def test_a_split_that_training_refuses_is_refused():
    noisy_table(split=["te"] * 10 + ["tr"] * 50)
    message = "row 2: expected train, test or validation in column 'split', got 'te'; write"
    for read in (read_examples, lambda path: load_dataset(f"csv:{path}")):
        with pytest.raises(UsageError, match=message):
            read("own.csv")
    noisy_table(split=["val"] * 10 + ["Training"] * 50)
    assert len(read_examples("own.csv")) == 50


def test_rows_of_a_test_set_are_left_out():
    noisy_table(split=["test"] * 10 + ["train"] * 50)
    found = read_examples("own.csv")
    assert (len(found), found.num_rows) == (50, 60)
    assert found.sources.tolist()[0] == "12"
    assert "of 60 rows the 50 of the split train are audited" in found.notes


def test_two_labels_for_one_picture_are_told():
    pictures("a.png", "b.png")
    write_table("own.csv", {"path": ["a.png", "b.png", "a.png"], "label": ["x", "y", "y"]})
    with pytest.raises(
        UsageError, match=r"row 4: expected the label 'x' .* got 'y' for 'a.png'"
    ):
        read_examples("own.csv")


def test_rows_that_contradict_each_other_are_told():
    write_table("own.csv", {"text": ["a", "b", "a", "a"], "label": ["x", "y", "x", "y"]})
    told = "1 row like an earlier one with another label, first row 5"
    assert [note for note in read_examples("own.csv").notes if note.startswith(told)]
    write_table("own.csv", {"text": ["a", "b", "a", "c"], "label": ["x", "y", "x", "y"]})
    assert read_examples("own.csv").notes == ()


def test_what_is_no_table_of_labels_is_told():
    write_table("own.csv", {"text": ["a", "b"], "class": ["x", "y"]})
    with pytest.raises(UsageError, match=r"expected a column 'label', got 'text', 'class'"):
        read_examples("own.csv")
    write_table("gap.csv", {"text": ["a", "b"], "label": ["x", ""]})
    with pytest.raises(UsageError, match=r"gap.csv, row 3: expected a label in column 'label'"):
        read_examples("gap.csv")
    Path("wide.csv").write_text("text,label\na,b,c\n", encoding="utf-8")
    with pytest.raises(UsageError, match="row 2: expected 2 cells as in the header, got 3"):
        read_examples("wide.csv")


def test_empty_columns_that_a_spreadsheet_writes_at_the_end_are_none():
    Path("own.csv").write_text("text,label,,\na,x,,\n\nb,y,,\nc,x\n", encoding="utf-8")
    found = read_examples("own.csv")
    assert (found.columns, found.class_names) == (("text",), ("x", "y"))
    assert [found.sources[row] for row in range(3)] == ["2", "4", "5"]
    assert found.content([0, 2]) == [["a"], ["c"]]


def test_a_row_may_lack_its_last_cell():
    Path("own.csv").write_text("label,text\nx,a\ny\n", encoding="utf-8")
    assert read_examples("own.csv").content([0, 1]) == [["a"], [""]]


def test_an_archive_is_audited_in_its_own_order():
    _, labels = noisy(30)
    np.savez("own.npz", train_images=np.eye(30), train_labels=labels)
    found = read_examples("own.npz")
    np.testing.assert_array_equal(found.labels, labels)
    assert found.sources.tolist() == [str(row) for row in range(30)]
    assert {"train", "test"} == set(found.parts.tolist())
    (cells,) = found.content([3])
    assert cells is not None
    assert cells[:5] == ["0", "0", "0", "1", "0"]


def test_labels_in_memory():
    found = examples_of_arrays(np.zeros((4, 2, 3), np.uint8), ["b", "a", "b", "b"])
    assert found.class_names == ("a", "b")
    assert found.labels.tolist() == [1, 0, 1, 1]
    assert str(found.content([0])[0]).startswith("data:image/png")
    assert examples_of_arrays(None, np.array([0, 2, 1])).class_names == ("0", "1", "2")
    with pytest.raises(UsageError, match="one for each of 3 examples, got 2"):
        examples_of_arrays(np.zeros((3, 2)), [0, 1])


def test_a_table_that_is_not_all_numbers_is_shown_as_it_is():
    names = [f"{'cold' if i % 2 else 'warm'} water of day {i}" for i in range(40)]
    table = {"age": ["" if i == 5 else str(i % 9) for i in range(40)], "note": names}
    dataset = dataset_from_arrays(table, ["ab"[i % 2] for i in range(40)])
    found = read_examples(dataset)
    assert found.columns == ("age", "note")
    assert found.content([5, 17]) == [["", names[5]], ["8", names[17]]]
