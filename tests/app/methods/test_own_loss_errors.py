"""Files and functions that are no loss: one line that says what is wrong."""

import re

import pytest

from esoftmax_jax import app
from esoftmax_jax.app.methods.find import find_method
from esoftmax_jax.app.terminal.messages import UsageError
from experiments.cli import main
from tests.helpers.own_losses import FILE

WRONG = {
    "def other(logits, labels): return 0": r"--loss: expected FILE.py:NAME with .*mine.py has no 'loss'; its functions are other$",
    "loss = 3": r"mine.py has something else as 'loss'; its functions are none$",
    "import no_such_module": r"expected a file that Python can import, got .*mine.py: ModuleNotFoundError in line 1: No module named 'no_such",
    "x = 1\ndef loss(logits:": r"got .*mine.py: mine.py, which is no Python in line 2 \(",
    "def loss(logits): return logits": r"which does not take two arguments by position$",
    "def loss(logits, labels, *, a): return logits": r"expected a default for every constant, got none for 'a' of .*; write a=1.0$",
    "def loss(logits, labels, *, a=1.0): return logits[:, 0]\nloss.candidates = [{'b': 1}]": r"loss.candidates as a list of dictionaries with numbers for a, got \[\{'b': 1\}\]",
    "def loss(logits, labels, *, a=1.0): return logits[:, 0]\nloss.candidates = [{'a': float('inf')}]": r"expected constants that are finite in float32, got a=inf for .*loss.candidates; take",
    "def loss(logits, labels, *, a=float('inf')): return logits[:, 0]": r"expected constants that are finite in float32, got a=inf for .*; take a number that is large",
    "def loss(logits, labels): return logits[:, 0]\nloss.candidates = 3": r"with numbers for no constant at all, got 3;",
    "def loss(logits, labels): return logits.mean()": r"expected one floating-point value per example, of shape \(128,\) for 128 examples, got float32 of shape \(\); return it for each",
    "def loss(logits, labels): return labels": r"got int32 of shape \(128,\);",
    "def loss(logits, labels): return None": r"for 128 examples, got NoneType;",
    "def loss(logits, labels, *, a=1.0):\n    if a > 0: return logits[:, 0]": r"expected a loss that JAX can trace .*, got TracerBoolConversionError in line 2: ",
    "def loss(logits, labels): return logits.std(1) * __import__('numpy').ones(9)[labels]": r"got TracerArrayConversionError in line 1: ",
    "import jax\ndef loss(logits, labels):\n    f = jax.custom_jvp(lambda z: jax.pure_callback(lambda v: v, z, z))\n    f.defjvp(lambda z, t: (f(*z), t[0]))\n    return f(logits[:, 0])": r"expected a loss that JAX computes alone, got a callback to Python,",
    "raise SystemExit(3)": r"got .*mine.py: SystemExit in line 1: 3; correct it$",
    "def loss(logits, labels): return logits[:, 0] / 0": r"expected finite values and gradients at ordinary logits, got NaN or infinity; compute",
}  # fmt: skip


@pytest.mark.parametrize("text", WRONG)
def test_what_is_no_loss(text, written, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    before = written(text).rpartition(":")[0]
    assert main(["train", "--loss", "mine.py:loss"]) == 2
    captured = capsys.readouterr()
    assert captured.err.count("\n") == 1
    assert re.search(WRONG[text], captured.err.strip()), captured.err
    assert [str(path) for path in tmp_path.glob("*") if path.name != "__pycache__"] == [before]


def test_files_and_tables_that_do_not_fit(written, tmp_path, capsys):
    here, there = written(FILE, "squared"), written(FILE, "squared", "b/mine.py")
    assert main(["compare", "--losses", "none.py:loss"]) == 2
    assert "got no file 'none.py'" in capsys.readouterr().err
    assert main(["compare", "--losses", f"{here},{there}"]) == 2
    assert "--losses: expected files of different names, got /" in capsys.readouterr().err
    out = ["--out", str(tmp_path / "out")]
    assert main(["reproduce", "table2", "--extra-losses", "CE", *out]) == 2
    assert "--extra-losses: expected FILE.py:NAME, got 'CE'; the" in capsys.readouterr().err
    assert main(["reproduce", "digits", "--extra-losses", here, *out]) == 2
    assert "expected a table whose losses share a learning rate, got" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_constant_that_float32_does_not_hold(written):
    path = written("def loss(logits, labels, *, a=1.0): return a * logits[:, 0]")
    with pytest.raises(
        UsageError, match=r"^hyperparameters: .* finite in float32, got a=1e\+300 "
    ):
        app.train("wine", loss=path, hyperparameters={"a": 1e300})


def test_a_candidate_that_is_there_twice_counts_once(written):
    text = "def loss(logits, labels, *, a=1.0): return a * logits[:, 0]\n"
    _, method = find_method(
        "--loss", written(text + "loss.candidates = [{'a': 2}, {'a': 2.0}]")
    )
    assert method.candidates == ({"a": 2.0},)
