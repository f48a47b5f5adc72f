"""A finished run is a value; a line of results is that value as JSON, of every version."""

import json
import math

import numpy as np
import pytest

from esoftmax_jax.app.engine.finished_run import Run
from esoftmax_jax.app.methods.find import find_methods
from esoftmax_jax.app.runs.results import read_results
from tests.helpers.runs import run_of
from tests.house import ROOT

RESULTS = sorted((ROOT / "experiments" / "results").glob("*.jsonl"))
# What version 0.1 wrote of every run.
OLD = {name: value for name, value in run_of("GCE", [0.5, 0.25]).to_json().items() if name in {
    "config", "curves", "last_accuracy", "best_accuracy", "best_epoch", "noise_rate", "memorized",
    "wall_s",
}}  # fmt: skip
NOISE = {
    "num_examples": 4,
    "num_wrong": 1,
    "rate": 0.25,
    "counts": [[2, 0], [1, 1]],
    "labels_hash": "0f",
}


@pytest.mark.parametrize("path", RESULTS, ids=lambda path: path.stem)
def test_every_committed_line_is_read_and_written_as_it_is(path):
    for line in path.read_text(encoding="utf-8").splitlines():
        assert json.dumps(Run.from_json(json.loads(line)).to_json(), sort_keys=True) == line


def test_what_an_older_line_lacks_is_none():
    run = Run.from_json(OLD)
    assert (run.test_accuracy, run.best_accuracy, run.best_epoch) == (0.25, 0.5, 1)
    np.testing.assert_array_equal(run.curves["test_accuracy"], [0.5, 0.25])
    assert run.loss == run.config.loss.name == "GCE"
    assert (run.noise, run.noise_hash, run.holdout_accuracy, run.wrong_rate) == (None,) * 4
    assert (run.runs_together, run.dataset_note, run.environment) == (None, None, {})
    assert run.held_out_score == -math.inf  # it is never chosen by labels that it has not


@pytest.mark.parametrize(
    ("fields", "rate"),
    [
        ({"noise_rate": 0.3}, 0.3),  # of an older version
        ({"noise_rate": 0.25, "noise": NOISE}, 0.25),
        ({"noise_rate": 0.0, "noise": {**NOISE, "rate": 0.0, "open_set_rate": 0.5}}, 0.5),
        ({"noise_rate": None, "noise": {**NOISE, "rate": None, "num_wrong": None}}, None),
    ],
)
def test_the_share_of_wrong_examples_counts_foreign_images(fields, rate):
    assert Run.from_json({**OLD, **fields}).wrong_rate == rate
    assert Run.from_json({**OLD, **fields}).to_json().items() >= fields.items()


def test_a_number_that_json_has_not_is_nan_inside_and_null_outside():
    lost = {**OLD, "last_accuracy": None, "curves": {**OLD["curves"], "train_loss": [1, None]}}
    run = Run.from_json(lost)
    assert math.isnan(run.test_accuracy)
    assert run.diverged
    assert run.to_json().items() >= lost.items()


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"noise": 3}, "expected noise as .*, got 3"),
        ({"noise": {}}, "expected a field 'num_examples', got none"),
        ({"noise": {**NOISE, "rate": "half"}}, "expected rate as .*, got 'half'"),
        ({"holdout_accuracy": "x"}, "expected holdout_accuracy as .*, got 'x'"),
        ({"curves": {**OLD["curves"], "train_loss": [1.0]}}, "expected 2 epochs of train_loss"),
    ],
)
def test_a_line_that_is_no_result_is_refused_where_it_is_read(tmp_path, fields, message):
    path = tmp_path / "results.jsonl"
    path.write_text(json.dumps({**OLD, **fields}) + "\n")
    with pytest.raises(
        ValueError, match=rf"results.jsonl, line 1: expected a result.*{message}"
    ):
        read_results(path)


def test_a_loss_of_ones_own_comes_back_as_it_was_given(tmp_path):
    def mine(logits, labels):
        return logits.std(1)

    methods = find_methods("--losses", [mine])
    (name,) = methods
    path = tmp_path / "results.jsonl"
    path.write_text(json.dumps(run_of(name).to_json()) + "\n")
    (run,) = read_results(path, methods).values()
    assert run.choice["loss"] is mine
    (unknown,) = read_results(path).values()
    assert unknown.choice["loss"] == name
