"""A trained network as files: a function from images to logits, and what goes with it.

``logits.jaxexport`` is the function as ``jax.export`` writes it, parameters and normalisation
included, for any number of examples and on CPU, GPU or TPU; ``model.json`` says what it
expects and what the classes are called. JAX promises to read such a function for some months;
``parameters.npz`` holds the same numbers by name, for good. Several networks that are one model
are one function too: it returns the log of their mean softmax, and every array of parameters
has a leading axis of members. Beside it ``votes.jaxexport`` is a function to the share of them
that takes each class for likeliest.
"""

import dataclasses
import hashlib
import json
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
from jax import export

from esoftmax_jax.app.data.card import Card
from esoftmax_jax.app.data.readers.wide_images import RANGES
from esoftmax_jax.app.engine.environment import environment
from esoftmax_jax.app.engine.one_run import EVAL_BATCH
from esoftmax_jax.app.files.arrays import Array
from esoftmax_jax.app.files.json_file import check_fields, read_json
from esoftmax_jax.app.files.regular_file import regular
from esoftmax_jax.app.runs.columns_file import read_columns, write_columns
from esoftmax_jax.app.runs.exported_function import (
    RefusedFunctionError,
    check_signature,
    compiled,
    lowered,
    read_function,
)
from esoftmax_jax.app.runs.folder_names import MODEL, REPORT, TRAINING
from esoftmax_jax.app.runs.networks import Networks
from esoftmax_jax.app.terminal.messages import UsageError
from esoftmax_jax.app.terminal.short_repr import short_repr
from esoftmax_jax.whole_file import replacing

_FUNCTION, _CARD, _PARAMETERS = "logits.jaxexport", "model.json", "parameters.npz"
_VOTES = "votes.jaxexport"
_FIELDS = {
    "class_names": tuple[str, ...],
    "input_shape": tuple[int, ...],
    "input_dtype": Literal["uint8", "float32"],
    "feature_names": tuple[str, ...],
    "sha256": str,
}
_HASHES = {_FUNCTION: "sha256", _VOTES: "votes_sha256"}
_REMEDY = "delete the model and call train again"


@dataclasses.dataclass(frozen=True, eq=False)
class Model:
    """A network, or several as one, that was read back."""

    card: Card
    function: export.Exported
    votes: export.Exported | None = None
    _programs: dict[tuple[Any, ...], Any] = dataclasses.field(default_factory=dict)

    def __repr__(self) -> str:
        return short_repr(self, card=self.card)

    def __reduce__(self) -> tuple[Any, ...]:
        # As a file keeps it: neither closures nor compiled programs can be pickled.
        votes = None if self.votes is None else bytes(self.votes.serialize())
        return _from_bytes, (self.card, bytes(self.function.serialize()), votes)

    def logits(self, inputs: Array, done: Callable[[int], object] = lambda _: None) -> Array:
        """Return float32 (N, K) for inputs (N, ...) of the card's shape and dtype.

        Any number of them: batch by batch, after each of which ``done`` is told its length.
        """
        return self._called("logits", self.function, inputs, done)

    def agreement(self, inputs: Array) -> Array:
        """Return float32 (N, K), which share of the networks takes each class for likeliest."""
        if self.votes is not None:
            return self._called("votes", self.votes, inputs)
        logits = self.logits(inputs)
        found: Array = (logits == logits.max(axis=1, keepdims=True)).astype(np.float32)
        return found

    def _called(
        self,
        name: str,
        function: export.Exported,
        inputs: Array,
        done: Callable[[int], object] = lambda _: None,
    ) -> Array:
        found = [np.empty((0, len(self.card.class_names)), np.float32)]
        for start in range(0, len(inputs), EVAL_BATCH):
            batch = inputs[start : start + EVAL_BATCH]
            key = (name, *batch.shape)
            if key not in self._programs:
                self._programs[key] = compiled(function, batch.shape, self.card.input_dtype)
            found.append(np.asarray(self._programs[key](batch)))
            done(len(batch))
        return np.concatenate(found)


def _from_bytes(card: Card, content: bytes, votes: bytes | None = None) -> Model:
    return Model(card, read_function(content), None if votes is None else read_function(votes))


def has_model(workdir: Path) -> bool:
    """Tell whether a run has left its network."""
    return all((workdir / MODEL / name).exists() for name in (_CARD, _FUNCTION))


def model_config(workdir: Path) -> Any:
    """Return the configuration whose network a folder holds, as JSON; None without one."""
    path = workdir / MODEL / _CARD
    if not path.exists():
        return None
    return check_fields(read_json(path, _REMEDY), {}).get("config")


def trained_model(networks: Networks) -> Model:
    """Return networks as they are read back once they are written."""
    votes = networks.exported(networks.votes) if len(networks.members) > 1 else None
    return Model(_card(networks), networks.exported(), votes)


def _card(networks: Networks) -> Card:
    dataset = networks.dataset
    return Card(
        dataset.class_names,
        dataset.train.images.shape[1:],
        str(dataset.train.images.dtype),
        dataset.feature_names,
        dataset.value_range,
        dataset.feature_offsets,
        len(networks.members),
        dataset.columns,
    )


def write_model(workdir: Path, networks: Networks, test_accuracy: float) -> Path:
    """Write the networks of what is finished; the folder is there whole or not at all."""
    dataset, model = networks.dataset, trained_model(networks)
    functions = {_FUNCTION: bytes(model.function.serialize())}
    if model.votes is not None:
        functions[_VOTES] = bytes(model.votes.serialize())
    card = dataclasses.asdict(dataclasses.replace(model.card, columns=None))
    del card["columns"]  # in files of their own
    content = {
        **card,
        "config": networks.config.to_json(),
        "test_accuracy": test_accuracy,
        **{_HASHES[name]: _hash(function) for name, function in functions.items()},
        **environment(),
    }
    folder = workdir / MODEL
    with replacing(folder) as temporary:
        temporary.mkdir()
        for name, function in functions.items():
            (temporary / name).write_bytes(function)
        named: Any = {**networks.arrays, "mean": dataset.mean, "std": dataset.std}
        np.savez(temporary / _PARAMETERS, allow_pickle=False, **named)
        content |= write_columns(temporary, dataset.columns)
        # In ASCII: names need not be text.
        text = json.dumps(content, indent=2, allow_nan=False)
        (temporary / _CARD).write_text(text + "\n", encoding="utf-8")
    return folder


def read_model(option: str, folder: Path) -> Model:
    """Read the network of a run.

    Args:
        option: that names the folder, for the message.
        folder: of the run, the ``model`` in it, or that of an audit that has trained.

    Raises:
        UsageError: there is none, or it cannot be read.
    """
    places = (folder, folder / MODEL, folder / TRAINING / MODEL)
    inner = next((one for one in places if (one / _CARD).exists()), folder / MODEL)
    try:
        card, hashes = _read_card(inner / _CARD)
        columns = read_columns(inner, hashes, card.input_shape, _REMEDY)
        card = dataclasses.replace(card, columns=columns)
        function = _read_function(inner / _FUNCTION, hashes, card)
        votes = _read_function(inner / _VOTES, hashes, card) if card.members > 1 else None
        return Model(card, function, votes)
    except (FileNotFoundError, NotADirectoryError):
        raise UsageError(
            f"{option}: expected the folder of a run that `train` has finished, got {folder}, "
            f"{_lacking(folder, inner)}"
        ) from None
    except (UsageError, MemoryError):
        raise
    except RefusedFunctionError as error:
        raise UsageError(
            f"{option}: expected a function as train writes it, got {error} in {inner}; a "
            "model is a program, and nothing of this one was run: get it from whom you trust"
        ) from None
    except Exception as error:  # flatbuffers and XLA have no common one
        reason = " ".join(f"{type(error).__name__}: {error}".split())[:160]
        raise UsageError(
            f"{option}: expected a model that can be read, got {inner} ({reason}); delete it "
            "and call train again, which writes it from the last checkpoint"
        ) from None


def _lacking(folder: Path, inner: Path) -> str:
    """Say what is wrong with a folder that has no model, and what to do about it."""
    if not folder.exists():
        return f"which is not there; check the path from {Path.cwd()}, or train into it first"
    if not folder.is_dir():
        return "which is a file; pass the folder that `train` was given as its --workdir"
    if not (inner / _CARD).exists():
        return f"which has no {MODEL}/{_CARD} and {_FUNCTION}; {_instead(folder)}"
    missing = next((name for name in _HASHES if not (inner / name).exists()), "file of columns")
    return f"whose model lacks its {missing}; {_instead(folder)}"


def _instead(folder: Path) -> str:
    below = sorted(path.parents[1] for path in folder.glob(f"*/{MODEL}/{_CARD}"))
    if below:
        return f"pass one below it, such as {below[0]}"
    if (folder / REPORT).exists():
        return "an audit by probabilities of your own trains none: call it without, or train"
    return "call train with this --workdir"


def _read_function(path: Path, hashes: Mapping[str, Any], card: Card) -> export.Exported:
    content = regular(path).read_bytes()
    if _hash(content) != hashes.get(_HASHES[path.name]):
        raise ValueError(f"{path.name} is not as it was written")
    function = read_function(content)
    check_signature(function, card.input_shape, card.input_dtype, len(card.class_names))
    lowered(function, (1, *card.input_shape), card.input_dtype)
    return function


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _read_card(path: Path) -> tuple[Card, Mapping[str, Any]]:
    """Return what is in ``model.json``, and all of it, with the hashes of functions."""
    values = check_fields(read_json(path, _REMEDY), _FIELDS)
    card = Card(
        class_names=tuple(values["class_names"]),
        input_shape=tuple(values["input_shape"]),
        input_dtype=values["input_dtype"],
        feature_names=tuple(values["feature_names"]),
        value_range=values.get("value_range"),  # older models have none
        feature_offsets=tuple(map(float, values.get("feature_offsets", ()))),
        members=values.get("members", 1),
    )
    if type(card.members) is not int or card.members < 1:
        raise ValueError(f"members {card.members!r}")
    if card.value_range not in (None, *RANGES):
        raise ValueError(f"value_range {card.value_range!r}")
    shape, features = card.input_shape, card.feature_names
    if len(shape) not in (1, 3) or min(shape) < 1:
        raise ValueError(f"input_shape {list(shape)}")
    if features and (len(features),) != shape:
        raise ValueError(f"{len(features)} feature_names for the input_shape {list(shape)}")
    if card.feature_offsets and (len(card.feature_offsets),) != shape:
        raise ValueError(f"{len(card.feature_offsets)} feature_offsets")
    for name, count in Counter(features).items():
        if count > 1:
            raise ValueError(f"the name {name[:40]!r} of {count} features")
    return card, values
