"""The jobs as Python functions: every argument is checked and told by its name."""

import inspect
import re
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

from esoftmax_jax import app
from esoftmax_jax.app.cli.python_call import from_python, in_python


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
        (
            "train",
            {"learning_rate": -1},
            r"^learning_rate: expected a number > 0 that float32 holds, got -1$",
        ),
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
