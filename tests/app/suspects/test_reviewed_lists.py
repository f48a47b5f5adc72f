"""Reviewed lists as people write and save them, and what is none."""

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from esoftmax_jax.app.data.load import load_dataset
from esoftmax_jax.app.suspects.corrections import correct
from esoftmax_jax.app.terminal.messages import UsageError
from experiments.cli import main
from tests.helpers.reviewed_lists import by_source, listed, table
from tests.helpers.words import instead

pytestmark = pytest.mark.usefixtures("folder")


def test_a_list_may_spell_whole_numbers_as_pandas_does():
    data = table([(i, i % 3) for i in range(30)])
    path = listed("2,0.0,1.0", "3,1.0,", "4,2,2.0", header="example,given,label")
    before = by_source(data)
    expected = before | {"2": "1", "4": "2"}
    del expected["3"]
    assert by_source(correct(data, path)) == expected
    with pytest.raises(UsageError, match=r"row 2: expected a class .*\(0, 1, 2\), got 'NaN'"):
        correct(data, listed("1,2,NaN"))


def test_what_spreadsheets_make_of_it():
    data = table([(i, "ab"[i % 2]) for i in range(20)])
    expected = by_source(data) | {"2": "b"}
    rows = [["rank", " example ", "label", ""], ["1", "2", " b", ""], ["", "", "", ""]]
    for delimiter in ",;\t":
        for end in ("\n", "\r\n", "\r"):
            text = end.join(delimiter.join(row) for row in rows)
            Path("list.csv").write_bytes(text.encode("utf-8-sig"))
            assert by_source(correct(data, [Path("list.csv")])) == expected


def test_a_list_of_other_data_is_refused():
    data = table([(i, "ab"[i % 2]) for i in range(20)])
    for header, row, got in [
        ("rank,example,label,given", "1,2,b,b", "none, none and b"),
        ("rank,example,part,label", "1,2,test,b", "test, none and none"),
        ("rank,example,id,label", "1,2,19,b", "none, 19 and none"),
    ]:
        if header.startswith("rank,example,part") and "2" in data.test.sources:
            continue
        message = rf"row 2: expected the part, id and given label that '2' has in csv:own.csv, got {got}; the list is"
        with pytest.raises(UsageError, match=message):
            correct(data, listed(row, header=header))
    np.savez(
        "own.npz",
        train_images=np.eye(6),
        train_labels=np.arange(6) % 2,
        test_images=np.eye(8)[:, :6],
        test_labels=np.arange(8) % 2,
    )
    with pytest.raises(
        UsageError, match=r"expected a training example, got '7' of a test set whose labels"
    ):
        correct(load_dataset("npz:own.npz"), listed("1,7,0"))


def test_a_reviewed_list_is_not_overwritten(capsys):
    np.savez("own.npz", train_images=np.eye(30), train_labels=np.arange(30) % 2)
    train = [
        "train",
        "--dataset",
        "npz:own.npz",
        "--epochs",
        "1",
        "--workdir",
        "run",
        "--suspects",
        "list.csv",
    ]
    assert main(train) == 0
    assert main(train) == 0
    text = Path("list.csv").read_bytes()
    with Path("list.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert all(row["label"] == row["given"] for row in rows)
    first = ",".join(list(rows[0].values())[:4])
    edited = text.replace(f"{first},{rows[0]['label']},".encode(), f"{first},,".encode())
    assert edited != text
    Path("list.csv").write_bytes(edited)
    capsys.readouterr()
    assert main([*instead(train, "--workdir", "other"), "--corrections", "list.csv"]) == 2
    assert (
        "list.csv, in which 1 labels are not those given; choose another"
        in capsys.readouterr().err
    )
    assert Path("list.csv").read_bytes() == edited


def test_names_of_classes_with_blanks():
    arrays: dict[str, Any] = {"train_images": np.eye(20), "train_labels": np.arange(20) % 2}
    np.savez("own.npz", **arrays, class_names=np.array(["b ", "c"]))
    data = load_dataset("npz:own.npz")
    corrected = correct(data, listed("1,1,b ,c", header="rank,example,label,given"))
    assert by_source(corrected) == by_source(data) | {"1": "b "}
    np.savez("own.npz", **arrays, class_names=np.array(["", "c"]))
    with pytest.raises(UsageError, match=r"expected names of classes that differ in more than"):
        correct(load_dataset("npz:own.npz"), listed("1,1,c"))


WRONG = {
    ("1,99,a",): r"list.csv, row 2: expected an example of csv:own.csv, got '99'; did you mean '9'",
    ("1,200,a",): r"got '200'; did you mean '20'\?; correct or remove",
    ("1,2,a", "1,3,c"): r"list.csv, row 3: expected a class of csv:own.csv \(a, b\), got 'c'; correct it, or empty it to leave",
    ("1,2,B",): r"got 'B'; did you mean 'b'\?; correct",
    ("1,2,a", "1,2,b"): r"row 3: expected one label of '2', got 'b' here and 'a' in row 2; remove a row",
    ("1,2",): r"row 2: expected 3 cells as in the header, got 2; make it as long as the header",
    tuple(f"1,{i},b" for i in range(2, 22)): r"expected to keep a training example of 'a', but list.csv leaves none",
}  # fmt: skip


@pytest.mark.parametrize("rows", WRONG)
def test_wrong_lists(rows):
    data = table([(i, "ab"[i % 2]) for i in range(20)])
    with pytest.raises(UsageError, match=WRONG[rows]):
        correct(data, listed(*rows))


def test_wrong_files_and_options(capsys):
    data = table([(i, "ab"[i % 2]) for i in range(20)])
    with pytest.raises(
        UsageError, match=r"expected one column 'example', got 'x', 'y' in list.csv; take"
    ):
        correct(data, listed("1,2", header="x,y"))
    with pytest.raises(
        UsageError, match=r"expected a CSV file that can be read, got none.csv \(No such file"
    ):
        correct(data, [Path("none.csv")])
    with pytest.raises(
        UsageError, match=r"expected to keep any test example, but list.csv leaves none"
    ):
        correct(data, listed(*(f"1,{source}," for source in data.test.sources)))
    with pytest.raises(
        UsageError, match=r"expected one column 'label', got 'example', 'label', 'label' in"
    ):
        correct(data, listed("1,2", header="example,label,label"))
    Path("list.csv").write_bytes("example,label".encode("utf-16-le"))  # without a mark
    with pytest.raises(
        UsageError,
        match=r"--corrections: list.csv: expected text in UTF-8, got zero bytes, as a spreadsheet or a picture has; save",
    ):
        correct(data, [Path("list.csv")])
    Path("list.csv").write_bytes(b"example,label\nr\xf6t,a\n")
    with pytest.raises(
        UsageError,
        match=r"expected an example of csv:own.csv, got .*; is the list saved in UTF-8",
    ):
        correct(data, [Path("list.csv")])
    assert main(["train", "--corrections", "list.csv"]) == 2
    assert (
        "--corrections: expected data of your own (npz:, folder:, csv:, parquet:), got digits"
        in capsys.readouterr().err
    )
    np.save("labels.npy", np.zeros(16, int))
    arguments = [
        "train",
        "--dataset",
        "csv:own.csv",
        "--labels",
        "labels.npy",
        "--corrections",
        "list.csv",
    ]
    assert main(arguments) == 2
    assert "--corrections: expected no --labels beside it, got both" in capsys.readouterr().err
