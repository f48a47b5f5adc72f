"""Data of one's own: its content is part of a run, and its labels are not taken for clean."""

import json
import re
import shlex
import shutil
from pathlib import Path

import numpy as np
import pytest

from esoftmax_jax import app
from esoftmax_jax.app.data.load import load_dataset
from esoftmax_jax.app.engine.config import RunConfig
from esoftmax_jax.app.engine.group import make_group
from esoftmax_jax.app.labels.noise_spec import parse_noise
from esoftmax_jax.app.runs import run_all
from esoftmax_jax.app.runs.recipes import make_config
from experiments.cli import main, make_parser
from tests.helpers.datasets import draw, refused
from tests.helpers.parsed_data import load_data

pytestmark = pytest.mark.usefixtures("folder")


def features(seed=0):
    """Make an archive's arrays: two classes of 40 rows each, without a test set."""
    generator = np.random.default_rng(seed)
    labels = np.arange(80) % 2
    return {
        "train_images": generator.normal(size=(80, 6)) + labels[:, None],
        "train_labels": labels,
    }


@pytest.fixture
def ran(monkeypatch):
    """Collect the configurations that are trained."""
    configs: list[RunConfig] = []

    def recorded(program, members, *rest, **options):
        configs.extend(members)
        return make_group(program, members, *rest, **options)

    monkeypatch.setattr(run_all, "make_group", recorded)
    return configs


COMPARE = ["compare", "--losses", "CE", "--no-tune", "--epochs", "1", "--seeds", "1", "--out", "out"]  # fmt: skip


def trained(ran, *arguments):
    ran.clear()
    assert main([*COMPARE, *arguments]) == 0
    return len(ran)


def test_changed_data_is_trained_on_again(ran):
    np.savez("data.npz", **features())
    assert trained(ran, "--dataset", "npz:data.npz") == 1
    assert trained(ran, "--dataset", "npz:data.npz") == 0
    arrays = features()
    arrays["train_labels"][:2] = arrays["train_labels"][1::-1]
    np.savez("data.npz", **arrays)
    assert trained(ran, "--dataset", "npz:data.npz") == 1
    np.savez("data.npz", **features())
    assert trained(ran, "--dataset", "npz:data.npz") == 0


def identity(dataset, **options):
    """Return what tells a run on data apart from others: it is trained where it is new."""
    data = load_dataset(dataset, **options)
    return make_config(data, parse_noise("none"), "CE").identity


def test_a_relative_path_elsewhere_is_other_data(monkeypatch, folder):
    np.savez("data.npz", **features())
    first = identity("npz:data.npz")
    (folder / "other").mkdir()
    np.savez("other/data.npz", **features(1))
    monkeypatch.chdir(folder / "other")
    assert identity("npz:data.npz") != first


def test_another_image_size_or_image_is_trained_on_again():
    for name in ("cat", "dog"):
        for i in range(6):
            draw(Path("images", name, f"{i}.png"), i)
    first = identity("folder:images", image_size=8)
    assert identity("folder:images", image_size=9) != first
    assert identity("folder:images", image_size=8) == first
    draw(Path("images", "dog", "6.png"), 6)
    assert identity("folder:images", image_size=8) != first


def test_other_names_of_classes_or_columns_are_other_data():
    np.savez("data.npz", **features(), class_names=np.array(["a", "b"]))
    first = load_dataset("npz:data.npz").data_hash
    np.savez("data.npz", **features(), class_names=np.array(["b", "a"]))
    assert load_dataset("npz:data.npz").data_hash != first
    rows = "".join(f"{i},{-i},{'yn'[i % 2]}\n" for i in range(12))
    hashes = set()
    for header in ("x,y", "y,x"):
        Path("data.csv").write_text(f"{header},label\n{rows}")
        hashes.add(load_dataset("csv:data.csv").data_hash)
    assert len(hashes) == 2


def test_train_refuses_a_folder_of_other_data(capsys):
    arguments = ["train", "--dataset", "npz:data.npz", "--epochs", "1", "--workdir", "run"]
    np.savez("data.npz", **features())
    assert main(arguments) == 0
    assert main(arguments) == 0
    np.savez("data.npz", **features(1))
    capsys.readouterr()
    assert main(arguments) == 2
    assert "whose run has other images or labels; choose another" in capsys.readouterr().err


def test_foreign_images_are_part_of_the_run():
    np.savez("data.npz", **features())
    np.savez("other.npz", **features(1))
    arguments = ["noise", "--dataset", "npz:data.npz", "--noise", "open-set:0.2:npz:other.npz"]

    def config():
        dataset, (spec,) = load_data(make_parser().parse_args(arguments))
        return make_config(dataset, spec, "CE")

    first = config()
    assert first == config()
    np.savez("other.npz", **features(2))
    assert first.identity != config().identity


def test_named_sets_keep_the_identity_of_older_results():
    digits = load_dataset("digits")
    assert digits.data_hash is None
    assert digits.train.labels.trusted
    assert digits.test.labels.trusted
    dataset, (spec,) = load_data(make_parser().parse_args(["noise", "--noise", "none"]))
    config = make_config(dataset, spec, "CE")
    assert "data_hash" not in config.to_json()
    assert RunConfig.from_json(config.to_json()) == config


def test_an_archive_without_a_test_set_is_divided():
    ids = np.arange(80) + 100
    clean = features()["train_labels"]
    given = np.where(np.arange(80) < 4, 1 - clean, clean)
    arrays = features() | {"train_labels": given, "train_clean_labels": clean, "train_ids": ids}
    np.savez("data.npz", **arrays)
    data = load_dataset("npz:data.npz")
    assert np.bincount(data.train.labels.reference).tolist() == [32, 32]
    assert np.bincount(data.test.labels.reference).tolist() == [8, 8]
    rows = data.train.ids - 100
    np.testing.assert_array_equal(data.train.images, arrays["train_images"][rows].astype("f4"))
    np.testing.assert_array_equal(data.train.labels.observed, given[rows])
    np.testing.assert_array_equal(data.train.labels.truth, clean[rows])
    assert data.note == "A fixed fifth of each class is held out as the test set."
    assert data.test.labels.paired
    few = {name: array[:4] for name, array in features().items()}
    np.savez("few.npz", **few)
    refused("npz:few.npz", "at least 3 examples of a class", "test_images and test_labels")
    np.savez("odd.npz", train_images=np.zeros((5, 2)), train_labels=np.zeros((5, 2), int))
    refused("npz:odd.npz", "train_labels", "one label a row", "(5, 2)")
    np.savez("half.npz", **features(), test_images=np.zeros((2, 6)))
    refused("npz:half.npz", "'test_labels' (or 'y_test')")


def test_the_rate_of_labels_without_clean_ones_is_unknown(capsys):
    np.savez("data.npz", **features())
    arguments = ["--dataset", "npz:data.npz", "--noise", "none"]
    assert main(["noise", *arguments, "--statistics", "--out", "noise"]) == 0
    printed = capsys.readouterr().out
    assert "Rate of wrong labels unknown: no clean labels in npz:data.npz" in printed
    assert re.search(r"labels as they came +– +unknown +– +[0-9a-f]{16} +– +–", printed)
    assert "0.00 %" not in printed
    assert "transitions.png" not in printed
    assert {path.name for path in Path("noise").iterdir()} == {"noise.jsonl", "none-seed0.npz"}
    with np.load("noise/none-seed0.npz") as written:
        assert sorted(written.files) == ["id", "noisy_label"]
    line = json.loads(Path("noise/noise.jsonl").read_text(encoding="utf-8"))
    assert (line["rate"], line["num_wrong"], line["counts"]) == (None, None, None)

    assert main(["train", *arguments, "--epochs", "1", "--workdir", "run"]) == 0
    printed = capsys.readouterr().out
    assert (
        "labels as they came (rate unknown: no clean labels), seed 0: test accuracy" in printed
    )
    assert "ceiling is below 100 %" in printed

    # Noise that is drawn is counted from the labels that there are.
    drawn = app.noise("npz:data.npz", noise="symmetric:0.25", out="noise", verbose=True)
    assert [one.rate for one in drawn.labelings] == [0.25]
    printed = " ".join(capsys.readouterr().out.split())
    assert "labels that are changed on purpose are counted from its own" in printed


def test_a_comparison_says_that_its_test_labels_are_noisy(ran, capsys):
    np.savez("data.npz", **features())
    trained(ran, "--dataset", "npz:data.npz")
    printed = " ".join(capsys.readouterr().out.split())
    assert "labels as they came (share of wrong labels unknown: no clean labels)" in printed
    assert "nobody could pick" not in printed
    assert "picked by the very labels that it is measured on" in printed
    assert "those of the test set are as wrong as those that came with the training" in printed
    # With a test set of its own, nothing is said about that one.
    arrays = features()
    tested = {"test_images": arrays["train_images"], "test_labels": arrays["train_labels"]}
    np.savez("whole.npz", **arrays, **tested)
    trained(ran, "--dataset", "npz:whole.npz")
    printed = " ".join(capsys.readouterr().out.split())
    assert "nobody could pick" in printed
    assert "ceiling" not in printed


def error_of(capsys, *arguments):
    capsys.readouterr()
    assert main(list(arguments)) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    return captured.err


def test_open_set_noise_is_not_read_back_as_labels(capsys):
    np.savez("data.npz", **features())
    np.savez("other.npz", **features(1))
    arguments = ["--dataset", "npz:data.npz", "--noise", "open-set:0.25:npz:other.npz"]
    assert main(["noise", *arguments, "--out", "noise"]) == 0
    (file,) = Path("noise").glob("*.npz")
    for verb in ("noise", "compare", "train"):
        message = error_of(capsys, verb, *arguments[:2], "--labels", str(file))
        assert re.search("--labels: expected labels alone.*--noise open-set:.*--seed", message)


def test_a_dataset_is_not_its_own_foreign_set(capsys):
    np.savez("data.npz", **features())
    shutil.copy("data.npz", "copy.npz")
    for ours, other in (("digits", "digits"), ("npz:data.npz", "npz:copy.npz")):
        noise = f"open-set:0.1:{other}"
        message = error_of(capsys, "noise", "--dataset", ours, "--noise", noise)
        assert f"expected images of other classes than {ours} has, got {other}" in message


@pytest.mark.usefixtures("five_together")
def test_the_command_that_compare_prints_trains_the_run_it_recommends(capsys, folder):
    np.savez("my data.npz", **features())
    compare = ["compare", "--losses", "CE,MAE", "--seeds", "1", "--epochs", "2", "--out", "out"]  # fmt: skip
    options = ["--dataset", "npz:my data.npz", "--noise", "none,symmetric:0.2", "--train-examples", "60"]  # fmt: skip
    assert main([*compare, *options]) == 0
    printed = capsys.readouterr().out
    commands = re.findall(r"^  python -m experiments (train .*)$", printed, flags=re.MULTILINE)
    assert len(commands) == 2
    lines = Path("out/results.jsonl").read_text().splitlines()
    configs = [json.loads(line)["config"] for line in lines]
    for number, command in enumerate(commands):
        noise = ("none", "symmetric-0.2")[number]
        assert main(shlex.split(command)) == 0
        (config,) = Path("out").glob(f"*-{noise}/config.json")
        assert json.loads(config.read_text()) in configs
        assert list(Path().glob(f"suspects-*-{noise}.csv"))

    # Without labels held out, the best of the test column is not recommended.
    capsys.readouterr()
    assert main([*compare, *options, "--no-tune"]) == 0
    printed = capsys.readouterr().out
    assert "No labels were held out for choosing a loss, so none is recommended" in printed
    assert "experiments train" not in printed
