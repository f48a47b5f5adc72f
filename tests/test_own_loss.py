"""Losses of one's own on the command line: found, tried, trained, told apart by content."""

import dataclasses
import json
import os
import re
import shlex
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from esoftmax_jax import losses
from experiments import _methods
from experiments._bench_candidates import PEER, candidates, checked_names
from experiments._cli import main
from experiments._datasets import load_dataset
from experiments._errors import UsageError
from experiments._loss_option import find_method, option_name
from experiments._methods import method_named, switching_loss
from experiments._noise_option import parse_noise
from experiments._own_loss_file import names_own_loss
from experiments._recipes import make_config
from experiments._run_all import missing_runs
from experiments._train_command import train_command
from experiments.configs import load_table, own_rows

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


def loss_hash(path, name="loss", *, num_classes=5, batch_size=6):
    name = find_method("--loss", f"{path.rpartition(':')[0]}:{name}")
    return method_named(name).content_hash(num_classes, batch_size)


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
        name = find_method("--loss", written(loss, file=f"{place}/loss_{place}.py"))
        method = method_named(name)
        values[place] = method.loss()(jnp.ones((2, 3)), jnp.zeros(2, int)).tolist()
        assert method.content_hash(3, 4)
    assert values == {"a": [4, 4], "b": [6, 6]}
    assert {"helpers", "inner"}.isdisjoint(sys.modules)


def test_a_file_is_executed_once_until_it_changes(written, tmp_path):
    text = "from pathlib import Path\nwith Path(__file__).with_name('times').open('a') as file: file.write('x')\n"
    text += "def one(logits, labels): return logits[:, 0]\ntwo = one\n"
    names = [find_method("--loss", written(text, name)) for name in ("one", "two")]
    assert names == ["mine.py:one", "mine.py:two"]
    assert len((tmp_path / "times").read_text()) in (1, 2)  # by the clock of the file system
    path = written(text.replace("[:, 0]", "[:, 1]"), "one")
    os.utime(tmp_path / "mine.py", (1, 1))
    find_method("--loss", path)
    found = method_named("mine.py:one").loss()(jnp.arange(6.0).reshape(2, 3), jnp.zeros(2, int))
    assert found.tolist() == [1, 4]


def test_any_callable_is_a_loss(written):
    text = """
import dataclasses, functools
import jax, jax.numpy as jnp
from esoftmax_jax import losses
@dataclasses.dataclass
class Scaled:
    scale: float
    def __call__(self, logits, labels, *, shift=0.5): return self.scale * losses.cross_entropy(logits, labels) + shift
scaled = Scaled(2.0)
bound = functools.partial(losses.epsilon_softmax_cross_entropy, m=1e3)
own = losses.with_logit_bias(losses.mean_absolute_error, bias=jnp.float32(1.0))
def strict(logits, labels, *, where, axis): return losses.cross_entropy(logits, labels, where=where, axis=axis)
"""
    logits, labels = (
        jnp.asarray(np.random.default_rng(0).normal(size=(6, 5)), jnp.float32),
        jnp.arange(6) % 5,
    )
    expected = losses.cross_entropy(logits, labels)
    for name, parameters, values in [
        ("scaled", ("shift",), 2 * expected + 0.5),
        (
            "bound",
            ("m", "min_prob"),
            losses.epsilon_softmax_cross_entropy(logits, labels, m=1e3),
        ),
        (
            "own",
            (),
            losses.with_logit_bias(losses.mean_absolute_error, bias=1.0)(logits, labels),
        ),
        ("strict", (), expected),
    ]:
        path = written(text, name)
        method = method_named(find_method("--loss", path))
        assert method.parameters == parameters
        loss_hash(path, name)
        np.testing.assert_allclose(
            method.loss(**method.candidates[0])(logits, labels), values, rtol=1e-6
        )
    where = jnp.arange(6) < 3
    masked = logits.at[3:].set(jnp.nan)
    gradient = jax.grad(lambda z: method.loss()(z, labels, where=where).sum())(masked)
    assert jnp.isfinite(gradient).all()  # only if the function itself is given the mask


def test_runs_of_several_own_losses_are_one_program(written, tmp_path):
    names = [find_method("--losses", written(FILE, name)) for name in ("squared", "sum_of_two")]
    data = load_dataset("digits")
    configs = [
        make_config(data, parse_noise("none"), name, epochs=1) for name in ("CE", *names)
    ]
    assert len({config.loss_hash for config in configs}) == 3
    (program,) = missing_runs(configs, {})
    assert sorted(program.loss_names) == sorted(["CE", *names])


def test_the_command_for_training_names_the_file(written, tmp_path):
    path = written(FILE, "squared")
    data = load_dataset("digits")
    config = make_config(data, parse_noise("none"), find_method("--loss", path))
    command = train_command(("--dataset", "npz:a b.npz"), config, Path("out"))
    assert shlex.split(command)[shlex.split(command).index("--loss") + 1] == path
    assert "suspects-mine.py-squared-none.csv" in command
    corrected = train_command(
        ("--corrections", "suspects-mine.py-squared-none.csv"), config, Path("out")
    )
    assert "--suspects suspects-mine.py-squared-none-corrected.csv" in corrected
    assert "--workdir out/mine.py-squared-none-corrected " in corrected


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


def test_rows_of_ones_own_are_trained_as_the_papers():
    table = load_table("table2", "cifar10")
    chosen = table.select(["sym0.4", "clean/CE"])
    rows = own_rows(table, chosen, {"mine.py:loss": (("a", 1.0),)})
    assert [row.setting for row in rows] == list(dict.fromkeys(cell.setting for cell in chosen))
    for row in rows:
        (paper,) = table.select([f"{row.setting}/CE"])
        same = dataclasses.replace(
            paper,
            row="mine.py:loss",
            loss="mine.py:loss",
            hyperparameters=(("a", 1.0),),
            reference=None,
        )
        assert row == same


def test_it_stands_beside_the_librarys(written):
    own = find_method("--losses", written(FILE, "sum_of_two"))
    logits = jnp.asarray(np.random.default_rng(0).normal(size=(6, 5)), jnp.float32)
    labels = jnp.arange(6) % 5
    where = jnp.arange(6) < 4
    loss = switching_loss(["MAE", own], jnp.int32(1), jnp.zeros(1))
    log_probs = jax.nn.log_softmax(logits)[jnp.arange(6), labels]
    expected = -log_probs + 4 * (1 - jnp.exp(log_probs))
    np.testing.assert_allclose(loss(logits, labels), expected, rtol=1e-5)
    masked = loss(logits, labels, where=where)
    np.testing.assert_allclose(masked, jnp.where(where, expected, 0), rtol=1e-5)

    squared = find_method("--losses", written(FILE, "squared"))
    plain = method_named(squared).loss(scale=2.0)
    both = plain(logits, labels, where=where), plain(logits.T, labels, axis=0)
    np.testing.assert_allclose(both[1], 2 * (1 - jnp.exp(log_probs)) ** 2, rtol=1e-5)
    np.testing.assert_allclose(both[0], jnp.where(where, both[1], 0))
    smooth = switching_loss([squared], jnp.int32(0), jnp.ones(1), label_smoothing=0.2)
    soft = optax.smooth_labels(jax.nn.one_hot(labels, 5), 0.2)
    every = (1 - jax.nn.softmax(logits)) ** 2
    np.testing.assert_allclose(smooth(logits, labels), (soft * every).sum(1), rtol=1e-5)
    # In half precision as the others, so that they can be branches of one program.
    assert plain(logits.astype("bfloat16"), labels).dtype == jnp.bfloat16


def test_one_that_draws_gets_a_key(written):
    text = (
        "import jax\n"
        "def loss(logits, labels, *, key, width=0.5):\n"
        "    return width * jax.random.uniform(key, labels.shape) * logits[:, 0]\n"
    )
    name = find_method("--loss", written(text))
    method = method_named(name)
    assert (method.draws, method.parameters) == (True, ("width",))
    loss = switching_loss([name, "CE"], jnp.int32(0), jnp.full(1, 2.0))
    logits, labels = jnp.ones((3, 4)), jnp.arange(3)
    first, second = (loss(logits, labels, key=jax.random.key(seed)) for seed in (0, 1))
    assert (first != second).all()
    assert ((first >= 0) & (first <= 2)).all()
    assert loss_hash(written(text)) == loss_hash(written(text, file="again.py"))


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


def test_a_loss_that_fits_one_number_of_classes_is_timed_there(written):
    text = "import jax.numpy as jnp\ndef loss(logits, labels): return (logits * jnp.arange(100.0)).std(1)\n"
    checked_names([written(text)])
    assert "mine.py:loss" in candidates(100, ("mine.py:loss",))
    assert "mine.py:loss" not in candidates(10, ("mine.py:loss",))
    with pytest.raises(UsageError, match="expected a loss that JAX can trace"):
        checked_names([written(text.replace("100", "3"), file="three.py")])


def test_what_names_one():
    assert names_own_loss("a.py:f")
    assert names_own_loss("C:\\a.py:f")
    assert not names_own_loss("CE_eps+MAE")
    assert not names_own_loss("a.py")
    assert option_name("CE") == "CE"


WRONG = {
    "def other(logits, labels): return 0": r"--loss: expected FILE.py:NAME with .*mine.py has no 'loss'; its functions are other$",
    "loss = 3": r"mine.py has something else as 'loss'; its functions are none$",
    "import no_such_module": r"expected a file that Python can import, got .*mine.py: ModuleNotFoundError in line 1: No module named 'no_such",
    "x = 1\ndef loss(logits:": r"got .*mine.py: mine.py, which is no Python in line 2 \(",
    "def loss(logits): return logits": r"which does not take two arguments by position$",
    "def loss(logits, labels, *, a): return logits": r"expected a default for every constant, got none for 'a' of .*; write a=1.0$",
    "def loss(logits, labels, *, a=1.0): return logits[:, 0]\nloss.candidates = [{'b': 1}]": r"loss.candidates as a list of dictionaries with numbers for a, got \[\{'b': 1\}\]",
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
    assert "got none.py, which is no file" in capsys.readouterr().err
    assert main(["compare", "--losses", f"{here},{there}"]) == 2
    assert "--losses: expected files of different names, got /" in capsys.readouterr().err
    out = ["--out", str(tmp_path / "out")]
    assert main(["reproduce", "table2", "--extra-losses", "CE", *out]) == 2
    assert "--extra-losses: expected FILE.py:NAME, got 'CE'; the" in capsys.readouterr().err
    assert main(["reproduce", "digits", "--extra-losses", here, *out]) == 2
    assert "expected a table whose losses share a learning rate, got" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
