"""Checkpoints: checked when they are read, whole when they are written."""

import shutil
from collections import namedtuple

import jax
import numpy as np
import pytest

from esoftmax_jax.app.data.load import load_dataset
from esoftmax_jax.app.engine.checkpoints import Checkpoints
from esoftmax_jax.app.engine.group import make_group
from esoftmax_jax.app.engine.program import make_program
from esoftmax_jax.app.labels.noise_spec import parse_noise
from esoftmax_jax.app.methods.methods import selected
from esoftmax_jax.app.runs.recipes import make_config
from esoftmax_jax.app.suspects.labelled import labelled_examples
from esoftmax_jax.app.suspects.margin_history import MarginHistory
from esoftmax_jax.app.terminal.messages import UsageError


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture(scope="module")
def make():
    """Return a function that starts a tiny run; what is compiled serves all of them."""
    dataset = load_dataset("wine")

    def config(seed):
        noise = parse_noise("symmetric:0.4")
        return make_config(dataset, noise, "CE", seed=seed, epochs=4, width=0.1)

    program = make_program(config(0), dataset, selected(["CE"]), 1)
    return lambda seed=0: make_group(program, [config(seed)], dataset)


def trained(make, folder, seed=0, epochs=3):
    """Train with a checkpoint after every epoch; return the group."""
    group = make(seed)
    with Checkpoints(folder) as checkpoints:
        for _ in range(epochs):
            group.advance(1)
            checkpoints.save(group)
    return group


def restored(make, folder, seed=0):
    group = make(seed)
    with Checkpoints(folder) as checkpoints:
        checkpoints.restore(group)
    return group


def test_a_checkpoint_that_is_not_as_it_was_written_is_passed_over(
    make, tmp_path, monkeypatch, capsys
):
    straight = trained(make, tmp_path / "run")
    states = [np.asarray(leaf) for leaf in jax.tree.leaves(straight.states)]
    # What a flipped bit makes of a parameter: everything can be read, and is wrong.
    from orbax.checkpoint import CheckpointManager

    restore = CheckpointManager.restore

    def flipped(self, step, **options):
        content = restore(self, step, **options)
        if step == 3:
            kernel = np.array(jax.tree.leaves(content["states"])[0])
            kernel.view(np.uint32).flat[0] ^= 1 << 30
            leaves, structure = jax.tree.flatten(content["states"])
            content["states"] = jax.tree.unflatten(structure, [kernel, *leaves[1:]])
        return content

    monkeypatch.setattr(CheckpointManager, "restore", flipped)
    group = restored(make, tmp_path / "run")
    assert group.epoch == 2
    assert capsys.readouterr().err == (
        f"{tmp_path}/run/3 is passed over: it is not as it was written; going on after epoch 2\n"
    )
    with Checkpoints(tmp_path / "run") as checkpoints:
        checkpoints.restore(group)
        group.advance(1)
        checkpoints.save(group)
    monkeypatch.undo()
    again = restored(make, tmp_path / "run")
    assert again.epoch == 3
    jax.tree.map(np.testing.assert_array_equal, jax.tree.leaves(again.states), states)


def test_a_checkpoint_of_another_seed_or_epoch_is_not_adopted(make, tmp_path, capsys):
    trained(make, tmp_path / "own")
    trained(make, tmp_path / "other", seed=1)
    with pytest.raises(
        UsageError, match=r"own/3: .*\(it belongs to another run\), as no older"
    ):
        restored(make, tmp_path / "own", seed=1)
    shutil.rmtree(tmp_path / "own" / "3")
    shutil.copytree(tmp_path / "other" / "3", tmp_path / "own" / "3")
    assert restored(make, tmp_path / "own").epoch == 2
    assert "own/3 is passed over: it belongs to another run; going" in capsys.readouterr().err
    shutil.rmtree(tmp_path / "own" / "3")
    shutil.copytree(tmp_path / "own" / "2", tmp_path / "own" / "3")
    assert restored(make, tmp_path / "own").epoch == 2
    assert "own/3 is passed over: it is not as it was written" in capsys.readouterr().err


def test_a_checkpoint_of_an_older_version_is_taken_with_a_word(make, tmp_path, capsys):
    import orbax.checkpoint as ocp

    from esoftmax_jax.app.engine import checkpoints as _checkpoints

    group = make()
    group.advance(2)
    with ocp.CheckpointManager((tmp_path / "run").resolve()) as manager:
        manager.save(2, args=ocp.args.StandardSave(_checkpoints._content(group)))
    assert restored(make, tmp_path / "run").epoch == 2
    assert capsys.readouterr().err == (
        f"{tmp_path}/run/2 is of an older version, without a hash: taken as it is\n"
    )


def test_a_checkpoint_for_which_there_is_no_room_is_not_begun(make, tmp_path, monkeypatch):
    trained(make, tmp_path / "run", epochs=2)
    group = restored(make, tmp_path / "run")
    group.advance(1)
    usage = namedtuple("usage", ["total", "used", "free"])
    monkeypatch.setattr("shutil.disk_usage", lambda path: usage(2000, 1000, 1000))
    with (
        pytest.raises(
            UsageError,
            match=r"run: expected \S+ GB of room for a checkpoint, got 1e-06 GB; make room, and "
            "the same command goes on after the checkpoint before",
        ),
        Checkpoints(tmp_path / "run") as checkpoints,
    ):
        checkpoints.save(group)
    assert names(tmp_path / "run") == ["1", "2"]
    assert restored(make, tmp_path / "run").epoch == 2


def test_a_full_disk_inside_a_checkpoint(make, tmp_path, monkeypatch):
    straight = trained(make, tmp_path / "straight", epochs=4)
    trained(make, tmp_path / "run", epochs=2)
    from orbax.checkpoint import CheckpointManager

    def full(self, step, **options):
        (tmp_path / "run" / f"{step}.orbax-checkpoint-tmp").mkdir()
        raise ValueError("RESOURCE_EXHAUSTED: write failed: No space left on device [errno=28]")

    monkeypatch.setattr(CheckpointManager, "save", full)
    group = restored(make, tmp_path / "run")
    group.advance(1)
    with (
        pytest.raises(
            UsageError, match=r"run: expected a place .*\(No space left\); make room"
        ),
        Checkpoints(tmp_path / "run") as checkpoints,
    ):
        checkpoints.save(group)
    monkeypatch.undo()
    assert names(tmp_path / "run") == ["1", "2"]
    group = restored(make, tmp_path / "run")
    assert group.epoch == 2
    group.advance(2)
    for name, curve in straight.curves.items():
        np.testing.assert_array_equal(curve, group.curves[name])


def test_margins_know_their_run(make, tmp_path):
    group, other = make(), make(1)
    dataset = group.dataset
    group.advance(1)
    histories = [
        MarginHistory(
            tmp_path, labelled_examples(dataset, one.noisy[0], one.configs[0].noise), one
        )
        for one in (group, other)
    ]
    histories[0].record(group)
    assert names(tmp_path) == ["000001.npz"]
    assert histories[0].until(1, dataset.num_classes).epochs == 1
    with pytest.raises(UsageError, match=r"000001.npz: .*\(it belongs to another run\); train"):
        histories[1].until(1, dataset.num_classes)
    with np.load(tmp_path / "000001.npz") as archive:
        content = dict(archive)
    np.savez(
        tmp_path / "000001.npz",
        allow_pickle=False,
        **{**content, "margins": content["margins"] * 2},
    )
    with pytest.raises(UsageError, match=r"\(it is not as it was written\)"):
        histories[0].until(1, dataset.num_classes)
