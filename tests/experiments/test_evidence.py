"""How well each kind of evidence finds wrong labels."""

import numpy as np
import pytest

from esoftmax_jax.app.runs.fold_networks import FoldNetwork
from experiments import evidence
from experiments.regret.data import load
from experiments.regret.folds import LOSSES

NAN = np.float32(np.nan)


def fold(held_out, logits, margins, events):
    said, margins, events = (np.array(one, np.float32) for one in (logits, margins, events))
    return FoldNetwork(np.array(held_out, np.int32), said, margins, events, {})


def networks_and_labels():
    networks = [
        fold([0, 1], [[2, 0], [0, 0]], [NAN, NAN, 3, -1], [NAN, NAN, 0, 1]),
        fold([2, 3], [[0, 4], [0, 1]], [1, 2, NAN, NAN], [0.25, 0.5, NAN, NAN]),
    ]
    return networks, np.array([0, 1, 0, 1])


def test_kinds_are_of_the_network_that_has_not_seen_a_label_and_of_those_that_have():
    networks, labels = networks_and_labels()
    found = evidence.evidence(networks, labels, np.array([1, 0.5, -1, 0], np.float32))
    expected = 1 / (1 + np.exp([-2, 0, 4, -1.0]))
    assert tuple(found) == evidence.KINDS
    np.testing.assert_allclose(found["self-confidence out of fold"], expected, rtol=1e-6)
    np.testing.assert_array_equal(found["mean margin in training"], [1, 2, 3, -1])
    np.testing.assert_array_equal(found["wrong events in training"], [-0.25, -0.5, 0, -1])
    np.testing.assert_array_equal(found["neighbours"], [1, 0.5, -1, 0])
    orders = {kind: scores.argsort(kind="stable").tolist() for kind, scores in found.items()}
    # Ranks of the margins 2 3 4 1, of wrong events 3 2 4 1, out of fold 4 2 1 3, of
    # neighbours 4 3 1 2. Of all four two have 10: the lower one out of fold is first.
    assert orders["both of training"] == [3, 0, 1, 2]
    assert orders["both of training, out of fold"] == [3, 1, 0, 2]
    assert orders["both of training, neighbours"] == [3, 1, 0, 2]
    assert orders["out of fold, neighbours"] == [2, 1, 3, 0]
    assert orders[evidence.COMBINED] == [3, 2, 1, 0]


def test_without_neighbours_the_order_is_of_the_other_kinds():
    networks, labels = networks_and_labels()
    found = evidence.evidence(networks, labels, None)
    assert [kind for kind in evidence.KINDS[:-1] if kind in found] == [
        kind for kind in evidence.KINDS[:-1] if "neighbours" not in kind
    ]
    # Sums of three ranks 6, 4, 6 and 2; of the first and third the lower margin out of fold.
    assert found[evidence.COMBINED].argsort().tolist() == [3, 1, 2, 0]


def test_quality_counts_wrong_labels_among_the_first():
    found = evidence.quality(
        np.array([0.1, 0.3, 0.2, 0.4]), np.array([True, True, False, False])
    )
    assert found == {
        "auroc": 0.75,
        "average_precision": pytest.approx(0.8333),
        "precision_first": 0.5,
        "precision_second": 0.5,
        "precision_as_many": 0.5,
    }


def test_both_losses_are_measured_by_every_kind():
    options = {"epochs": 2, "width": 0.05}
    dataset = load("wine", 0)
    rows = evidence.measure(dataset, ["symmetric:0.4"], 0, **options)
    assert [(row["loss"], row["kind"]) for row in rows] == [
        (loss, kind) for loss in ("CE", "CE_eps+MAE") for kind in evidence.KINDS
    ]
    assert all(0 <= row["auroc"] <= 1 for row in rows)
    near = [row["auroc"] for row in rows if row["kind"] == "neighbours"]
    assert near[0] == near[1] > 0.8  # whatever was trained


def rows_of(dataset, noises, seed, *, epochs):
    scores = evidence.quality(np.array([0.1, 0.2]), np.array([True, False]))
    return [
        {"dataset": dataset.name, "noise": noise, "seed": seed, "loss": loss, "kind": kind}
        | scores
        for noise in noises
        for loss in LOSSES
        for kind in evidence.KINDS
    ]


def test_what_a_file_has_is_not_measured_again(tmp_path, monkeypatch, capsys):
    asked = []

    def measured(dataset, noises, seed, *, epochs):
        asked.append((dataset.name, seed, epochs, len(noises)))
        return rows_of(dataset, noises, seed, epochs=epochs)

    monkeypatch.setattr(evidence, "measure", measured)
    to = {"datasets": "wine", "epochs": 2, "out": tmp_path / "lines"}
    evidence.report_evidence(seeds=1, report=False, **to)
    capsys.readouterr()
    evidence.report_evidence(seeds=1, report=False, **to)
    printed = capsys.readouterr()
    assert printed.err == ""
    assert "| CE | neighbours | 1.000 / 1.000 | 1.000 / 1.000 | 50.0 % |" in printed.out
    evidence.report_evidence(seeds=2, report=False, **to)
    assert asked == [("wine", 0, 2, 4), ("wine", 1, 2, 4)]
    capsys.readouterr()
    evidence.report_evidence(seeds=9, report=True, **to)
    assert capsys.readouterr().out == printed.out
    assert len(asked) == 2


def test_data_of_development_and_what_was_held_out_stand_apart():
    rows = [
        row
        for name in ("wine", "breast_cancer")
        for row in rows_of(load(name, 0), ["symmetric:0.4"], 0, epochs=1)
    ]
    rows[0]["auroc"] = 0.5
    first, second = evidence.evidence_report(rows).split("**Held out**")
    assert "| loss | evidence | breast_cancer | all |" in first
    assert "| loss | evidence | wine | all |" in second
    assert "| CE | self-confidence out of fold | 0.500 / 1.000 | 0.500 / 1.000 |" in second
