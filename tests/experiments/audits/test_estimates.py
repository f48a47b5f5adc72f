"""Estimated noise rates beside true ones: rows of each method, tables, and what is refused."""

import numpy as np

from esoftmax_jax import estimate
from experiments.audits import estimates
from experiments.regret.data import load


def row_of(dataset, method, share, rate, refused=False, noise="symmetric:0.4", seed=0):
    return {
        "dataset": dataset,
        "noise": noise,
        "seed": seed,
        "method": method,
        "share": share,
        "wrong": 0.4,
        "refused": refused,
        "rate": rate,
        "interval": [0.35, 0.45],
        "bounds": [0.1, 0.3],
        "matrix_error": 0.2,
        "model_right": 0.85,
    }


def test_each_method_estimates_from_sure_and_from_all_examples():
    rows = estimates.measure(load("wine", 0), ["none", "symmetric:0.2"], 0, epochs=10)
    assert [(row["noise"], row["method"], row["share"]) for row in rows] == [
        (noise, method, share)
        for noise in ("none", "symmetric:0.2")
        for method in estimates.METHODS
        for share in ("chosen", "all")
    ]
    told = [row for row in rows if not row["refused"]]
    assert len(told) >= 8
    assert {row["wrong"] for row in rows} == {0, 0.18}
    assert all(abs(row["rate"] - row["wrong"]) < 0.15 for row in told)
    assert all(row["interval"][0] <= row["interval"][1] for row in told)
    assert all(row["matrix_error"] < 0.3 for row in told)


def test_predictions_no_better_than_chance_give_a_refused_row():
    def make():
        return estimate.confident_joint(
            np.full((40, 2), 0.5) + [[0.1, -0.1]] * 40, np.arange(40) % 2
        )

    labels = np.arange(40) % 2
    found = estimates._row(make, labels, labels)
    assert found == {"wrong": 0, "refused": True, "rate": None}


def test_overlapping_classes_seem_noisier_the_more_they_overlap(monkeypatch):
    monkeypatch.setattr(estimates, "_DRAWS", {(0.5, 300): 2, (1.5, 300): 2})
    rows = list(estimates.of_overlap())
    assert [(row["noise"], row["seed"]) for row in rows] == [
        ("0.5, 300", 0),
        ("0.5, 300", 1),
        ("1.5, 300", 0),
        ("1.5, 300", 1),
    ]
    apart, near = (
        np.mean([row["model_right"] for row in part]) for part in (rows[:2], rows[2:])
    )
    assert apart > 0.97 > 0.8 > near
    assert all(row["bounds"][0] <= row["wrong"] <= row["bounds"][1] for row in rows)


def test_tables_tell_what_was_refused_and_how_far_the_others_are_off():
    rows = [
        row_of("digits", method, share, rate, refused)
        for method in estimates.METHODS
        for share, rate, refused in (("chosen", 0.45, False), ("all", 0.5, False))
    ]
    again = [row | {"seed": 1, "refused": row["share"] == "chosen"} for row in rows]
    wine = [row | {"dataset": "wine", "refused": True, "rate": None} for row in rows]
    overlap = row_of(estimates.OVERLAP, "confident joint", "chosen", 0.42, noise="1, 300")
    more = overlap | {"seed": 1, "refused": True}
    text = estimates.estimates_report([*rows, *again, *wine, overlap, more])
    cell = "0.450 (0.500), 1 of 2"
    assert f"| digits | symmetric:0.4 | 0.400 | {cell} | {cell} | {cell} |" in text
    assert "| wine | symmetric:0.4 | 0.400 | refused | refused | refused |" in text
    assert "| sets of labels | 1 (2) | 1 (2) | 1 (2) |" in text
    assert "| mean error of the rate | 0.050 (0.100) |" in text
    assert "| the interval holds the true rate | 1 (2) |" in text
    assert "| the bounds hold it | 0 (0) |" in text
    assert "| 1, 300 (85 %) | 1 of 2 | +0.020 | 1 of 1 | 0 of 2 |" in text


def test_what_a_file_has_is_not_measured_again(tmp_path, monkeypatch, capsys):
    asked = []

    def measured(dataset, noises, seed, **_):
        asked.append((dataset.name, seed))
        return [
            row_of(dataset.name, method, share, 0.4, noise=noise, seed=seed)
            for noise in noises
            for method in estimates.METHODS
            for share in estimates.SHARES
        ]

    overlap = row_of(estimates.OVERLAP, "confident joint", "chosen", 0.4, noise="1, 300")
    monkeypatch.setattr(estimates, "measure", measured)
    monkeypatch.setattr(estimates, "DATASETS", ("wine",))
    monkeypatch.setattr(estimates, "of_overlap", lambda: iter([overlap]))
    to = {"epochs": 2, "out": tmp_path / "lines"}
    estimates.report_estimates(seeds=1, report=False, **to)
    monkeypatch.setattr(estimates, "of_overlap", lambda: 1 / 0)
    estimates.report_estimates(seeds=2, report=False, **to)
    assert asked == [("wine", 0), ("wine", 1)]
    capsys.readouterr()
    estimates.report_estimates(seeds=9, report=True, **to)
    assert "| wine | none | 0.400 |" in capsys.readouterr().out
