"""A reviewed list of labels: what it says takes the place of what came."""

import csv
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from esoftmax_jax.app.data.load import load_dataset
from esoftmax_jax.app.suspects.corrections import correct
from esoftmax_jax.app.terminal.messages import UsageError
from experiments.cli import main
from tests.dataset_helpers import draw

pytestmark = pytest.mark.usefixtures("folder")


def table(rows, path="own.csv"):
    """Write a table of one number and its label."""
    Path(path).write_text("\n".join(["x,label", *(f"{i}.5,{label}" for i, label in rows)]))
    return load_dataset(f"csv:{path}")


def listed(*rows, header="rank,example,label", path="list.csv"):
    Path(path).write_text("\r\n".join([header, *rows, ""]), encoding="utf-8-sig")
    return [Path(path)]


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
    assert (
        " By list.csv labels corrected: 2, examples left out: 0. Of the test set these are 1 "
        "and 0: where they are a network's suggestions, accuracy flatters networks that agree"
    ) in corrected.note
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
    assert correct(data, listed("1,2,")).data_hash != correct(data, listed("1,3,")).data_hash


def test_a_list_may_spell_whole_numbers_as_pandas_does():
    data = table([(i, i % 3) for i in range(30)])
    path = listed("2,0.0,1.0", "3,1.0,", "4,2,2.0", header="example,given,label")
    before = by_source(data)
    expected = before | {"2": "1", "4": "2"}
    del expected["3"]
    assert by_source(correct(data, path)) == expected
    with pytest.raises(UsageError, match=r"row 2: expected a class .*\(0, 1, 2\), got 'NaN'"):
        correct(data, listed("1,2,NaN"))


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
    assert (
        "labels corrected: 0, examples left out: 2. Of the test set these are 0 and 1:"
        in corrected.note
    )


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
    corrected = by_source(correct(load_dataset("npz:own.npz"), [Path("reviewed.csv")]))
    after = np.array([int(corrected[str(i)]) for i in range(120)])
    assert (after != clean).sum() < 0.4 * wrong.sum()
    capsys.readouterr()
    assert main([*train, "--workdir", "two", "--corrections", "reviewed.csv"]) == 0
    assert re.search(r"By reviewed.csv labels corrected: \d+, ex", capsys.readouterr().out)
    assert main([*train, "--workdir", "one", "--corrections", "reviewed.csv"]) == 2
    assert "whose run has other images or labels; choose" in capsys.readouterr().err


def test_lists_after_each_other():
    data = table([(i, "ab"[i % 2]) for i in range(20)])
    before = by_source(data)
    first = listed("1,2,b,a", "2,3,,b", "3,4,a,a", header="rank,example,label,given")
    once = correct(data, first)
    # A list made of corrected data lacks what was left out, and gives what was corrected.
    second = listed("1,2,a,b", "2,4,b,a", header="rank,example,label,given", path="again.csv")
    twice = by_source(correct(data, first + second))
    left = {name: label for name, label in before.items() if name != "3"}
    assert twice == left | {"4": "b"}
    assert by_source(once) == left | {"2": "b"}
    # One that goes on in a copy of the first gives what was there at the beginning.
    copy = listed("1,2,a,a", "2,3,b,b", header="rank,example,label,given", path="copy.csv")
    assert by_source(correct(data, first + copy)) == before


def test_what_spreadsheets_make_of_it():
    data = table([(i, "ab"[i % 2]) for i in range(20)])
    expected = by_source(data) | {"2": "b"}
    rows = [["rank", " example ", "label", ""], ["1", "2", " b", ""], ["", "", "", ""]]
    for delimiter in ",;\t":
        for end in ("\n", "\r\n", "\r"):
            text = end.join(delimiter.join(row) for row in rows)
            Path("list.csv").write_bytes(text.encode("utf-8-sig"))
            assert by_source(correct(data, [Path("list.csv")])) == expected


def test_examples_of_one_name_are_told_apart():
    rows = ["path,label"]
    for i in range(12):
        draw(Path(f"{i}.png"), i)
        rows += [f"{i}.png,{'ab'[i % 2]}", f"{i}.png,{'ba'[i % 2]}"]
    Path("own.csv").write_text("\n".join(rows))
    data = load_dataset("csv:own.csv", literal_labels=True)
    names = np.array(data.class_names)
    lines = [
        f"0,{source},{part},{one},{label},{label}"
        for part, sources, ids, labels in (
            ("train", data.train_sources, data.train_ids, names[data.train_labels]),
            ("test", data.test_sources, [""] * 99, names[data.test_labels]),
        )
        for source, one, label in zip(sources, ids, labels, strict=False)
    ]
    header = "rank,example,part,id,label,given"
    same = correct(data, listed(*lines, header=header))
    assert same.data_hash == data.data_hash
    first = lines[0].split(",")
    other = "b" if first[4] == "a" else "a"
    lines[0] = ",".join([*first[:4], other, first[5]])
    corrected = correct(data, listed(*lines, header=header))
    assert np.flatnonzero(corrected.train_labels != data.train_labels).tolist() == [0]
    np.testing.assert_array_equal(corrected.test_labels, data.test_labels)


def test_a_list_of_other_data_is_refused():
    data = table([(i, "ab"[i % 2]) for i in range(20)])
    for header, row, got in [
        ("rank,example,label,given", "1,2,b,b", "none, none and b"),
        ("rank,example,part,label", "1,2,test,b", "test, none and none"),
        ("rank,example,id,label", "1,2,19,b", "none, 19 and none"),
    ]:
        if header.startswith("rank,example,part") and "2" in data.test_sources:
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
    assert main([*train, "--workdir", "other", "--corrections", "list.csv"]) == 2
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


def test_corrections_that_would_have_no_effect(capsys):
    generator = np.random.default_rng(0)
    labels = np.arange(30) % 2
    np.savez(
        "own.npz",
        train_images=generator.normal(size=(30, 2)),
        train_labels=labels,
        train_clean_labels=labels[::-1],
    )
    listed("1,2,1")
    train = ["train", "--dataset", "npz:own.npz", "--epochs", "1", "--corrections", "list.csv"]
    assert main([*train, "--noise", "symmetric:0.2"]) == 2
    assert (
        "--corrections: expected --noise given, which has the labels that it corrects, got symmetric:0.2"
        in capsys.readouterr().err
    )
    assert main(train) == 0


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
        correct(data, listed(*(f"1,{source}," for source in data.test_sources)))
    with pytest.raises(
        UsageError, match=r"expected one column 'label', got 'example', 'label', 'label' in"
    ):
        correct(data, listed("1,2", header="example,label,label"))
    Path("list.csv").write_bytes("example,label".encode("utf-16-le"))  # without a mark
    with pytest.raises(
        UsageError,
        match=r"--corrections: list.csv: expected text in UTF-8, got zero bytes; save",
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
