"""An audit without probabilities trains networks on folds of the labels."""

import csv
import re
from pathlib import Path

import numpy as np
import pytest

from esoftmax_jax.app.audits.findings import judge
from esoftmax_jax.app.audits.sources import examples_of_arrays
from esoftmax_jax.app.jobs.audit.audit import audit
from esoftmax_jax.app.jobs.predict import predict
from esoftmax_jax.app.suspects.training_evidence import TrainingEvidence
from esoftmax_jax.app.terminal.messages import UsageError
from experiments.cli import main
from tests.helpers.audits import CLASSES, write_table

pytestmark = pytest.mark.usefixtures("folder", "five_together")


def test_the_command_trains_and_reports(capsys):
    truth = np.arange(60) % 3
    labels = truth.copy()
    labels[1::10] = (labels[1::10] + 1) % 3
    # Three far corners: a few epochs learn them.
    points = {f"x{axis}": 5.0 * (truth == axis) + np.arange(60) % 7 / 10 for axis in range(3)}
    write_table("own.csv", points | {"label": [CLASSES[label] for label in labels]})
    assert main(["audit", "own.csv", "--epochs", "10", "--out", "out"]) == 0
    text = capsys.readouterr().out
    assert re.search(r"At most \d+\.\d% of 60 labels are wrong: the estimate is", text), text
    again = r"Another class was predicted for (\d+) labels: the first \1 in the order are susp"
    assert re.search(again, text), text
    assert sorted(path.name for path in Path("out").iterdir()) == [
        "report.html", "suspects.csv", "training",
    ]  # fmt: skip
    page = Path("out/report.html").read_text(encoding="utf-8")
    assert "What was trained" in page
    assert "5 networks with the loss CE_eps+MAE" in page
    assert "--model out/training" in page
    with Path("out/suspects.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 60  # those held out as a test set are among them
    first = {row["example"] for row in rows[:8]}
    assert first >= {str(row + 2) for row in range(1, 60, 10)}
    # The folder of the audit is a model's, and no run's.
    Path("new.csv").write_text("x1,x2,x0\n5,0,0\n0,0,5\n", encoding="utf-8")
    for folder in ("out", "out/training"):
        assert predict(folder, "csv:new.csv").labels.tolist() == ["bee", "ant"]
    capsys.readouterr()
    assert main(["train", "--dataset", "csv:own.csv", "--workdir", "out"]) == 2
    told = "got out, which is an audit's; its run is in out/training"
    assert told in capsys.readouterr().err


def test_a_class_of_fewer_examples_than_folds_is_told():
    labels = ["ant"] * 20 + ["bee"] * 20 + ["cat"] * 4
    write_table("own.csv", {"size": np.linspace(0, 1, 44), "label": labels})
    with pytest.raises(
        UsageError, match=r"at least 5 .*training examples of each class, .*'cat'"
    ):
        audit("own.csv")


def test_features_are_checked_before_anything_is_trained(monkeypatch):
    write_table("own.csv", {"size": np.arange(40) % 7, "label": ["ant", "bee"] * 20})
    monkeypatch.delattr("esoftmax_jax.app.jobs.audit.audit._trained")
    with pytest.raises(UsageError, match=r"^--features: expected rows that differ, got the sa"):
        audit("own.csv", features=np.ones((40, 2)))


def test_networks_that_have_learnt_nothing_are_told_as_such():
    examples = examples_of_arrays(None, np.arange(60) % 3)
    learnt = TrainingEvidence.of([np.zeros(60, np.float32)], [np.zeros(60, np.float32)])
    with pytest.raises(
        UsageError, match=r"^arrays: expected networks that .* more --epochs, o"
    ):
        judge(examples, np.tile([0.4, 0.3, 0.3], (60, 1)), learnt=learnt)


def test_a_folder_that_cannot_be_trained_in_is_told_as_out():
    write_table("own.csv", {"size": np.arange(40) % 7, "label": ["ant", "bee"] * 20})
    Path("out").mkdir()
    Path("out/training").write_text("mine", encoding="utf-8")
    with pytest.raises(UsageError, match=r"^--out: expected a folder .*training"):
        audit("own.csv", out="out")
    assert [path.name for path in Path("out").iterdir()] == ["training"]
