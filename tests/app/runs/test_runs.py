"""Whole runs on a small scale: resumed, repeated, grouped, compared and reported."""

import dataclasses
import json
from typing import Any

import jax
import numpy as np
import pytest

from esoftmax_jax.app.data.load import load_dataset
from esoftmax_jax.app.data.subset import first_examples
from esoftmax_jax.app.engine import group as _runner
from esoftmax_jax.app.engine.batches import batch_orders, split_holdout
from esoftmax_jax.app.engine.config import RunConfig
from esoftmax_jax.app.engine.group import grouped, make_group
from esoftmax_jax.app.engine.program import make_program
from esoftmax_jax.app.files.json_lines import append_line
from esoftmax_jax.app.jobs.training_run import Destination, run_training
from esoftmax_jax.app.jobs.tuning import choose, tuning_configs
from esoftmax_jax.app.labels.noise_spec import parse_noise
from esoftmax_jax.app.labels.noisy_labels import apply_noise
from esoftmax_jax.app.methods.find import check_settings
from esoftmax_jax.app.methods.methods import METHODS, selected
from esoftmax_jax.app.runs import run_all
from esoftmax_jax.app.runs.recipes import make_config, recipe_for
from esoftmax_jax.app.runs.results import read_results
from experiments.cli import main
from tests.helpers.runs import finished

LOSSES = ["CE", "CE_eps+MAE"]


@pytest.fixture(scope="module")
def digits():
    return first_examples(load_dataset("digits"), 400)


def config(dataset, loss="CE_eps+MAE", **options):
    defaults = {"epochs": 3, "width": 0.1, "seed": 0}
    return make_config(dataset, parse_noise("symmetric:0.4"), loss, **{**defaults, **options})


def newest_states(workdir):
    import orbax.checkpoint as ocp

    with ocp.CheckpointManager((workdir / "checkpoints").resolve()) as manager:
        content = manager.restore(manager.latest_step(), args=ocp.args.StandardRestore())
    return jax.tree.leaves(content)


def trained(run, dataset, workdir):
    """Return a run that is kept in a folder."""
    methods = selected([run.loss.name])
    return run_training(run, dataset, methods, Destination(workdir)).run


def without_time(run):
    return {
        name: value for name, value in run.to_json().items() if name not in ("wall_s", "date")
    }


def test_a_resumed_run_is_a_straight_run_bit_for_bit(digits, tmp_path, monkeypatch):
    run = config(digits)
    straight = trained(run, digits, tmp_path / "straight")

    advance = _runner.Group.advance

    def interrupted(group, epochs):
        if group.epoch == 2:
            raise KeyboardInterrupt
        advance(group, epochs)

    monkeypatch.setattr(_runner.Group, "advance", interrupted)
    with pytest.raises(KeyboardInterrupt):
        trained(run, digits, tmp_path / "resumed")
    assert not (tmp_path / "resumed" / "results.jsonl").exists()
    monkeypatch.setattr(_runner.Group, "advance", advance)
    resumed = trained(run, digits, tmp_path / "resumed")

    assert without_time(resumed) == without_time(straight)
    pairs = zip(
        newest_states(tmp_path / "straight"), newest_states(tmp_path / "resumed"), strict=True
    )
    different = [a.shape for a, b in pairs if not np.array_equal(a, b, equal_nan=True)]
    assert different in ([], [()])  # the only thing that may differ is the time taken
    again = trained(run, digits, tmp_path / "resumed")
    assert again.to_json() == resumed.to_json()


def test_a_killed_group_of_runs_goes_on_at_its_checkpoint(digits, tmp_path, monkeypatch):
    configs = [config(digits, loss, seed=seed) for loss in ("CE", "GCE") for seed in (0, 1)]
    configs = configs[:3]
    monkeypatch.setattr(jax, "local_device_count", lambda: 2)
    # Two runs, then one: its checkpoint must be found though it alone is missing.
    recipe = dataclasses.replace(recipe_for(digits), epochs_together=1, runs_together=1)
    monkeypatch.setattr(run_all, "recipe_for", lambda dataset: recipe)
    straight = run_all.run_all(configs, digits, tmp_path / "straight.jsonl", "test")
    assert not list(tmp_path.glob("*.checkpoints"))  # these runs took no minute

    trained: list[int] = []
    advance = _runner.Group.advance

    def interrupted(group, epochs):
        if len(trained) == 5:
            raise KeyboardInterrupt
        trained.append(group.epoch)
        advance(group, epochs)

    monkeypatch.setattr(run_all, "CHECKPOINT_SECONDS", 0.0)
    monkeypatch.setattr(_runner.Group, "advance", interrupted)
    path = tmp_path / "killed.jsonl"
    with pytest.raises(KeyboardInterrupt):
        run_all.run_all(configs, digits, path, "test")
    assert len(read_results(path)) == 2
    assert len(list(tmp_path.glob("killed.checkpoints/*"))) == 1
    assert len(list(tmp_path.glob("killed.checkpoints/*/2"))) == 1

    def recorded(group, epochs):
        trained.append(group.epoch)
        advance(group, epochs)

    monkeypatch.setattr(_runner.Group, "advance", recorded)
    resumed = run_all.run_all(configs, digits, path, "test")
    assert trained == [0, 1, 2, 0, 1, 2]
    assert [without_time(r) for r in resumed] == [without_time(r) for r in straight]
    assert not list(tmp_path.glob("*.checkpoints"))


def test_a_folder_of_another_run_is_refused(digits, tmp_path):
    (tmp_path / "config.json").write_text(json.dumps(config(digits, seed=3).to_json()))
    with pytest.raises(
        ValueError, match=r"--workdir: expected a new folder .*has seed=3; choose"
    ):
        trained(config(digits), digits, tmp_path)
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(
        ValueError,
        match=r"config.json, line 1: expected JSON, got .*; choose another --workdir",
    ):
        trained(config(digits), digits, tmp_path)


def curves(configs, dataset, program):
    group = make_group(program, configs, dataset)
    group.advance(2)
    group.advance(9)
    assert group.finished
    return [(run.to_json()["curves"], run.noise_hash) for run in group.results()]


def test_a_run_does_not_depend_on_its_company(digits):
    # Other losses, seeds and devices beside it, and the number of epochs in a call.
    configs = [config(digits, loss, seed=seed) for loss in LOSSES for seed in (0, 1)]
    program = make_program(configs[0], digits, selected(LOSSES), 2)
    together = curves(configs, digits, program)
    assert together == curves(configs, digits, program)
    program = make_program(configs[0], digits, selected(LOSSES), 1)
    one_by_one = [curves([alone], digits, program)[0] for alone in configs]
    program = make_program(configs[0], digits, selected(LOSSES), 2, at_once=len(configs) // 2)
    at_once = curves(configs, digits, program)
    for others in (one_by_one, at_once):
        for (curve, noise_hash), beside in zip(others, together, strict=True):
            assert noise_hash == beside[1]
            np.testing.assert_allclose(curve["train_loss"], beside[0]["train_loss"], rtol=1e-4)
            np.testing.assert_allclose(
                curve["test_accuracy"], beside[0]["test_accuracy"], atol=0.01
            )
    assert together[0] != together[1]


@pytest.mark.parametrize(
    ("backend", "runs", "at_once", "expected"),
    [
        ("cpu", 3, None, (3, 3, 1)),
        ("cpu", 100, None, (8, 80, 1)),
        ("cpu", 100, 4, (8, 64, 4)),  # 2 × 4 of the recipe's 10
        ("gpu", 3, None, (3, 3, 1)),
        ("gpu", 10_000, None, (8, 512, 64)),
        ("gpu", 100, None, (8, 104, 13)),
    ],
)
def test_where_runs_are_computed(digits, monkeypatch, backend, runs, at_once, expected):
    monkeypatch.setattr(jax, "default_backend", lambda: backend)
    layout = run_all.lay_out(runs, digits, at_once)
    assert (layout.devices, layout.together, layout.at_once) == expected


# Those as in the authors' code compile as their namesakes do; two stand for all of those.
TRAINED = [name for name in METHODS if "@" not in name]
TRAINED += ["GCE@code", "FL_eps+MAE@code", "NLNL@110"]
PARTS = 4  # a program of all takes longer to compile than these together


def test_every_setting_that_is_tried_is_one():
    for method in METHODS.values():
        for settings in method.candidates:
            check_settings(method, settings)
            assert sorted(settings) == list(method.parameters)


@pytest.mark.parametrize("part", range(PARTS))
def test_every_method_trains(digits, part):
    some = TRAINED[part::PARTS]
    configs = [config(digits, name, epochs=2) for name in some]
    group = make_group(make_program(configs[0], digits, selected(some), 1), configs, digits)
    group.advance(2)
    curves = zip(some, group.curves["train_loss"], strict=True)
    assert [name for name, losses in curves if not np.isfinite(losses).all()] == []


def test_held_out_examples_are_never_trained_on(digits):
    run = config(digits, holdout=0.25)
    program = make_program(run, digits, selected(LOSSES), 1)
    (held_out,) = make_group(program, [run], digits).holdouts
    assert len(held_out) == 100
    labels = np.zeros(400, np.int32)
    kept, again = split_holdout(run, labels)
    np.testing.assert_array_equal(again, held_out)
    assert len(kept) == 400
    assert set(kept) == set(range(400)) - set(held_out)
    (orders,) = batch_orders([run], [kept], range(2))
    assert set(orders.flat) <= set(kept)


def test_the_same_example_is_not_held_out_and_trained_on(digits):
    run = config(digits, holdout=0.25)
    labels = np.zeros(400, np.int32)
    groups = np.arange(400) % 150  # each two or three times
    kept, held_out = split_holdout(run, labels, groups)
    assert not set(groups[kept]) & set(groups[held_out])
    assert set(kept) | set(held_out) == set(range(400))
    assert 100 <= len(held_out) <= 102
    alone = split_holdout(run, labels, np.arange(400))
    for one, other in zip(alone, split_holdout(run, labels), strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_order_of_batches(digits):
    runs = [config(digits, loss, seed=seed) for seed in (0, 1) for loss in ("CE", "GCE")]
    pools = [np.arange(70, dtype=np.int32)] * 4
    orders = batch_orders(runs, pools, range(3))
    assert orders.shape == (4, 3, 2, 32)
    for order in orders.reshape(12, 64):
        assert len(set(order)) == 64  # each example once
        assert set(order) <= set(range(70))
    assert len({order.tobytes() for order in orders.reshape(12, 64)}) == 6  # by seed and epoch
    np.testing.assert_array_equal(orders[0], orders[1])
    np.testing.assert_array_equal(orders[:, 1:], batch_orders(runs, pools, range(1, 3)))


def test_groups_have_one_size():
    configs: Any = list(range(5))
    groups: Any = list(grouped(configs, 2))
    assert groups == [([0, 1], 2), ([2, 3], 2), ([4, 4], 1)]


def test_noise_follows_the_seed_alone(digits):
    spec = parse_noise("pairwise:0.25")
    first = apply_noise(spec, digits, seed=1).labels.observed
    np.testing.assert_array_equal(first, apply_noise(spec, digits, seed=1).labels.observed)
    assert (first != apply_noise(spec, digits, seed=2).labels.observed).any()
    wrong = first != digits.train.labels.observed
    np.testing.assert_array_equal(first[wrong], (digits.train.labels.observed[wrong] + 1) % 10)
    for label in range(10):
        of_class = digits.train.labels.observed == label
        assert wrong[of_class].sum() == int(0.25 * of_class.sum())


def test_the_choice_is_made_on_held_out_noisy_labels(digits):
    noises = (parse_noise("symmetric:0.4"),)
    configs = tuning_configs(digits, noises, selected(["CE"]), epochs=1)
    assert all(c.holdout > 0 for c in configs)
    best = configs[3]
    results = [
        # The clean accuracy points elsewhere, and must not matter.
        finished(c, 0.1, held_out=0.6)
        if c.learning_rate == best.learning_rate
        else finished(c, 0.9, held_out=0.5)
        for c in configs
    ]
    ((cell, choice),) = choose(results).items()
    assert cell == (noises[0], "CE")
    assert choice.learning_rate == best.learning_rate


def test_configurations_survive_json(digits):
    run = config(digits)
    assert RunConfig.from_json(json.loads(json.dumps(run.to_json()))) == run


def test_a_half_written_line_is_dropped(digits, tmp_path):
    path = tmp_path / "results.jsonl"
    run = config(digits)
    result = finished(run).to_json()
    append_line(path, result)
    with path.open("a") as file:
        file.write('{"config": {"da')
    (read,) = read_results(path).values()
    assert read.to_json() == result
    append_line(path, result | {"config": config(digits, seed=5).to_json()})
    assert len(read_results(path)) == 2


def test_compare_from_the_command_line(tmp_path, capsys, monkeypatch):
    arguments = [
        "compare", "--losses", "MSE,CE", "--noise", "symmetric:0.5,none", "--no-tune",
        "--epochs", "2", "--train-examples", "300", "--out", str(tmp_path), "--seeds",
    ]  # fmt: skip
    assert main([*arguments, "1"]) == 0
    assert "is best in the last epoch" in capsys.readouterr().out
    lines = (tmp_path / "results.jsonl").read_text().splitlines()
    assert len(lines) == 4
    for line in lines:
        result = json.loads(line)
        assert set(result) >= {"config", "noise_rate", "noise_hash", "last_accuracy", "wall_s"}
        assert set(result) >= {"device", "processor", "date", "versions", "commit"}
        assert set(result) >= {"best_accuracy", "memorized", "versions", "device"}
        noisy = result["config"]["noise"] != "none"
        assert result["noise_rate"] == pytest.approx(0.5 if noisy else 0, abs=0.04)
        assert (result["memorized"] is None) != noisy
        assert len(result["curves"]["test_accuracy"]) == 2
        assert result["config"]["train_examples"] == 300
        assert result["last_accuracy"] == pytest.approx(
            result["curves"]["test_accuracy"][-1], abs=1e-5
        )
    picture = (tmp_path / "curves.png").read_bytes()
    assert picture.startswith(b"\x89PNG")
    assert len((tmp_path / "table.md").read_text().splitlines()) == 6

    # The same again trains nothing; another seed trains only what is missing.
    def refuse(*_args):
        raise AssertionError("it trained again")

    monkeypatch.setattr(run_all, "make_program", refuse)
    assert main([*arguments, "1"]) == 0
    assert (tmp_path / "results.jsonl").read_text().splitlines() == lines
