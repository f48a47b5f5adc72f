"""Losses of one's own on the command line: found, trained, measured beside the others."""

import dataclasses
import json
import shlex
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from esoftmax_jax import app, losses
from esoftmax_jax.app.data.load import load_dataset
from esoftmax_jax.app.jobs.train_command import train_command
from esoftmax_jax.app.labels.noise_spec import parse_noise
from esoftmax_jax.app.methods.find import as_given, find_method, find_methods
from esoftmax_jax.app.methods.loss_spec import LossSpec
from esoftmax_jax.app.methods.methods import METHODS, selected
from esoftmax_jax.app.methods.own_loss_file import names_own_loss
from esoftmax_jax.app.methods.switching import switching_loss
from esoftmax_jax.app.runs.recipes import make_config
from esoftmax_jax.app.runs.run_all import missing_runs
from esoftmax_jax.app.terminal.messages import UsageError
from experiments.bench.candidates import PEER, candidates, checked_names
from experiments.cli import main
from experiments.configs import load_table
from experiments.reproduce.own_rows import own_rows
from tests.helpers.own_losses import FILE, loss_hash


@pytest.mark.usefixtures("five_together")
def test_a_comparison_with_losses_of_ones_own(written, tmp_path):
    arguments: dict[str, Any] = {
        "losses": ["CE", written(FILE, "squared"), written(FILE, "sum_of_two")],
        "noise": "pairwise:0.4",
        "seeds": 1,
        "epochs": 2,
        "train_examples": 200,
        "out": tmp_path / "out",
    }
    found = {row["loss"]: row for row in app.compare("digits", **arguments).table}
    assert found.keys() >= {"CE", "mine.py:squared", "mine.py:sum_of_two"}
    assert found["mine.py:squared"]["learning_rate"] < 1
    assert found["mine.py:squared"]["hyperparameters"]["scale"] in (1, 3)
    assert found["mine.py:sum_of_two"]["hyperparameters"] == {}
    lines = (tmp_path / "out" / "results.jsonl").read_text(encoding="utf-8").splitlines()
    configs = [json.loads(line)["config"] for line in lines]
    hashes = {config["loss"]: config.get("loss_hash") for config in configs}
    assert hashes["CE"] is None
    assert len(set(hashes.values())) == 3
    tuning = (tmp_path / "out" / "tuning.jsonl").read_text(encoding="utf-8")
    assert '"scale": 3.0' in tuning

    # Called again, nothing is run.
    app.compare("digits", **arguments)
    assert len((tmp_path / "out" / "results.jsonl").read_text().splitlines()) == len(lines)


def test_one_run_keeps_to_its_loss(written, tmp_path, capsys):
    folder = tmp_path / "run"
    arguments = ["train", "--epochs", "1", "--workdir", str(folder), "--loss"]
    first = written(FILE, "squared")
    assert main([*arguments, first, "--set", "scale=2"]) == 0
    assert "mine.py:squared, digits" in capsys.readouterr().out
    assert json.loads((folder / "config.json").read_text())["hyperparameters"] == {"scale": 2}
    other = written(FILE.replace("power: int = 2", "power: int = 3"), "squared", "b/mine.py")
    assert main([*arguments, other, "--set", "scale=2"]) == 2
    assert "whose run has another computation of the loss; choose" in capsys.readouterr().err
    assert main([*arguments, first, "--set", "power=2"]) == 2
    assert (
        "--set: expected NAME=VALUE with NAME among scale for mine" in capsys.readouterr().err
    )


def test_any_callable_is_a_loss(written):
    text = """
import dataclasses, functools
import jax, jax.numpy as jnp
from esoftmax_jax import app, losses
@dataclasses.dataclass
class Scaled:
    scale: float
    def __call__(self, logits, labels, *, shift=0.5): return self.scale * losses.cross_entropy(logits, labels) + shift
scaled = Scaled(2.0)
bound = functools.partial(losses.epsilon_softmax_cross_entropy, m=1e3)
own = losses.with_logit_bias(losses.mean_absolute_error, bias=jnp.float32(1.0))
def strict(logits, labels, *, where, axis): return losses.cross_entropy(logits, labels, where=where, axis=axis)
"""
    logits = np.random.default_rng(0).normal(size=(6, 5)).astype(np.float32)
    labels = np.arange(6, dtype=np.int32) % 5
    expected = np.asarray(losses.cross_entropy(logits, labels))
    cases: list[tuple[str, tuple[str, ...], Any]] = [
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
    ]
    for name, parameters, values in cases:
        path = written(text, name)
        _, method = find_method("--loss", path)
        assert method.parameters == parameters
        loss_hash(path, name)
        found = jax.jit(method.loss(**method.candidates[0]))(logits, labels)
        np.testing.assert_allclose(found, values, rtol=1e-6)
    where = np.arange(6) < 3
    masked = np.where(where[:, None], logits, np.float32(np.nan))
    gradient = jax.jit(jax.grad(lambda z: method.loss()(z, labels, where=where).sum()))(masked)
    assert np.isfinite(gradient).all()  # only if the function itself is given the mask


def test_runs_of_several_own_losses_are_one_program(written, tmp_path):
    own = find_methods("--losses", [written(FILE, name) for name in ("squared", "sum_of_two")])
    methods = selected(["CE"]) | own
    data = load_dataset("digits")
    configs = [
        make_config(data, parse_noise("none"), name, methods, epochs=1) for name in methods
    ]
    assert len({config.loss.content_hash for config in configs}) == 3
    (program,) = missing_runs(configs, {})
    assert sorted(program.loss_names) == sorted(methods)


def test_the_command_for_training_names_the_file(written, tmp_path):
    path = written(FILE, "squared")
    data = load_dataset("digits")
    methods = find_methods("--loss", [path])
    config = make_config(data, parse_noise("none"), "mine.py:squared", methods)
    assert as_given(methods) == {"mine.py:squared": path}
    command = train_command(("--dataset", "npz:a b.npz"), config, path, Path("out"))
    assert shlex.split(command)[shlex.split(command).index("--loss") + 1] == path
    assert "suspects-mine.py-squared-none.csv" in command
    corrected = train_command(
        ("--corrections", "suspects-mine.py-squared-none.csv"), config, path, Path("out")
    )
    assert "--suspects suspects-mine.py-squared-none-corrected.csv" in corrected
    assert "--workdir out/mine.py-squared-none-corrected " in corrected


def test_rows_of_ones_own_are_trained_as_the_papers():
    table = load_table("table2", "cifar10")
    chosen = table.select(["sym0.4", "clean/CE"])
    rows = own_rows(table, chosen, [LossSpec("mine.py:loss", (("a", 1.0),))])
    assert [row.setting for row in rows] == list(dict.fromkeys(cell.setting for cell in chosen))
    for row in rows:
        (paper,) = table.select([f"{row.setting}/CE"])
        same = dataclasses.replace(
            paper,
            row="mine.py:loss",
            loss=LossSpec("mine.py:loss", (("a", 1.0),)),
            reference=None,
        )
        assert row == same


def test_it_stands_beside_the_librarys(written):
    _, own = find_method("--losses", written(FILE, "sum_of_two"))
    logits = np.random.default_rng(0).normal(size=(6, 5)).astype(np.float32)
    labels = np.arange(6, dtype=np.int32) % 5
    where = np.arange(6) < 4
    loss = jax.jit(switching_loss([METHODS["MAE"], own], jnp.int32(1), jnp.zeros(1)))
    all_probs = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    probs = all_probs[np.arange(6), labels]
    expected = -np.log(probs) + 4 * (1 - probs)
    np.testing.assert_allclose(loss(logits, labels), expected, rtol=1e-5)
    masked = loss(logits, labels, where=where)
    np.testing.assert_allclose(masked, np.where(where, expected, 0), rtol=1e-5)

    _, squared = find_method("--losses", written(FILE, "squared"))
    plain = squared.loss(scale=2.0)
    both = plain(logits, labels, where=where), plain(logits.T, labels, axis=0)
    np.testing.assert_allclose(both[1], 2 * (1 - probs) ** 2, rtol=1e-5)
    np.testing.assert_allclose(both[0], np.where(where, both[1], 0))
    smooth = switching_loss([squared], jnp.int32(0), jnp.ones(1), label_smoothing=0.2)
    soft = 0.8 * np.eye(5)[labels] + 0.2 / 5
    every = (1 - all_probs) ** 2
    np.testing.assert_allclose(
        jax.jit(smooth)(logits, labels), (soft * every).sum(1), rtol=1e-5
    )
    # In half precision as the others, so that they can be branches of one program.
    assert plain(logits.astype(jnp.bfloat16), labels).dtype == jnp.bfloat16


def test_one_that_draws_gets_a_key(written):
    text = (
        "import jax\n"
        "def loss(logits, labels, *, key, width=0.5):\n"
        "    return width * jax.random.uniform(key, labels.shape) * logits[:, 0]\n"
    )
    _, method = find_method("--loss", written(text))
    assert (method.draws, method.parameters) == (True, ("width",))
    loss = switching_loss([method, METHODS["CE"]], jnp.int32(0), jnp.full(1, 2.0))
    logits, labels = jnp.ones((3, 4)), jnp.arange(3)
    first, second = (loss(logits, labels, key=jax.random.key(seed)) for seed in (0, 1))
    assert (first != second).all()
    assert ((first >= 0) & (first <= 2)).all()
    assert loss_hash(written(text)) == loss_hash(written(text, file="again.py"))


def test_its_speed_is_measured(written):
    text = written(FILE, "squared")
    only, own = checked_names(["CE_ε+MAE", text])
    assert (only, list(own)) == (("CE_eps+MAE", "mine.py:squared"), ["mine.py:squared"])
    timed = candidates(10, own)
    assert {PEER, "CE", "mine.py:squared"} <= set(timed)
    assert timed["mine.py:squared"](jnp.zeros((2, 10)), jnp.zeros(2, int)).shape == (2,)
    assert "mine.py:squared" not in candidates(10)
    with pytest.raises(
        UsageError, match=r"--losses: expected names among .* or FILE.py:NAME, got 'XE'"
    ):
        checked_names(["XE"])


def test_a_loss_that_fits_one_number_of_classes_is_timed_there(written):
    text = "import jax.numpy as jnp\ndef loss(logits, labels): return (logits * jnp.arange(100.0)).std(1)\n"
    _, own = checked_names([written(text)])
    assert "mine.py:loss" in candidates(100, own)
    assert "mine.py:loss" not in candidates(10, own)
    with pytest.raises(UsageError, match="expected a loss that JAX can trace"):
        checked_names([written(text.replace("100", "3"), file="three.py")])


def test_what_names_one():
    assert names_own_loss("a.py:f")
    assert names_own_loss("C:\\a.py:f")
    assert not names_own_loss("CE_eps+MAE")
    assert not names_own_loss("a.py")
    assert as_given(selected(["CE"])) == {"CE": "CE"}
