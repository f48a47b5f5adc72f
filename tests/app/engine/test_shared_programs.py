"""What asks for the same program gets it, compiled already; what differs in it does not."""

import dataclasses
import gc
import weakref
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from esoftmax_jax import app, losses
from esoftmax_jax.app.augment.augment_spec import SHIFT_AND_FLIP
from esoftmax_jax.app.data.dataset import Dataset
from esoftmax_jax.app.data.examples import Examples
from esoftmax_jax.app.data.labels import Labels
from esoftmax_jax.app.engine.ahead_of_time import CompiledAheadOfTime
from esoftmax_jax.app.engine.config import RunConfig
from esoftmax_jax.app.engine.program import make_program
from esoftmax_jax.app.engine.schedule import parse_schedule
from esoftmax_jax.app.labels.noise_spec import NoiseSpec, parse_noise
from esoftmax_jax.app.methods.find import find_method
from esoftmax_jax.app.methods.loss_spec import LossSpec
from esoftmax_jax.app.methods.methods import selected

_compiled: list[str] = []
jax.monitoring.register_event_duration_secs_listener(
    lambda event, duration_secs, **_: _compiled.append(event)
)

CONFIG = RunConfig("d", NoiseSpec("none"), LossSpec("CE"), 0.1, seed=0, epochs=2, batch_size=8)


def compilations():
    """Return how many programs were compiled, or read from a cache on disk, up to now."""
    return _compiled.count("/jax/core/compile/backend_compile_duration")


def images(seed=0, *, examples=16, shape=(6, 6, 1), classes=3, mean=0.5, dtype=np.uint8):
    """Make a dataset of random images."""

    def part(count):
        generator = np.random.default_rng(seed)
        pixels = generator.integers(0, 256, (count, *shape)).astype(dtype)
        labels = generator.integers(0, classes, count, np.int32)
        return Examples(pixels, Labels.right(labels))

    return Dataset(
        name=f"images{seed}",
        train=part(examples),
        test=part(4),
        num_classes=classes,
        class_map=None,
        note="",
        mean=(mean,),
        std=(0.25,),
    )


def program(dataset=None, config=CONFIG, methods=None, devices=1, **options):
    chosen = selected(["CE", "GCE"]) if methods is None else methods
    return make_program(config, dataset or images(), chosen, devices, **options)


def test_a_second_run_of_the_same_shapes_compiles_nothing():
    first = app.train("wine", epochs=1, loss="CE", width=0.05, noise="symmetric:0.2")
    before = compilations()
    second = app.train("wine", epochs=1, loss="CE", width=0.05, noise="symmetric:0.2")
    other = app.train("wine", epochs=1, loss="CE", width=0.05, noise="symmetric:0.4", seed=3)
    assert compilations() == before
    apart = {"wall_s": 0, "date": ""}
    assert second.run.to_json() | apart == first.run.to_json() | apart
    inputs = np.ones((2, 13), np.float32)
    np.testing.assert_array_equal(second.model.logits(inputs), first.model.logits(inputs))
    assert (other.run.curves["train_loss"] != first.run.curves["train_loss"]).any()


@pytest.mark.parametrize(
    "differing",
    [
        {"noise": parse_noise("symmetric:0.4"), "seed": 1, "learning_rate": 0.5},
        {"loss": LossSpec("GCE", (("q", 0.5),)), "dataset": "e", "data_hash": "0"},
        {"holdout": 0.2, "train_examples": 16, "imbalance": 2.0},
        {"noise_file": "labels.csv"},
    ],
)
def test_runs_that_differ_in_arrays_share_a_program(differing):
    assert program(config=dataclasses.replace(CONFIG, **differing)) is program()


def test_folds_share_a_program_that_remembers_what_was_said_of_labels():
    one, other = (program(config=dataclasses.replace(CONFIG, fold=(k, 5))) for k in (0, 1))
    assert one is other
    assert one is not program()


def test_other_images_of_the_same_form_share_a_program():
    assert program(images(1)) is program(images(2))


@pytest.mark.parametrize(
    "differing",
    [
        {"epochs": 3},
        {"batch_size": 4},
        {"network": "mnist_cnn"},
        {"width": 0.5},
        {"schedule": parse_schedule("step:1:0.1")},
        {"momentum": 0.0},
        {"weight_decay": 0.0},
        {"l1_decay": 0.1},
        {"clip_norm": 0.0},
        {"label_smoothing": 0.1},
        {"ema_decay": 0.9},
        {"dtype": "bfloat16"},
        {"augment": SHIFT_AND_FLIP},
    ],
    ids=lambda differing: next(iter(differing)),
)
def test_every_option_that_is_compiled_makes_another_program(differing):
    assert program(config=dataclasses.replace(CONFIG, **differing)) is not program()


@pytest.mark.parametrize(
    "differing",
    [
        {"examples": 24},
        {"shape": (6, 5, 1)},
        {"classes": 4},
        {"mean": 0.4},
        {"dtype": np.float32},
    ],
    ids=lambda differing: next(iter(differing)),
)
def test_images_of_another_form_make_another_program(differing):
    assert program(images(**differing)) is not program(images())


def test_losses_their_order_devices_and_settings_of_jax_make_another_program():
    one = program()
    assert program(methods=selected(["GCE", "CE"])) is not one
    assert program(methods=selected(["CE", "GCE@code"])) is not one
    assert program(devices=2) is not one
    assert program(at_once=2) is not one
    with jax.default_matmul_precision("float32"):
        assert program() is not one
    assert program() is one


def test_runs_begin_alike_whatever_they_are_trained_on_for_how_long_and_by_which_loss():
    others: dict[str, Any] = {"epochs": 3, "batch_size": 4, "momentum": 0.5, "weight_decay": 1}
    config = dataclasses.replace(CONFIG, augment=SHIFT_AND_FLIP, label_smoothing=0.1, **others)
    other = program(images(examples=24, mean=0.4), config, selected(["SCE"]))
    assert other is not program()
    assert other.start is program().start


@pytest.mark.parametrize(
    "differing",
    [
        {"network": "mnist_cnn"},
        {"width": 0.5},
        {"weight_decay": 0.0},
        {"l1_decay": 0.1},
        {"clip_norm": 0.0},
        {"ema_decay": 0.9},
        {"dtype": "bfloat16"},
        {"fold": (0, 5)},
    ],
    ids=lambda differing: next(iter(differing)),
)
def test_runs_of_another_network_or_state_begin_otherwise(differing):
    assert program(config=dataclasses.replace(CONFIG, **differing)).start is not program().start


@pytest.mark.parametrize("differing", [{"shape": (6, 5, 1)}, {"classes": 4}])
def test_networks_of_images_of_another_form_begin_otherwise(differing):
    assert program(images(**differing)).start is not program().start


FACTOR = 1.0


def scaled(logits, labels, *, scale=1.0):
    return scale * FACTOR * losses.mean_absolute_error(logits, labels)


def own(function):
    name, method = find_method("--loss", function)
    return {name: method}


def test_a_function_shares_a_program_with_itself_alone(monkeypatch):
    def make(other):
        def loss(logits, labels):
            return losses.cross_entropy(logits, labels) + 0 * other

        return loss

    first, second = make(1.0), make(1.0)
    assert list(own(first)) == list(own(second))  # of one name
    assert program(methods=own(first)) is program(methods=own(first))
    assert program(methods=own(first)) is not program(methods=own(second))


def test_a_function_that_computes_something_else_than_before_is_compiled_anew(monkeypatch):
    before = program(methods=own(scaled))
    monkeypatch.setitem(globals(), "FACTOR", 2.0)
    assert program(methods=own(scaled)) is not before


def test_a_program_that_is_kept_keeps_no_data():
    dataset = images(seed=5, examples=40)
    held = weakref.ref(dataset.train.images), weakref.ref(dataset)
    kept = program(dataset)
    del dataset
    gc.collect()
    assert [one() for one in held] == [None, None]
    assert program(images(seed=6, examples=40)) is kept


def test_few_programs_are_kept():
    first = program()
    for examples in range(48, 48 + 8 * 8, 8):
        program(images(examples=examples))
    assert program() is not first


def test_what_failed_to_compile_is_tried_again():
    fails = [True]

    def function(x):
        if fails:
            raise ValueError("not traceable")
        return x + 1

    ahead, shape = (
        CompiledAheadOfTime(jax.jit(function)),
        jax.ShapeDtypeStruct((2,), jnp.float32),
    )
    ahead.prepare(shape)
    with pytest.raises(ValueError, match="not traceable"):
        ahead.wait()
    fails.clear()
    ahead.prepare(shape)
    ahead.wait()
    np.testing.assert_array_equal(ahead(jnp.zeros(2)), [1, 1])
    assert ahead.function._cache_size() == 0
