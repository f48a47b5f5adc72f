"""The jobs as Python functions: arrays and tables come back, and nothing else happens."""

import dataclasses
import inspect
import pickle
import re
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from esoftmax_jax import app
from esoftmax_jax.app.cli.main import main
from esoftmax_jax.app.engine.loop import Epoch
from esoftmax_jax.app.jobs.recommend import Recommendation
from esoftmax_jax.app.runs.results import read_results
from tests.helpers.datasets import draw

SMALL: dict[str, Any] = {"train_examples": 200, "epochs": 2, "noise": "symmetric:0.3"}
# One program, which is compiled once.
COMPARED: dict[str, Any] = {**SMALL, "losses": ["CE", "MAE"], "seeds": 2, "tune": False}


@pytest.fixture(scope="module")
def trained():
    """A run that was not kept, with its labels ranked."""
    return app.train("digits", suspects=True, **SMALL)


@pytest.fixture(scope="module")
def compared():
    return app.compare("digits", **COMPARED)


def test_training_returns_a_run_with_its_curves(trained):
    run = trained.run
    assert run.curves.keys() == {"train_loss", "train_accuracy", "test_accuracy"}
    assert [curve.shape for curve in run.curves.values()] == [(2,)] * 3
    assert run.test_accuracy == pytest.approx(run.curves["test_accuracy"][-1], abs=1e-6)
    assert run.best_accuracy == pytest.approx(run.curves["test_accuracy"].max(), abs=1e-6)
    assert run.noise_rate == pytest.approx(0.3, abs=0.01)
    assert not run.diverged
    assert run.config.train_examples == 200


def test_nothing_is_printed_or_written(folder, capfd):
    epochs = list[Epoch]()
    found = app.train("digits", on_epoch=epochs.append, **SMALL)
    assert [epoch.number for epoch in epochs] == [1, 2]
    for name in ("train_loss", "train_accuracy", "test_accuracy"):
        told = [getattr(epoch, name) for epoch in epochs]
        np.testing.assert_allclose(told, found.run.curves[name], atol=1e-6)
    app.predict(found, found.dataset.test.images[:5])
    app.compare("digits", **COMPARED)
    assert list(folder.iterdir()) == []
    assert capfd.readouterr() == ("", "")


def test_predictions_are_arrays(trained):
    images = trained.dataset.test.images
    found = app.predict(trained, images)
    assert found.labels.shape == (len(images),)
    assert found.probabilities.shape == (len(images), 10)
    np.testing.assert_allclose(found.probabilities.sum(axis=1), 1, rtol=1e-12)
    assert found.class_names == tuple("0123456789")
    agreeing = np.mean(found.labels == trained.dataset.test.labels.observed)
    assert agreeing == pytest.approx(trained.run.test_accuracy)
    columns = found.columns
    assert columns.keys() == {"example", "prediction", "probability"}
    assert columns["prediction"].tolist() == [str(label) for label in found.labels]
    np.testing.assert_array_equal(columns["probability"], found.probabilities.max(axis=1))


def test_a_saved_network_predicts_as_the_one_in_memory(trained, folder):
    images = trained.dataset.test.images[:20]
    np.savez("new.npz", images=images)
    saved = app.train("digits", workdir="run", **SMALL)
    assert saved.run.test_accuracy == trained.run.test_accuracy
    expected = app.predict(trained, images).probabilities
    for model, inputs in ((saved, images), ("run", images), ("run", "npz:new.npz")):
        found = app.predict(model, inputs).probabilities
        np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_the_command_and_the_function_have_the_same_numbers(trained, folder):
    options = ["--train-examples", "200", "--epochs", "2", "--noise", "symmetric:0.3"]
    assert main(["train", *options, "--workdir", "run"]) == 0
    (run,) = read_results(folder / "run/results.jsonl").values()
    assert run.test_accuracy == trained.run.test_accuracy
    assert run.config == trained.run.config


def test_a_trained_network_can_be_pickled(trained):
    found = pickle.loads(pickle.dumps(trained))
    images = trained.dataset.test.images[:7]
    expected = app.predict(trained, images)
    np.testing.assert_array_equal(
        app.predict(found, images).probabilities, expected.probabilities
    )
    assert found.run.test_accuracy == trained.run.test_accuracy
    assert found.suspects.count == trained.suspects.count
    again = pickle.loads(pickle.dumps(found)).model
    np.testing.assert_array_equal(again.logits(images), trained.model.logits(images))


def test_results_are_shown_in_a_line(trained, compared):
    images = trained.dataset.test.images[:3]
    found = app.predict(trained, images)
    names = ", ".join(f"'{label}'" for label in dict.fromkeys(found.labels.tolist()))
    assert repr(trained.dataset) == (
        "Dataset(name='digits', train_images=float32[200, 8, 8, 1], "
        "test_images=float32[359, 8, 8, 1], class_names=10 of str)"
    )
    accuracy = f"test_accuracy={trained.run.test_accuracy:.4g}"
    assert repr(trained) == (
        f"Trained(dataset='digits', loss='CE_eps+MAE', noise='symmetric:0.3', {accuracy}, "
        f"suspects={trained.suspects.count})"
    )
    assert repr(trained.suspects) == (
        f"SuspectLabels(labels=200, suspect={trained.suspects.count}, epochs=2)"
    )
    assert repr(found).startswith("Predictions(examples=3, predicted={")
    assert set(re.findall(r"'\d'", repr(found))) == set(names.split(", "))
    ce, mae = (f"{100 * row['test_accuracy']:.1f} %" for row in compared.table)
    assert repr(compared) == (
        f"Comparison(dataset='digits', CE, symmetric:0.3: {ce}, MAE, symmetric:0.3: {mae})"
    )
    shown = (trained.run, trained.model, trained.suspects.ranked, compared.rows)
    assert all(len(repr(one)) < 300 for one in shown)


def test_suspect_labels_are_columns_of_a_table(trained):
    suspects = trained.suspects
    columns = suspects.columns
    assert list(suspects) == list(columns)
    np.testing.assert_array_equal(suspects["suggestion"], columns["suggestion"])
    assert (len(suspects), suspects == suspects, suspects == columns) == (
        len(columns),
        True,
        False,
    )
    columns["label"][:] = ""  # a list to be reviewed, which changes nothing of what was found
    assert (suspects["label"] != "").all()
    assert {len(column) for column in columns.values()} == {200}
    assert (np.diff(columns["margin"]) >= 0).all()
    assert trained.suspects.count == np.sum(columns["margin"] < 0)
    wrong = columns["given"] != columns["clean_label"]
    assert wrong.sum() == round(0.3 * 200)
    # Wrong labels come first more often than not.
    assert wrong[:60].mean() > wrong[-60:].mean()
    assert trained.suspects.epochs == 2


def test_suspects_are_found_in_one_call(trained):
    found = app.find_suspects("digits", **SMALL)
    np.testing.assert_array_equal(found.columns["example"], trained.suspects.columns["example"])


def test_a_comparison_is_a_table_and_its_runs(compared):
    first, second = compared.table
    assert (first["loss"], second["loss"]) == ("CE", "MAE")
    runs = [run for run in compared.runs if run.config.loss.name == "CE"]
    assert [run.config.seed for run in runs] == [0, 1]
    accuracies = [run.test_accuracy for run in runs]
    assert first["test_accuracy"] == pytest.approx(np.mean(accuracies))
    assert first["test_accuracy_std"] == pytest.approx(np.std(accuracies, ddof=1))
    assert first["runs"] == 2
    assert first["noise"] == "symmetric:0.3"


def test_nothing_is_recommended_without_held_out_labels(compared):
    assert compared.recommended == {}


def test_what_is_recommended_is_arguments_of_train(compared):
    _, mae = compared.rows
    told = dataclasses.replace(compared, recommendations=(Recommendation("", mae),))
    rate = mae.runs[0].config.learning_rate
    assert told.recommended == {
        "symmetric:0.3": {
            "loss": "MAE",
            "hyperparameters": {},
            "learning_rate": rate,
            "noise": "symmetric:0.3",
        }
    }
    arguments = inspect.signature(app.train).parameters.keys()
    assert told.recommended["symmetric:0.3"].keys() <= arguments


def test_examples_that_do_not_fit_are_refused(trained):
    with pytest.raises(app.UsageError, match=r"inputs: expected .*trained on, got .*; convert"):
        app.predict(trained, np.zeros((3, 5), np.float32))
    with pytest.raises(app.UsageError, match=r"inputs: expected one example or more"):
        app.predict(trained, np.zeros((0, 64), np.float32))
    with pytest.raises(app.UsageError, match=r"^model: expected the folder of a run"):
        app.predict("nowhere", np.zeros((3, 64), np.float32))
    with pytest.raises(app.UsageError, match=r"^out: expected a path, got 3$"):
        app.predict(trained, np.zeros((3, 8, 8, 1), np.float32), out=3)  # type: ignore[arg-type]


def test_predictions_take_the_place_of_predictions_and_of_nothing_else(trained, folder):
    images = trained.dataset.test.images[:2]
    for count in (2, 1):
        app.predict(trained, images[:count], out="new.csv", probabilities=True)
        assert len((folder / "new.csv").read_text().splitlines()) == 1 + count
    (folder / "new.csv").write_text("my,own\r\n")
    with pytest.raises(app.UsageError, match=r"^out: expected a new file, or an older list"):
        app.predict(trained, images, out="new.csv")
    assert (folder / "new.csv").read_text() == "my,own\n"


def test_what_a_loaded_dataset_should_know_is_a_warning_of_pythons(folder):
    for name in ("cat", "dog"):
        for number in range(5):
            draw(folder / "pictures" / name / f"{number}.png", number)
    data = app.load_dataset("folder:pictures", image_size=8)
    assert data.class_names == ("cat", "dog")
    with pytest.raises(app.UsageError, match="^image_size: expected nothing beside a dataset"):
        app.train(data, image_size=8)


def test_importing_the_face_imports_nothing_heavy():
    code = "import sys; from esoftmax_jax import app; dir(app); print('jax' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert found.stdout == "False\n"


def test_a_package_that_is_missing_is_told(monkeypatch):
    monkeypatch.delitem(vars(app), "compare", raising=False)
    monkeypatch.setitem(sys.modules, "esoftmax_jax.app.jobs.compare", None)
    with pytest.raises(ImportError, match=r"run pip install 'esoftmax_jax\[app\]'"):
        app.compare  # noqa: B018
