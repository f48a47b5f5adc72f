"""What a run can be given beyond a loss: schedules, penalties, averages, augmentation, noise."""

import dataclasses
import itertools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from esoftmax_jax.app.augment.augment_spec import SHIFT_AND_FLIP, parse_augmentation
from esoftmax_jax.app.data.dataset import Dataset
from esoftmax_jax.app.data.examples import Examples
from esoftmax_jax.app.data.labels import Labels
from esoftmax_jax.app.engine import one_run
from esoftmax_jax.app.engine.ahead_of_time import CompiledAheadOfTime
from esoftmax_jax.app.engine.config import RunConfig
from esoftmax_jax.app.engine.group import make_group
from esoftmax_jax.app.engine.network_choice import make_network
from esoftmax_jax.app.engine.optimizer import (
    make_optimizer,
    move_average,
    rate_factor,
    start_average,
)
from esoftmax_jax.app.engine.program import forget_programs, make_program
from esoftmax_jax.app.engine.schedule import parse_schedule
from esoftmax_jax.app.engine.shared import shared_by
from esoftmax_jax.app.labels.noise_spec import NoiseSpec, parse_noise
from esoftmax_jax.app.methods.loss_spec import LossSpec
from esoftmax_jax.app.methods.methods import selected
from esoftmax_jax.app.methods.switching import switching_loss
from esoftmax_jax.app.runs.recipes import make_config
from esoftmax_jax.app.terminal.messages import UsageError
from esoftmax_jax.training import create_train_state
from experiments.cli import main


@pytest.fixture(scope="module")
def pictures():
    """Bright and dark byte images of two classes, and foreign ones."""
    generator = np.random.default_rng(0)

    def images(labels, channels=1):
        noise = generator.integers(0, 120, (len(labels), 8, 8, channels))
        return (noise + 130 * labels[:, None, None, None]).astype(np.uint8)

    labels = np.arange(64, dtype=np.int32) % 2
    return Dataset(
        name="pictures",
        train=Examples(images(labels), Labels.right(labels)),
        test=Examples(images(labels), Labels.right(labels)),
        num_classes=2,
        class_map=None,
        note="",
        mean=(0.5,),
        std=(0.25,),
        foreign_images=images(labels[:40]),
    )


def configured(dataset, noise, loss, **fields):
    for name, parse in (("augment", parse_augmentation), ("schedule", parse_schedule)):
        if name in fields:
            fields[name] = parse(fields[name])
    return make_config(dataset, parse_noise(noise), loss, **fields)


def run(dataset, noise="symmetric:0.25", loss="CE", **options):
    fields = {"epochs": 4, "width": 0.05, "learning_rate": 0.05, **options}
    config = configured(dataset, noise, loss, **fields)
    group = make_group(make_program(config, dataset, selected([loss]), 1), [config], dataset)
    group.advance(config.epochs)
    (found,) = group.results()
    return group, found.to_json()


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        ("cosine", [1, 0.854, 0.5, 0.146]),
        ("step:2:0.1", [1, 1, 0.1, 0.1]),
        ("step:1:3:0.5", [1, 0.5, 0.5, 0.25]),
    ],
)
def test_schedules(schedule, expected):
    factor = rate_factor(parse_schedule(schedule), 4)
    found = [float(factor(jnp.int32(epoch))) for epoch in range(4)]
    np.testing.assert_allclose(found, expected, atol=1e-3)


@pytest.mark.parametrize(
    "schedule", ["linear", "cosine:3", "step", "step:5", "step:5:2", "step:x:0.1"]
)
def test_unknown_schedules(schedule):
    with pytest.raises(UsageError, match=r"schedule: expected cosine or step:EPOCH.*got '"):
        parse_schedule(schedule)


def config(**options):
    values: dict[str, Any] = {
        "dataset": "d",
        "noise": NoiseSpec("none"),
        "loss": LossSpec("CE"),
        "seed": 0,
    }
    return RunConfig(**values, learning_rate=0.1, epochs=1, **options)


def test_penalties_and_clipping_come_before_momentum():
    params = jnp.array([2.0, -3.0])
    gradient = jnp.array([3.0, 4.0])
    for clip, l2, l1 in itertools.product((0.0, 1.0), (0.0, 0.1), (0.0, 0.01)):
        tx = make_optimizer(config(clip_norm=clip, weight_decay=l2, l1_decay=l1), 0.1)
        updates, _ = tx.update(gradient, tx.init(params), params)
        clipped = gradient / 5 if clip else gradient
        expected = -0.1 * (clipped + l2 * params + l1 * jnp.sign(params))
        np.testing.assert_allclose(updates, expected, rtol=1e-6)


def test_the_average_forgets_its_start_and_then_moves_slowly():
    start = create_train_state({"params": {"w": jnp.array(1.0)}}, optax.sgd(0.1))
    state, values = start_average(start, 0.5), []
    for step in range(3):
        new = start.replace(step=jnp.int32(step + 1), params={"w": jnp.array(0.0)})
        state = move_average(state, new, 0.5)
        values.append(float(state.evaluated().params["w"]))
    np.testing.assert_allclose(
        values, [2 / 11, 2 / 11 * 3 / 12, 2 / 11 * 3 / 12 * 4 / 13], rtol=1e-6
    )
    assert float(state.train.params["w"]) == 0
    assert move_average(start_average(start, 0.0), start, 0.0).average == {}


def test_label_smoothing_is_that_of_cross_entropy():
    logits = jnp.asarray(np.random.default_rng(0).normal(size=(6, 5)), jnp.float32)
    labels = jnp.arange(6) % 5
    loss = switching_loss(
        selected(["MAE", "CE"]).values(), jnp.int32(1), jnp.zeros(1), label_smoothing=0.2
    )
    smooth = optax.smooth_labels(jax.nn.one_hot(labels, 5), 0.2)
    expected = optax.softmax_cross_entropy(logits, smooth)
    np.testing.assert_allclose(loss(logits, labels), expected, rtol=1e-6)


def test_a_run_with_everything(pictures):
    augment = "shift:1,flip,rotate:20,randaugment:2:5,mixup:0.5"
    _, result = run(
        pictures, "none", augment=augment, ema_decay=0.9, label_smoothing=0.1, l1_decay=1e-4,
        schedule="step:3:0.1", dtype="bfloat16", epochs=6, learning_rate=0.2, width=0.2,
    )  # fmt: skip
    assert np.isfinite(result["curves"]["train_loss"]).all()
    assert result["last_accuracy"] > 0.9
    assert result["config"]["augment"] == augment


def test_every_option_changes_the_numbers(pictures):
    """An epoch alone is compiled, from the same parameters."""
    order = np.arange(64, dtype=np.int32).reshape(2, 32)

    def after_an_epoch(**options):
        fields = {"epochs": 4, "width": 0.05, "batch_size": 32, **options}
        config = configured(pictures, "none", "CE", learning_rate=0.01, **fields)
        shared = shared_by(config, pictures, selected(["CE"]), "lax")
        optimizer = make_optimizer(config, 0.01)
        start = start_average(create_train_state(variables, optimizer), config.ema_decay)
        state, metrics = epoch(shared, start, alone, data, jnp.int32(1), order)
        return state.evaluated().params["logits"]["kernel"], metrics.train

    labels = jnp.asarray(pictures.train.labels.observed)
    rows, settings = jnp.arange(64, dtype=jnp.int32), jnp.zeros(1)
    alone = one_run.Runs(jnp.int32(0), labels, rows, jnp.int32(0), settings, jnp.float32(0.01))
    data = one_run.Data(
        jnp.asarray(pictures.train.images), jnp.asarray(pictures.test.images), labels
    )
    epoch = jax.jit(one_run.epoch, static_argnums=0)
    network = make_network(configured(pictures, "none", "CE", width=0.05), 2, "lax")
    variables = network.init(jax.random.key(0), jnp.zeros((1, 8, 8, 1)), train=False)
    kernel, metrics = after_an_epoch()
    again, same = after_an_epoch()
    jax.tree.map(np.testing.assert_array_equal, same, metrics)
    np.testing.assert_array_equal(again, kernel)
    for options in (
        {"augment": "mixup:1"},
        {"augment": "shift:2"},
        {"ema_decay": 0.9},
        {"label_smoothing": 0.3},
        {"l1_decay": 0.1},
        {"schedule": "step:1:0.1"},
        {"clip_norm": 0.01},
        {"dtype": "bfloat16"},
    ):
        other, _ = after_an_epoch(**options)
        assert (other != kernel).any(), options


def test_nothing_compiles_again_for_other_settings_labels_or_losses(pictures):
    names = ["CE", "GCE", "CE_eps+MAE"]

    def configs(noise, loss, **options):
        fields = {"epochs": 1, "width": 0.05, **options}
        return [make_config(pictures, parse_noise(noise), loss, **fields)]

    first = configs("symmetric:0.25", "GCE")
    program = make_program(first[0], pictures, selected(names), 1)
    others = [
        configs("none", "CE", learning_rate=0.5, seed=3),
        configs("pairwise:0.5", "GCE", hyperparameters=(("q", 0.9),)),
        configs("symmetric:0.5", "CE_eps+MAE"),
    ]
    for group_configs in (first, *others):
        make_group(program, group_configs, pictures).advance(1)
    assert program.advance.function._cache_size() == 1


def test_a_loss_that_draws_gets_another_key_every_step(pictures):
    loss = switching_loss(selected(["CE", "NLNL"]).values(), jnp.int32(1), jnp.zeros(1))
    logits, labels = jnp.array([[2.0, 0.0, -1.0]] * 2), jnp.array([0, 0])
    draw = jax.jit(jax.vmap(lambda seed: loss(logits, labels, key=jax.random.key(seed))))
    drawn = {tuple(values.tolist()) for values in np.asarray(draw(np.arange(8)))}
    assert 1 < len(drawn) <= 4  # of two examples with two other classes each
    arguments = {"loss": "NLNL", "epochs": 2, "label_smoothing": 0.1, "augment": "mixup:1"}
    _, result = run(pictures, **arguments)
    _, again = run(pictures, **arguments)
    assert result["curves"] == again["curves"]
    assert np.isfinite(result["curves"]["train_loss"]).all()


def test_what_is_compiled_ahead_is_what_runs(pictures):
    configs = [
        make_config(pictures, parse_noise("none"), "CE", epochs=2, width=0.05, seed=seed)
        for seed in (0, 1)
    ]
    program = make_program(configs[0], pictures, selected(["CE"]), 2)
    group = make_group(program, configs, pictures, epochs_together=1)
    group.advance(1)
    ahead = group.results()
    assert program.advance.function._cache_size() == 0
    assert program.predict.function._cache_size() == 0
    group.advance(1)
    forget_programs()
    plain = make_group(
        make_program(configs[0], pictures, selected(["CE"]), 2), configs, pictures
    )
    plain.advance(1)
    assert [run.curves["train_loss"][0] for run in plain.results()] == [
        run.curves["train_loss"][0] for run in ahead
    ]


def test_an_error_of_a_compilation_ahead_is_told():
    def fails(x):
        raise ValueError("not traceable")

    ahead = CompiledAheadOfTime(jax.jit(fails))
    ahead.prepare(jax.ShapeDtypeStruct((2,), jnp.float32))
    with pytest.raises(ValueError, match="not traceable"):
        ahead(jnp.zeros(2))


def test_foreign_images_are_what_is_trained_on(pictures):
    group, result = run(pictures, "open-set:0.25:x", epochs=1)
    rows = np.asarray(group.runs.image_rows[0])
    foreign = group.noisy[0].foreign
    assert foreign is not None
    replaced = np.flatnonzero(foreign >= 0)
    assert len(replaced) == 16
    images = np.asarray(group.data.train_images)
    assert pictures.foreign_images is not None
    np.testing.assert_array_equal(
        images[rows[replaced]], pictures.foreign_images[foreign[replaced]]
    )
    kept = np.setdiff1d(np.arange(64), replaced)
    np.testing.assert_array_equal(images[rows[kept]], pictures.train.images[kept])
    assert result["noise"]["open_set_rate"] == 0.25
    assert result["noise_rate"] == 0
    assert result["memorized"] is not None


def test_every_result_says_what_its_noise_was(pictures):
    group, result = run(pictures, "pairwise:0.25", epochs=1)
    assert np.array(result["noise"]["counts"]).tolist() == [[24, 8], [8, 24]]
    assert result["noise_rate"] == result["noise"]["rate"] == 0.25
    assert result["noise_hash"] == group.noisy[0].report.labels_hash


def test_augmentation_that_does_not_fit_is_refused(capsys, tmp_path):
    arguments = ["compare", "--dataset", "wine", "--out", str(tmp_path / "o"), "--augment"]
    assert main([*arguments, "flip"]) == 2
    assert "--augment flip: expected images (H, W, C)" in capsys.readouterr().err
    assert main([*arguments, "blur"]) == 2
    assert "--augment: expected none or some of shift" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_results_of_older_versions_are_read():
    old = config().to_json() | {"augment": True}
    for name in ("schedule", "l1_decay", "label_smoothing", "ema_decay", "dtype", "imbalance"):
        del old[name]
    assert RunConfig.from_json(old) == config(augment=SHIFT_AND_FLIP)


@pytest.mark.parametrize(
    ("class_map", "noise", "constants"),
    [
        ("cifar10", "symmetric:0.55", {"alpha": 0.01, "beta": 5.0, "m": 1e5}),
        ("cifar10", "asymmetric-sequential:0.4", {"alpha": 0.02, "beta": 5.0, "m": 1e3}),
        ("cifar10", "part:0.4", {"alpha": 0.045, "beta": 10.0, "m": 1e5}),
        ("cifar10", "human:worst", {"alpha": 0.5, "beta": 1.0, "m": 1e4}),
        ("cifar100", "symmetric:0.55", {"alpha": 0.0125, "beta": 1.0, "m": 1e4}),
        ("cifar100", "asymmetric:0.4", {"alpha": 0.004, "beta": 1.0, "m": 1e2}),
        ("cifar100", "none", {"alpha": 0.1, "beta": 1.0, "m": 1e4}),
    ],
)
def test_cifar_starts_from_the_published_constants(pictures, class_map, noise, constants):
    images = np.zeros((64, 32, 32, 3), np.uint8)
    train = dataclasses.replace(pictures.train, images=images)
    dataset = dataclasses.replace(pictures, class_map=class_map, train=train)
    config = make_config(dataset, parse_noise(noise), "CE_eps+MAE")
    assert dict(config.loss.hyperparameters) == constants
    protocols = {"cifar10": ("eight_layer_cnn", 120, 0.01), "cifar100": ("resnet34", 200, 0.1)}
    assert (config.network, config.epochs, config.learning_rate) == protocols[class_map]
