"""Files written whole or not at all, and errors that name the file that was asked for."""

import errno
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from esoftmax_jax import cleaning
from esoftmax_jax.app.terminal.exit_codes import exit_code_of
from esoftmax_jax.whole_file import replacing, write_whole


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path, capsys):
    path = tmp_path / "table.md"
    write_whole(path, "old")
    path.chmod(0o640)

    def fail():
        with replacing(path) as temporary:
            temporary.write_text("half")
            raise OSError(errno.EDQUOT, "Disk quota exceeded")

    assert exit_code_of(fail) == 2
    assert f"error: {path}: expected" in capsys.readouterr().err
    assert (names(tmp_path), path.read_text()) == (["table.md"], "old")
    link = tmp_path / "link.md"
    link.symlink_to(path)
    write_whole(link, "new")
    assert link.is_symlink()
    assert (path.read_text(), path.stat().st_mode & 0o777) == ("new", 0o640)


def test_a_folder_is_replaced_whole_or_not_at_all(tmp_path):
    folder = tmp_path / "model"

    def write(content):
        with replacing(folder) as temporary:
            temporary.mkdir()
            (temporary / f"{content}.txt").write_text(content)
            if content == "half":
                raise OSError(errno.ENOSPC, "No space left on device")

    write("1")
    with pytest.raises(OSError, match=f"No space left on device: '{folder}'$"):
        write("half")
    assert (names(tmp_path), names(folder)) == (["model"], ["1.txt"])
    write("2")
    assert (names(tmp_path), names(folder)) == (["model"], ["2.txt"])


@pytest.mark.parametrize(
    ("where", "kept"),
    [
        ((Path, "rename", 1), "old.txt"),
        ((Path, "rename", 2), "old.txt"),
        ((shutil, "rmtree", 1), "new.txt"),
    ],
    ids=["before", "between", "after"],
)
def test_an_interruption_leaves_a_whole_folder(where, kept, tmp_path, monkeypatch):
    module, name, turn = where
    function, calls = getattr(module, name), list[Path]()

    def interrupted(path, *arguments, **options):
        calls.append(path)
        if len(calls) == turn:
            raise KeyboardInterrupt
        return function(path, *arguments, **options)

    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "old.txt").touch()
    with pytest.raises(KeyboardInterrupt), replacing(tmp_path / "model") as temporary:
        temporary.mkdir()
        (temporary / "new.txt").touch()
        monkeypatch.setattr(module, name, interrupted)
    assert names(tmp_path / "model") == [kept]
    left = [path for path in names(tmp_path) if path != "model"]
    assert left == ([] if kept == "old.txt" else [calls[0].name])  # what was not yet deleted


def test_what_is_written_is_on_the_disk_before_it_has_its_name(tmp_path, monkeypatch):
    flushed = list[tuple[int, list[str]]]()

    def fsync(descriptor):
        flushed.append((os.fstat(descriptor).st_size, names(tmp_path)))

    monkeypatch.setattr(os, "fsync", fsync)
    write_whole(tmp_path / "table.md", "seven b")
    ((size, there),) = flushed
    assert size == 7
    assert "table.md" not in there


@pytest.mark.parametrize("place", ["none/list.csv", "file/list.csv", "folder"])
def test_an_error_names_the_file_that_was_asked_for(place, tmp_path):
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    path = tmp_path / place
    ranking = cleaning.rank_labels(np.array([1.5, -2.0]), np.array([1, 0]))

    def write_list():
        labels = np.array([0, 1])
        cleaning.write_label_list(path, ranking, labels, class_names="ab", overwrite=True)

    for write in (write_list, lambda: write_whole(path, "text")):
        with pytest.raises(OSError, match=rf"^\[Errno \d+\] [A-Za-z ]+: '{path}'$") as caught:
            write()
        assert caught.value.filename == str(path)
    assert names(tmp_path) == ["file", "folder"]


def test_a_pipe_is_not_replaced(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    with pytest.raises(OSError, match=r"a pipe or a device, not a file: .*pipe'$"):
        write_whole(path, "text")
    assert path.is_fifo()


@pytest.mark.parametrize("name", ["x" * 251 + ".csv", "x." + "y" * 253])
def test_a_name_may_be_as_long_as_names_can_be(name, tmp_path):
    write_whole(tmp_path / name, "text")
    assert names(tmp_path) == [name]
