"""What a long command says before it starts."""

import dataclasses
import os
import re
import runpy
import signal
from typing import Any

import jax
import numpy as np
import pytest

from esoftmax_jax.app.data.dataset import Dataset
from esoftmax_jax.app.data.examples import Examples
from esoftmax_jax.app.data.labels import Labels
from esoftmax_jax.app.data.load import load_dataset
from esoftmax_jax.app.engine import matrix_peak
from esoftmax_jax.app.engine.config import RunConfig
from esoftmax_jax.app.engine.finished_run import Run
from esoftmax_jax.app.jobs import forecast
from esoftmax_jax.app.jobs.compare import CompareOptions, _announce, _tuning
from esoftmax_jax.app.jobs.forecast import (
    Forecast,
    Work,
    announce_comparison,
    announce_folds,
    announce_run,
    seconds_here,
    work_of,
)
from esoftmax_jax.app.labels.noise_spec import parse_noise
from esoftmax_jax.app.methods.methods import selected
from esoftmax_jax.app.runs.recipes import make_config
from tests.helpers.runs import finished

NONE = parse_noise("none")


def pictures(name="folder:photos", count=300, side=64, channels=3):
    """Return a set of black images of three classes."""
    labels = np.arange(count, dtype=np.int32) % 3
    images = np.zeros((count, side, side, channels), np.uint8)
    train = Examples(images, Labels.right(labels))
    return Dataset(name, train, train.take(slice(60)), 3, None, "", (0.5,), (0.5,))


def line(capsys):
    (printed,) = capsys.readouterr().err.splitlines()
    return printed


@pytest.fixture
def slow(monkeypatch):
    """Let the machine do a thousand million operations per second, and not be measured."""
    monkeypatch.setattr(forecast, "quick_rate", lambda devices, dtype: 1e9)
    monkeypatch.setattr(forecast, "_MEASURED_AT", 1.5e9)


def test_work_by_hand():
    labels = np.zeros(100, np.int32)
    rows = np.zeros((100, 4), np.float32)
    train = Examples(rows, Labels.right(labels))
    table = Dataset("rows", train, train.take(slice(30)), 2, None, "", (0.0,), (1.0,))
    config = make_config(table, NONE, "CE", epochs=5, width=1 / 256, batch_size=32)
    # One hidden unit: 4·1 + 1·2 products; 3 steps of 32, and the test set once.
    each = 2 * 6
    expected = Work(operations=2 * 5 * (3 * 96 + 30) * each, steps=2 * 5 * 4)
    assert work_of([config, config], table) == expected
    assert work_of([], table) == Work(0, 0)
    photos = pictures(count=64, side=16)
    config = make_config(photos, NONE, "CE", epochs=1, network="mnist_cnn")
    products = 16 * 16 * 27 * 32 + 8 * 8 * 9 * 32 * 64 + 1024 * 128 + 128 * 3
    each = 2 * products + 500 * (16 * 16 * 32 + 8 * 8 * 64)
    assert work_of([config], photos) == Work((3 * 64 + 60) * each, 3)
    assert Work(6e9, 40_000).seconds(rate=1e9, devices=2) == pytest.approx(6 + 2)


def test_a_comparison_says_what_runs_and_what_shortens_it(slow, monkeypatch, capsys):
    monkeypatch.setattr(jax, "local_device_count", lambda: 2)
    monkeypatch.setattr(forecast, "work_of", lambda configs, dataset: Work(400e9, 0))
    dataset = pictures()
    given: dict[str, Any] = {"network": "eight_layer_cnn", "width": 1.0, "epochs": 30}
    config = make_config(dataset, NONE, "CE", **given)
    announce_comparison([config] * 40, [config] * 25, dataset, seeds=5, losses=5)
    assert line(capsys) == (
        "25 runs of 30 epochs after 40 that choose rates and settings: about 9 minutes here, "
        "2 minutes of it to compile; shorter: --seeds 2, --losses CE,CE_eps+MAE, --no-tune, --epochs 15, "
        "--image-size 32, --width 0.25"
    )
    announce_run(config, dataset, Forecast(3 * 3600, 40), epochs=20)  # 300 examples are few
    assert line(capsys) == (
        "20 epochs of CE: about 2 hours here, 40 s of it to compile; "
        "shorter: --epochs 15, --image-size 32, --width 0.25"
    )


def test_fewer_examples_are_offered_where_it_takes_hours(capsys):
    digits = load_dataset("digits")
    few = np.arange(10_000) % len(digits.train)
    large = dataclasses.replace(digits, train=digits.train.take(few))
    config = make_config(large, NONE, "CE", epochs=1)
    announce_run(config, large, Forecast(3600, 0), epochs=1)
    assert line(capsys).endswith(
        "1 epoch of CE: about 60 minutes here, 1 s of it to compile; shorter: --train-examples 1000"
    )
    announce_run(config, large, Forecast(3500, 0), epochs=1)
    assert "--train-examples" not in line(capsys)


def test_nothing_is_said_of_what_is_short(capsys):
    digits = load_dataset("digits")
    config = make_config(digits, NONE, "CE", epochs=1)
    announce_comparison([], [config], digits, seeds=1, losses=1)
    announce_comparison([], [], digits, seeds=1, losses=1)
    announce_run(config, digits, seconds_here([config], digits, devices=1), epochs=1)
    assert capsys.readouterr().err == ""


def test_compilation_is_counted(slow, monkeypatch):
    """The measured seconds of a network, as much longer as this machine is slower."""
    monkeypatch.setattr(forecast, "work_of", lambda configs, dataset: Work(180e9, 0))
    photos = pictures()
    config = make_config(photos, NONE, "CE", network="eight_layer_cnn")
    assert seconds_here([config], photos, devices=1) == Forecast(180, 1.5 * 40)
    assert seconds_here([config], photos, devices=1, programs=2) == Forecast(180, 3 * 40)
    monkeypatch.setattr(forecast, "quick_rate", lambda devices, dtype: 9e9)
    assert seconds_here([config], photos, devices=1) == Forecast(20, 40)
    # What is short even on a slow machine is not measured.
    small = make_config(photos, NONE, "CE", network="mlp")
    assert seconds_here([small], photos, devices=1) == Forecast()
    assert seconds_here([], photos, devices=1) == Forecast()


@pytest.mark.parametrize(
    ("operations", "told"),
    [
        (400e9, "about 7 minutes here, 15 s of it to compile; shorter: --effort least, "),
        (1e9, "less than 60 s here, once compiled"),
    ],
)
def test_networks_on_folds_are_announced(slow, monkeypatch, capsys, operations, told):
    monkeypatch.setattr(forecast, "work_of", lambda configs, dataset: Work(operations, 0))
    config = make_config(pictures(), NONE, "CE")
    options: dict[str, Any] = {"later": 5, "shorter": ["--effort least"]}
    announce_folds([config] * 20, pictures(), "4 settings", **options)
    assert line(capsys).startswith(f"4 settings: 25 runs of 40 epochs: {told}")
    announce_folds([], pictures(), "nothing", **options)
    assert not capsys.readouterr().err


def test_finished_runs_are_not_counted(slow, monkeypatch, capsys, tmp_path):
    dataset = pictures(count=3000)
    options = CompareOptions(
        noises=(NONE,),
        methods=selected(("CE", "GCE")),
        seeds=2,
        learning_rate=None,
        common={},
        tune=True,
        runs_at_once=None,
        out=tmp_path,
    )
    tuning = _tuning(dataset, options)
    assert len(tuning) == 12  # settings × rates: one of CE, three of GCE

    def done(configs: list[RunConfig]) -> dict[str, Run]:
        return {one.identity: finished(one, held_out=0.5) for one in configs}

    found = {"tuning.jsonl": done(tuning[:2]), "results.jsonl": {}}
    monkeypatch.setattr(
        "esoftmax_jax.app.jobs.compare.read_results", lambda path: found[path.name]
    )
    _announce(dataset, options, tuning)
    assert re.match(r"4 runs of 40 epochs after 10 that choose", line(capsys))
    found["tuning.jsonl"] = done(tuning)
    _announce(dataset, options, tuning)
    # CE at the common rate stands beside CE, which chose another.
    assert re.match(r"6 runs of 40 epochs: about", line(capsys))


def test_a_rate_is_measured_on_devices_together(monkeypatch):
    monkeypatch.setattr(matrix_peak, "SMALLEST", 16)
    assert matrix_peak.quick_rate(2, "float32") > 0


@pytest.mark.parametrize(
    ("dataset", "few"),
    [
        (pictures(), True),
        (pictures("npz:a.npz", channels=1), True),
        (pictures("tfds:photos"), False),
        (pictures(count=4000, side=16), False),
    ],
)
def test_few_images_of_ones_own_get_a_network_on_edges_and_colours(dataset, few):
    config = make_config(dataset, NONE, "CE")
    short = ("gradient_mlp", 0.5, 40, 32)
    assert ((config.network, config.width, config.epochs, config.batch_size) == short) is few


@pytest.mark.parametrize("given", [{}, {"TF_CPP_MIN_LOG_LEVEL": "0"}])
def test_blocks_of_the_compiler_are_not_shown_unless_asked_for(monkeypatch, given):
    monkeypatch.setattr(os, "environ", dict(given))
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    runpy.run_module("experiments.__main__", run_name="imported")
    assert os.environ["TF_CPP_MIN_LOG_LEVEL"] == given.get("TF_CPP_MIN_LOG_LEVEL", "3")
