"""Runs that end in NaN: marked, never the best, never chosen, and null in strict JSON."""

import dataclasses
import json
import math
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

from esoftmax_jax import app, losses
from esoftmax_jax.app.files.json_lines import append_line
from esoftmax_jax.app.jobs.tuning import choose
from esoftmax_jax.app.labels.noise_spec import NoiseSpec
from esoftmax_jax.app.runs.curves_picture import draw_curves
from esoftmax_jax.app.runs.report import make_rows, summary, write_table
from esoftmax_jax.app.runs.results import read_results
from experiments.configs import Reference, load_table
from experiments.reproduce.report import CellResult, ordering
from tests.helpers.runs import run_of

NAN = float("nan")


def result(loss="CE", accuracy=0.5, final_loss=0.3, **options):
    return run_of(loss, accuracy, loss_at_end=final_loss, held_out=accuracy, **options)


@pytest.mark.parametrize("final_loss", [NAN, float("inf")])
def test_what_counts_as_diverged(final_loss):
    lost, passing = result(final_loss=final_loss), result()
    assert lost.diverged
    assert lost.held_out_score == -math.inf
    assert not passing.diverged
    passing.curves["train_loss"][:] = [NAN, 0.5]  # one epoch overflowed, the end did not
    assert not passing.diverged
    assert passing.held_out_score == 0.5


def test_a_run_that_diverged_is_marked_and_not_the_best(tmp_path):
    results = [
        result("CE", 0.6),
        result("CE", 0.6, seed=1),
        result("GCE", 0.9),
        result("GCE", 0.9, NAN, seed=1),
        result("MAE", 0.8, NAN),
        result("MAE", 0.8, NAN, seed=1),
    ]
    labels = [one.config.loss.name for one in results]
    rows = make_rows(labels, results)
    (line,) = summary(rows)
    assert line.startswith("none: CE is best in the last epoch (60.0 %)")
    assert line.endswith("left out, because runs diverged: GCE, MAE.")
    write_table(tmp_path / "table.md", rows)
    table = (tmp_path / "table.md").read_text(encoding="utf-8")
    assert "| GCE (1 of 2 diverged) |" in table
    assert "| MAE (diverged) |" in table
    assert "| CE |" in table
    (line,) = summary(rows[2:])
    assert line == "none: every loss diverged; try a smaller --learning-rate."
    results[0] = run_of("CE", [NAN, 0.6])
    draw_curves(tmp_path / "curves.png", labels, results, title="")
    assert (tmp_path / "curves.png").read_bytes().startswith(b"\x89PNG")


def test_a_tie_has_no_winner():
    (line,) = summary(make_rows(["CE", "MAE"], [result("CE", 0.5), result("MAE", 0.5)]))
    assert "within one standard deviation of it: MAE" in line


def test_a_loss_that_hides_what_the_network_says_has_diverged():
    def hiding(logits, labels):
        return jnp.nan_to_num(losses.cross_entropy(logits, labels))

    found = app.train(
        "wine", loss=hiding, learning_rate=1e38, epochs=2, train_examples=64, noise="none"
    )
    assert found.run.diverged


def test_lines_are_strict_json(tmp_path):
    path = tmp_path / "results.jsonl"
    values = result(final_loss=NAN).to_json()
    values |= {"more": [float("inf"), {"x": -float("inf")}, 1]}
    append_line(path, values)

    def refuse(constant):
        raise AssertionError(constant)

    read = json.loads(path.read_text(encoding="utf-8"), parse_constant=refuse)
    assert read["curves"]["train_loss"] == [1.0, None]
    assert read["more"] == [None, {"x": None}, 1]
    (back,) = read_results(path).values()
    assert back.diverged


def test_a_candidate_that_diverged_is_not_chosen():
    results = [
        *(result(accuracy=0.5, rate=0.1, seed=seed) for seed in (0, 1)),
        *(result(accuracy=0.9, final_loss=NAN if seed else 0.1, rate=1.0, seed=seed) for seed in (0, 1)),
    ]  # fmt: skip
    assert choose(results)[NoiseSpec("none"), "CE"].learning_rate == 0.1
    assert choose(results[::-1])[NoiseSpec("none"), "CE"].learning_rate == 0.1
    assert (
        choose(results[2:])[NoiseSpec("none"), "CE"].learning_rate == 1.0
    )  # there is no other


def test_a_cell_that_diverged_has_no_gap():
    cell = next(c for c in load_table("digits").cells if c.runnable)
    cell = dataclasses.replace(cell, row="A", reference=Reference(70.0, 0.5, "table 2"))
    other = dataclasses.replace(cell, row="B", reference=Reference(60.0, 0.5, "table 2"))
    good = CellResult(other, (result(accuracy=0.6),))
    bad = CellResult(cell, (result(accuracy=0.9, final_loss=NAN),))
    assert bad.gap() is None
    assert bad.texts()[0] == f"{cell.label} (diverged)"
    assert ordering([good, bad]) == ""


def test_a_comparison_that_diverges(tmp_path, capsys):
    arguments: dict[str, Any] = {
        # The program of test_runs.
        "losses": ["MSE", "CE"],
        "noise": ["symmetric:0.5", "none"],
        "tune": False,
        "seeds": 1,
        "epochs": 2,
        "train_examples": 300,
        "learning_rate": 1e30,
        "out": tmp_path,
    }
    for _ in range(2):  # run, then read back
        found = app.compare("digits", **arguments, verbose=True)
        told = {(row["loss"], row["noise"]): row["diverged"] for row in found.table}
        assert told["CE", "none"]
        assert all(run.diverged for run in found.runs if run.config.loss.name == "CE")
        printed = capsys.readouterr().out
        assert "CE (diverged)" in printed
        assert "CE is best" not in printed
    text = (tmp_path / "results.jsonl").read_text(encoding="utf-8")
    assert "NaN" not in text
    assert len(text.splitlines()) == 4
    assert np.all([json.loads(line)["curves"]["train_loss"][-1] is None for line in text.splitlines()])  # fmt: skip
