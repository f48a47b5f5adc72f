"""Wrong labels are found in anybody's training loop: the page that shows how is run."""

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from esoftmax_jax import cleaning
from tests.helpers.documents import PAGES, blocks

NNX, LINEN, PYTORCH, TRAINED, QUALITY, REVIEW = blocks(
    PAGES["docs/finding-wrong-labels.md"], "python"
)
(SAVED,) = blocks(PAGES["docs/how-to/pytorch.md"], r"\{code-block\} python")
NAMES = ["ant", "bee", "cat"]
CLEAN = np.arange(120) % 3
WRONG = np.arange(120) % 10 == 0
LABELS = np.where(WRONG, (CLEAN + 1) % 3, CLEAN)


@pytest.fixture
def names(tmp_path, monkeypatch) -> dict[str, Any]:
    """Return what the page takes for granted: an easy task with 12 wrong labels."""
    monkeypatch.chdir(tmp_path)
    noise = np.random.default_rng(0).normal(size=(120, 3))
    images = (np.eye(3)[CLEAN] * 4 + noise).astype(np.float32)
    return {"images": images, "labels": LABELS, "names": NAMES, "clean_labels": CLEAN}


def assert_found(names):
    """The wrong labels come first, with the right ones suggested."""
    np.testing.assert_array_equal(names["dynamics"].updates, 10)
    quality = cleaning.ranking_quality(names["dynamics"].mean_margins, WRONG)
    assert quality.auroc > 0.97
    first = names["ranking"].indices[:10]
    assert WRONG[first].mean() >= 0.9
    suggested = names["ranking"].suggestions[:10]
    assert np.mean(suggested == CLEAN[first]) >= 0.9
    with Path("list.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["example"]) for row in rows] == names["ranking"].indices.tolist()


@pytest.mark.parametrize("loop", [NNX, LINEN], ids=["NNX", "Linen"])
def test_five_lines_in_a_loop_of_flax(names, loop):
    exec(loop, names)
    assert_found(names)


def test_five_lines_in_a_loop_of_pytorch(names):
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    exec(PYTORCH, names)
    assert_found(names)


def test_logits_that_pytorch_saves_are_those_that_the_ranking_takes(names):
    torch = pytest.importorskip("torch")
    images = torch.tensor(names["images"])
    data = torch.utils.data.TensorDataset(images, torch.zeros(len(images)))
    given = {
        "np": np,
        "torch": torch,
        "model": torch.nn.Linear(3, 3),
        "device": "cpu",
        "ordered_loader": torch.utils.data.DataLoader(data, batch_size=50),
        "saved": [],
    }
    exec(SAVED, given)
    exec(SAVED, given)  # a second epoch
    logits = np.load("logits.npy")
    assert (logits.shape, logits.dtype) == ((2, len(images), 3), np.float32)
    np.testing.assert_array_equal(logits[0], given["model"](images).detach().numpy())
    dynamics = cleaning.init_training_dynamics(len(images), 3)
    assert dynamics.update(logits[0], LABELS).ranking().indices.shape == (len(images),)


def test_a_loop_in_numpy(names):
    images, weights = names["images"], np.zeros((3, 3), np.float32)
    dynamics = cleaning.init_training_dynamics(len(LABELS), 3)
    for _ in range(10):
        logits = images @ weights
        probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        weights -= images.T @ (probabilities - np.eye(3)[LABELS]).astype(np.float32) / 240
        dynamics = dynamics.update(logits, LABELS)
    cleaning.write_label_list("list.csv", dynamics.ranking(), LABELS, class_names=NAMES)
    assert_found({"dynamics": dynamics, "ranking": dynamics.ranking()})


def test_a_trained_network_and_the_review(names):
    logits = names["images"] * 2
    names |= {"logits": logits, "cleaning": cleaning}
    exec(TRAINED, names)
    exec(QUALITY, names)
    assert names["quality"].precision == 1.0
    ranking = names["ranking"]
    cleaning.write_label_list("list.csv", ranking, LABELS, class_names=NAMES)
    text = Path("list.csv").read_text().splitlines()
    for rank, suggestion in enumerate(ranking.suggestions[:12], 1):
        cells = text[rank].split(",")
        cells[2] = NAMES[suggestion]
        text[rank] = ",".join(cells)
    text[12] = text[12].replace(text[12].split(",")[2], "", 1)
    Path("list.csv").write_text("\n".join(text))
    exec(REVIEW, names)
    left_out = ranking.indices[11]
    assert len(names["new_images"]) == len(names["new_labels"]) == 119
    assert np.mean(names["new_labels"] != np.delete(CLEAN, left_out)) < 0.02
