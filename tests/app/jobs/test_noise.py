"""Noisy labels from Python: values come back, and files only where a folder is named."""

import json

import numpy as np
import pytest

from esoftmax_jax import app
from esoftmax_jax.app.cli.main import main


@pytest.fixture(scope="module")
def drawn():
    return app.noise("wine", noise=["symmetric:0.3", "none"], seed=1)


def test_labels_and_what_they_are_like(drawn):
    symmetric, none = drawn.labelings
    count = len(symmetric.labels)
    assert [one.noise for one in drawn.labelings] == ["symmetric:0.3", "none"]
    assert none.rate == 0
    np.testing.assert_array_equal(none.labels, none.clean)
    np.testing.assert_array_equal(symmetric.clean, none.clean)
    assert symmetric.rate == np.mean(symmetric.labels != symmetric.clean)
    assert symmetric.rate == pytest.approx(0.3, abs=1 / count)
    wrong = symmetric.labels[symmetric.clean == 0] != 0
    assert 1 - symmetric.matrix[0, 0] == pytest.approx(wrong.mean())
    assert symmetric.columns.keys() == {"id", "clean_label", "noisy_label"}
    assert drawn.table[0] == {
        "noise": "symmetric:0.3",
        "wrong": int((symmetric.labels != symmetric.clean).sum()),
        "rate": symmetric.rate,
        "labels_hash": symmetric.labels_hash,
    }
    assert repr(drawn) == (
        f"DrawnLabels(dataset='wine', rates={{'symmetric:0.3': {symmetric.rate}, 'none': 0.0}})"
    )
    assert repr(none) == f"NoisyLabels(noise='none', labels=int32[{count}], rate=0)"


def test_nothing_is_printed_or_written_without_a_folder(folder, capfd):
    found = app.noise("wine", noise="pairwise:0.2")
    assert found.files == ()
    assert list(folder.iterdir()) == []
    assert capfd.readouterr() == ("", "")


def test_a_folder_gets_what_the_command_writes(drawn, folder):
    found = app.noise("wine", noise="symmetric:0.3", seed=1, out="labels")
    assert [path.name for path in found.files] == [
        "transitions.png",
        "symmetric-0.3-seed1.npz",
        "noise.jsonl",
    ]
    with np.load(found.files[1]) as kept:
        for name, column in drawn.labelings[0].columns.items():
            np.testing.assert_array_equal(kept[name], column)
    options = ["--dataset", "wine", "--noise", "symmetric:0.3", "--seed", "1"]
    assert main(["noise", *options, "--out", "labels"]) == 0
    lines = [json.loads(line) for line in found.files[2].read_text().splitlines()]
    hashes = {line["labels_hash"] for line in lines}
    assert (len(lines), hashes) == (2, {drawn.labelings[0].labels_hash})


def test_labels_as_they_came_are_not_counted(folder):
    rows = "".join(f"{number},{number % 7},{'ab'[number % 2]}\n" for number in range(20))
    (folder / "own.csv").write_text(f"x,y,label\n{rows}")
    (came,) = app.noise("csv:own.csv").labelings
    assert (came.noise, came.rate, came.clean, came.matrix) == ("none", None, None, None)
    assert came.columns.keys() == {"id", "noisy_label"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"noise": "symetric:0.3"}, r"^noise: .*; did you mean 'symmetric'\?$"),
        ({"seed": -1}, r"^seed: expected a whole number ≥ 0 and ≤ 2147483647, got -1$"),
        ({"out": 3}, r"^out: expected a path, got 3$"),
        ({"train_examples": 10**6}, r"^train_examples: expected at most the 142 of wine"),
    ],
)
def test_a_wrong_argument_is_told(arguments, message):
    with pytest.raises(app.UsageError, match=message):
        app.noise("wine", **arguments)
    with pytest.raises(TypeError, match="^noise: .* 'epochs'"):
        getattr(app, "noise")("wine", epochs=3)  # noqa: B009
