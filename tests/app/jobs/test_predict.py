"""A trained network as files, and the classes that it gives new examples."""

import csv
import json
import os
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from jax import export
from PIL import Image

from esoftmax_jax import app
from esoftmax_jax.app.data.load import load_dataset
from esoftmax_jax.app.data.readers.image_files import read_images
from esoftmax_jax.app.engine.group import Group
from esoftmax_jax.app.runs.model_file import read_model
from experiments.cli import main
from tests.helpers.datasets import draw, pixels
from tests.helpers.words import instead

pytestmark = pytest.mark.usefixtures("folder")

# Epochs are a multiple of 3: so many are one call, and another number is compiled anew.
TRAIN = ["train", "--epochs", "3", "--workdir", "run", "--checkpoint-every", "3", "--dataset"]
LONG = instead(TRAIN, "--epochs", "21")
PREDICT = ["predict", "--model", "run", "--inputs"]
NAMES = ("ant", "bee", "cat")


def rows_of(path="predictions.csv"):
    with Path(path).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def coloured(channel, seed, size):
    """Make an image whose class is its brightest channel."""
    image = np.random.default_rng(seed).integers(0, 100, (*size, 3), np.uint8)
    image[..., channel] += 120
    return image


def table(path, *, count=60, header="width,height,label", seed=0):
    """Write a table whose label is whether the height exceeds the width."""
    numbers = np.random.default_rng(seed).normal(size=(count, 2))
    columns = {
        "width": numbers[:, 0],
        "height": numbers[:, 1],
        "label": np.where(numbers[:, 1] > numbers[:, 0], "tall", "wide"),
        "remark": np.array(["none"] * count),
    }
    names = header.split(",")
    rows = zip(*(columns[name] for name in names), strict=True)
    Path(path).write_text("\n".join([header, *(",".join(map(str, row)) for row in rows)]))
    return columns


@pytest.fixture
def kept(monkeypatch):
    """Return the groups of the runs that have finished."""
    groups: list[Group] = []
    results = Group.results

    def kept_results(group):
        groups.append(group)
        return results(group)

    monkeypatch.setattr(Group, "results", kept_results)
    return groups


def test_images_of_other_sizes_are_classified(capsys, kept):
    for k, name in enumerate(NAMES):
        for i in range(16):
            draw(Path("data", name, f"{i}.png"), coloured(k, i, (9, 8)))
        draw(Path("new", f"{name}.png"), coloured(k, 100, (20, 30)))
    draw(Path("new", "deep", "grey.png"), np.full((12, 12), 50, np.uint8))
    draw(Path("new", ".hidden", "not.png"))
    draw(Path("new", ".hidden.png"))
    Path("new", "notes.txt").write_text("no image")
    options = ["--image-size", "8", "--learning-rate", "0.1", "--noise", "none"]
    assert main([*LONG, "folder:data", *options]) == 0
    found = app.predict("run", "folder:new", out="predictions.csv", probabilities=True)
    assert found.labels[:3].tolist() == list(NAMES)
    assert found.class_numbers[:3].tolist() == [0, 1, 2]
    rows = rows_of()
    assert [row["example"] for row in rows] == [
        "ant.png",
        "bee.png",
        "cat.png",
        "deep/grey.png",
    ]
    assert [row["prediction"] for row in rows[:3]] == list(NAMES)
    for row in rows:
        probs = {name: float(row[f"p({name})"]) for name in NAMES}
        assert sum(probs.values()) == pytest.approx(1, abs=1e-5)
        assert max(probs, key=lambda name: probs[name]) == row["prediction"]
        assert float(row["probability"]) == max(probs.values())

    # The file is the network that was trained and measured.
    dataset = load_dataset("folder:data", image_size=8)
    (expected,) = kept[0].logits(test=True)
    model = read_model("--model", Path("run"))
    np.testing.assert_allclose(
        model.logits(dataset.test.images), expected, atol=1e-3, rtol=1e-3
    )
    content = json.loads(Path("run/model/model.json").read_text(encoding="utf-8"))
    assert content["class_names"] == list(NAMES)
    assert (content["input_shape"], content["input_dtype"]) == ([8, 8, 3], "uint8")
    assert content["test_accuracy"] == np.mean(
        expected.argmax(1) == dataset.test.labels.observed
    )
    # JAX alone reads it, for devices that are not here too.
    exported = export.deserialize(bytearray(Path("run/model/logits.jaxexport").read_bytes()))
    assert set(exported.platforms) >= {"cpu", "cuda", "tpu"}

    # By the paths in a table; a list is only replaced by another.
    Path("list.csv").write_text("path,more\nnew/cat.png,1\n")
    assert main([*PREDICT, "csv:list.csv"]) == 0
    assert rows_of() == [
        {k: rows[2][k] for k in ("example", "prediction", "probability")}
        | {"example": "new/cat.png"}
    ]
    assert main([*PREDICT, "csv:list.csv", "--out", "list.csv"]) == 2
    assert "--out: expected a new file, or an older list" in capsys.readouterr().err
    np.savez("pixels.npz", images=np.zeros((2, 8, 7, 3), np.uint8), test_images=1)
    assert main([*PREDICT, "npz:pixels.npz"]) == 2
    assert (
        "npz:pixels.npz: expected uint8 of shape (N, 8, 8, 3), which the model was trained on, "
        "got uint8 of shape (N, 8, 7, 3); convert them"
    ) in capsys.readouterr().err


def test_columns_are_found_by_their_names(capsys):
    table("train.csv", count=200)
    assert main([*LONG, "csv:train.csv", "--learning-rate", "0.3"]) == 0
    columns = table("new.csv", header="remark,height,width", seed=1)
    capsys.readouterr()
    found = app.predict("run", "csv:new.csv", out="out.csv")
    assert np.mean(found.columns["prediction"] == columns["label"]) > 0.9
    assert found.sources == tuple(str(i + 2) for i in range(60))
    for name, column in found.columns.items():
        written = [row[name] for row in rows_of("out.csv")]
        if name == "probability":
            np.testing.assert_allclose(np.array(written, float), column, atol=1e-6)
        else:
            assert written == column.tolist()
    table("narrow.csv", header="remark,height")
    assert main([*PREDICT, "csv:narrow.csv"]) == 2
    assert (
        "narrow.csv: expected the columns 'width', 'height', which the model was trained on, got "
        "no 'width' among 'remark', 'height'; add the column"
    ) in capsys.readouterr().err
    draw(Path("pictures", "a.png"))
    assert main([*PREDICT, "folder:pictures"]) == 2
    assert (
        "folder:pictures: expected float32 of shape (N, 2), which the model was trained on, got "
        "files of images; pass npz:PATH"
    ) in capsys.readouterr().err
    assert not Path("predictions.csv").exists()


def test_an_archive_and_a_model_that_was_deleted(capsys):
    images = np.random.default_rng(0).normal(size=(60, 5))
    np.savez("own.npz", train_images=images, train_labels=np.arange(60) % 3)
    np.savez("new.npz", test_images=images[:7])
    assert main([*TRAIN, "npz:own.npz"]) == 0
    assert main([*PREDICT, "npz:new.npz"]) == 0
    first = rows_of()
    assert [row["example"] for row in first] == [str(i) for i in range(7)]
    assert app.predict("run", images[:7]).labels.tolist() == [
        int(row["prediction"]) for row in first
    ]
    # A path will do, and the archive that it was trained on: of that the training examples.
    capsys.readouterr()
    assert main([*PREDICT, "own.npz"]) == 0
    assert rows_of()[:7] == first
    assert "Inputs: Of the archive the array train_images." in capsys.readouterr().out
    assert main([*PREDICT, "new.npz"]) == 0
    assert rows_of() == first
    assert main(["predict", "--model", ".", "--inputs", "npz:new.npz"]) == 2
    assert "logits.jaxexport; pass one below it, such as run" in capsys.readouterr().err
    content = Path("run/model/logits.jaxexport")
    content.write_bytes(content.read_bytes()[:100])
    capsys.readouterr()
    assert main([*PREDICT, "npz:new.npz"]) == 2
    error = capsys.readouterr().err
    assert re.search(
        r"--model: expected a model that can be read, got run/model \(.*\); delete", error
    )
    for name, lacking in (
        ("model.json", "which has no model/model.json and logits.jaxexport"),
        ("logits.jaxexport", "whose model lacks its logits.jaxexport"),
    ):
        Path("run/model", name).unlink()
        assert main([*PREDICT, "npz:new.npz"]) == 2
        assert f"run, {lacking}; call train with" in capsys.readouterr().err
        assert main([*TRAIN, "npz:own.npz"]) == 0
        said = capsys.readouterr().out
        assert "this run is finished: run/results.jsonl\nwrote run/model" in said
        assert main([*PREDICT, "npz:new.npz"]) == 0
        assert rows_of() == first
    capsys.readouterr()
    # One changed byte could be another prediction.
    damaged = bytearray(content.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    content.write_bytes(damaged)
    assert main([*PREDICT, "npz:new.npz"]) == 2
    assert (
        "logits.jaxexport is not as it was written); delete it and" in capsys.readouterr().err
    )
    shutil.rmtree("run/model")
    assert main([*TRAIN, "npz:own.npz"]) == 0
    capsys.readouterr()
    np.save("single.npy", np.zeros((2, 5)))
    np.savez("labels.npz", labels=np.zeros(2))
    for inputs, message in {
        "npz:none.npz": r"no file 'none.npz': npz:PATH expects",
        "npz:run/config.json": r"'run/config.json' is not a readable NumPy .npz archive",
        "npz:labels.npz": r"npz:labels.npz: expected an array images or test_images or x_test or train_images or x_train, found 'labels'; name it so",
        "csv:new.csv": r"--inputs: expected npz:PATH, as the model was trained on numbers without names",
        "folder:none": r"no directory 'none'",
        "npz:single.npy": r"'single.npy' is not a readable NumPy .npz archive",
        "single.npy": r"--inputs: expected a folder of images, or a file .*, got single.npy; convert it, or pass folder:PATH",
        "./none": r"--inputs: no file or folder './none'; correct the path",
        "mnist": r"--inputs: expected folder:PATH, csv:PATH, parquet:PATH or npz:PATH, got 'mnist'",
    }.items():
        assert main([*PREDICT, inputs]) == 2
        assert re.search(message, capsys.readouterr().err), message
    assert main(["predict", "--model", "none", "--inputs", "npz:new.npz"]) == 2
    assert "got none, which is not there; check the path from" in capsys.readouterr().err
    assert main(["predict", "--model", "new.npz", "--inputs", "npz:new.npz"]) == 2
    assert "new.npz, which is a file; pass the folder that" in capsys.readouterr().err
    shutil.rmtree("run/model")
    shutil.rmtree("run/checkpoints")
    assert main([*TRAIN, "npz:own.npz"]) == 0
    assert "no model is written: the last checkpoint of this run is" in capsys.readouterr().out


def test_colours_for_a_network_of_grey_images(capsys):
    for k in range(2):
        for i in range(12):
            value = np.uint16((40 + 150 * k + i) << 4)  # of 12 bits
            draw(Path("data", "ab"[k], f"{i}.png"), np.full((6, 6), value))
    options = ["--learning-rate", "0.1", "--noise", "none", "--width", "0.1"]
    assert main([*LONG, "folder:data", *options]) == 0
    coloured_images = [pixels(i, (6, 6, 3)) for i in range(4)]
    grey = [np.asarray(Image.fromarray(image).convert("L")) for image in coloured_images]
    np.savez("colours.npz", images=np.stack(coloured_images))
    np.savez("grey.npz", images=np.stack(grey))
    for name in ("colours", "grey"):
        assert (
            main([*PREDICT, f"npz:{name}.npz", "--out", f"{name}.csv", "--probabilities"]) == 0
        )
    assert rows_of("colours.csv") == rows_of("grey.csv")
    # Files of 12 bits are scaled as in training, however dark they are.
    for name, image in zip("0123", grey, strict=True):
        draw(Path("new", f"{name}.png"), np.minimum(image, 30).astype(np.uint16) << 4)
    np.savez("dark.npz", images=np.minimum(grey, 30))
    assert json.loads(Path("run/model/model.json").read_text())["value_range"] == 4095
    assert main([*PREDICT, "folder:new", "--out", "wide.csv", "--probabilities"]) == 0
    assert "Inputs: 4 of 4 images have more than 8 bits a value: 0..4095 becomes" in (
        capsys.readouterr().out
    )
    assert main([*PREDICT, "npz:dark.npz", "--out", "dark.csv", "--probabilities"]) == 0
    for wide, dark in zip(rows_of("wide.csv"), rows_of("dark.csv"), strict=True):
        assert wide | {"example": ""} == dark | {"example": ""}
    content = json.loads(Path("run/model/model.json").read_text())
    for wrong in (0, -1, 300, "255"):
        Path("run/model/model.json").write_text(json.dumps(content | {"value_range": wrong}))
        assert main([*PREDICT, "npz:dark.npz"]) == 2
        assert "--model: expected a model that can be read" in capsys.readouterr().err
    del content["value_range"]  # as older versions wrote it
    Path("run/model/model.json").write_text(json.dumps(content))
    assert read_model("--model", Path("run")).card.value_range is None


def test_other_images_of_the_same_size_and_time_are_seen(capsys):
    for seed in (0, 1):
        Path("data").mkdir(exist_ok=True)
        Image.fromarray(pixels(seed, (6, 6))).save("data/a.bmp")
        os.utime("data/a.bmp", (1.6e9, 1.6e9))
        (read,) = read_images("folder:data", [Path("data/a.bmp")], ["a.bmp"], None).pixels
        np.testing.assert_array_equal(read[..., 0], pixels(seed, (6, 6)))


def test_linked_folders_are_followed_once(capsys):
    assert main([*TRAIN, "folder:data"]) == 2
    for name in NAMES:
        for i in range(5):
            draw(Path("data", name, f"{i}.png"), i)
    draw(Path("elsewhere", "a.png"), 1)
    Path("new").mkdir()
    Path("new", "linked").symlink_to(Path("elsewhere").resolve())
    Path("elsewhere", "round").symlink_to(Path("new").resolve())
    assert main([*instead(TRAIN, "--epochs", "1"), "folder:data"]) == 0
    assert main([*PREDICT, "folder:new"]) == 0
    assert [row["example"] for row in rows_of()] == ["linked/a.png"]


def test_names_that_are_no_text(capsysbinary):
    for name in (b"caf\xe9", b"tea"):
        folder = Path(os.fsdecode(b"data/" + name))
        try:
            folder.mkdir(parents=True)
        except OSError:
            pytest.skip("a file system whose names are text")
        for i in range(5):
            Image.fromarray(pixels(i, (6, 6))).save(folder / f"{i}.png")
    assert main([*TRAIN, "folder:data", "--suspects", "list.csv"]) == 0
    assert main([*PREDICT, "folder:data"]) == 0
    assert read_model("--model", Path("run")).card.class_names[0] == os.fsdecode(b"caf\xe9")


def test_a_damaged_checkpoint_is_named(capsys):
    assert main([*TRAIN, "wine"]) == 0
    shutil.rmtree("run/model")
    for path in Path("run/checkpoints").rglob("*"):
        if path.is_file():
            path.write_text("x")
    capsys.readouterr()
    assert main([*TRAIN, "wine"]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert re.search(r"run/checkpoints/3: expected a checkpoint that can be read, got", error)


def test_a_diverged_run_leaves_no_model(capsys):
    options = ["--learning-rate", "1e30", "--loss", "CE"]
    assert main([*TRAIN, "wine", *options]) == 0
    assert "this run diverged: no model is written" in capsys.readouterr().out
    assert not Path("run/model").exists()


def test_a_network_of_nan_predicts_nothing(capsys, monkeypatch):
    assert main([*TRAIN, "wine"]) == 0
    np.savez("new.npz", images=np.zeros((2, 13)))
    nothing = lambda self, inputs, done: np.full((len(inputs), 3), np.nan)  # noqa: E731
    monkeypatch.setattr("esoftmax_jax.app.runs.model_file.Model.logits", nothing)
    assert main([*PREDICT, "npz:new.npz"]) == 2
    assert "got NaN for 2 of 2 examples, first '0'; train again" in capsys.readouterr().err
    assert not Path("predictions.csv").exists()
