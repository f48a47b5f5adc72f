"""Only files are opened: a pipe that nobody writes to would keep a command waiting for ever."""

import os
import socket
from pathlib import Path

import numpy as np
import pytest

from esoftmax_jax.app.files.regular_file import not_a_file, regular
from esoftmax_jax.app.runs.model_file import read_model
from esoftmax_jax.app.runs.results import read_results
from esoftmax_jax.app.terminal.messages import UsageError
from experiments.cli import main

pytestmark = pytest.mark.usefixtures("folder")


def test_files_and_links_to_them_are_files():
    Path("file").write_text("text")
    Path("link").symlink_to("file")
    assert regular(Path("link")).read_text() == "text"
    assert not_a_file(Path("link")) is None


def test_what_is_no_file_is_named():
    os.mkfifo("pipe")
    Path("nowhere").symlink_to("gone")
    Path("loop").symlink_to("loop")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket")
    for name, message in {
        "gone": "no file 'gone'",
        "nowhere": "no file 'nowhere'",
        ".": "no file '.'",
        "file\0name": "no file 'file\\x00name'",
        "pipe": "'pipe' cannot be read (a pipe, not a file)",
        "socket": "'socket' cannot be read (a socket, not a file)",
        "/dev/zero": "'/dev/zero' cannot be read (a device, not a file)",
        "loop": "'loop' cannot be read (Too many levels of symbolic links)",
    }.items():
        assert not_a_file(Path(name)) == message


PIPES = {
    ("noise", "--dataset", "npz:pipe.npz"): "'pipe.npz' cannot be read (a pipe, not a file)",
    ("noise", "--dataset", "csv:pipe.csv"): "'pipe.csv' cannot be read (a pipe, not a file)",
    ("noise", "--dataset", "parquet:pipe.csv"): "(a pipe, not a file)",
    ("noise", "--dataset", "csv:images.csv"): (
        "images.csv, row 2: 'pipe.png' cannot be read (a pipe, not a file); expected an image, "
        "by its path from the directory of the table"
    ),
    ("noise", "--labels", "pipe.csv"): "--labels: 'pipe.csv' cannot be read (a pipe,",
    ("noise", "--noise", "matrix:pipe.npy"): "a pipe, not a file",
    ("noise", "--dataset", "npz:own.npz", "--corrections", "pipe.csv"): "a pipe, not a file",
    ("train", "--loss", "pipe.py:loss"): "'pipe.py' cannot be read (a pipe, not a file)",
    ("train", "--workdir", "run"): "a pipe, not a file",
    ("predict", "--model", "piped", "--inputs", "npz:own.npz"): "a pipe, not a file",
}  # fmt: skip


@pytest.mark.parametrize("arguments", PIPES, ids=lambda x: " ".join(x[:5]))
def test_pipes_are_refused(arguments, capsys):
    for name in ("pipe.npz", "pipe.csv", "pipe.png", "pipe.npy", "pipe.py"):
        os.mkfifo(name)
    for folder, name in (("run", "config.json"), ("piped", "model.json")):
        Path(folder).mkdir()
        os.mkfifo(Path(folder, name))
    Path("images.csv").write_text("path,label\n" + 3 * "pipe.png,a\npipe.png,b\n")
    np.savez("own.npz", train_images=np.zeros((9, 2)), train_labels=np.arange(9) % 2)
    assert main(list(arguments)) == 2
    message = capsys.readouterr().err
    assert PIPES[arguments] in message
    assert message.count("\n") == 1


def test_a_pipe_of_results_is_refused():
    os.mkfifo("results.jsonl")
    with pytest.raises(UsageError, match="a pipe, not a file"):
        read_results(Path("results.jsonl"))


def test_a_pipe_in_the_place_of_a_network_is_refused():
    Path("model").mkdir()
    Path("model", "model.json").write_text(
        '{"class_names": ["a", "b"], "input_shape": [2], "input_dtype": "float32", '
        '"feature_names": [], "sha256": "00"}'
    )
    os.mkfifo("model/logits.jaxexport")
    with pytest.raises(UsageError, match="--model: .*a pipe, not a file"):
        read_model("--model", Path("model"))
