"""A trained network as files: a function from images to logits, and what goes with it.

``logits.jaxexport`` is the function as ``jax.export`` writes it, parameters and normalisation
included, for any number of examples and on CPU, GPU or TPU; ``model.json`` says what it
expects and what the classes are called.
"""

import dataclasses
import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import export

from experiments._config import RunConfig
from experiments._dataset_parts import Array
from experiments._datasets import Dataset
from experiments._errors import UsageError
from experiments._network_choice import make_network
from experiments._regular_file import regular
from experiments._runner import Group, Result, environment
from experiments._wide_images import RANGES

FOLDER = "model"
_FUNCTION, _CARD = "logits.jaxexport", "model.json"
_PLATFORMS = ("cpu", "cuda", "rocm", "tpu")


@dataclasses.dataclass(frozen=True)
class Card:
    """What a reader of a model needs to know.

    Attributes:
        class_names: in the order of the logits.
        input_shape: of one example: (H, W, C) or (D,).
        input_dtype: ``uint8`` of images 0..255, or ``float32``.
        feature_names: of the columns of a table of numbers; empty elsewhere.
        value_range: of images of more than 8 bits a value, the end of the range from 0 that
            becomes 0..255; None if there were none.
    """

    class_names: tuple[str, ...]
    input_shape: tuple[int, ...]
    input_dtype: str
    feature_names: tuple[str, ...]
    value_range: int | None = None


@dataclasses.dataclass(frozen=True, eq=False)
class Model:
    """A network that was read back."""

    card: Card
    function: export.Exported

    def logits(self, inputs: Array) -> Array:
        """Return float32 (N, K) for inputs (N, ...) of the card's shape and dtype."""
        return np.asarray(self.function.call(inputs))


def has_model(workdir: Path) -> bool:
    """Tell whether a run has left its network."""
    return all((workdir / FOLDER / name).exists() for name in (_CARD, _FUNCTION))


def write_model(workdir: Path, group: Group, dataset: Dataset, result: Result) -> Path:
    """Write the network of a finished run; its folder is there whole or not at all."""
    (config,) = group.configs
    function = bytes(_exported(config, group, dataset).serialize())
    card = Card(
        dataset.class_names,
        dataset.train_images.shape[1:],
        str(dataset.train_images.dtype),
        dataset.feature_names,
        dataset.value_range,
    )
    content = {
        **dataclasses.asdict(card),
        "config": config.to_json(),
        "test_accuracy": result["last_accuracy"],
        "sha256": hashlib.sha256(function).hexdigest(),
        **environment(),
    }
    folder, temporary = workdir / FOLDER, workdir / f".{FOLDER}.tmp"
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir()
    (temporary / _FUNCTION).write_bytes(function)
    text = json.dumps(content, indent=2)  # in ASCII: names need not be text
    (temporary / _CARD).write_text(text + "\n", encoding="utf-8")
    shutil.rmtree(folder, ignore_errors=True)  # what is left of one
    temporary.rename(folder)
    return folder


def _exported(config: RunConfig, group: Group, dataset: Dataset) -> export.Exported:
    # In a convolution that every device has; the parameters are the same for all.
    network = make_network(config, dataset.num_classes, "lax")
    state = jax.tree.map(lambda x: jnp.asarray(np.asarray(x)[0]), group.states).evaluated()
    variables = {"params": state.params, "batch_stats": state.batch_stats}

    def logits(inputs: jax.Array) -> jax.Array:
        found: jax.Array = network.apply(variables, dataset.normalised(inputs), train=False)
        return found.astype(jnp.float32)

    (count,) = export.symbolic_shape("n")
    images = dataset.train_images
    example = jax.ShapeDtypeStruct((count, *images.shape[1:]), images.dtype)
    return export.export(jax.jit(logits), platforms=_PLATFORMS)(example)


def read_model(option: str, folder: Path) -> Model:
    """Read the network of a run.

    Args:
        option: that names the folder, for the message.
        folder: of the run, or the ``model`` in it.

    Raises:
        UsageError: there is none, or it cannot be read.
    """
    inner = folder if (folder / _CARD).exists() else folder / FOLDER
    try:
        values: dict[str, Any] = json.loads(regular(inner / _CARD).read_text(encoding="utf-8"))
        card = Card(
            class_names=tuple(values["class_names"]),
            input_shape=tuple(values["input_shape"]),
            input_dtype=values["input_dtype"],
            feature_names=tuple(values["feature_names"]),
            value_range=values.get("value_range"),  # older models have none
        )
        if card.value_range not in (None, *RANGES):
            raise ValueError(f"value_range {card.value_range!r}")
        content = bytearray(regular(inner / _FUNCTION).read_bytes())
        if hashlib.sha256(content).hexdigest() != values["sha256"]:
            raise ValueError(f"{_FUNCTION} is not as it was written")
    except (FileNotFoundError, NotADirectoryError):
        raise UsageError(
            f"{option}: expected the folder of a run that `train` has finished, got {folder}, "
            f"which has no {FOLDER}/{_CARD} and {_FUNCTION}; call train with this --workdir"
        ) from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _damaged(option, inner, error) from None
    try:
        return Model(card, export.deserialize(content))
    except Exception as error:  # flatbuffers and XLA have no common one
        raise _damaged(option, inner, error) from None


def _damaged(option: str, folder: Path, error: Exception) -> UsageError:
    reason = f"{type(error).__name__}: {error}".partition("\n")[0][:160]
    return UsageError(
        f"{option}: expected a model that can be read, got {folder} ({reason}); delete it and "
        "call train again, which writes it from the last checkpoint"
    )
