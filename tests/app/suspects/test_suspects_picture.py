"""The picture of the images whose labels are most likely wrong."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from esoftmax_jax import noise
from esoftmax_jax.app.data.examples import Examples
from esoftmax_jax.app.data.labels import Labels
from esoftmax_jax.app.data.load import load_dataset
from esoftmax_jax.app.data.subset import first_examples
from esoftmax_jax.app.labels.noise_spec import NoiseSpec
from esoftmax_jax.app.labels.noisy_labels import NoisyTraining
from esoftmax_jax.app.suspects.labelled import labelled_examples
from esoftmax_jax.app.suspects.margins import Margins
from esoftmax_jax.app.suspects.picture import can_be_drawn, draw_suspects, shown_image
from esoftmax_jax.app.suspects.suspect_list import rank_suspects
from experiments.cli import main
from tests.helpers.datasets import draw
from tests.helpers.suspects import TRAIN, rows_of

pytestmark = pytest.mark.usefixtures("folder")


def test_images_that_are_suspect_are_drawn(capsys):
    for row in range(60):
        light = (row >= 30) != (row in (3, 40))  # these two are in the wrong folder
        name = "light" if row >= 30 else "dark"
        level = 250 if light else 5
        draw(
            Path("data", name, f"{row}.png"), np.full((15, 15), level, np.uint8)
        )  # less than 16: no convolution
    options = ["--dataset", "folder:data", "--width", "0.05", "--learning-rate", "0.05"]
    assert main([*TRAIN, *options]) == 0
    assert "wrote run/suspects.png" in capsys.readouterr().out
    assert {row["example"] for row in rows_of("list.csv")[:2]} == {"dark/3.png", "light/40.png"}
    with Image.open("run/suspects.png") as opened:
        picture = np.asarray(opened.convert("L"))
    assert (picture == 5).sum() > 100**2
    assert (picture == 250).sum() > 100**2


def test_the_image_that_is_drawn_is_the_one_that_was_seen():
    data = first_examples(load_dataset("digits"), 20)
    assert can_be_drawn(data)
    assert not can_be_drawn(load_dataset("wine"))
    foreign = np.where(np.arange(20) == 4, 1, -1).astype(np.int32)
    data = dataclasses.replace(data, foreign_images=-data.train.images[:2])
    labels = data.train.labels.observed
    report = noise.describe_noise(labels, labels, num_classes=10)
    labelled = labelled_examples(
        data, NoisyTraining(data.train.labels, foreign, report), NoiseSpec("none")
    )
    margins = np.array([-2.0, 1.0, 1.0, 1.0, -1.0] + [1.0] * 15, np.float32)
    ranked = rank_suspects(labelled, Margins(margins, np.zeros(20, np.int64), 1))
    own, other = (shown_image(ranked, k, data, foreign) for k in (0, 1))
    assert own.shape == (8, 8)
    assert own.min() == other.min() == 0
    assert own.max() == other.max() == 1
    first, second = data.train.images[:2, ..., 0]
    np.testing.assert_allclose(own, first / first.max(), atol=1e-6)
    np.testing.assert_allclose(other, 1 - second / second.max(), atol=1e-6)
    test = Examples(data.test.images[:3] + 1, Labels(data.test.labels.observed[:3]))
    data = dataclasses.replace(data, test=test)
    labelled = labelled_examples(
        data, NoisyTraining(data.train.labels, None, report), NoiseSpec("none")
    )
    margins = np.array([1.0] * 22 + [-1.0], np.float32)
    ranked = rank_suspects(labelled, Margins(margins, np.zeros(23, np.int64), 1))
    third = data.test.images[2, ..., 0] - 1
    np.testing.assert_allclose(
        shown_image(ranked, 0, data, None), third / third.max(), atol=1e-6
    )
    # Without suspects there is no picture, not even an older one.
    Path("suspects.png").write_bytes(b"")
    none = rank_suspects(labelled, Margins(margins + 2, np.zeros(23, np.int64), 1))
    assert draw_suspects(Path("suspects.png"), none, data, None) == 0
    assert not Path("suspects.png").exists()
    assert draw_suspects(Path("suspects.png"), ranked, data, None) == 1
    assert [path.name for path in Path().iterdir()] == ["suspects.png"]
