"""The tables as configurations: what they hold, how cells are named, and what a scale changes."""

import dataclasses
import json

import pytest

from esoftmax_jax import presets
from esoftmax_jax.app.augment.augment_spec import AugmentationSpec
from esoftmax_jax.app.engine.config import RunConfig
from esoftmax_jax.app.engine.schedule import COSINE, Schedule, parse_schedule
from esoftmax_jax.app.methods.find import check_settings
from esoftmax_jax.app.methods.methods import METHODS
from esoftmax_jax.app.terminal.messages import UsageError
from experiments.configs import DATASETS, SCALES, TABLES, load_table
from experiments.tables.protocols import split_setting
from experiments.tables.published import published
from experiments.tables.scale import scaled_schedule

PLACES = [(name, dataset) for name in TABLES for dataset in DATASETS[name]]
SETTINGS = (
    "clean",
    *(f"sym0.{i}" for i in (2, 4, 6, 8)),
    *(f"asym0.{i}" for i in (1, 2, 3, 4)),
)
IN_THE_PAPER = {
    ("table2", "cifar10"): 15 * 9,
    ("table2", "cifar100"): 15 * 9,
    ("table4", "cifar10"): 10 * 5,
    ("table4", "cifar100"): 9,
    ("table6", "cifar100"): 14 * 4,
    ("table8", "cifar10"): 7 * 3,
    ("table8", "cifar100"): 7 * 3,
}


def one(table, dataset, pattern):
    (cell,) = load_table(table, dataset).select([pattern])
    return cell


def runs(table):
    return [cell for cell in table.cells if cell.runnable]


@pytest.mark.parametrize("place", PLACES, ids="-".join)
def test_cells_have_names_of_their_own(place):
    cells = load_table(*place).cells
    assert len({cell.identifier for cell in cells}) == len(cells)


@pytest.mark.parametrize("place", PLACES, ids="-".join)
def test_runs_are_what_losses_noise_and_augmentation_accept(place):
    for cell in runs(load_table(*place)):
        config = cell.run_config(seed=3)
        loss = config.loss
        assert tuple(name for name, _ in loss.hyperparameters) == METHODS[loss.name].parameters
        check_settings(METHODS[loss.name], dict(loss.hyperparameters))
        assert RunConfig.from_json(json.loads(config.identity)) == config
        assert (config.seed, config.dtype, config.holdout) == (3, "float32", 0.0)
        assert (config.l1_decay > 0, config.weight_decay > 0) == (
            cell.regulariser == "L1",
            cell.regulariser == "L2",
        )


@pytest.mark.parametrize("place", IN_THE_PAPER, ids="-".join)
def test_every_figure_of_the_paper_has_its_cell(place):
    table = load_table(*place)
    papers = [
        cell
        for cell in table.cells
        if cell.reference and cell.reference.source == f"table {table.name[5:]}"
    ]
    assert len(papers) == IN_THE_PAPER[place]
    figures = {cell.identifier for cell in table.cells if cell.reference}
    assert figures == {"/".join(key) for key in published() if key[:2] == place}


@pytest.mark.parametrize("dataset", ["cifar10", "cifar100"])
def test_table2_is_the_paper_and_more(dataset):
    table = load_table("table2", dataset)
    assert table.settings == SETTINGS
    for setting in SETTINGS:
        rows = presets.paper(dataset, *split_setting(setting))
        printed = {row for row, preset in rows.items() if preset.table == 2}
        cells = {cell.row: cell for cell in table.select([setting]) if cell.row in printed}
        assert set(cells) == printed
        for row in printed:
            loss = cells[row].loss
            assert loss is not None
            # Nothing of a preset is lost: numbers are the cell's, flags those of NAME@code.
            values = {**METHODS[loss.name].flags, **dict(loss.hyperparameters)}
            assert values == dict(rows[row].hyperparameters)
    extra = len(table.rows) - 15
    assert extra == 1 + 4 + 9  # CE (tuned); later losses; everything under L1
    assert len(table.cells) == (15 + extra) * 9


@pytest.mark.parametrize(
    ("table", "dataset", "pattern", "mean", "std"),
    [
        ("table2", "cifar10", "sym0.8/CE_eps+MAE", 58.96, 0.70),
        ("table2", "cifar10", "clean/NLNL", 90.73, 0.20),
        ("table2", "cifar100", "asym0.4/FL_eps+MAE", 48.10, 0.23),
        ("table4", "cifar10", "worst/Peer Loss", 82.00, 0.60),
        ("table4", "cifar100", "noisy/CE_eps+MAE", 61.78, 0.14),
        ("table6", "cifar100", "asym0.4/CE_eps+MAE (m=1e5)", 7.56, 1.10),
        ("table8", "cifar100", "idn0.6/NCE+RCE", 43.22, 2.31),
        ("table2", "cifar10", "sym0.8/JAL-CE/L1", 65.43, None),
        ("figure1", "cifar10", "sym0.6/GCE", 68.43, 0.26),
    ],
)
def test_figures(table, dataset, pattern, mean, std):
    reference = one(table, dataset, pattern).reference
    assert reference is not None
    assert (reference.mean_percent, reference.std_percent) == (mean, std)
    assert ("†" in reference.source) == (std is None)


def test_figures_of_later_losses_belong_to_their_own_regulariser():
    assert one("table2", "cifar10", "sym0.8/JAL-CE").reference is None
    assert one("table2", "cifar10", "sym0.8/CE/L1").reference is None
    assert one("table2", "cifar10", "sym0.8/CE (tuned)").reference is None


def test_protocols():
    cnn = one("table2", "cifar10", "asym0.4/CE").run_config(0)
    assert (cnn.network, cnn.epochs, cnn.learning_rate) == ("eight_layer_cnn", 120, 0.01)
    assert (str(cnn.noise), cnn.weight_decay, cnn.clip_norm) == (
        "asymmetric-sequential:0.4",
        1e-4,
        5,
    )
    resnet = one("table2", "cifar100", "asym0.4/CE_eps+MAE").run_config(0)
    assert (resnet.network, resnet.epochs, resnet.learning_rate) == ("resnet34", 200, 0.1)
    assert (str(resnet.noise), resnet.weight_decay) == ("asymmetric:0.4", 1e-5)
    assert str(resnet.augment) == "shift:4,flip,rotate:20"
    assert dict(resnet.loss.hyperparameters) == {"alpha": 0.004, "beta": 1.0, "m": 100.0}
    human = one("table4", "cifar10", "worst/CE_eps+MAE")
    assert human.reported == "best"
    config = human.run_config(0)
    assert (str(config.noise), str(config.schedule), config.clip_norm) == (
        "human:worst",
        "step:60:0.1",
        0,
    )
    assert (config.epochs, config.weight_decay) == (100, 5e-4)
    tuned = one("table2", "cifar10", "sym0.4/CE (tuned)").run_config(0)
    assert (tuned.label_smoothing, tuned.ema_decay) == (0.1, 0.999)
    assert str(tuned.augment) == "shift:4,flip,mixup:1"
    assert tuned.schedule == COSINE
    assert str(one("table8", "cifar10", "idn0.4/CE").noise) == "instance-views:0.4"
    assert str(one("digits", "digits", "asym0.4/CE").noise) == "pairwise:0.4"
    # MNIST's own map, between digits that look alike.
    assert str(one("mnist", "mnist", "asym0.4/CE").noise) == "asymmetric:0.4"


def test_mnist_has_the_methods_of_table_2_with_its_constants():
    for cell in load_table("mnist").cells:
        other = one("table2", "cifar10", f"{cell.setting}/{cell.label}")
        assert (cell.loss, cell.l1_decay) == (other.loss, other.l1_decay)
        config = cell.run_config(0)
        assert (config.network, config.epochs, config.learning_rate) == ("mnist_cnn", 10, 0.01)
        assert config.weight_decay == (0.001 if cell.regulariser == "L2" else 0)
    assert {"CE (tuned)", "CE/L1", "ANL-CE/L1", "JAL-CE/L1"} < set(load_table("mnist").rows)
    assert len(load_table("mnist").cells) == 19 * 7


@pytest.mark.parametrize(
    ("dataset", "row", "strength"),
    [
        ("cifar10", "ANL-CE", 5e-5), ("cifar10", "JAL-FL", 5e-5), ("cifar10", "CE", 5e-5),
        ("cifar100", "ANL-CE", 5e-7), ("cifar100", "JAL-FL", 5e-6), ("cifar100", "CE", 5e-6),
    ],
)  # fmt: skip
def test_both_regularisers_differ_in_nothing_else(dataset, row, strength):
    table = load_table("table2", dataset)
    (l2,), (l1,) = table.select([f"sym0.4/{row}"]), table.select([f"sym0.4/{row}/L1"])
    assert (l1.weight_decay, l1.l1_decay) == (0.0, strength)
    back = dataclasses.replace(l1.run_config(0), weight_decay=l2.weight_decay, l1_decay=0.0)
    assert back == l2.run_config(0)


@pytest.mark.parametrize(
    ("patterns", "count"),
    [
        ([], 29 * 9),
        (["sym0.4/CE_eps+MAE"], 1),
        (["sym0.4/CE_eps+MAE*"], 2),
        (["sym0.4"], 29),
        (["CE_eps+MAE"], 9),
        (["sym*/*/L1"], 9 * 4),
        (["asym0.?/JAL-*"], 4 * 4),
        (["table2/cifar10/clean/CE"], 1),
        (["sym0.4", "sym0.4/CE", "clean/CE"], 30),
    ],
)
def test_select(patterns, count):
    table = load_table("table2")
    chosen = table.select(patterns)
    assert len(chosen) == count
    assert [cell for cell in table.cells if cell in chosen] == list(chosen)


@pytest.mark.parametrize("place", PLACES, ids="-".join)
def test_a_test_runs_every_row_and_every_column_once(place):
    table = load_table(*place)
    chosen = table.once()
    assert {cell.label for cell in chosen} == set(table.rows)
    assert {cell.setting for cell in chosen} == set(table.settings)
    rows, settings = ({getattr(c, x) for c in runs(table)} for x in ("label", "setting"))
    assert (
        len([cell for cell in chosen if cell.runnable]) == max(len(rows), len(settings)) <= 29
    )


def test_unknown_names():
    with pytest.raises(UsageError) as error:
        load_table("figure1").select(["sym0.6", "sym0.7/CE"])
    assert str(error.value) == (
        "--cells: expected SETTING, ROW or SETTING/ROW of figure1 on cifar10 with SETTING among "
        "sym0.6, sym0.8 and ROW among CE, GCE, CE_eps, CE_eps+MAE, got 'sym0.7/CE'; "
        "did you mean 'sym0.8/CE'?"
    )
    with pytest.raises(UsageError) as error:
        load_table("table3")
    assert str(error.value) == (
        "table: expected one of table2, table4, table6, table8, figure1, digits, mnist, got 'table3'"
    )
    with pytest.raises(UsageError) as error:
        load_table("table2", "mnist")
    assert str(error.value) == (
        "--dataset: expected cifar10 or cifar100 for table2, got 'mnist'"
    )


def test_a_cell_without_loss_cannot_be_run():
    with pytest.raises(UsageError, match="cifar10/worst/Peer Loss: cannot be run, it is anoth"):
        one("table4", "cifar10", "worst/Peer Loss").run_config(0)
    for place in PLACES:
        for cell in load_table(*place).cells:
            assert cell.runnable == (not cell.reason)
            assert cell.runnable or cell.reference


@pytest.mark.parametrize("place", PLACES, ids="-".join)
def test_scales_change_what_they_say_and_nothing_else(place):
    for cell in runs(load_table(*place)):
        full = cell.run_config(0)
        assert cell.run_config(0, SCALES["paper"]) == full
        small, smoke = (cell.run_config(0, SCALES[name]) for name in ("small", "smoke"))
        if place[0] == "digits":
            assert small == full
            assert smoke == dataclasses.replace(full, epochs=2)
            continue
        if place[0] == "mnist":
            fewer = dataclasses.replace(full, train_examples=5_000, batch_size=32)
            kept = AugmentationSpec(mixup=full.augment.mixup)
            assert small == dataclasses.replace(fewer, augment=kept)
            assert smoke == dataclasses.replace(full, epochs=2, train_examples=256)
            continue
        cnn = dataclasses.replace(full, network="eight_layer_cnn")
        sizes = {"epochs": 15, "width": 0.25, "train_examples": 5_000, "batch_size": 32}
        kept = AugmentationSpec(mixup=full.augment.mixup)
        assert small == dataclasses.replace(cnn, schedule=small.schedule, augment=kept, **sizes)
        sizes = {"epochs": 2, "width": 0.05, "train_examples": 256}
        assert smoke == dataclasses.replace(cnn, schedule=smoke.schedule, **sizes)
        if full.schedule == COSINE:
            assert small.schedule == smoke.schedule == COSINE
        else:
            assert (small.schedule, smoke.schedule) == (
                Schedule((9,), 0.1),
                Schedule((1,), 0.1),
            )


@pytest.mark.parametrize(
    ("schedule", "share", "scaled"),
    [
        ("cosine", 0.1, "cosine"),
        ("step:60:160:260:0.1", 0.1, "step:6:16:26:0.1"),
        ("step:60:0.1", 1.0, "step:60:0.1"),
        ("step:60:0.1", 0.001, "step:1:0.1"),
    ],
)
def test_scaled_schedules(schedule, share, scaled):
    assert str(scaled_schedule(parse_schedule(schedule), share)) == scaled


def test_scales_say_how_they_differ():
    assert load_table("table2", "cifar100").describe(SCALES["small"]) == (
        "Scale small: 15 epochs instead of 200, the first 5 000 training examples instead of "
        "all, batches of 32 instead of 128, no augmentation, network eight_layer_cnn instead "
        "of resnet34, width 0.25 instead of 1; not comparable with the published figures."
    )
    assert load_table("table2", "cifar100").describe(SCALES["paper"]) == (
        "Scale paper: every run is as large as the table has it."
    )
    assert load_table("digits").describe(SCALES["smoke"]) == (
        "Scale smoke: 2 epochs instead of 50."
    )
