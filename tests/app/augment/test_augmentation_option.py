"""The --augment option: its text, its errors, and the order in which it is applied."""

import json
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from esoftmax_jax.app.augment import stages
from esoftmax_jax.app.augment.augment_spec import STAGES, AugmentationSpec, parse_augmentation
from esoftmax_jax.app.augment.shift_and_flip import random_flip, random_shift
from esoftmax_jax.app.augment.stages import augment, check_augmentation
from esoftmax_jax.app.networks.small import MLP
from esoftmax_jax.app.terminal.messages import UsageError
from experiments.bench import augmentation

IMAGES: Any = np.random.default_rng(0).integers(0, 256, (12, 9, 8, 3), dtype=np.uint8)
AUGMENT = jax.jit(augment, static_argnums=0)
EVERYTHING = "shift:4,flip,rotate:20,randaugment:3:5,mixup:0.75"


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("none", "none"),
        ("shift,flip", "shift:4,flip"),
        ("flip, shift:2", "shift:2,flip"),
        ("mixup,rotate,randaugment", "rotate:20,randaugment:3:5,mixup:1"),
        ("randaugment:2:9.5,rotate:7.25", "rotate:7.25,randaugment:2:9.5"),
        ("mixup:0.1234567891", "mixup:0.1234567891"),
        ("randaugment:1:0", "randaugment:1:0"),
        (EVERYTHING, EVERYTHING),
    ],
)
def test_text_and_back(text, canonical):
    spec = parse_augmentation(text)
    assert str(spec) == canonical
    assert parse_augmentation(canonical) == spec
    assert hash(spec) == hash(parse_augmentation(canonical))


def test_fields():
    assert parse_augmentation("none") == AugmentationSpec()
    assert parse_augmentation(EVERYTHING) == AugmentationSpec(4, True, 20.0, (3, 5.0), 0.75)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected none or some of shift"),
        ("crop", "expected none or some of shift.*got 'crop'"),
        ("none,flip", "got 'none'"),
        ("flip:3", "got 'flip:3'"),
        ("randaugment:3:5:1", "got 'randaugment:3:5:1'"),
        ("flip,shift,flip", "expected flip once"),
        ("shift:0", "PIXELS of shift to be a whole number from 1 to 128, got '0'"),
        ("shift:2.5", "PIXELS of shift to be a whole number from 1 to 128, got '2.5'"),
        ("rotate:nan", "DEGREES of rotate to be a number from 1 to 180, got 'nan'"),
        ("randaugment:3:11", "MAGNITUDE of randaugment .* 0 to 10, got '11'; e.g. 5"),
        ("randaugment::4", "OPERATIONS of randaugment .* got ''"),
        ("mixup:0", "ALPHA of mixup to be a number from 0.01 to 100, got '0'"),
    ],
)
def test_wrong_text_is_refused_in_a_line(text, message):
    with pytest.raises(UsageError, match=f"--augment: .*{message}") as caught:
        parse_augmentation(text)
    assert "\n" not in str(caught.value)


def test_images_that_do_not_fit_are_refused():
    spec = parse_augmentation
    check_augmentation(spec(EVERYTHING), IMAGES)
    check_augmentation(spec("shift,flip,rotate"), IMAGES.astype(np.float32))
    check_augmentation(spec("mixup"), IMAGES.reshape(12, -1))
    with pytest.raises(UsageError, match=r"flip: expected images \(H, W, C\), got uint8"):
        check_augmentation(spec("flip"), IMAGES.reshape(12, -1))
    for images in (IMAGES.astype(np.float32), IMAGES[..., :2]):
        with pytest.raises(UsageError, match="uint8 images with 1 or 3 channels"):
            check_augmentation(spec("randaugment"), images)


def test_shift_and_flip_take_the_halves_of_a_split():
    spec = parse_augmentation("shift,flip")

    def direct(key):
        shift_key, flip_key = jax.random.split(key)
        return random_flip(flip_key, random_shift(shift_key, IMAGES))

    def in_a_scan(keys):
        step = lambda carry, key: (carry, augment(spec, key, IMAGES))  # noqa: E731
        return jax.lax.scan(step, None, keys)[1]

    keys = jax.random.split(jax.random.key(6), 2)
    np.testing.assert_array_equal(jax.jit(in_a_scan)(keys), jax.jit(jax.vmap(direct))(keys))


@pytest.mark.parametrize("text", [EVERYTHING, "flip,randaugment:1:2", "rotate:5"])
def test_stages_are_applied_in_order_each_with_its_key(monkeypatch, text):
    spec, key, calls = parse_augmentation(text), jax.random.key(6), {}
    for stage, name in {
        "shift": "random_shift",
        "flip": "random_flip",
        "rotate": "random_rotation",
        "randaugment": "rand_augment",
    }.items():

        def record(key, images, *numbers, stage=stage):
            calls[stage] = (key, numbers)
            return images + 1

        monkeypatch.setattr(stages, name, record)
    result = augment(spec, key, jnp.zeros(1, jnp.uint8))
    named = [part.partition(":")[0] for part in text.split(",")]
    assert list(calls) == [stage for stage in named if stage != "mixup"]
    assert result == len(calls)
    if spec.rand_augment:
        assert calls["randaugment"][1] == spec.rand_augment
    if spec.rotate:
        assert calls["rotate"][1] == (spec.rotate,)
    for stage, (used, _) in calls.items():
        assert used == jax.random.split(key, 5)[STAGES.index(stage)]


def test_a_key_for_each_example():
    spec = parse_augmentation("shift:2,flip,rotate")
    keys = jax.random.split(jax.random.key(7), len(IMAGES))
    whole = np.asarray(AUGMENT(spec, keys, IMAGES))
    order = np.arange(len(IMAGES))[::-1]
    np.testing.assert_array_equal(AUGMENT(spec, keys[order], IMAGES[order]), whole[order])
    assert (whole != IMAGES).any((1, 2, 3)).all()


def test_nothing_to_do():
    for text in ("none", "mixup"):
        result = augment(parse_augmentation(text), jax.random.key(0), IMAGES)
        np.testing.assert_array_equal(result, IMAGES)


def test_bench(monkeypatch, tmp_path, capsys):
    case = augmentation._Case("MLP", MLP(10, hidden=(4,)), (6, 6, 1), 1, ("none", "mixup"))
    monkeypatch.setattr(augmentation, "CASES", (case,))
    monkeypatch.setattr(augmentation, "BATCHES", 2)
    augmentation.bench_augmentation(repeats=2, json_path=tmp_path / "bench.jsonl")
    figures = json.loads((tmp_path / "bench.jsonl").read_text())["figures"]["MLP"]
    assert set(figures) == {"none", "mixup", "step"}
    assert figures["step"]["share"] == 1
    assert all(0 < row["lower_quartile"] <= row["upper_quartile"] for row in figures.values())
    assert "share of a step" in capsys.readouterr().out
    with pytest.raises(ValueError, match="repeats >= 2, got 1"):
        augmentation.bench_augmentation(repeats=1, json_path=None)
