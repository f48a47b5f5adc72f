"""How well each kind of evidence finds wrong labels."""

import itertools

import numpy as np
import pytest

from esoftmax_jax.app.data.load import load_dataset
from esoftmax_jax.app.runs.fold_networks import FoldNetwork
from experiments import evidence

NAN = np.float32(np.nan)


def fold(held_out, logits, margins, events):
    said, margins, events = (np.array(one, np.float32) for one in (logits, margins, events))
    return FoldNetwork(np.array(held_out, np.int32), said, margins, events, {})


def test_kinds_are_of_the_network_that_has_not_seen_a_label_and_of_those_that_have():
    labels = np.array([0, 1, 0, 1])
    networks = [
        fold([0, 1], [[2, 0], [0, 0]], [NAN, NAN, 3, -1], [NAN, NAN, 0, 1]),
        fold([2, 3], [[0, 4], [0, 1]], [1, 2, NAN, NAN], [0.25, 0.5, NAN, NAN]),
    ]
    found = evidence.evidence(networks, labels)
    expected = 1 / (1 + np.exp([-2, 0, 4, -1.0]))
    np.testing.assert_allclose(found["self-confidence out of fold"], expected, rtol=1e-6)
    np.testing.assert_array_equal(found["mean margin in training"], [1, 2, 3, -1])
    np.testing.assert_array_equal(found["wrong events in training"], [-0.25, -0.5, 0, -1])
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
        "precision_as_many": 0.5,
    }


def test_both_losses_are_measured_by_every_kind():
    options = {"epochs": 2, "width": 0.05}
    rows = evidence.measure(load_dataset("wine"), ["symmetric:0.4"], 1, **options)
    assert [row["loss"] for row in rows] == ["CE"] * 5 + ["CE_eps+MAE"] * 5
    assert [row["kind"] for row in rows[:5]] == [row["kind"] for row in rows[5:]]
    assert all(0 <= row["auroc"] <= 1 for row in rows)
    lines = evidence.evidence_table(rows).splitlines()
    assert len(lines) == 2 + 10
    cell = f"{rows[0]['auroc']:.3f} / {rows[0]['average_precision']:.3f}"
    assert lines[2].startswith(f"| CE | self-confidence out of fold | {cell} | {cell} |")


def test_what_a_file_has_is_not_measured_again(tmp_path, monkeypatch, capsys):
    asked = []

    def rows_of(dataset, noises, seeds, *, epochs):
        asked.append((dataset.name, list(noises), seeds, epochs))
        cells = itertools.product(noises, range(seeds))
        where = {"dataset": dataset.name, "loss": "CE", "kind": "margin"}
        scores = evidence.quality(np.array([0.1, 0.2]), np.array([True, False]))
        return [where | {"noise": noise, "seed": seed} | scores for noise, seed in cells]

    monkeypatch.setattr(evidence, "measure", rows_of)
    arguments = {"datasets": "wine", "noises": "none", "epochs": 2, "out": tmp_path / "lines"}
    evidence.report_evidence(seeds=1, **arguments)
    capsys.readouterr()
    evidence.report_evidence(seeds=1, **arguments)
    assert "| CE | margin | 1.000 / 1.000 |" in capsys.readouterr().out
    evidence.report_evidence(seeds=2, **arguments)
    assert asked == [("wine", ["none"], 1, 2), ("wine", ["none"], 2, 2)]
