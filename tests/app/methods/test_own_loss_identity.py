"""A loss of one's own is known by what it computes, whatever lies beside it."""

import json
import os
import sys

import jax.numpy as jnp
import pytest

from esoftmax_jax.app.methods.find import find_method, find_methods
from esoftmax_jax.app.terminal.messages import UsageError
from experiments.cli import main
from tests.helpers.own_losses import FILE, loss_hash


def test_a_loss_is_known_by_what_it_computes(written):
    files = {
        "same": FILE,
        "other_default": FILE.replace("scale=1.0", "scale=7.0"),  # part of the settings
        "comment": FILE + "# more\ndef another(logits, labels): return 0\n",
    }
    (digest,) = {
        loss_hash(written(text, file=f"{place}.py"), "squared") for place, text in files.items()
    }
    other = FILE.replace("(1 - probs)", "(2 - probs)")
    assert loss_hash(written(other, file="other.py"), "squared") != digest
    assert loss_hash(written(FILE, file="e.py"), "sum_of_two") != digest


JITTED = """
import functools, jax
import jax.numpy as jnp
from esoftmax_jax import losses
W = jnp.array([%s, 2.0, 3.0, 4.0, 5.0])
@jax.jit
def weight(labels): return W[labels]
def loss(logits, labels): return losses.cross_entropy(logits, labels) * weight(labels)
"""
BATCH = """
import jax.numpy as jnp
from esoftmax_jax import losses
def loss(logits, labels):
    values = losses.cross_entropy(logits, labels)
    kept = int(%s * len(values))
    return jnp.where(values <= jnp.sort(values)[kept - 1], values, 0)
"""
DERIVATIVE = """
import jax
import jax.numpy as jnp
@jax.custom_vjp
def loss(logits, labels): return logits.std(1)
loss.defvjp(lambda z, y: (z.std(1), z), lambda z, g: (g[:, None] * z * %s, None))
"""


@pytest.mark.parametrize("text", [JITTED, BATCH, DERIVATIVE], ids=["jitted", "batch", "vjp"])
def test_whatever_changes_the_numbers_changes_the_hash(written, text):
    hashes = {
        loss_hash(written(text % value, file=f"f{i}.py"), batch_size=32)
        for i, value in enumerate(("0.5", "0.75", "0.5"))
    }
    assert len(hashes) == 2


def test_the_size_of_the_batch_is_that_of_the_run(written):
    text = "import jax\ndef loss(logits, labels): return logits[:, 0] - jax.lax.top_k(logits[:, 0], 20)[0].mean()\n"
    path = written(text)
    with pytest.raises(UsageError, match="expected a loss that JAX can trace"):
        loss_hash(path, batch_size=6)
    assert loss_hash(path, batch_size=32) != loss_hash(path, batch_size=64)


def test_files_of_one_name_beside_two_losses(written, tmp_path, monkeypatch):
    loss = "from helpers import POWER\ndef loss(logits, labels):\n    from inner import SHIFT\n    return logits[:, 0] * POWER + SHIFT\n"
    written("POWER = 9.0\nimport no_such", file="helpers.py")
    monkeypatch.chdir(tmp_path)  # whose helpers are not asked
    values = {}
    for place, power in (("a", 2.0), ("b", 3.0)):
        written(f"POWER = {power}", file=f"{place}/helpers.py")
        written(f"SHIFT = {power}", file=f"{place}/inner.py")
        _, method = find_method("--loss", written(loss, file=f"{place}/loss_{place}.py"))
        values[place] = method.loss()(jnp.ones((2, 3)), jnp.zeros(2, int)).tolist()
        assert method.content_hash(3, 4)
    assert values == {"a": [4, 4], "b": [6, 6]}
    assert {"helpers", "inner"}.isdisjoint(sys.modules)


def test_a_file_is_executed_once_until_it_changes(written, tmp_path):
    text = "from pathlib import Path\nwith Path(__file__).with_name('times').open('a') as file: file.write('x')\n"
    text += "def one(logits, labels): return logits[:, 0]\ntwo = one\n"
    found = find_methods("--loss", [written(text, name) for name in ("one", "two")])
    assert list(found) == ["mine.py:one", "mine.py:two"]
    assert len((tmp_path / "times").read_text()) in (1, 2)  # by the clock of the file system
    path = written(text.replace("[:, 0]", "[:, 1]"), "one")
    os.utime(tmp_path / "mine.py", (1, 1))
    _, method = find_method("--loss", path)
    values = method.loss()(jnp.arange(6.0).reshape(2, 3), jnp.zeros(2, int))
    assert values.tolist() == [1, 4]


def test_a_change_of_one_letter_in_the_same_second_is_seen(written, monkeypatch):
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    text = "from beside import S\ndef loss(logits, labels): return %s * S * logits[:, 0]\n"
    hashes = []
    for place, (own, beside) in enumerate([("1.0", "2.0"), ("3.0", "2.0"), ("3.0", "4.0")]):
        paths = written(f"S = {beside}", file="beside.py"), written(text % own)
        for path in paths:
            now = 10**18 + place  # nanoseconds
            os.utime(path.rpartition(":")[0], ns=(now, now))
        hashes.append(loss_hash(paths[1]))
    assert len(set(hashes)) == 3


def test_a_change_in_a_file_beside_it_alone_is_seen(written):
    loss = "from beside import S\ndef loss(logits, labels): return S * logits[:, 0]\n"
    hashes = []
    for place, number in enumerate(("1.0", "2.0", "2.0")):
        beside = written(f"S = {number}", file="beside.py").rpartition(":")[0]
        os.utime(beside, ns=(10**18 + place, 10**18 + place))
        if not place:
            path = written(loss)
        hashes.append(loss_hash(path))
    assert hashes[0] != hashes[1] == hashes[2]


def test_a_changed_loss_is_run_anew(written, tmp_path, capsys):
    path = written(JITTED % "1.0")
    arguments = [
        "compare",
        "--losses",
        path,
        "--noise",
        "none",
        "--seeds",
        "1",
        "--epochs",
        "1",
    ]
    arguments += ["--no-tune", "--train-examples", "64", "--out", str(tmp_path / "out")]
    text = JITTED.replace("5.0])", "5.0, 6.0, 7.0, 8.0, 9.0, 10.0])")
    hashes = []
    for time, weight in ((1, "1.0"), (2, "1.0"), (3, "0.0")):
        written(text % weight)
        os.utime(tmp_path / "mine.py", (time, time))
        assert main(arguments) == 0
        lines = (tmp_path / "out" / "results.jsonl").read_text().splitlines()
        hashes = [json.loads(line)["config"]["loss_hash"] for line in lines]
    assert len(hashes) == len(set(hashes)) == 2
