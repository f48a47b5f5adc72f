"""Numbers so large that float32 would make many equal keep their differences."""

import json
from pathlib import Path

import numpy as np
import pytest

from esoftmax_jax.app.data.card import Card
from esoftmax_jax.app.data.feature_offsets import find_offsets, without_offsets
from esoftmax_jax.app.data.foreign_images import like_training_images
from esoftmax_jax.app.data.load import load_dataset
from esoftmax_jax.app.data.unlabelled import read_unlabelled
from esoftmax_jax.app.runs.model_file import _read_card

pytestmark = pytest.mark.usefixtures("folder")

TIMES = 1_600_000_000 + 60.0 * np.arange(100)
SMALL = np.arange(100) % 7 / 10


def table(times=TIMES):
    rows = [
        f"{time:.0f},{x},{i % 2}" for i, (time, x) in enumerate(zip(times, SMALL, strict=True))
    ]
    Path("own.csv").write_text("\n".join(["time,x,label", *rows]))
    return load_dataset("csv:own.csv")


def test_times_in_seconds_keep_their_differences():
    data = table()
    assert data.feature_offsets == (np.median(TIMES), 0.0)
    kept = data.train.ids
    expected = np.stack([(TIMES - np.median(TIMES))[kept], SMALL[kept]], axis=1)
    np.testing.assert_array_equal(data.train.images, expected.astype(np.float32))
    assert data.train.images.dtype == np.float32
    assert "The median is subtracted from 'time', as float32 does not tell" in data.note
    for of_equal in ("content of", "with the features"):
        assert of_equal not in data.note


def test_predictions_subtract_the_same():
    data = table()
    card = Card(("0", "1"), (2,), "float32", ("time", "x"), None, data.feature_offsets)
    found = read_unlabelled("--inputs", "csv:own.csv", card)
    np.testing.assert_array_equal(found.inputs[data.train.ids], data.train.images)
    np.savez("new.npz", images=np.stack([TIMES, SMALL], axis=1))
    again = read_unlabelled("--inputs", "npz:new.npz", card)
    np.testing.assert_array_equal(again.inputs, found.inputs)


def test_the_card_of_a_model_tells_what_is_subtracted():
    fields = {
        "class_names": ["0", "1"],
        "input_shape": [2],
        "input_dtype": "float32",
        "feature_names": ["time", "x"],
        "sha256": "",
    }
    path = Path("model.json")
    path.write_text(json.dumps(fields | {"feature_offsets": [1.6e9, 0]}))
    card, _ = _read_card(path)
    assert card.feature_offsets == (1.6e9, 0.0)
    path.write_text(json.dumps(fields))  # as older versions wrote it
    assert _read_card(path)[0].feature_offsets == ()
    path.write_text(json.dumps(fields | {"feature_offsets": [1]}))
    with pytest.raises(ValueError, match="1 feature_offsets"):
        _read_card(path)


def test_archives():
    arrays = {
        "train_images": np.stack([SMALL, TIMES], axis=1),
        "train_labels": np.arange(100) % 2,
    }
    np.savez("own.npz", allow_pickle=False, **arrays, test_images=arrays["train_images"][:5] + 1, test_labels=[0, 1, 0, 1, 0])  # fmt: skip
    data = load_dataset("npz:own.npz")
    assert data.feature_offsets == (0.0, np.median(TIMES))
    np.testing.assert_array_equal(data.train.images[:, 1], TIMES - np.median(TIMES))
    np.testing.assert_array_equal(data.test.images[:, 1], TIMES[:5] + 1 - np.median(TIMES))
    assert "'column 1'" in data.note


@pytest.mark.parametrize(
    "column",
    [
        SMALL,
        1e9 * SMALL,
        1e9 + 1024 * np.arange(100),
        np.full(100, 1e9 + 1),
        np.array([1e39, 0.1]),
        np.array([np.nan]),
    ],
    ids=["small", "large and apart", "exact", "constant", "too large", "not finite"],
)
def test_what_float32_tells_apart_stays_as_it_is(column):
    features = column[:, None]
    assert find_offsets(features) == ()
    assert without_offsets(features, ()) is features


def test_rows_of_other_data_are_brought_to_the_same_offsets():
    ours = table()
    other = table(TIMES + 6000)
    like = like_training_images(other, ours)
    np.testing.assert_array_equal(like[:, 0], ours.train.images[:, 0] + 6000)
    assert like.dtype == np.float32


def test_float32_has_nothing_to_lose():
    assert find_offsets(TIMES.astype(np.float32)[:, None]) == ()
