"""What defines a run: everything in it, and nothing else, decides the numbers."""

import dataclasses
import json
from collections.abc import Callable, Mapping
from typing import Any, Literal, get_type_hints

from esoftmax_jax.app.augment.augment_spec import (
    NO_AUGMENTATION,
    AugmentationSpec,
    parse_augmentation,
)
from esoftmax_jax.app.engine.schedule import COSINE, Schedule, parse_schedule
from esoftmax_jax.app.files.json_file import check_fields
from esoftmax_jax.app.labels.noise_spec import NoiseSpec, parse_noise
from esoftmax_jax.app.methods.loss_spec import LossSpec
from esoftmax_jax.app.terminal.messages import UsageError

NetworkName = Literal["mlp", "gradient_mlp", "mnist_cnn", "eight_layer_cnn", "resnet34"]
ComputeDtype = Literal["float32", "bfloat16"]

# Fields that JSON has as text.
_PARSERS: Mapping[str, Callable[[str], Any]] = {
    "noise": parse_noise,
    "augment": parse_augmentation,
    "schedule": parse_schedule,
}


@dataclasses.dataclass(frozen=True)
class RunConfig:
    """One training run; the same configuration gives the same accuracy curve.

    Attributes:
        dataset: a dataset specification, see ``load_dataset``.
        noise: how training labels become wrong.
        loss: with its hyperparameters.
        learning_rate: of SGD at the start.
        seed: of noise, initialisation, batch order and augmentation.
        epochs: passes over the training set.
        batch_size: examples in a step; an incomplete last batch is dropped.
        network: which network, with ``width`` its size relative to the paper's.
        width: factor on the number of channels.
        schedule: of the rate over epochs.
        momentum: of SGD.
        weight_decay: L2 in the gradient, on all parameters.
        l1_decay: L1 likewise.
        clip_norm: bound on the gradient's norm, before weight decay; 0: none.
        label_smoothing: share of the label that is spread over all classes.
        ema_decay: of the average of parameters that is evaluated; 0: none is kept.
        dtype: of the network's computation; parameters, loss and statistics are float32.
        augment: what is done to the images of a batch.
        train_examples: use only the first so many training examples; None: all.
        imbalance: largest class over smallest, of the training examples kept; None: all.
        noise_file: name and hash of the file that the noise is taken from, if any.
        holdout: share of the noisy training set held out for choosing hyperparameters.
        fold: which one, from 0, is held out of how many, in place of ``holdout``; None: none.
        data_hash: of the images and labels of data of one's own, which may change under the
            same name; None for a set whose name decides its content.
    """

    dataset: str
    noise: NoiseSpec
    loss: LossSpec
    learning_rate: float
    seed: int
    epochs: int
    batch_size: int = 128
    network: NetworkName = "mlp"
    width: float = 1.0
    schedule: Schedule = COSINE
    momentum: float = 0.9
    weight_decay: float = 1e-4
    l1_decay: float = 0.0
    clip_norm: float = 5.0
    label_smoothing: float = 0.0
    ema_decay: float = 0.0
    dtype: ComputeDtype = "float32"
    augment: AugmentationSpec = NO_AUGMENTATION
    train_examples: int | None = None
    imbalance: float | None = None
    noise_file: str | None = None
    holdout: float = 0.0
    fold: tuple[int, ...] | None = None
    data_hash: str | None = None

    def __post_init__(self) -> None:
        for name in _FLOATS:  # 1 and 1.0 are equal, and so have to be written alike
            value = getattr(self, name)
            object.__setattr__(self, name, None if value is None else float(value))

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values; ``from_json`` reads them back."""
        values: dict[str, Any] = {}
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            values[field.name] = str(value) if field.name in (*_PARSERS, "loss") else value
            if field.name == "loss":
                values["hyperparameters"] = dict(self.loss.hyperparameters)
        values["loss_hash"] = self.loss.content_hash
        for name in (
            "data_hash",
            "loss_hash",
            "fold",
        ):  # so that older results keep their identity
            if values[name] is None:
                del values[name]
        if self.fold is not None:
            values["fold"] = list(self.fold)  # as JSON has it
        return values

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "RunConfig":
        """Read what ``to_json`` returned.

        Raises:
            ValueError: it is something else.
        """
        types = {**get_type_hints(cls), **_TYPES}
        needed = {f.name for f in dataclasses.fields(cls) if f.default is dataclasses.MISSING}
        unknown = check_fields(values, {}).keys() - types.keys()
        if unknown:
            raise ValueError(f"expected fields of a configuration, got {min(unknown)!r}")
        fields: dict[str, Any] = dict(values)
        if isinstance(fields.get("augment"), bool):  # as results of version 0.1 have it
            fields["augment"] = "shift:4,flip" if fields["augment"] else "none"
        wanted = needed | {"hyperparameters"} | fields.keys()
        check_fields(fields, {name: types[name] for name in wanted})
        for name in _PARSERS.keys() & fields.keys():
            fields[name] = _parsed(name, fields[name])
        pairs = tuple(sorted(fields.pop("hyperparameters").items()))
        fields["loss"] = LossSpec(fields["loss"], pairs, fields.pop("loss_hash", None))
        fields["fold"] = _checked_fold(fields.get("fold"))
        return cls(**fields)

    @property
    def identity(self) -> str:
        """A string that two equal configurations share."""
        return json.dumps(self.to_json(), sort_keys=True)


_FLOATS = tuple(
    name for name, kind in get_type_hints(RunConfig).items() if kind in (float, float | None)
)

# How JSON has the fields that a configuration has otherwise.
_TYPES: dict[str, Any] = {
    **dict.fromkeys((*_PARSERS, "loss"), str),
    "hyperparameters": dict[str, float],
    "loss_hash": str | None,
}


def _parsed(name: str, text: str) -> Any:
    try:
        return _PARSERS[name](text)
    except UsageError:
        raise ValueError(f"expected {name} as this version knows it, got {text!r}") from None


def _checked_fold(values: list[int] | None) -> tuple[int, ...] | None:
    """Return which fold it is of how many, out of JSON."""
    if values is None:
        return None
    if len(values) != 2 or not 0 <= values[0] < values[1]:
        raise ValueError(f"expected fold as which one of how many, got {values}")
    return tuple(values)
