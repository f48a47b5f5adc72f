"""What the README and the pages of docs show must work, and what exists must be in them."""

import re
import shlex
from pathlib import Path
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from esoftmax_jax import app, cleaning, estimate, losses, noise, theory, training
from esoftmax_jax.app.cli.parser import make_parser as application_parser
from esoftmax_jax.app.data.load import load_dataset
from esoftmax_jax.app.methods.methods import METHODS
from esoftmax_jax.app.methods.own_loss_file import read_own_loss
from esoftmax_jax.app.suspects.corrections import correct
from experiments.audits import cleanlab_scores
from experiments.cli import main, make_parser
from tests.helpers.audits import noisy, probabilities_of
from tests.helpers.documents import FOR_USERS, PAGES, ROOT, blocks

NOT_LOSSES = {
    "checked", "weighted_sum", "epsilon_softmax", "log_epsilon_softmax",
    "epsilon_bound", "m_for_epsilon",
}  # fmt: skip


class Model(nn.Module):
    """A small network with batch norm, as the examples need one."""

    axis_name: str | None = None

    @nn.compact
    def __call__(self, x, train=True):
        x = nn.BatchNorm(use_running_average=not train, axis_name=self.axis_name)(x)
        return nn.Dense(10)(x)


def run(page: str, **names: Any) -> dict[str, Any]:
    """Run the Python of a page, block after block, beside names that it takes as given."""
    for block in blocks(PAGES[page], "python"):
        exec(block, names)
    return names


def the_loop_learns_in_spite_of_wrong_labels():
    clean = np.arange(400) % 10
    images = np.random.default_rng(0).normal(np.eye(10, 64)[clean] * 5, 0.3)
    labels = noise.symmetric_noise(jax.random.key(0), clean, num_classes=10, rate=0.4)
    names = run("README.md", batches=[(jnp.asarray(images, jnp.float32), labels)] * 300)
    assert (names["model"](jnp.asarray(images, jnp.float32)).argmax(-1) == clean).mean() > 0.95
    assert (labels != clean).sum() == 160


def the_step_of_the_front_page_learns():
    labels = jnp.arange(40) % 4
    optimizer, params = optax.sgd(1.0), jnp.zeros((4, 4))
    names = run(
        "docs/index.md", apply=lambda params, inputs: inputs @ params, optimizer=optimizer
    )
    state, inputs = optimizer.init(params), jnp.eye(4)[labels]
    for _ in range(20):
        params, state = names["train_step"](params, state, inputs, labels)
    assert ((inputs @ params).argmax(-1) == labels).all()


def a_loss_by_name_gives_a_value_for_each_example():
    labels = jnp.arange(80) % 4
    names = run("docs/losses.md", logits=jnp.ones((80, 4)), labels=labels)
    assert names["per_example"].shape == labels.shape
    paper = losses.get("CE_eps+MAE", alpha=0.01, beta=5.0, m=1e5)
    assert (names["per_example"] == paper(jnp.ones((80, 4)), labels)).all()


def a_loss_of_ones_own_is_judged():
    names = run("docs/theory.md")
    # 4 · 9 at one-hot vectors, 10 · (2 · 0.9)² in the middle
    assert names["gap"].exact
    assert abs(names["gap"].lower - 3.6) < 1e-9
    c, a = 0.8, 0.8 - 0.2 / 9
    assert abs(names["bound"].bound - 2 * 3.6 * (1 + c / a)) < 1e-6
    assert names["weights"].weight.round(6).tolist() == [0.007992, 0.72]
    assert names["order"].calibrated


def noise_is_drawn_and_described():
    labels = jnp.arange(80) % 10
    names = run("docs/noise.md", labels=labels)
    assert names["noisy"].shape == labels.shape
    assert names["report"].num_wrong == 15  # ⌊0.4 · 8⌋ of each of five classes


def the_step_trains_on_every_device():
    images, labels = jnp.ones((80, 4)), jnp.arange(80) % 10
    model = Model(axis_name="devices")
    names = run(
        "docs/training.md",
        model=model,
        loss_fn=losses.mean_absolute_error,
        tx=optax.sgd(0.1),
        variables=model.init(jax.random.key(0), images, train=False),
        images=images,
        noisy=labels,
    )
    assert names["metrics"].count == 80


def a_file_of_own_losses_is_read():
    text = blocks(PAGES["docs/own-loss.md"], "{code-cell} python")[0]
    Path("my_losses.py").write_text(text, encoding="utf-8")
    for name in ("mae_to_a_power", "twice_mae"):
        method = read_own_loss("--losses", f"my_losses.py:{name}")
        assert len(method.content_hash(10, 32)) == 16


def a_trained_network_is_read_without_this_package():
    assert main(["train", "--dataset", "wine", "--epochs", "1", "--workdir", "runs/one"]) == 0
    names = run("docs/predicting.md", images=np.zeros((3, 13), np.float32))
    assert len(names["predicted"]) == 3
    assert set(names["predicted"]) <= {"class_0", "class_1", "class_2"}


def a_reviewed_list_corrects_the_labels():
    np.savez("my.npz", train_images=np.arange(12.0)[:, None], train_labels=np.arange(12) % 2)
    rows = ["rank,example,label,suggestion,margin", "1,3,1,0,-2.5", "2,0,0,1,-0.1", "3,2,0,1,3"]
    Path("suspects.csv").write_text("\r\n".join(rows))
    run("docs/reviewing-labels.md")
    data = load_dataset("npz:my.npz")
    corrected = correct(data, [Path("reviewed.csv")])
    changed = corrected.train.labels.observed != data.train.labels.observed
    held_out = corrected.test.labels.observed != data.test.labels.observed
    sources = [*data.train.sources[changed], *data.test.sources[held_out]]
    assert sorted(sources) == ["0", "3"]


def the_verbs_are_functions():
    generator, labels = np.random.default_rng(0), np.arange(80) % 2
    rows = generator.normal(labels[:, None] * 4, 1, (80, 3))
    given = np.where(np.isin(np.arange(80), (0, 2)), 1 - labels, labels)  # two are wrong
    np.savez("my.npz", train_images=rows, train_labels=given, class_names=["low", "high"])
    new = np.array([[0.0] * 3, [4.0] * 3])
    *verbs, estimator = blocks(PAGES["docs/from-python.md"], "python")
    names: dict[str, Any] = {"new_images": new, "X": rows, "y": given, "X_new": new}
    for block in verbs:
        exec(block, names)
    # As many as were left of 80 when a fifth was held out: the same programs serve.
    names |= {"X": rows[:64], "y": given[:64]}
    exec(estimator, names)
    assert {row["loss"] for row in names["rows"]} >= {"CE", "CE_eps+MAE"}
    assert names["chosen"]["loss"] in ("CE", "CE_eps+MAE")
    assert names["trained"].run.loss == names["chosen"]["loss"]
    cleaned = names["cleaned"]
    left = {str(row) for row in range(80)} - {*cleaned.train.sources, *cleaned.test.sources}
    assert left == set(names["reviewed"]["example"][names["reviewed"]["margin"] < 0])
    assert left
    assert names["classifier"].predict(new).tolist() == [0, 1]
    table = names["table"]
    assert np.flatnonzero(table["suspect"]).tolist() == [0, 2]
    assert {*names["worst_first"][:2]} == {0, 2}
    assert table["suggestion"][[0, 2]].tolist() == labels[[0, 2]].tolist()
    found = names["predictions"]
    assert found.labels.tolist() == ["low", "high"]
    assert found.class_numbers.tolist() == [0, 1]


def noise_is_estimated_by_two_ways():
    generator, true = np.random.default_rng(0), np.arange(600) % 3
    features = generator.normal(8 * np.eye(3)[true], 1)
    labels = np.where(generator.random(600) < 0.3, (true + 1) % 3, true)
    probabilities = 0.1 + 0.7 * np.eye(3)[true]
    names = run(
        "docs/estimate.md", features=features, labels=labels, probabilities=probabilities
    )
    found = names["found"]
    assert found.method == "neighbour consensus"
    low, high = found.interval
    assert low < np.mean(labels != true) < high
    assert (found.matrix.argmax(axis=1) == np.arange(3)).all()


def labels_are_audited_by_probabilities_of_scikit_learn():
    generator, true = np.random.default_rng(0), np.arange(120) % 3
    labels = np.where(np.arange(120) % 10 == 1, (true + 1) % 3, true)
    rows = generator.normal(8 * np.eye(3)[true], 1)
    for classes in (["ant", "bee", "cat"], [1, 2, 3], [0, 10, 20], [-1.5, 2.0, 10.0]):
        found = run("docs/auditing.md", X=rows, y=np.array(classes)[labels])["found"]
        assert set(found.suspects["example"]) == {str(row) for row in range(1, 120, 10)}
        assert found.report.is_file()


def settings_are_chosen_on_folds():
    generator, labels = np.random.default_rng(0), np.arange(80) % 2
    rows = generator.normal(labels[:, None] * 4, 1, (80, 3))
    given = np.where(np.isin(np.arange(80), (10, 21)), 1 - labels, labels)  # two are wrong
    data = app.dataset_from_arrays(rows, given)
    names = run("docs/auto.md", data=data, new_images=np.array([[0.0] * 3, [4.0] * 3]))
    found = names["found"]
    assert found.out_of_fold_probabilities.shape == (len(data.train), 2)
    first = found.suspects.columns["example"][:2]
    assert {*first} == {"10", "21"}
    assert app.predict(found, [[0.0] * 3, [4.0] * 3]).labels.tolist() == [0, 1]


def cleanlab_and_the_audit_find_the_same():
    truth, labels = noisy()
    theirs, ours = blocks(PAGES["docs/cleanlab.md"], "python")
    names = {"labels": labels, "probabilities": probabilities_of(truth)}
    exec(ours, names)
    assert np.flatnonzero(names["table"]["suspect"]).tolist() == [1, 11, 21, 31, 41, 51]
    if cleanlab_scores.installed():
        exec(theirs, names)
        assert names["issues"].tolist() == names["table"]["suspect"].tolist()


def embeddings_are_an_archive_that_is_read():
    given = np.arange(12, dtype=np.float32).reshape(6, 2)
    run(
        "docs/own-data.md",
        embeddings=given,
        labels=np.arange(6) % 2,
        test_embeddings=given[:2] + 1,
        test_labels=np.arange(2),
    )
    found = load_dataset("npz:embeddings.npz")
    np.testing.assert_array_equal(found.train.images, given)
    assert len(found.test) == 2


EXAMPLES = {
    "docs/own-data.md": embeddings_are_an_archive_that_is_read,
    "docs/cleanlab.md": cleanlab_and_the_audit_find_the_same,
    # One after the other: they share their programs.
    "docs/auto.md": settings_are_chosen_on_folds,
    "docs/from-python.md": the_verbs_are_functions,
    "README.md": the_loop_learns_in_spite_of_wrong_labels,
    "docs/index.md": the_step_of_the_front_page_learns,
    "docs/losses.md": a_loss_by_name_gives_a_value_for_each_example,
    "docs/theory.md": a_loss_of_ones_own_is_judged,
    "docs/noise.md": noise_is_drawn_and_described,
    "docs/estimate.md": noise_is_estimated_by_two_ways,
    "docs/auditing.md": labels_are_audited_by_probabilities_of_scikit_learn,
    "docs/training.md": the_step_trains_on_every_device,
    "docs/own-loss.md": a_file_of_own_losses_is_read,
    "docs/predicting.md": a_trained_network_is_read_without_this_package,
    "docs/reviewing-labels.md": a_reviewed_list_corrects_the_labels,
}

TESTED_BY = {"docs/finding-wrong-labels.md": ROOT / "tests/cleaning/test_loops.py"}
"""Pages whose Python is executed by a module of its own."""


def test_every_page_with_python_is_executed():
    pages = {name for name in PAGES if blocks(PAGES[name], "python")}
    for page in pages - set(EXAMPLES):
        assert Path(page).name in TESTED_BY[page].read_text(encoding="utf-8"), page


@pytest.mark.usefixtures("five_together")
@pytest.mark.parametrize("page", EXAMPLES)
def test_the_python_examples_run(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    EXAMPLES[page]()


def test_the_commands_parse():
    parsers: dict[str, Any] = {"esoftmax": application_parser("esoftmax")[0]}
    parsers["python -m experiments"] = make_parser()
    found = [
        re.match(r"(?:\S+/)?(esoftmax|python -m experiments) (.*)", command.strip())
        for text in PAGES.values()
        for block in [*blocks(text, "sh"), *re.findall(r"`([^`\n]+ --[^`\n]+)`", text)]
        for command in re.split(r"&&|\n", block)
    ]
    commands = [match.groups() for match in found if match and "VERB" not in match[2]]
    assert len(commands) >= 20
    assert {program for program, _ in commands} == set(parsers)
    for program, options in commands:
        assert parsers[program].parse_args(shlex.split(options)).run is not None


def test_the_options_that_are_named_exist():
    options = set(re.findall(r"--[a-z][a-z-]+", PAGES["docs/command-options.md"]))
    for name, text in FOR_USERS.items():
        named = set(re.findall(r"`[^`\n]*(--[a-z][a-z-]+)", text))
        assert named <= options, name


def test_every_loss_is_in_its_table():
    page = PAGES["docs/losses.md"]
    table = set(re.findall(r"^\| `(\w+)` \|", page, flags=re.MULTILINE))
    for name in losses.__all__:
        if isinstance(getattr(losses, name), type) or name in ("get", "names"):
            continue
        known = name in NOT_LOSSES or name in table or f"`{name}" in page
        assert known, f"add {name} to the table of docs/losses.md"
    plain = page.replace("ε", "eps").replace("τ", "tau")
    for name in losses.names():
        assert name == "VEL" or name in plain, f"{name} is not in docs/losses.md"
    for name in {name.removesuffix("@code") for name in METHODS}:
        assert name == "VEL" or name in plain, name


@pytest.mark.parametrize("part", [noise, theory, training, cleaning, estimate, app])
def test_every_public_function_is_in_the_documents(part):
    together = "".join(FOR_USERS.values())
    functions = [name for name in part.__all__ if not isinstance(getattr(part, name), type)]
    missing = [name for name in functions if not re.search(rf"\b{name}\b", together)]
    assert missing == [], "say in a page of docs what they do"
