"""The network of a run in its folder: whose it is, and what a full disk leaves of it."""

import errno
import json
from pathlib import Path

import jax
import numpy as np
import pytest

from esoftmax_jax.app.data.load import load_dataset
from esoftmax_jax.app.engine.group import make_group
from esoftmax_jax.app.engine.program import make_program
from esoftmax_jax.app.labels.noise_spec import parse_noise
from esoftmax_jax.app.methods.methods import selected
from esoftmax_jax.app.runs.model_file import read_model, write_model
from esoftmax_jax.app.runs.networks import Networks
from esoftmax_jax.app.runs.recipes import make_config
from esoftmax_jax.app.terminal.exit_codes import exit_code_of
from experiments.cli import main
from tests.helpers.datasets import draw, pixels

TRAIN = ["train", "--dataset", "wine", "--epochs", "1", "--workdir", "run"]


def test_a_model_is_whole_and_of_the_run(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    with monkeypatch.context() as patch:

        def full(*_, **__):
            raise OSError(errno.ENOSPC, "No space left on device")

        patch.setattr(np, "savez", full)
        assert main(TRAIN) == 2
    error = capsys.readouterr().err.splitlines()[-1]
    assert error.startswith("error: run/model: expected a place that can be read and written")
    assert "(No space left on device)" in error
    assert not list((tmp_path / "run").glob("*model*"))
    assert main(TRAIN) == 0
    card = json.loads((tmp_path / "run/model/model.json").read_text())
    assert card["config"] == json.loads((tmp_path / "run/config.json").read_text())
    (tmp_path / "run/config.json").unlink()
    capsys.readouterr()
    assert main([*TRAIN, "--seed", "7"]) == 2
    assert "got run, whose run has seed=0; choose another" in capsys.readouterr().err


@pytest.mark.parametrize("code", ["RESOURCE_EXHAUSTED", "INTERNAL", "another fault"])
def test_the_devices_memory_is_told_in_a_line(code, capsys):
    def run():
        reason = f"{code}: Out of memory allocating 14400000000 bytes."
        raise jax.errors.JaxRuntimeError(reason if code.isupper() else "INTERNAL: x")

    if code == "another fault":
        with pytest.raises(jax.errors.JaxRuntimeError, match="INTERNAL: x"):
            exit_code_of(run)
        return
    assert exit_code_of(run) == 2
    assert capsys.readouterr().err == (
        "error: expected input that fits into memory, got more (Out of memory allocating "
        "14400000000 bytes.); leave out what is not needed, or take a machine with more "
        "memory\n"
    )


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_averages_and_statistics_are_in_the_model(dtype, folder):
    for k, name in enumerate(("ant", "bee", "cat")):
        for i in range(12):
            draw(Path("data", name, f"{i}.png"), pixels(12 * k + i, (16, 16, 3)))
    dataset = load_dataset("folder:data")
    config = make_config(
        dataset, parse_noise("none"), "CE", width=0.06, ema_decay=0.5, dtype=dtype
    )
    group = make_group(make_program(config, dataset, selected(["CE"]), 1), [config], dataset)
    generator = np.random.default_rng(0)

    def moved(value):
        """Return numbers that differ everywhere, as training leaves them."""
        shares = generator.uniform(0.5, 1.5, np.shape(value))
        return (shares * value + generator.uniform(0, 0.1, shares.shape)).astype(value.dtype)

    kept = {"params": group.states.train.params, "batch_stats": group.states.train.batch_stats}
    assert kept["batch_stats"]  # a network that has some
    last, average = jax.tree.map(moved, kept), jax.tree.map(moved, kept)
    group.states = group.states.replace(
        train=group.states.train.replace(**last), average=average
    )
    (expected,) = group.logits(test=True)
    Path("run").mkdir()
    write_model(Path("run"), Networks.of(group), test_accuracy=0.5)
    images = dataset.test.images
    tolerance = 1e-3 if dtype == "float32" else 0.1
    found = read_model("--model", Path("run")).logits(images)
    np.testing.assert_allclose(found, expected, atol=tolerance, rtol=tolerance)
    group.states = group.states.replace(average=last)
    (other,) = group.logits(test=True)
    assert np.abs(other - expected).max() > 10 * tolerance
