"""From files to a list: what is written, what is run, and how good the lists are."""

import csv
import sys
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from esoftmax_jax.app import UsageError
from experiments.audits import cleanlab_jobs, cleanlab_scores, first_list
from experiments.evidence import quality
from experiments.messy_tables import messy_rows


def rows_of(path):
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def files_of(folder, examples=("2", "3", "4", "5")):
    wrong = np.array([False, True, False, True])
    return first_list.Files("texts", folder / "texts.csv", list(examples), wrong)


def made_pictures(_name):
    rng, classes = np.random.default_rng(0), [*first_list._CLASSES[::-1], "ship"]
    labels = np.arange(800) % 5
    images = rng.integers(0, 255, (800, 32, 32, 3), dtype=np.uint8)
    images[labels == 0] //= 4
    known = SimpleNamespace(reference=labels)
    return SimpleNamespace(
        class_names=tuple(classes), train=SimpleNamespace(images=images, labels=known)
    )


def test_tables_have_their_rows_counted_as_a_spreadsheet_does(tmp_path):
    files = first_list.table(tmp_path, 0)
    rows = rows_of(files.path)
    assert list(files.examples) == [str(2 + place) for place in range(len(rows))]
    assert 0.25 < files.wrong.mean() < 0.35
    again = first_list.table(tmp_path, 1)
    assert (again.wrong != files.wrong).any()
    right = messy_rows("breast_cancer", np.random.default_rng(1))[2]
    labels = np.array([row["label"] for row in rows_of(again.path)])
    np.testing.assert_array_equal(again.wrong, labels != right)


def test_photos_lie_in_the_folder_of_their_label(tmp_path, monkeypatch):
    monkeypatch.setattr(first_list, "load_dataset", made_pictures)
    files = first_list.photos(tmp_path, 0)
    there = sorted(str(one.relative_to(files.path)) for one in files.path.glob("*/*.jpg"))
    assert there == sorted(files.examples)
    assert len(there) == 600
    assert 0.14 < files.wrong.mean() < 0.26
    # Those of the last class are dark, by which its right and wrong labels can be told.
    names, labels, chances = cleanlab_jobs.photos(files.path)
    assert names == there
    dark = np.array([name.startswith("cat") for name in names])
    wrong = dict(zip(files.examples, files.wrong, strict=True))
    right = np.array([not wrong[name] for name in names])
    place = np.unique(labels[dark]).item()
    assert chances[dark & right, place].min() > chances[dark & ~right, place].max()


def test_a_messy_table_and_texts_get_probabilities_of_their_rows(tmp_path):
    for files in (first_list.table(tmp_path, 0), first_list.texts(tmp_path, 0)):
        names, labels, chances = cleanlab_jobs.JOBS[files.name](files.path)
        assert [str(one) for one in names] == list(files.examples)
        assert chances.shape == (len(labels), labels.max() + 1)
        own = chances[np.arange(len(labels)), labels]
        assert own[~files.wrong].mean() > own[files.wrong].mean() + 0.2


def test_quality_is_of_the_order_of_the_list(tmp_path):
    (tmp_path / "list.csv").write_text("rank,example\n1,5\n2,2\n3,3\n4,4\n", encoding="utf-8")
    found = first_list.quality_of(tmp_path / "list.csv", files_of(tmp_path))
    assert found["auroc"] == 0.75
    assert found["precision_as_many"] == 0.5


def test_each_way_is_a_process_that_leaves_a_list(tmp_path, monkeypatch):
    asked = []

    def run(command, folder):
        asked.append(command[2:])
        audit = command[2] == "esoftmax_jax.app"
        where = folder / command[-1]
        path = where / "suspects.csv" if audit else folder / "list.csv"
        path.write_text("example\n3\n5\n2\n4\n", encoding="utf-8")
        return {"seconds": 5.0, "processor_seconds": 7.0}

    monkeypatch.setattr(first_list, "_seconds", run)
    monkeypatch.setattr(cleanlab_scores, "installed", lambda: True)
    rows = first_list.measure(files_of(tmp_path), 4)
    job = "experiments.audits.cleanlab_jobs texts texts.csv list.csv probabilities.csv"
    assert [" ".join(command[:5]) for command in asked] == [
        f"esoftmax_jax.app audit texts.csv --out {asked[0][-1]}",
        job,
        "esoftmax_jax.app audit texts.csv --probabilities probabilities.csv",
    ]
    assert [(row["tool"], row["how"]) for row in rows] == [
        ("esoftmax", "esoftmax audit texts.csv"),
        ("cleanlab", "texts of cleanlab_jobs.py"),
        ("esoftmax", "esoftmax audit texts.csv --probabilities probabilities.csv"),
    ]
    assert {
        (row["auroc"], row["processor_seconds"], row["seed"], row["wrong"]) for row in rows
    } == {(1, 7, 4, 2)}
    monkeypatch.setattr(cleanlab_scores, "installed", lambda: False)
    assert [row["tool"] for row in first_list.measure(files_of(tmp_path), 4)] == ["esoftmax"]
    *_, line = first_list.first_list_table(rows).splitlines()
    assert line == (
        "| texts: 4, 50 % wrong | esoftmax | esoftmax audit texts.csv --probabilities "
        "probabilities.csv | 5 | 7 | 1.000 / 1.000 | 100.0 % |"
    )


def test_seconds_are_those_of_the_process(tmp_path):
    busy = "import time\nwhile time.process_time() < 0.3: pass"
    found = first_list._seconds([sys.executable, "-c", busy], tmp_path)
    assert found["processor_seconds"] >= 0.3
    assert found["seconds"] >= 0.3
    with pytest.raises(UsageError, match=r"expected a list, got .*enough"):
        first_list._seconds([sys.executable, "-c", "raise SystemExit('enough')"], tmp_path)


def test_what_a_file_has_is_not_measured_again(tmp_path, monkeypatch, capsys):
    asked: list[Any] = []

    def measured_once(files, seed):
        asked.append((files, seed))
        row = {"dataset": files, "seed": seed, "tool": "esoftmax", "how": "by hand"}
        scores = quality(np.array([0.1, 0.2]), np.array([True, False]))
        return [
            row | {"examples": 2, "wrong": 1, "seconds": 1.0, "processor_seconds": 2.0} | scores
        ]

    monkeypatch.setattr(first_list, "measure", measured_once)
    monkeypatch.setattr(first_list, "_DATA", {"table": lambda _folder, _seed: "table"})
    monkeypatch.setattr(cleanlab_scores, "installed", lambda: False)
    first_list.report_first_list(seeds=1, out=tmp_path / "lines")
    first_list.report_first_list(seeds=2, out=tmp_path / "lines")
    assert asked == [("table", 0), ("table", 1)]
    assert "| table: 2, 50 % wrong | esoftmax | by hand | 1 | 2 |" in capsys.readouterr().out
    monkeypatch.setattr(cleanlab_scores, "installed", lambda: True)
    first_list.report_first_list(seeds=2, out=tmp_path / "lines")
    assert len(asked) == 4  # what it lacks of cleanlab
