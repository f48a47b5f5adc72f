"""The files of runs: checked when they are read, whole when they are written, one writer."""

import errno
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import jax
import numpy as np
import pytest

from esoftmax_jax.app.data.load import load_dataset
from esoftmax_jax.app.engine.checkpoints import Checkpoints
from esoftmax_jax.app.engine.group import make_group
from esoftmax_jax.app.engine.program import make_program
from esoftmax_jax.app.files.line_file import add_line, whole_lines
from esoftmax_jax.app.files.lock import locked
from esoftmax_jax.app.labels.noise_spec import parse_noise
from esoftmax_jax.app.methods.methods import selected
from esoftmax_jax.app.runs.recipes import make_config
from esoftmax_jax.app.runs.results import read_results
from esoftmax_jax.app.suspects.labelled import labelled_examples
from esoftmax_jax.app.suspects.margin_history import MarginHistory
from esoftmax_jax.app.terminal.exit_codes import exit_code_of
from esoftmax_jax.app.terminal.messages import UsageError
from experiments.cli import main

ROOT = Path(__file__).parents[3]


def names(folder):
    return sorted(path.name for path in folder.iterdir())


# Checkpoints


@pytest.fixture(scope="module")
def make():
    """Return a function that starts a tiny run; what is compiled serves all of them."""
    dataset = load_dataset("wine")

    def config(seed):
        noise = parse_noise("symmetric:0.4")
        return make_config(dataset, noise, "CE", seed=seed, epochs=4, width=0.1)

    program = make_program(config(0), dataset, selected(["CE"]), 1)
    return lambda seed=0: make_group(program, [config(seed)], dataset)


def trained(make, folder, seed=0, epochs=3):
    """Train with a checkpoint after every epoch; return the group."""
    group = make(seed)
    with Checkpoints(folder) as checkpoints:
        for _ in range(epochs):
            group.advance(1)
            checkpoints.save(group)
    return group


def restored(make, folder, seed=0):
    group = make(seed)
    with Checkpoints(folder) as checkpoints:
        checkpoints.restore(group)
    return group


def test_a_checkpoint_that_is_not_as_it_was_written_is_passed_over(
    make, tmp_path, monkeypatch, capsys
):
    straight = trained(make, tmp_path / "run")
    states = [np.asarray(leaf) for leaf in jax.tree.leaves(straight.states)]
    # What a flipped bit makes of a parameter: everything can be read, and is wrong.
    from orbax.checkpoint import CheckpointManager

    restore = CheckpointManager.restore

    def flipped(self, step, **options):
        content = restore(self, step, **options)
        if step == 3:
            kernel = np.array(jax.tree.leaves(content["states"])[0])
            kernel.view(np.uint32).flat[0] ^= 1 << 30
            leaves, structure = jax.tree.flatten(content["states"])
            content["states"] = jax.tree.unflatten(structure, [kernel, *leaves[1:]])
        return content

    monkeypatch.setattr(CheckpointManager, "restore", flipped)
    group = restored(make, tmp_path / "run")
    assert group.epoch == 2
    assert capsys.readouterr().err == (
        f"{tmp_path}/run/3 is passed over: it is not as it was written; going on after epoch 2\n"
    )
    with Checkpoints(tmp_path / "run") as checkpoints:
        checkpoints.restore(group)
        group.advance(1)
        checkpoints.save(group)
    monkeypatch.undo()
    again = restored(make, tmp_path / "run")
    assert again.epoch == 3
    jax.tree.map(np.testing.assert_array_equal, jax.tree.leaves(again.states), states)


def test_a_checkpoint_of_another_seed_or_epoch_is_not_adopted(make, tmp_path, capsys):
    trained(make, tmp_path / "own")
    trained(make, tmp_path / "other", seed=1)
    with pytest.raises(
        UsageError, match=r"own/3: .*\(it belongs to another run\), as no older"
    ):
        restored(make, tmp_path / "own", seed=1)
    shutil.rmtree(tmp_path / "own" / "3")
    shutil.copytree(tmp_path / "other" / "3", tmp_path / "own" / "3")
    assert restored(make, tmp_path / "own").epoch == 2
    assert "own/3 is passed over: it belongs to another run; going" in capsys.readouterr().err
    shutil.rmtree(tmp_path / "own" / "3")
    shutil.copytree(tmp_path / "own" / "2", tmp_path / "own" / "3")
    assert restored(make, tmp_path / "own").epoch == 2
    assert "own/3 is passed over: it is not as it was written" in capsys.readouterr().err


def test_a_checkpoint_of_an_older_version_is_taken_with_a_word(make, tmp_path, capsys):
    import orbax.checkpoint as ocp

    from esoftmax_jax.app.engine import checkpoints as _checkpoints

    group = make()
    group.advance(2)
    with ocp.CheckpointManager((tmp_path / "run").resolve()) as manager:
        manager.save(2, args=ocp.args.StandardSave(_checkpoints._content(group)))
    assert restored(make, tmp_path / "run").epoch == 2
    assert capsys.readouterr().err == (
        f"{tmp_path}/run/2 is of an older version, without a hash: taken as it is\n"
    )


def test_a_full_disk_inside_a_checkpoint(make, tmp_path, monkeypatch):
    straight = trained(make, tmp_path / "straight", epochs=4)
    trained(make, tmp_path / "run", epochs=2)
    from orbax.checkpoint import CheckpointManager

    def full(self, step, **options):
        (tmp_path / "run" / f"{step}.orbax-checkpoint-tmp").mkdir()
        raise ValueError("RESOURCE_EXHAUSTED: write failed: No space left on device [errno=28]")

    monkeypatch.setattr(CheckpointManager, "save", full)
    group = restored(make, tmp_path / "run")
    group.advance(1)
    with (
        pytest.raises(
            UsageError, match=r"run: expected a place .*\(No space left\); make room"
        ),
        Checkpoints(tmp_path / "run") as checkpoints,
    ):
        checkpoints.save(group)
    monkeypatch.undo()
    assert names(tmp_path / "run") == ["1", "2"]
    group = restored(make, tmp_path / "run")
    assert group.epoch == 2
    group.advance(2)
    for name, curve in straight.curves.items():
        np.testing.assert_array_equal(curve, group.curves[name])


def test_margins_know_their_run(make, tmp_path):
    group, other = make(), make(1)
    dataset = group.dataset
    group.advance(1)
    histories = [
        MarginHistory(
            tmp_path, labelled_examples(dataset, one.noisy[0], one.configs[0].noise), one
        )
        for one in (group, other)
    ]
    histories[0].record(group)
    assert names(tmp_path) == ["000001.npz"]
    assert histories[0].until(1, dataset.num_classes).epochs == 1
    with pytest.raises(UsageError, match=r"000001.npz: .*\(it belongs to another run\); train"):
        histories[1].until(1, dataset.num_classes)
    with np.load(tmp_path / "000001.npz") as archive:
        content = dict(archive)
    np.savez(
        tmp_path / "000001.npz",
        allow_pickle=False,
        **{**content, "margins": content["margins"] * 2},
    )
    with pytest.raises(UsageError, match=r"\(it is not as it was written\)"):
        histories[0].until(1, dataset.num_classes)


# Lines


def test_reading_leaves_a_file_as_it_is(tmp_path):
    path = tmp_path / "results.jsonl"
    path.write_bytes(b'{"half')
    before = path.stat()
    assert read_results(path) == {}
    assert path.read_bytes() == b'{"half'
    assert path.stat().st_mtime_ns == before.st_mtime_ns


@pytest.mark.parametrize("half", [b"", b'{"b', b"\xff", b'"text"', b"x" * 200_000])
def test_a_half_line_is_cut_off_before_the_next(half, tmp_path):
    path = tmp_path / "lines.jsonl"
    path.write_bytes(b'{"a": 1}\n' * 20_000 + half)
    assert whole_lines(path.read_bytes()) == [b'{"a": 1}'] * 20_000
    add_line(path, b'{"c": 3}')
    assert path.read_bytes() == b'{"a": 1}\n' * 20_000 + b'{"c": 3}\n'


def test_a_last_line_without_its_end_that_is_whole_stays(tmp_path):
    path = tmp_path / "lines.jsonl"
    path.write_bytes(b'{"a": 1}')
    assert whole_lines(path.read_bytes()) == [b'{"a": 1}']
    add_line(path, b'{"c": 3}')
    assert path.read_bytes() == b'{"a": 1}\n{"c": 3}\n'


class Full:
    """A file on a disk that is full after so many bytes."""

    def __init__(self, file, room):
        self.file, self.room = file, room

    def __getattr__(self, name):
        return getattr(self.file, name)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()

    def write(self, content):
        if not self.room:
            raise OSError(errno.ENOSPC, "No space left on device")
        written = self.file.write(content[: self.room])
        self.room -= written
        return written


def test_a_line_for_which_there_is_no_room_is_not_begun(tmp_path, monkeypatch, capsys):
    path = tmp_path / "lines.jsonl"
    add_line(path, b'{"a": 1}')
    opened = Path.open
    monkeypatch.setattr(Path, "open", lambda *a, **o: Full(opened(*a, **o), 3))
    assert exit_code_of(lambda: add_line(path, b'{"b": 2}')) == 2
    monkeypatch.undo()
    assert path.read_bytes() == b'{"a": 1}\n'
    error = capsys.readouterr().err
    assert error.startswith(
        f"error: {path}: expected a place that can be read and written, got"
    )
    assert "(No space left on device)" in error


# One process at a time


def test_the_second_process_is_told(tmp_path):
    folder = tmp_path / "a" / "run"
    with (
        locked("--workdir", folder),
        pytest.raises(
            UsageError,
            match=rf"--workdir: .* got {folder}, which process {os.getpid()} has; wait until",
        ),
        locked("--workdir", folder),
    ):
        pass
    assert names(tmp_path) == []  # nothing was written, nothing stays
    with locked("--out", folder, ".one.lock"), locked("--out", folder, ".two.lock"):
        (folder / "file").touch()
    assert names(folder) == ["file"]


def test_the_lock_of_a_process_that_was_killed_holds_nothing(tmp_path):
    code = (
        "import os, signal, sys; from pathlib import Path\n"
        "from esoftmax_jax.app.files.lock import locked\n"
        "with locked('--out', Path(sys.argv[1])): os.kill(os.getpid(), signal.SIGKILL)"
    )
    ended = subprocess.run([sys.executable, "-c", code, str(tmp_path)], cwd=ROOT)
    assert ended.returncode == -signal.SIGKILL
    assert names(tmp_path) == [".lock"]
    with locked("--out", tmp_path):
        assert (tmp_path / ".lock").read_text() == str(os.getpid())
    assert names(tmp_path) == []


@pytest.mark.parametrize("verb", ["train", "compare", "noise"])
def test_every_command_that_writes_a_folder_has_it_alone(verb, folder, capsys):
    option = "--workdir" if verb == "train" else "--out"
    with locked("--out", Path("run")):
        assert main([verb, "--dataset", "wine", option, "run"]) == 2
        assert names(Path("run")) == [".lock"]
    captured = capsys.readouterr()
    assert captured.err.startswith(f"error: {option}: expected a folder that no other process")
    assert captured.err.count("\n") == 1


def test_a_file_system_without_locks(tmp_path, monkeypatch):
    def unsupported(_):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("esoftmax_jax.app.files.lock._lock", unsupported)
    with locked("--out", tmp_path), locked("--out", tmp_path):
        assert names(tmp_path) == [".lock"]


# Standard output


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_a_character_that_the_output_lacks_is_replaced(encoding):
    code = (
        "import sys; from esoftmax_jax.app.terminal.exit_codes import exit_code_of\n"
        "sys.exit(exit_code_of(lambda: print('CE_\\u03b5 \\u2713 \\udce9')))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=os.environ | {"PYTHONIOENCODING": encoding},
        capture_output=True,
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, b"CE_? ? ?\n", b"")
