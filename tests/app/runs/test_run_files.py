"""The files of runs: checked when they are read, whole when they are written, one writer."""

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from esoftmax_jax.app.files.line_file import add_line, whole_lines
from esoftmax_jax.app.files.lock import locked
from esoftmax_jax.app.runs.results import read_results
from esoftmax_jax.app.terminal.exit_codes import exit_code_of
from esoftmax_jax.app.terminal.messages import UsageError
from experiments.cli import main

ROOT = Path(__file__).parents[3]


def names(folder):
    return sorted(path.name for path in folder.iterdir())


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
