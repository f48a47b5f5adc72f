"""What the README shows must work, and what exists must be in it."""

import re
import shlex
from pathlib import Path
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax

from esoftmax_jax import losses, noise, presets, training
from esoftmax_jax.app.data.load import load_dataset
from esoftmax_jax.app.methods.methods import METHODS
from esoftmax_jax.app.methods.own_loss_file import read_own_loss
from esoftmax_jax.app.suspects.corrections import correct
from experiments.cli import main, make_parser

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
NOT_LOSSES = {
    "checked", "weighted_sum", "epsilon_softmax", "log_epsilon_softmax",
    "epsilon_bound", "m_for_epsilon",
}  # fmt: skip


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


class Model(nn.Module):
    """A small network with batch norm, as the examples need one."""

    axis_name: str | None = None

    @nn.compact
    def __call__(self, x, train=True):
        x = nn.BatchNorm(use_running_average=not train, axis_name=self.axis_name)(x)
        return nn.Dense(10)(x)


def test_the_python_examples_run(tmp_path, monkeypatch):
    images, labels = jnp.ones((80, 4)), jnp.arange(80) % 10
    dense = nn.Dense(10)
    first, by_name, second, third, own_losses, model_file, cleaning = blocks("python")
    names: dict[str, Any] = {
        "model": dense,
        "params": dense.init(jax.random.key(0), images)["params"],
        "batch": {"images": images, "labels": labels},
    }
    exec(first, names)
    assert jnp.isfinite(names["gradients"]["kernel"]).all()

    names = {"losses": losses, "presets": presets, "logits": images, "labels": labels % 4}
    exec(by_name, names)
    assert names["per_example"].shape == labels.shape

    logits = jax.nn.one_hot(labels.at[7].set(0), 10)
    names = {"jax": jax, "noise": noise, "labels": labels, "logits": logits}
    exec(second, names)
    assert names["noisy"].shape == labels.shape
    assert names["suspects"][0] == 7

    model = Model(axis_name="devices")
    names = {
        "training": training,
        "model": model,
        "loss_fn": losses.mean_absolute_error,
        "tx": optax.sgd(0.1),
        "variables": model.init(jax.random.key(0), images, train=False),
        "images": images,
        "noisy": labels,
    }
    exec(third, names)
    assert names["metrics"].count == 80

    monkeypatch.chdir(tmp_path)
    Path("my_losses.py").write_text(own_losses, encoding="utf-8")
    for name in ("mae_to_a_power", "twice_mae"):
        method = read_own_loss("--losses", f"my_losses.py:{name}")
        assert len(method.content_hash(10, 32)) == 16

    assert main(["train", "--dataset", "wine", "--epochs", "1", "--workdir", "runs/one"]) == 0
    names = {"images": np.zeros((3, 13), np.float32)}
    exec(model_file, names)
    assert len(names["predicted"]) == 3
    assert set(names["predicted"]) <= {"class_0", "class_1", "class_2"}

    np.savez("my.npz", train_images=np.arange(12.0)[:, None], train_labels=np.arange(12) % 2)
    rows = ["rank,example,label,suggestion,margin", "1,3,1,0,-2.5", "2,0,0,1,-0.1", "3,2,0,1,3"]
    Path("suspects.csv").write_text("\r\n".join(rows))
    exec(cleaning, {})
    data = load_dataset("npz:my.npz")
    corrected = correct(data, [Path("reviewed.csv")])
    changed = corrected.train_labels != data.train_labels
    held_out = corrected.test_labels != data.test_labels
    sources = [*data.train_sources[changed], *data.test_sources[held_out]]
    assert sorted(sources) == ["0", "3"]


def test_the_commands_parse():
    commands = [
        line.partition("python -m experiments ")[2]
        for block in blocks("sh")
        for line in block.splitlines()
        if "python -m experiments " in line
    ]
    assert len(commands) >= 4
    for command in commands:
        assert make_parser().parse_args(shlex.split(command)).run is not None


def test_every_loss_is_in_the_tables():
    table = set(re.findall(r"^\| `(\w+)` \|", README, flags=re.MULTILINE))
    for name in losses.__all__:
        if isinstance(getattr(losses, name), type) or name in ("get", "names"):
            continue
        assert name in NOT_LOSSES or name in table or f"`{name}" in README, name
    plain = README.replace("ε", "eps").replace("τ", "tau")
    for name in losses.names():
        assert name == "VEL" or name in plain, name
    for name in {name.removesuffix("@code") for name in METHODS}:
        assert name == "VEL" or name in plain, name
