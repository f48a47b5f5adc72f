"""Losses of one's own on the command line: found, tried, trained, told apart by content."""

import json
import re

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from experiments import _methods
from experiments._bench_candidates import PEER, candidates, checked_names
from experiments._cli import main
from experiments._errors import UsageError
from experiments._loss_option import check_method, option_name
from experiments._methods import method_named, switching_loss
from experiments._own_loss_file import names_own_loss

FILE = """
import jax
import jax.numpy as jnp
from esoftmax_jax import losses

def squared(logits, labels, *, scale=1.0, power: int = 2):
    probs = jnp.take_along_axis(jax.nn.softmax(logits), labels[:, None], axis=-1)[:, 0]
    return scale * (1 - probs) ** power

squared.candidates = [{"scale": 1.0}, {"scale": 3.0}]
sum_of_two = losses.weighted_sum((1.0, losses.cross_entropy), (2.0, losses.mean_absolute_error))
"""


@pytest.fixture(autouse=True)
def _nothing_registered(monkeypatch):
    monkeypatch.setattr(_methods, "_OWN", {})


@pytest.fixture
def written(tmp_path):
    """Return a function that writes a file of losses and returns how a loss in it is named."""

    def write(text, name="loss", file="mine.py"):
        path = tmp_path / file
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return f"{path}:{name}"

    return write


def test_a_comparison_with_losses_of_ones_own(written, tmp_path, capsys):
    squared, total = written(FILE, "squared"), written(FILE, "sum_of_two")
    arguments = ["compare", "--losses", f"CE,{squared},{total}", "--noise", "pairwise:0.4"]
    arguments += ["--seeds", "1", "--epochs", "2", "--out", str(tmp_path / "out")]
    assert main(arguments) == 0
    printed = capsys.readouterr().out
    assert re.search(r"mine\.py:squared +0\.\d+ +scale=[13] ", printed)
    assert re.search(r"mine\.py:sum_of_two +0\.\d+ +– ", printed)
    lines = (tmp_path / "out" / "results.jsonl").read_text(encoding="utf-8").splitlines()
    configs = [json.loads(line)["config"] for line in lines]
    hashes = {config["loss"]: config.get("loss_hash") for config in configs}
    assert hashes["CE"] is None
    assert len(set(hashes.values())) == 3
    tuning = (tmp_path / "out" / "tuning.jsonl").read_text(encoding="utf-8")
    assert '"scale": 3.0' in tuning

    # Called again, nothing is run.
    assert main(arguments) == 0
    assert len((tmp_path / "out" / "results.jsonl").read_text().splitlines()) == len(lines)


def test_one_run_keeps_to_its_loss(written, tmp_path, capsys):
    folder = tmp_path / "run"
    arguments = ["train", "--epochs", "1", "--workdir", str(folder), "--loss"]
    first = written(FILE, "squared")
    assert main([*arguments, first, "--set", "scale=2"]) == 0
    assert "mine.py:squared, digits" in capsys.readouterr().out
    assert json.loads((folder / "config.json").read_text())["hyperparameters"] == {"scale": 2}
    _methods._OWN.clear()
    other = written(FILE.replace("power: int = 2", "power: int = 3"), "squared", "b/mine.py")
    assert main([*arguments, other, "--set", "scale=2"]) == 2
    assert "whose run has another computation of the loss; choose" in capsys.readouterr().err
    _methods._OWN.clear()
    assert main([*arguments, first, "--set", "power=2"]) == 2
    assert (
        "--set: expected NAME=VALUE with NAME among scale for mine" in capsys.readouterr().err
    )


def loss_hash(text, name="squared"):
    return method_named(
        check_method("--loss", f"{text.rpartition(':')[0]}:{name}")
    ).content_hash(5)


def test_a_loss_is_known_by_what_it_computes(written):
    (digest,) = {
        loss_hash(written(text, file=f"{place}.py"))
        for place, text in {
            "same": FILE,
            "other_default": FILE.replace("scale=1.0", "scale=7.0"),  # part of the settings
            "comment": FILE + "# more\ndef another(logits, labels): return 0\n",
        }.items()
    }
    assert loss_hash(written(FILE.replace("(1 - probs)", "(2 - probs)"), file="d.py")) != digest
    assert loss_hash(written(FILE, file="e.py"), "sum_of_two") != digest
    constant = "import jax.numpy as jnp\nC = jnp.array([1., 1, 1, %d])\n"
    loss = "def squared(logits, labels): return logits.sum(1) * C\n"
    ones = loss_hash(written(constant % 1 + loss, file="f.py"))
    assert ones != loss_hash(written(constant % 2 + loss, file="g.py"))
    written("SCALE = 2.0\n", file="beside_the_loss.py")
    loss = "from beside_the_loss import SCALE\ndef squared(logits, labels): return SCALE * logits[:, 0]\n"
    assert loss_hash(written(loss, file="h.py")) != loss_hash(
        written(loss.replace("SCALE *", "1.0 *"), file="i.py")
    )


def test_it_stands_beside_the_librarys(written):
    own = check_method("--losses", written(FILE, "sum_of_two"))
    logits = jnp.asarray(np.random.default_rng(0).normal(size=(6, 5)), jnp.float32)
    labels = jnp.arange(6) % 5
    where = jnp.arange(6) < 4
    loss = switching_loss(["MAE", own], jnp.int32(1), jnp.zeros(1))
    log_probs = jax.nn.log_softmax(logits)[jnp.arange(6), labels]
    expected = -log_probs + 4 * (1 - jnp.exp(log_probs))
    np.testing.assert_allclose(loss(logits, labels), expected, rtol=1e-5)
    masked = loss(logits, labels, where=where)
    np.testing.assert_allclose(masked, jnp.where(where, expected, 0), rtol=1e-5)

    squared = check_method("--losses", written(FILE, "squared"))
    plain = method_named(squared).loss(scale=2.0)
    both = plain(logits, labels, where=where), plain(logits.T, labels, axis=0)
    np.testing.assert_allclose(both[1], 2 * (1 - jnp.exp(log_probs)) ** 2, rtol=1e-5)
    np.testing.assert_allclose(both[0], jnp.where(where, both[1], 0))
    smooth = switching_loss([squared], jnp.int32(0), jnp.ones(1), label_smoothing=0.2)
    soft = optax.smooth_labels(jax.nn.one_hot(labels, 5), 0.2)
    every = (1 - jax.nn.softmax(logits)) ** 2
    np.testing.assert_allclose(smooth(logits, labels), (soft * every).sum(1), rtol=1e-5)


def test_one_that_draws_gets_a_key(written):
    text = (
        "import jax\n"
        "def loss(logits, labels, *, key, width=0.5):\n"
        "    return width * jax.random.uniform(key, labels.shape) * logits[:, 0]\n"
    )
    name = check_method("--loss", written(text))
    method = method_named(name)
    assert (method.draws, method.parameters) == (True, ("width",))
    loss = switching_loss([name, "CE"], jnp.int32(0), jnp.full(1, 2.0))
    logits, labels = jnp.ones((3, 4)), jnp.arange(3)
    first, second = (loss(logits, labels, key=jax.random.key(seed)) for seed in (0, 1))
    assert (first != second).all()
    assert ((first >= 0) & (first <= 2)).all()


def test_its_speed_is_measured(written):
    text = written(FILE, "squared")
    assert checked_names(["CE_ε+MAE", text]) == (
        ("CE_eps+MAE", "mine.py:squared"),
        ("mine.py:squared",),
    )
    timed = candidates(10, ("mine.py:squared",))
    assert {PEER, "CE", "mine.py:squared"} <= set(timed)
    assert timed["mine.py:squared"](jnp.zeros((2, 10)), jnp.zeros(2, int)).shape == (2,)
    assert "mine.py:squared" not in candidates(10)
    with pytest.raises(
        UsageError, match=r"--losses: expected names among .* or FILE.py:NAME, got 'XE'"
    ):
        checked_names(["XE"])


def test_what_names_one():
    assert names_own_loss("a.py:f")
    assert names_own_loss("C:\\a.py:f")
    assert not names_own_loss("CE_eps+MAE")
    assert not names_own_loss("a.py")
    assert option_name("CE") == "CE"


WRONG = {
    "def other(logits, labels): return 0": r"--loss: expected FILE.py:NAME with .*mine.py has no 'loss'; its functions are other$",
    "loss = 3": r"mine.py has something else as 'loss'; its functions are none$",
    "import no_such_module": r"expected a file that Python can import, got .*mine.py, ModuleNotFoundError in line 1: No module named 'no_such",
    "x = 1\ndef loss(logits:": r"got .*mine.py, which is no Python in line 2 \(",
    "def loss(logits): return logits": r"which does not take two arguments by position$",
    "def loss(logits, labels, *, a): return logits": r"expected a default for every constant, got none for 'a' of .*; write a=1.0$",
    "def loss(logits, labels, *, a=1.0): return logits[:, 0]\nloss.candidates = [{'b': 1}]": r"loss.candidates as a list of dictionaries with numbers for a, got \[\{'b': 1\}\]",
    "def loss(logits, labels): return logits[:, 0]\nloss.candidates = 3": r"with numbers for no constant at all, got 3;",
    "def loss(logits, labels): return logits.mean()": r"expected one floating-point value per example, of shape \(4,\) for 4 examples, got float32 of shape \(\); return it for each",
    "def loss(logits, labels): return labels": r"got int32 of shape \(4,\);",
    "def loss(logits, labels): return None": r"for 4 examples, got NoneType;",
    "def loss(logits, labels, *, a=1.0):\n    if a > 0: return logits[:, 0]": r"expected a loss that JAX can trace .*, got TracerBoolConversionError in line 2: ",
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
    assert "got none.py, which is no file" in capsys.readouterr().err
    assert main(["compare", "--losses", f"{here},{there}"]) == 2
    assert "--losses: expected files of different names, got /" in capsys.readouterr().err
    out = ["--out", str(tmp_path / "out")]
    assert main(["reproduce", "table2", "--extra-losses", "CE", *out]) == 2
    assert "--extra-losses: expected FILE.py:NAME, got 'CE'; the" in capsys.readouterr().err
    assert main(["reproduce", "digits", "--extra-losses", here, *out]) == 2
    assert "expected a table whose losses share a learning rate, got" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
