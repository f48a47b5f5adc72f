"""The order of classes: names that are all numbers count as numbers."""

import csv
import types
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from esoftmax_jax.app.data.card import Card
from esoftmax_jax.app.data.load import load_dataset
from esoftmax_jax.app.data.parts import in_class_order
from esoftmax_jax.app.jobs import predict
from tests.helpers.datasets import draw

pytestmark = pytest.mark.usefixtures("folder")

NUMBERS = [str(k) for k in range(12)]


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["10", "9", "1"], ["1", "9", "10"]),
        (["10.5", "2", "-1", "+3"], ["-1", "2", "+3", "10.5"]),
        (["02", "10", "1", "2"], ["1", "02", "2", "10"]),  # alike: as text
        (["10", "9", "cat"], ["10", "9", "cat"]),
        (["v10", "v9"], ["v10", "v9"]),
        (["10", "9", "1e1"], ["10", "1e1", "9"]),
        (["10", "9", "٣"], ["10", "9", "٣"]),
    ],
)
def test_numbers_sort_as_numbers_and_all_else_as_text(names, expected):
    assert in_class_order(names) == expected
    assert in_class_order(set(names)) == expected


@pytest.mark.parametrize("parts", [("",), ("train", "test")])
def test_directories_named_by_numbers_have_these_numbers(parts):
    for part in parts:
        for k in NUMBERS:
            for i in range(3):
                draw(
                    Path("own", part, k, f"{i}.png"), np.full((2, 2), 10 * int(k) + i, np.uint8)
                )
    data = load_dataset("folder:own")
    assert data.class_names == tuple(NUMBERS)
    brightness = data.train.images[:, 0, 0, 0] // 10
    np.testing.assert_array_equal(data.train.labels.observed, brightness)
    np.testing.assert_array_equal(data.test.labels.observed, data.test.images[:, 0, 0, 0] // 10)
    # Images stay in the order of their paths as text, as `sorted` and `ls` have them.
    assert brightness.tolist() == sorted(brightness.tolist(), key=str)


def test_a_table_of_images_has_the_order_of_a_folder():
    rows = ["path,label"]
    for k in ("0.5", "2.5", "10.5"):
        for i in range(3):
            draw(Path(k, f"{i}.png"), i)
            rows.append(f"{k}/{i}.png,{k}")
    Path("own.csv").write_text("\n".join(rows))
    data = load_dataset("csv:own.csv", literal_labels=True)
    assert data.class_names == ("0.5", "2.5", "10.5")


def test_an_archive_and_a_model_keep_the_order_they_have(monkeypatch):
    names = np.array(sorted(NUMBERS))
    arrays: dict[str, Any] = {"train_images": np.eye(60), "train_labels": np.arange(60) % 12}
    np.savez("own.npz", **arrays, class_names=names)
    assert load_dataset("npz:own.npz").class_names == tuple(names)

    card = Card(tuple(names), (12,), "float32", ())
    model = types.SimpleNamespace(card=card, logits=lambda inputs, *_: inputs)
    monkeypatch.setattr(predict, "read_model", lambda *_: model)
    np.savez("new.npz", images=np.eye(12, dtype=np.float32))
    predict.predict(Path("run"), "npz:new.npz", out="out.csv", probabilities=True)
    with Path("out.csv").open(newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    assert header[3:] == [f"p({name})" for name in names]
    assert [row[1] for row in rows] == names.tolist()
