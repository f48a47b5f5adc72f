"""Output that cannot be written or read: told before anything runs, and never a traceback."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from esoftmax_jax.app.runs import run_all
from esoftmax_jax.app.terminal.exit_codes import exit_code_of
from esoftmax_jax.app.terminal.signals import uninterrupted
from experiments.cli import main

ROOT = Path(__file__).parents[3]
RUN = [sys.executable, "-m", "experiments"]
COMPARE = ["compare", "--losses", "CE", "--noise", "none", "--no-tune", "--seeds", "1"]
COMPARE += ["--epochs", "1", "--train-examples", "100"]
BENCHES = ["losses", "linear", "train", "augmentation", "sweep", "startup"]


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def refused(capsys, monkeypatch):
    """Return a function that runs a command, which must fail before it computes anything."""

    def compute(*_args, **_options):
        raise AssertionError("it went on")

    monkeypatch.setattr(run_all, "make_program", compute)
    monkeypatch.setattr("esoftmax_jax.app.jobs.noise.apply_noise", compute)
    for kind in BENCHES:
        monkeypatch.setattr(f"experiments.bench.{kind}.bench_{kind}", compute)

    def run(*arguments):
        assert main(list(arguments)) == 2
        captured = capsys.readouterr()
        assert captured.out == ""
        assert captured.err.count("\n") == 1
        return captured.err

    return run


@pytest.mark.parametrize("kind", BENCHES)
def test_a_json_file_that_cannot_be_written(kind, refused, tmp_path):
    for path in (tmp_path, tmp_path / "none" / "x.json", Path("/proc/x.json")):
        message = refused("bench", kind, "--json", str(path))
        assert f"--json: expected a file that can be written, got {path} (" in message
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("verb", ["compare", "noise", "reproduce digits --scale smoke"])
def test_a_folder_that_cannot_be_written(verb, refused, tmp_path):
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    for path in (tmp_path / "file", tmp_path / "file" / "x", Path("/proc/x")):
        message = refused(*verb.split(), "--out", str(path))
        assert f"--out: expected a folder that can be written, got {path} (" in message
    assert names(tmp_path) == ["file"]


@pytest.mark.parametrize(
    ("verb", "name"),
    [
        ("compare", "table.md"),
        ("compare", "results.jsonl"),
        ("noise", "noise.jsonl"),
        ("reproduce digits --scale smoke", "digits-digits-smoke.md"),
    ],
)
def test_a_folder_in_place_of_a_file(verb, name, refused, tmp_path):
    (tmp_path / name).mkdir()
    message = refused(*verb.split(), "--out", str(tmp_path))
    assert (
        f"--out: expected a file that can be written, got {tmp_path / name} (a fol" in message
    )
    assert names(tmp_path) == [name]


def test_results_that_are_no_text(refused, tmp_path):
    (tmp_path / "results.jsonl").write_bytes(b"\xff\xfe\n")
    message = refused(*COMPARE, "--out", str(tmp_path))
    assert "results.jsonl, line 1: expected JSON, got text that is not in UTF-8" in message
    (tmp_path / "results.jsonl").write_bytes(b"[1]\n")
    assert "results.jsonl, line 1: expected" in refused(*COMPARE, "--out", str(tmp_path))


def own_data(folder):
    """Return the option of a small set of one's own, for which scikit-learn is not imported."""
    labels = np.arange(40) % 2
    images = np.random.default_rng(0).normal(size=(40, 2)) + labels[:, None]
    np.savez(folder / "own.npz", train_images=images, train_labels=labels)
    return "--dataset", f"npz:{folder / 'own.npz'}"


def environment(tmp_path):
    return os.environ | {"ESOFTMAX_CACHE_DIR": str(tmp_path / "cache"), "JAX_PLATFORMS": "cpu"}


@pytest.mark.parametrize("target", ["full", "pipe", "closed"])
def test_files_are_there_whatever_becomes_of_the_output(target, tmp_path):
    out = tmp_path / "out"
    dataset = own_data(tmp_path)
    command = [*RUN, "noise", *dataset, "--noise", "symmetric:0.4", "--out", str(out)]
    redirection = {"full": "> /dev/full", "pipe": "| true", "closed": ">&-"}[target]
    shell = 'set -o pipefail; "$@" ' + redirection
    result = subprocess.run(
        ["bash", "-c", shell, "bash", *command],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=environment(tmp_path),
    )
    assert "Traceback" not in result.stderr
    assert "Exception ignored" not in result.stderr
    written = ["noise.jsonl", "symmetric-0.4-seed0.npz", "transitions.png"]
    assert names(out) == written
    if target == "full":
        assert result.returncode == 2
        assert re.search(r"error: standard output: .*No space left on device", result.stderr)
        assert result.stderr.count("\n") == 1
    else:
        assert result.stderr == ""


def test_sigterm_interrupts_as_sigint_does(tmp_path):
    command = [*RUN, "train", *own_data(tmp_path), "--epochs", "100000"]
    command += ["--workdir", str(tmp_path / "run")]
    process = subprocess.Popen(
        command, cwd=ROOT, stderr=subprocess.PIPE, text=True, env=environment(tmp_path)
    )
    try:
        deadline = time.monotonic() + 120
        while not list(tmp_path.glob("run/checkpoints/*")) and time.monotonic() < deadline:
            time.sleep(0.2)
        process.send_signal(signal.SIGTERM)
        _, error = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 143
    assert error.endswith("interrupted; the same command goes on from here\n")
    assert "Traceback" not in error


@pytest.fixture
def interruptible_tests():
    """In the background of a shell SIGINT is ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible_tests")
def test_an_interruption_waits_for_what_must_be_whole():
    done = []

    def save():
        with uninterrupted():
            signal.raise_signal(signal.SIGINT)
            done.append("saved")
        done.append("interrupted too late")

    with pytest.raises(KeyboardInterrupt):
        save()
    assert done == ["saved"]


@pytest.mark.usefixtures("interruptible_tests")
def test_an_ignored_interruption_stays_ignored():
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    assert exit_code_of(lambda: signal.raise_signal(signal.SIGINT)) == 0
    with uninterrupted():
        signal.raise_signal(signal.SIGINT)


@pytest.mark.usefixtures("interruptible_tests")
def test_an_interruption_is_not_lost_in_the_garbage_collector():
    """JAX has a callback in there, out of which Python lets no exception."""

    def _xla_gc_callback():
        signal.raise_signal(signal.SIGINT)

    def run():
        _xla_gc_callback()
        time.sleep(10)

    began = time.monotonic()
    assert exit_code_of(run) == 130
    assert time.monotonic() - began < 5


def test_the_handler_is_put_back(capsys):
    before = signal.getsignal(signal.SIGTERM)
    assert main(["train", "--loss", "XE"]) == 2
    assert signal.getsignal(signal.SIGTERM) is before
