"""A reviewed list of labels: what it says takes the place of what came."""

import csv
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from experiments._cli import main
from experiments._corrections import correct
from experiments._datasets import load_dataset
from experiments._errors import UsageError
from tests.dataset_helpers import draw

pytestmark = pytest.mark.usefixtures("folder")


def table(rows, path="own.csv"):
    """Write a table of one number and its label."""
    Path(path).write_text("\n".join(["x,label", *(f"{i}.5,{label}" for i, label in rows)]))
    return load_dataset(f"csv:{path}")


def listed(*rows, header="rank,example,label", path="list.csv"):
    Path(path).write_text("\r\n".join([header, *rows, ""]), encoding="utf-8-sig")
    return Path(path)


def by_source(dataset):
    names = np.array(dataset.class_names)
    both = [
        *zip(dataset.train_sources, names[dataset.train_labels], strict=True),
        *zip(dataset.test_sources, names[dataset.test_labels], strict=True),
    ]
    return {str(source): str(label) for source, label in both}


def test_labels_of_a_table_in_both_parts():
    data = table([(i, "ab"[i % 2]) for i in range(20)])
    held_out = str(data.test_sources[0])
    before = by_source(data)
    new = {"2": "b", held_out: "b" if before[held_out] == "a" else "a"}
    path = listed(*(f"1,{source},{label}" for source, label in new.items()), "", "9,3,b")
    corrected = correct(data, path)
    assert by_source(corrected) == before | new
    assert corrected.note.endswith(" By list.csv labels corrected: 2, examples left out: 0.")
    assert corrected.data_hash != data.data_hash
    np.testing.assert_array_equal(corrected.train_images, data.train_images)
    # A list that says what is there changes nothing; another says another thing.
    same = correct(data, listed("1,2,a"))
    assert (same.data_hash, by_source(same)) == (data.data_hash, before)
    others = {
        correct(data, listed(f"1,{row},{label}")).data_hash
        for row, label in [(2, "b"), (3, "a"), (2, "")]
    }
    assert len(others) == 3


def test_examples_without_a_label_are_left_out():
    data = table([(i, "ab"[i % 2]) for i in range(20)])
    train, test = data.train_sources[3], data.test_sources[1]
    corrected = correct(data, listed(f"1,{train},", f"2,{test}, "))
    assert set(by_source(data)) - set(by_source(corrected)) == {str(train), str(test)}
    for part in ("train", "test"):
        images, sources = (
            getattr(corrected, f"{part}_images"),
            getattr(corrected, f"{part}_sources"),
        )
        np.testing.assert_array_equal(images[:, 0], sources.astype(float) - 1.5)
    assert train not in corrected.train_ids + 2  # the ids of the others stay
    assert corrected.note.endswith("labels corrected: 0, examples left out: 2.")


def test_clean_labels_stay_what_they_are():
    rows = ["path,label,clean_label"]
    for i in range(20):
        draw(Path(f"{i}.png"), i)
        rows.append(f"{i}.png,{'ab'[i % 3 == 0]},{'ab'[i % 2]}")
    Path("own.csv").write_text("\n".join(rows))
    data = load_dataset("csv:own.csv")
    changes = [*data.train_sources[:3], *data.test_sources[:2]]
    corrected = correct(data, listed(*(f"1,{source},a" for source in changes)))
    np.testing.assert_array_equal(corrected.train_labels, data.train_labels)
    np.testing.assert_array_equal(corrected.test_labels, data.test_labels)
    assert (corrected.label_sets["given"][:3] == 0).all()
    assert (corrected.test_given[:2] == 0).all()
    np.testing.assert_array_equal(
        corrected.label_sets["given"][3:], data.label_sets["given"][3:]
    )
    np.testing.assert_array_equal(corrected.test_given[2:], data.test_given[2:])


def test_a_test_set_of_its_own_is_not_touched():
    arrays = {"images": np.arange(12.0)[:, None], "labels": np.arange(12) % 3}
    both: dict[str, Any] = {
        f"{part}_{key}": x for part in ("train", "test") for key, x in arrays.items()
    }
    np.savez("own.npz", **both)
    data = load_dataset("npz:own.npz")
    corrected = correct(data, listed("1,0,2", "2,1,"))
    np.testing.assert_array_equal(corrected.train_labels, [2, *arrays["labels"][2:]])
    np.testing.assert_array_equal(corrected.test_labels, arrays["labels"])
    np.testing.assert_array_equal(corrected.train_ids, [0, *range(2, 12)])


def test_from_the_list_to_a_better_label(capsys):
    generator = np.random.default_rng(0)
    clean = np.arange(120) % 3
    wrong = np.arange(120) % 10 == 0
    images = np.eye(3)[clean] * 4 + generator.normal(size=(120, 3))
    np.savez(
        "own.npz", train_images=images, train_labels=np.where(wrong, (clean + 1) % 3, clean)
    )
    train = ["train", "--dataset", "npz:own.npz", "--epochs", "20", "--checkpoint-every", "20"]
    assert main([*train, "--workdir", "one", "--suspects", "list.csv"]) == 0
    with Path("list.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        if float(row["margin"]) < 0:
            row["label"] = row["suggestion"]
    with Path("reviewed.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    corrected = by_source(correct(load_dataset("npz:own.npz"), Path("reviewed.csv")))
    after = np.array([int(corrected[str(i)]) for i in range(120)])
    assert (after != clean).sum() < 0.4 * wrong.sum()
    capsys.readouterr()
    assert main([*train, "--workdir", "two", "--corrections", "reviewed.csv"]) == 0
    assert re.search(r"By reviewed.csv labels corrected: \d+, ex", capsys.readouterr().out)
    assert main([*train, "--workdir", "one", "--corrections", "reviewed.csv"]) == 2
    assert "whose run has other images or labels; choose" in capsys.readouterr().err


WRONG = {
    ("1,99,a",): r"list.csv, row 2: expected an example of csv:own.csv, got '99'",
    ("1,2,a", "1,3,c"): r"list.csv, row 3: expected a class of csv:own.csv \(a, b\), got 'c'; .*or leave it empty",
    ("1,2,B",): r"got 'B'; did you mean 'b'\?; correct",
    ("1,2,a", "1,2,b"): r"row 3: expected one label of '2', got 'b' here and 'a' in row 2; remove a row",
    ("1,2",): r"row 2: expected 3 cells as in the header, got 2; complete or remove the row",
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
        UsageError, match=r"expected the columns example and label, got x, y in list.csv; take"
    ):
        correct(data, listed("1,2", header="x,y"))
    with pytest.raises(
        UsageError, match=r"expected a CSV file that can be read, got none.csv \(No such file"
    ):
        correct(data, Path("none.csv"))
    with pytest.raises(
        UsageError, match=r"expected to keep any test example, but list.csv leaves none"
    ):
        correct(data, listed(*(f"1,{source}," for source in data.test_sources)))
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
