"""Audits beside cleanlab: the same labels and probabilities, what is wrong known."""

import numpy as np
import pytest

from esoftmax_jax.app.files.json_lines import append_lines
from esoftmax_jax.app.runs.fold_networks import FoldNetwork
from esoftmax_jax.app.terminal.messages import UsageError
from experiments.audits import cleanlab_scores, folds, measure, report, sets
from experiments.audits.gradients import gradient_features
from experiments.audits.report import report_audits
from experiments.lines import read_rows
from tests.helpers.audits import noisy, probabilities_of

WHERE = {"dataset": "some", "seed": 0, "model": "ours"}


def rows_by_order(rows):
    return {row["order"]: row for row in rows if row["tool"] == measure.OURS}


def test_all_orders_are_of_the_same_labels_and_probabilities():
    truth, labels = noisy()
    features = np.eye(3)[truth] + np.arange(60)[:, None] / 1000
    rows = measure.of_probabilities(
        WHERE, labels, labels != truth, probabilities_of(truth), 2, features
    )
    found = rows_by_order(rows)
    assert list(found) == ["ratio", "ratio and neighbours"]
    for row in found.values():
        assert (row["examples"], row["wrong"]) == (60, 6)
        assert (row["auroc"], row["average_precision"], row["precision_as_many"]) == (1, 1, 1)
        assert row["precision_first"] == row["precision_second"] == 0.1  # of all 60
        assert (row["flagged"], row["flagged_wrong"]) == (6, 6)
        assert row["seconds"] >= 2


def test_cleanlab_gets_what_we_get():
    pytest.importorskip("cleanlab", reason="needs cleanlab: pip install -e .[peers]")
    truth, labels = noisy()
    rows = measure.of_probabilities(WHERE, labels, labels != truth, probabilities_of(truth), 0)
    theirs = [row for row in rows if row["tool"] == measure.THEIRS]
    assert [row["order"] for row in theirs] == list(cleanlab_scores.KINDS.values())
    assert {(row["auroc"], row["flagged"], row["flagged_wrong"]) for row in theirs} == {
        (1, 6, 6)
    }


def test_networks_on_folds_are_ranked_by_their_training_too():
    labels, nan = np.array([0, 1, 0, 1]), np.nan
    logits = [[[2, 0], [0, 3]], [[0, 4], [0, 1]]]
    margins = [[nan, nan, -3, 1], [1, 2, nan, nan]]
    events = [[nan, nan, 1, 0], [0.25, 0, nan, nan]]
    networks = []
    for held, *parts in zip([[0, 1], [2, 3]], logits, margins, events, strict=True):
        said, margin, event = (np.array(one, np.float32) for one in parts)
        networks.append(FoldNetwork(np.array(held, np.int32), said, margin, event, {}))
    wrong = np.array([False, False, True, False])
    with pytest.warns(UserWarning, match="^no estimate of the noise rate: "):  # of four labels
        rows = folds.rows_of_networks(WHERE, networks, labels, wrong, None, 5)
    found = rows_by_order(rows)
    assert not any("calibration_error" in row for row in rows)
    assert list(found) == ["ratio", folds.TRAINING]
    assert found[folds.TRAINING]["auroc"] == 1
    assert (found[folds.TRAINING]["flagged"], found[folds.TRAINING]["flagged_wrong"]) == (1, 1)


def test_the_table_is_of_means_over_seeds():
    row = (
        WHERE
        | {"tool": "ours", "order": "margin"}
        | measure.row_of(
            np.array([True, False]), np.array([0.1, 0.2]), np.array([True, True]), 1
        )
    )
    row |= {"calibration_error": 0.1}
    worse = (
        row
        | {"calibration_error": 0.3}
        | {"seed": 1, "auroc": 0.5, "flagged": 1, "flagged_wrong": 0, "seconds": 2}
    )
    lines = measure.audits_table([row, worse]).splitlines()
    orders, lists = (
        [cell.strip() for cell in line.strip("|").split("|")] for line in (lines[4], lines[-1])
    )
    shares = ["50.0 %", "50.0 %", "100.0 %"]
    assert lines[0] == "**Some**:"
    assert orders == ["ours", "ours", "margin", "0.750", "1.000", *shares]
    assert lists == ["some", "ours", "margin", "2", "33.3 %", "0.200", "1.5"]


def test_orders_of_cleanlab_have_one_list():
    row = WHERE | {"tool": "cleanlab", "order": "self-confidence"}
    row |= measure.row_of(
        np.array([True, False]), np.array([0.1, 0.2]), np.array([True, True]), 1
    )
    lines = measure.audits_table([row, row | {"order": "normalized margin"}]).splitlines()
    assert [line.count("self-confidence") for line in lines].count(1) == 1
    assert lines[-1] == "| some | ours | cleanlab: find_label_issues | 2 | 50.0 % | – | 1.0 |"
    assert len(lines) == 12


def test_calibration_is_measured_by_tenths():
    probabilities = np.repeat([0.1, 0.9], 50)
    wrong = np.tile(np.arange(10) == 0, 10)  # one of ten, whatever is said
    assert measure.calibration_error(probabilities, wrong) == pytest.approx(0.4)
    assert measure.calibration_error(np.full(100, 0.1), wrong) == pytest.approx(0)


def test_edges_and_colours_are_told_apart():
    images = np.zeros((3, 32, 32, 3), np.uint8)
    images[0, :, 16:], images[1, 16:] = 255, 255  # an upright edge, a level one, none
    features = gradient_features(images)
    assert features.shape == (3, 375)
    assert features.dtype == np.float32
    assert len(np.unique(features.round(3), axis=0)) == 3
    np.testing.assert_allclose(features.mean(axis=0), 0, atol=1e-5)


@pytest.mark.parametrize("make", [sets.digits, sets.table])
def test_three_labels_of_ten_are_wrong_and_a_seed_is_another_draw(make):
    found, again, other = make(0), make(0), make(1)
    np.testing.assert_array_equal(found.labels, again.labels)
    assert 0.25 < found.wrong.mean() < 0.35
    assert not np.array_equal(found.labels, other.labels)


def test_sets_that_need_a_file_say_so(tmp_path):
    arguments = {"seeds": 1, "labels": None, "workdir": tmp_path, "out": tmp_path / "out.jsonl"}
    with pytest.raises(UsageError, match="--labels: pictures needs CIFAR-10_human.npy"):
        report_audits(datasets="digits,pictures", **arguments)
    with pytest.raises(
        UsageError, match="--datasets: expected some of digits, table.*got 'cats'"
    ):
        report_audits(datasets="cats", **arguments)
    assert not (tmp_path / "out.jsonl").exists()


@pytest.mark.parametrize("installed", [False, True])
def test_a_draw_is_measured_once_and_again_for_cleanlab(tmp_path, monkeypatch, installed):
    asked = []
    truth, labels = noisy()
    row = measure.row_of(
        labels != truth, probabilities_of(truth)[np.arange(60), labels], labels != truth, 1
    )

    def rows_of(audited, seed):
        asked.append((audited, seed))
        where = {"dataset": audited, "seed": seed, "model": "some", "order": "ratio"}
        tools = [measure.OURS, measure.THEIRS][: 1 + installed]
        return [where | {"tool": tool} | row for tool in tools]

    sets_by_name = {name: lambda seed, file, name=name: name for name in ("digits", "table")}
    monkeypatch.setattr(report, "SETS", sets_by_name)
    monkeypatch.setattr(report, "measure", rows_of)
    monkeypatch.setattr(cleanlab_scores, "installed", lambda: installed)
    out = tmp_path / "out.jsonl"
    append_lines(
        out,
        [
            {
                "dataset": "digits",
                "seed": 0,
                "model": "some",
                "tool": measure.OURS,
                "order": "ratio",
            }
            | row
        ],
    )
    for _ in range(2):
        report_audits(datasets="digits,table", seeds=1, labels=None, workdir=tmp_path, out=out)
    assert asked == ([("digits", 0), ("table", 0)] if installed else [("table", 0)])
    assert len(read_rows(out, measure.KEY)) == 2 * (1 + installed)
