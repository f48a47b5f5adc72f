"""What defines a run: values inside, text in JSON, and the same identity for ever."""

import json

import pytest

from esoftmax_jax.app.augment.augment_spec import parse_augmentation
from esoftmax_jax.app.engine.config import RunConfig
from esoftmax_jax.app.engine.schedule import COSINE, Schedule, parse_schedule
from esoftmax_jax.app.labels.noise_spec import NoiseSpec, parse_noise
from esoftmax_jax.app.methods.loss_spec import LossSpec
from tests.house import ROOT

CE = LossSpec("CE")
RESULTS = sorted((ROOT / "experiments" / "results").glob("*.jsonl"))


def config(noise="none", loss=CE, schedule="cosine", augment="none", **options):
    return RunConfig(
        dataset="digits",
        noise=parse_noise(noise),
        loss=loss,
        learning_rate=0.1,
        seed=0,
        epochs=1,
        schedule=parse_schedule(schedule),
        augment=parse_augmentation(augment),
        **options,
    )


@pytest.mark.parametrize("path", RESULTS, ids=lambda path: path.stem)
def test_every_committed_result_has_the_identity_it_was_written_with(path):
    lines = path.read_text(encoding="utf-8").splitlines()
    assert len(lines) >= 14
    for line in lines:
        written = json.loads(line)["config"]
        assert RunConfig.from_json(written).identity == json.dumps(written, sort_keys=True)


def test_equal_configurations_have_one_identity():
    whole, real = (
        config(width=1, momentum=0, imbalance=10),
        config(momentum=0.0, imbalance=10.0),
    )
    assert whole == real
    assert whole.identity == real.identity


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"noise": "pairwise:0.4"}, '"noise": "pairwise:0.4"'),
        ({"noise": "open-set:0.4:npz:other.npz"}, '"noise": "open-set:0.4:npz:other.npz"'),
        ({"noise": "annotators:0.3"}, '"noise": "annotators:0.3:3"'),
        ({"schedule": "step:60:160:0.1"}, '"schedule": "step:60:160:0.1"'),
        ({"schedule": "step:2.5:1e-1"}, '"schedule": "step:2.5:0.1"'),
        ({"augment": "flip,shift,mixup"}, '"augment": "shift:4,flip,mixup:1"'),
        ({"loss": LossSpec("GCE", (("q", 0.7),))}, '"hyperparameters": {"q": 0.7}'),
        ({"loss": LossSpec("a.py:f", content_hash="0f")}, '"loss_hash": "0f"'),
        ({"data_hash": "d1"}, '"data_hash": "d1"'),
    ],
)
def test_a_configuration_and_its_json_are_two_forms_of_one_thing(fields, text):
    given = config(**fields)
    assert text in given.identity
    read = RunConfig.from_json(json.loads(given.identity))
    assert read == given
    assert read.identity == given.identity


def test_what_older_results_lack_is_not_written():
    assert set(config().to_json()).isdisjoint({"data_hash", "loss_hash"})


@pytest.mark.parametrize(
    ("field", "text"),
    [("noise", "fog:0.1"), ("augment", "blur"), ("schedule", "linear"), ("noise", "")],
)
def test_a_text_of_another_version_is_named(field, text):
    with pytest.raises(
        ValueError, match=rf"^expected {field} as this version knows it, got '{text}'$"
    ):
        RunConfig.from_json({**config().to_json(), field: text})


@pytest.mark.parametrize(
    ("text", "schedule"),
    [
        ("cosine", COSINE),
        ("step:60:0.1", Schedule((60,), 0.1)),
        ("step:1:3:0.5", Schedule((1, 3), 0.5)),
    ],
)
def test_schedules_as_text_and_as_value(text, schedule):
    assert parse_schedule(text) == schedule
    assert str(schedule) == text


def test_a_specification_is_told_by_its_name_and_not_by_what_was_read():
    read = NoiseSpec("matrix", source="T.npy", matrix=object())  # type: ignore[arg-type]
    assert read == parse_noise("matrix:T.npy")
    assert hash(read) == hash(parse_noise("matrix:T.npy"))
