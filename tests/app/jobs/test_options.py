"""An option is declared once: parser, checks, functions and the printed command follow."""

import dataclasses
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from esoftmax_jax import app
from esoftmax_jax.app.cli.parser import make_parser
from esoftmax_jax.app.data.label_text import LITERAL
from esoftmax_jax.app.engine.config import RunConfig
from esoftmax_jax.app.jobs.arguments import RunOptions, check_arguments
from esoftmax_jax.app.jobs.options import (
    CHECKS,
    FIELDS,
    NEEDED,
    OPTIONS,
    SHARED,
    TRAINING,
    options_of,
)
from esoftmax_jax.app.jobs.train_command import shared_options
from esoftmax_jax.app.terminal.messages import UsageError

FUNCTIONS: dict[str, Callable[..., Any]] = {
    "audit": app.audit,
    "compare": app.compare,
    "train": app.train,
    "predict": app.predict,
}
# What the command line leaves out of folders and lists, or says otherwise.
OTHER_DEFAULTS = {("predict", "out"), ("train", "suspects")}


def parsed(*words):
    return make_parser("esoftmax")[0].parse_args(words)


@pytest.mark.parametrize("verb", FUNCTIONS)
def test_a_function_has_the_options_of_its_verb(verb):
    of_function = set(inspect.signature(FUNCTIONS[verb]).parameters) - {"verbose", "on_epoch"}
    if verb == "audit":
        of_function -= {"labels"}  # in memory
    assert of_function == {option.in_python for option in options_of(verb)}


@pytest.mark.parametrize("verb", FUNCTIONS)
def test_what_is_left_out_is_the_same_for_both(verb):
    parameters = inspect.signature(FUNCTIONS[verb]).parameters
    for option in options_of(verb):
        if not option.needed and (verb, option.name) not in OTHER_DEFAULTS:
            assert parameters[option.in_python].default in (option.default, False), option.name


def test_what_functions_share_is_declared():
    assert {"dataset", *RunOptions.__annotations__} == {one.name for one in SHARED}
    assert set(FIELDS) < {field.name for field in dataclasses.fields(RunConfig)}
    assert LITERAL in {option.flag for option in SHARED}
    assert {"dataset", "losses", "loss", "seed", "checkpoint_every"} == NEEDED


def test_every_option_is_declared_once_for_a_verb():
    pairs = [(option.name, verb) for option in OPTIONS for verb in option.verbs]
    assert len(set(pairs)) == len(pairs)


GIVEN = {
    "dataset": "csv:a b.csv",
    "data_dir": "d",
    "image_size": 16,
    "corrections": [Path("one.csv"), Path("two.csv")],
    "labels": Path("l.npy"),
    "literal_labels": True,
    "columns": "age,a b",
    "ignore": '"a, b",id',
    "kinds": 'age:text,"a, b:date"',
    "train_examples": 50,
    "imbalance": 2.5,
    "epochs": 3,
    "width": 0.5,
    "augment": "shift:2,flip",
    "label_smoothing": 0.1,
    "ema_decay": 0.99,
    "dtype": "bfloat16",
}


def test_the_command_for_training_repeats_all_that_is_shared():
    assert set(GIVEN) == {
        option.name for option in SHARED if set(TRAINING) <= set(option.verbs)
    }
    options = parsed("compare")
    for name, value in GIVEN.items():
        setattr(options, name, value)
    words = shared_options(options)
    assert shared_options(parsed("compare")) == ("--dataset", "digits")
    again = parsed("train", *words)
    assert {name: getattr(again, name) for name in GIVEN} == GIVEN


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("seed", -1, "a whole number ≥ 0 and ≤ 2147483647"),
        ("seeds", 0, "a whole number ≥ 1 and ≤ 10000"),
        ("train_examples", 1, "a whole number ≥ 2"),
        ("epochs", 1.5, "a whole number ≥ 1"),
        ("imbalance", 0.5, "a number ≥ 1"),
        ("width", 0, r"a number in \(0, 1000\)"),
        ("width", 1e10, r"a number in \(0, 1000\)"),
        ("learning_rate", 0, "a number > 0 that float32 holds"),
        ("learning_rate", 1e300, "a number > 0 that float32 holds"),
        ("ema_decay", 1, r"a number in \(0, 1\)"),
    ],
)
def test_a_value_is_refused_in_the_same_words(name, value, expected):
    flag = f"--{name.replace('_', '-')}"
    with pytest.raises(UsageError, match=rf"^{flag}: expected {expected}, got "):
        check_arguments({name: value})
    verbs = [verb for option in OPTIONS if option.name == name for verb in option.verbs]
    with pytest.raises(UsageError, match=rf"{flag}: expected {expected}, got "):
        parsed(verbs[0], flag, str(value))


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("dtype", "float64", "^--dtype: expected one of float32, bfloat16, got 'float64'$"),
        ("augment", 4, "^--augment: expected a text, got 4$"),
        (
            "checkpoint_every",
            None,
            "^--checkpoint-every: expected a whole number ≥ 1, got None$",
        ),
        ("loss", 3, "^--loss: expected the name of a loss or a function, got 3$"),
        ("on_epoch", "x", "^--on-epoch: expected a function of an epoch, got 'x'$"),
    ],
)
def test_a_value_that_only_python_can_give(name, value, message):
    with pytest.raises(UsageError, match=message):
        check_arguments({name: value})


@pytest.mark.parametrize(
    ("words", "name", "value"),
    [
        (["train", "--seed", "7"], "seed", 7),
        (["train", "--set", "m=1e4", "--set", "q=1"], "hyperparameters", ["m=1e4", "q=1"]),
        (["train"], "hyperparameters", None),
        (["compare", "--no-tune"], "tune", False),
        (["compare"], "tune", None),
        (["compare", "--imbalance", "1"], "imbalance", 1.0),
        (["noise", "--out", "o"], "out", Path("o")),
        (["predict", "--model", "m", "--inputs", "npz:x.npz"], "out", Path("predictions.csv")),
        (
            ["predict", "--model", "m", "--inputs", "x", "--probabilities"],
            "probabilities",
            True,
        ),
    ],
)
def test_texts_as_values(words, name, value):
    assert getattr(parsed(*words), name) == value


def test_every_argument_has_its_check():
    assert set(CHECKS) == {option.in_python for option in OPTIONS} | {"on_epoch"}
