"""What a reviewed list says takes the place of what came."""

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
from tests.helpers.datasets import draw
from tests.helpers.reviewed_lists import by_source, listed, table

pytestmark = pytest.mark.usefixtures("folder")


def test_labels_of_a_table_in_both_parts():
    data = table([(i, "ab"[i % 2]) for i in range(20)])
    held_out = str(data.test.sources[0])
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
    np.testing.assert_array_equal(corrected.train.images, data.train.images)
    # A list that says what is there changes nothing; another says another thing.
    same = correct(data, listed("1,2,a"))
    assert (same.data_hash, by_source(same)) == (data.data_hash, before)
    others = {
        correct(data, listed(f"1,{row},{label}")).data_hash
        for row, label in [(2, "b"), (3, "a"), (2, "")]
    }
    assert len(others) == 3
    assert correct(data, listed("1,2,")).data_hash != correct(data, listed("1,3,")).data_hash


def test_examples_without_a_label_are_left_out():
    data = table([(i, "ab"[i % 2]) for i in range(20)])
    train, test = data.train.sources[3], data.test.sources[1]
    corrected = correct(data, listed(f"1,{train},", f"2,{test}, "))
    assert set(by_source(data)) - set(by_source(corrected)) == {str(train), str(test)}
    for part in (corrected.train, corrected.test):
        np.testing.assert_array_equal(part.images[:, 0], part.sources.astype(float) - 1.5)
    assert train not in corrected.train.ids + 2  # the ids of the others stay
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
    changes = [*data.train.sources[:3], *data.test.sources[:2]]
    corrected = correct(data, listed(*(f"1,{source},a" for source in changes)))
    for part, before, count in (
        (corrected.train.labels, data.train.labels, 3),
        (corrected.test.labels, data.test.labels, 2),
    ):
        np.testing.assert_array_equal(part.truth, before.truth)
        assert (part.observed[:count] == 0).all()
        np.testing.assert_array_equal(part.observed[count:], before.observed[count:])


def test_a_test_set_of_its_own_is_not_touched():
    arrays = {"images": np.arange(12.0)[:, None], "labels": np.arange(12) % 3}
    both: dict[str, Any] = {
        f"{part}_{key}": x for part in ("train", "test") for key, x in arrays.items()
    }
    np.savez("own.npz", **both)
    data = load_dataset("npz:own.npz")
    corrected = correct(data, listed("1,0,2", "2,1,"))
    np.testing.assert_array_equal(corrected.train.labels.observed, [2, *arrays["labels"][2:]])
    np.testing.assert_array_equal(corrected.test.labels.observed, arrays["labels"])
    np.testing.assert_array_equal(corrected.train.ids, [0, *range(2, 12)])


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
            ("train", data.train.sources, data.train.ids, names[data.train.labels.observed]),
            ("test", data.test.sources, [""] * 99, names[data.test.labels.observed]),
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
    assert np.flatnonzero(
        corrected.train.labels.observed != data.train.labels.observed
    ).tolist() == [0]
    np.testing.assert_array_equal(corrected.test.labels.observed, data.test.labels.observed)


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


def test_a_table_in_memory_is_columns_of_one_length():
    data = table([(i, "ab"[i % 2]) for i in range(20)])
    with pytest.raises(UsageError, match=r"expected columns, got 0 for 'example'; pass a list"):
        correct(data, {"example": 0, "label": "a"})
    with pytest.raises(UsageError, match=r"got none, b'x' and none; the list is of other data"):
        correct(data, {"example": ["2"], "label": ["b"], "id": [b"x"]})
