"""The jobs as Python functions: arrays and tables come back, and nothing else happens."""

import dataclasses
import inspect
import pickle
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

from esoftmax_jax import app
from esoftmax_jax.app.cli.main import main
from esoftmax_jax.app.cli.python_call import from_python, in_python
from esoftmax_jax.app.engine.loop import Epoch
from esoftmax_jax.app.jobs.recommend import Recommendation
from esoftmax_jax.app.runs.results import read_results
from tests.dataset_helpers import draw

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
    columns = trained.suspects.columns
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


def test_an_option_left_out_is_the_commands():
    """What a verb takes, but for what belongs to a command alone, is an argument."""
    for function in (app.compare, app.train, app.find_suspects):
        arguments = inspect.signature(function).parameters
        assert {"train_examples", "image_size", "epochs", "dtype", "noise"} <= arguments.keys()
        assert "options" not in arguments
        for name in arguments.keys() - {"verbose"} if function is not app.find_suspects else ():
            assert f"        {name}: " in str(function.__doc__)


def test_what_the_help_refers_to_can_be_reached():
    sources = "".join(path.read_text() for path in Path(app.__path__[0]).rglob("*.py"))
    defined = set(re.findall(r"(?m)^(?:def|class) (\w+)", sources))
    for name in app.__all__:
        told = set(re.findall(r"``(\w+)[`(]", getattr(app, name).__doc__ or ""))
        # A column of a list is called given.
        assert told & defined - {*app.__all__, "given"} == set(), name


@pytest.mark.parametrize(
    ("function", "arguments", "message"),
    [
        ("train", {"epochs": 0}, r"^epochs: expected a whole number ≥ 1, got 0$"),
        ("train", {"epochs": 1.5}, r"^epochs: expected a whole number ≥ 1, got 1.5$"),
        (
            "train",
            {"seed": True},
            r"^seed: expected a whole number ≥ 0 and ≤ 2147483647, got True$",
        ),
        ("train", {"learning_rate": -1}, r"^learning_rate: expected a number > 0, got -1$"),
        ("train", {"learning_rate": "0.1"}, r"^learning_rate: .* got '0.1'$"),
        ("train", {"label_smoothing": 1}, r"^label_smoothing: expected a number in \(0, 1\)"),
        ("train", {"imbalance": 0.5}, r"^imbalance: expected a number ≥ 1, got 0.5$"),
        ("train", {"dtype": "float64"}, r"^dtype: expected one of float32, bfloat16, got"),
        ("train", {"loss": "CEE"}, r"^loss: expected one of .*did you mean 'CE'"),
        ("train", {"hyperparameters": {"q": 1}}, r"^hyperparameters: .* got 'q=1'$"),
        ("train", {"noise": "symmetric:2"}, r"^noise: expected symmetric:R"),
        ("train", {"noise": "none,pairwise:0.4"}, r"^noise: expected one noise for one run"),
        ("train", {"train_examples": 10**6}, r"^train_examples: expected at most the 1438"),
        ("train", {"spreadsheet_safe": True}, r"^spreadsheet_safe: expected suspects FILE"),
        (
            "train",
            {"loss": ["CE"]},
            r"^loss: expected the name of a loss or a function, got \['CE'\]$",
        ),
        ("train", {"noise": 0.4}, r"^noise: expected distinct names separated .*got 0.4$"),
        ("train", {"hyperparameters": [1]}, r"^hyperparameters: expected a mapping of names"),
        ("train", {"seed": 2**40}, r"^seed: expected .*, got 1099511627776$"),
        ("train", {"epochs": 2.0}, r"^epochs: expected a whole number ≥ 1, got 2.0$"),
        ("train", {"epochs": "2"}, r"^epochs: expected a whole number ≥ 1, got '2'$"),
        ("train", {"epochs": np.bool_(True)}, r"^epochs: expected a whole .*, got True$"),
        ("train", {"epochs": 2**31}, r"^epochs: .*≥ 1 and ≤ 2147483647, got 2147483648$"),
        ("train", {"epochs": 10**5000}, r"^epochs: .*, got an integer of 16610 bits$"),
        (
            "train",
            {"learning_rate": 10**400},
            r"^learning_rate: .*, got an integer of \d+ bits$",
        ),
        (
            "train",
            {"loss": None},
            r"^loss: expected the name of a loss or a function, got None$",
        ),
        ("train", {"workdir": 3}, r"^workdir: expected a path, got 3$"),
        ("train", {"labels": np.zeros(3)}, r"^labels: expected a path, got array"),
        ("train", {"suspects": 3}, r"^suspects: expected True or the path of a file, got 3$"),
        ("train", {"on_epoch": 3}, r"^on_epoch: expected a function of an epoch, got 3$"),
        ("compare", {"losses": 3}, r"^losses: expected distinct names"),
        ("compare", {"losses": []}, r"^losses: expected distinct names"),
        ("compare", {"seeds": 0}, r"^seeds: expected a whole number ≥ 1 and ≤ 10000, got 0$"),
        ("compare", {"tune": True, "learning_rate": 1}, r"^tune: expected no learning_rate"),
        ("load_dataset", {"image_size": 8}, r"^image_size: expected folder:PATH"),
        ("load_dataset", {"image_size": 8.5}, r"^image_size: expected a whole number ≥ 1"),
        ("correct", {"lists": "x.csv"}, r"^dataset: expected what load_dataset returned"),
    ],
)
def test_a_wrong_argument_is_told_by_its_name(function, arguments, message):
    with pytest.raises(app.UsageError, match=message) as caught:
        getattr(app, function)("digits", **arguments)
    assert isinstance(caught.value, ValueError)


def test_a_dataset_is_a_name_or_what_was_loaded():
    images: Any = np.zeros((300, 4))
    for function in (app.train, app.compare):
        with pytest.raises(app.UsageError, match=r"^dataset: expected a name or what load_"):
            function(images)
    for spec in (Path("t.csv"), None, (1, 2)):
        with pytest.raises(app.UsageError, match=r"^dataset: expected digits, .* of type"):
            app.load_dataset(spec)  # type: ignore[arg-type]
    with pytest.raises(app.UsageError, match=r"^model: expected .*, got None"):
        app.predict(None, images)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"epoch": 3}, "got an unexpected keyword argument 'epoch'; did you mean 'epochs'?"),
        (
            {"sets": {}},
            "got an unexpected keyword argument 'sets'; did you mean 'hyperparameters'?",
        ),
        ({"quick": 3}, "got an unexpected keyword argument 'quick'"),
        ({"dataset": "wine"}, "multiple values for argument 'dataset'"),
    ],
)
def test_an_argument_that_does_not_exist_is_a_type_error(given, message):
    with pytest.raises(TypeError, match=f"^train: {re.escape(message)}$"):
        getattr(app, "train")("digits", **given)  # noqa: B009


def test_numbers_of_numpy_and_jax_are_those_of_python():
    """A configuration is kept as JSON, which has no others."""

    def job(a: Any, b: Any, c: Any, *, epochs: Any, rate: Any, tune: Any) -> list[Any]:
        return [a, b, c, epochs, rate, tune]

    called, array = from_python(job), np.zeros(3)
    rates = np.float32(0.1), jnp.float32(0.1)
    found = called(np.array(2), *rates, epochs=np.uint8(2), rate=array, tune=np.True_)
    assert found[:4] + found[5:] == [2, 0.1, 0.1, 2, True]
    assert [type(one) for one in found] == [int, float, float, int, np.ndarray, bool]
    assert found[4] is array


def test_messages_name_arguments():
    assert in_python("--image-size: leave --set out") == "image_size: leave hyperparameters out"
    assert in_python("see `train --suspects`, e.g. --no-tune") == (
        "see `train(suspects=...)`, e.g. tune=False"
    )
    assert in_python("a--b -- c") == "a--b -- c"


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


@pytest.fixture
def table(folder):
    """A table of two classes with a held-out fifth, and what ``correct`` takes."""
    rows = "".join(f"{number},{number % 7},{'ab'[number % 2]}\n" for number in range(20))
    (folder / "own.csv").write_text(f"x,y,label\n{rows}")
    return app.load_dataset("csv:own.csv")


def reviewed(data, label, **columns):
    """Return a table that gives the first two training examples another label, or none."""
    return {"example": list(data.train.sources[:2]), "label": [label] * 2, **columns}


def test_a_table_in_memory_corrects_labels(table):
    before = table.train.labels.observed
    flipped = "ab"[1 - before[0]]
    after = app.correct(table, reviewed(table, flipped))
    assert [after.class_names[label] for label in after.train.labels.observed[:2]] == [
        flipped
    ] * 2
    np.testing.assert_array_equal(after.train.labels.observed[2:], before[2:])
    assert after.data_hash != table.data_hash


@pytest.mark.parametrize("nothing", ["", None, float("nan"), np.nan])
def test_an_example_without_a_label_is_left_out(table, nothing):
    after = app.correct(table, reviewed(table, nothing))
    assert after.train.sources.tolist() == table.train.sources.tolist()[2:]


def test_suspect_labels_are_taken_back(table):
    found = app.find_suspects(table, epochs=1).columns
    assert set(found["part"]) == {"train", "test"}
    same = app.correct(table, found)
    np.testing.assert_array_equal(same.train.labels.observed, table.train.labels.observed)
    assert same.data_hash == table.data_hash
    found["label"] = np.where(found["rank"] == 1, "", found["label"])
    kept = app.correct(table, found)
    left = len(kept.train) + len(kept.test)
    assert left == len(found["rank"]) - 1


def test_a_frame_of_pandas_is_a_table(table):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(reviewed(table, None, id=table.train.ids[:2]))
    after = app.correct(table, frame)
    assert len(after.train) == len(table.train) - 2


def test_a_later_list_overrides_an_earlier_one_file_or_table(table, folder):
    first = reviewed(table, "a")
    names = first["example"]
    (folder / "later.csv").write_text("".join(["example,label\n", f"{names[0]},b\n"]))
    after = app.correct(table, [first, "later.csv"])
    assert [after.class_names[label] for label in after.train.labels.observed[:2]] == ["b", "a"]
    assert "By table, later.csv labels corrected:" in after.note


@pytest.mark.parametrize(
    ("review", "message"),
    [
        (
            {"label": ["a"]},
            r"^corrections: expected a table with a column 'example', got label",
        ),
        ({"example": ["1"], "label": []}, r"^corrections: expected columns of one length"),
        (
            {"example": ["99"], "label": ["a"]},
            r"^corrections: table, row 0: expected an example",
        ),
        ("nowhere.csv", r"^corrections: .*nowhere.csv"),
        (None, r"^corrections: expected a file, or a table with .*, got NoneType$"),
        ([{"example": 1, "label": "a"}], r"^corrections: expected a file, or a table with"),
    ],
)
def test_a_review_that_does_not_fit_is_refused(table, review, message):
    with pytest.raises(app.UsageError, match=message):
        app.correct(table, review)


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
