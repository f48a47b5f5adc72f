"""Arguments of the jobs as checked values: a wrong one is told by its own name."""

import functools
import math
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypedDict, get_args

from esoftmax_jax.app.augment.augment_spec import parse_augmentation
from esoftmax_jax.app.augment.stages import check_augmentation
from esoftmax_jax.app.data.dataset import Dataset
from esoftmax_jax.app.engine.config import ComputeDtype
from esoftmax_jax.app.jobs.training_data import DataOptions
from esoftmax_jax.app.terminal.messages import UsageError
from esoftmax_jax.app.terminal.whole_numbers import (
    MOST,
    MOST_SEEDS,
    expected_instead,
    shown,
)


class TrainingOptions(TypedDict, total=False):
    """How it is trained; what is left out, or None, is the dataset's own.

    Attributes:
        epochs: passes over the training set.
        width: factor on the channels of the network.
        augment: ``"none"``, or stages in one text, such as ``"shift:4,flip,mixup:0.2"``.
        label_smoothing: share of each label that is spread over all classes.
        ema_decay: of the averaged parameters that are evaluated.
        dtype: of the computation.
    """

    epochs: int | None
    width: float | None
    augment: str | None
    label_smoothing: float | None
    ema_decay: float | None
    dtype: ComputeDtype | None


class RunOptions(DataOptions, TrainingOptions):
    """What may be said of the data and of the training."""


def names(argument: str, value: Any, *, functions: bool = False) -> list[Any]:
    """Return distinct names, of a sequence or of a text that commas divide.

    Args:
        argument: for messages.
        value: a text or a sequence.
        functions: whether a function may stand in the place of a name.
    """
    given = value.split(",") if isinstance(value, str) else value
    if functions and callable(value):
        given = [value]
    listed = isinstance(given, Iterable)
    found = [_name(one, functions=functions) for one in given] if listed else []
    if not found or not all(found) or len(set(found)) < len(found):
        raise UsageError(
            f"{argument}: expected distinct names separated by commas, got {value!r}"
        )
    return found


def _name(given: Any, *, functions: bool) -> Any:
    """Return what stands for a name; nothing where there is none."""
    if functions and callable(given):
        return given
    return given.strip() if isinstance(given, str) else ""


def _whole(least: int, most: int | None = None) -> Callable[[Any], str]:
    return functools.partial(expected_instead, least=least, most=most)


def _number(low: float, high: float, expected: str, *, closed: bool = False) -> Any:
    def wrong(value: Any) -> str:
        try:
            number = math.nan if isinstance(value, str | bool) else float(value)
        except (TypeError, ValueError, OverflowError):
            number = math.nan
        good = low < number < high or (closed and number == low)
        return "" if good else expected

    return wrong


def _one_of(*allowed: str) -> Callable[[Any], str]:
    return lambda value: "" if value in allowed else f"one of {', '.join(allowed)}"


def _of_type(expected: str, *types: type) -> Callable[[Any], str]:
    return lambda value: "" if isinstance(value, types) else expected


_POSITIVE = _number(0, math.inf, "a number > 0")
_PATH = _of_type("a path", str, Path)
_SHARE = _number(0, 1, "a number in (0, 1)")
_CHECKS: Mapping[str, Callable[[Any], str]] = {
    "image_size": _whole(1),
    "train_examples": _whole(2),
    "imbalance": _number(1, math.inf, "a number ≥ 1", closed=True),
    "epochs": _whole(1),
    "learning_rate": _POSITIVE,
    "width": _POSITIVE,
    "label_smoothing": _SHARE,
    "ema_decay": _SHARE,
    "dtype": _one_of(*get_args(ComputeDtype)),
    "seed": _whole(0, MOST),
    "seeds": _whole(1, MOST_SEEDS),
    "runs_at_once": _whole(1),
    "checkpoint_every": _whole(1),
    "dataset": _of_type("a name or what load_dataset returned", str, Dataset),
    "loss": lambda value: (
        "" if isinstance(value, str) or callable(value) else "the name of a loss or a function"
    ),
    "data_dir": _PATH,
    "labels": _PATH,
    "workdir": _PATH,
    "out": _PATH,
    "suspects": _of_type("True or the path of a file", str, Path, bool),
    "on_epoch": lambda value: "" if callable(value) else "a function of an epoch",
    "hyperparameters": _of_type("a mapping of names to numbers", Mapping),
}

_NEEDED = ("dataset", "loss", "seed")  # None of these is none at all


def check_arguments(values: Mapping[str, Any]) -> None:
    """Refuse the first value that the argument of its name cannot have; None is none.

    Raises:
        UsageError: naming the argument, as a command line does.
    """
    for name, value in values.items():
        if (value is None and name not in _NEEDED) or name not in _CHECKS:
            continue
        expected = _CHECKS[name](value)
        if expected:
            option = f"--{name.replace('_', '-')}"
            raise UsageError(f"{option}: expected {expected}, got {shown(value)}")


def common_fields(dataset: Dataset, options: RunOptions) -> dict[str, Any]:
    """Return the fields of every configuration that arguments decide; None are the recipe's.

    Raises:
        UsageError: the images cannot be augmented so.
    """
    wanted = ("train_examples", "imbalance", *TrainingOptions.__annotations__)
    fields: dict[str, Any] = {name: options.get(name) for name in wanted}
    if fields["augment"] is not None:
        fields["augment"] = parse_augmentation(fields["augment"])
        check_augmentation(fields["augment"], dataset.train_images)
    return fields


def path_or_none(value: str | Path | None) -> Path | None:
    """Return a path, its ~ expanded."""
    return None if value is None else Path(value).expanduser()
