"""The network of a run in its folder: whose it is, and what a full disk leaves of it."""

import errno
import json

import jax
import numpy as np
import pytest

from esoftmax_jax.app.terminal.endings import exit_code_of
from experiments.cli import main

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


@pytest.mark.parametrize("where", ["on the device", "elsewhere"])
def test_the_devices_memory_is_told_in_a_line(where, capsys):
    def run():
        reason = "RESOURCE_EXHAUSTED: Out of memory allocating 14400000000 bytes."
        raise jax.errors.JaxRuntimeError(reason if where == "on the device" else "INTERNAL: x")

    if where == "elsewhere":
        with pytest.raises(jax.errors.JaxRuntimeError, match="INTERNAL: x"):
            exit_code_of(run)
        return
    assert exit_code_of(run) == 2
    assert capsys.readouterr().err == (
        "error: expected input that fits into memory, got more (Out of memory allocating "
        "14400000000 bytes.); leave out what is not needed, or take a machine with more "
        "memory\n"
    )
