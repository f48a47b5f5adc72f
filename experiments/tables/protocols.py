"""The paper's training protocols, and the noise that a setting's name stands for."""

import dataclasses
from typing import Any

from esoftmax_jax.app.engine.config import NetworkName
from esoftmax_jax.app.methods.methods import METHODS
from esoftmax_jax.presets import Preset
from experiments.tables.cell import Cell, Pairs, Reported

HUMAN = ("aggregate", "random1", "random2", "random3", "worst", "noisy")
"""Settings named after a column of CIFAR-10N's or CIFAR-100N's file."""


@dataclasses.dataclass(frozen=True)
class Protocol:
    """How the runs of a table are trained; the fields are those of ``Cell``."""

    network: NetworkName
    epochs: int
    learning_rate: float
    weight_decay: float
    augment: str = "shift:4,flip"
    width: float = 1.0
    schedule: str = "cosine"
    clip_norm: float = 5.0
    reported: Reported = "last"

    def cell(
        self,
        place: tuple[str, str, str, str],
        loss: str | None,
        hyperparameters: Pairs = (),
        **fields: Any,
    ) -> Cell:
        """Return a cell trained so.

        Args:
            place: table, dataset, setting and row.
            loss: a name from ``METHODS``, or None.
            hyperparameters: its constants, sorted.
            **fields: further fields of the cell; they override the protocol.
        """
        table, dataset, setting, row = place
        values: dict[str, Any] = {
            "noise": noise_text(dataset, setting),
            "loss": loss,
            "hyperparameters": hyperparameters,
            **dataclasses.asdict(self),
            **fields,
        }
        return Cell(table=table, dataset=dataset, setting=setting, row=row, **values)


PAPER = {
    "cifar10": Protocol("eight_layer_cnn", 120, learning_rate=0.01, weight_decay=1e-4),
    "cifar100": Protocol(
        "resnet34",
        200,
        learning_rate=0.1,
        weight_decay=1e-5,
        augment="shift:4,flip,rotate:20",
    ),
}
"""Tables 2, 6 and 8."""

CIFAR_N = Protocol(
    "resnet34",
    100,
    learning_rate=0.1,
    weight_decay=5e-4,
    schedule="step:60:0.1",
    clip_norm=0.0,
    reported="best",
)
"""Table 4, without the semi-supervised stage."""


def split_setting(setting: str) -> tuple[str, float | None]:
    """Return the kind of noise and the rate, as ``presets.paper`` takes them."""
    if setting == "clean" or setting in HUMAN:
        return setting, None
    kinds = {"asym": "asymmetric", "sym": "symmetric", "idn": "instance"}
    prefix = setting.rstrip("0123456789.")
    return kinds[prefix], float(setting.removeprefix(prefix))


def noise_text(dataset: str, setting: str) -> str:
    """Return the noise specification of a setting.

    Asymmetric noise is of another kind for each dataset: class after class for CIFAR-10, as
    its published labels are; within the super-classes for CIFAR-100; to the next class
    elsewhere.
    """
    kind, rate = split_setting(setting)
    if rate is None:
        return "none" if kind == "clean" else f"human:{setting}"
    asymmetric = {"cifar10": "asymmetric-sequential", "cifar100": "asymmetric"}
    names = {
        "symmetric": "symmetric",
        "asymmetric": asymmetric.get(dataset, "pairwise"),
        "instance": "instance-views",
    }
    return f"{names[kind]}:{rate:g}"


def method_and_constants(preset: Preset) -> tuple[str, Pairs]:
    """Return a preset's name in ``METHODS`` and its numeric hyperparameters, sorted.

    Presets that fix more than numbers are the authors' code's, ``NAME@code``; of NLNL they
    fix how many labels are drawn.
    """
    name = preset.loss_name
    if name == "NLNL":
        drawn = preset.hyperparameters["num_complementary"]
        return (name if drawn == 1 else f"{name}@{drawn}"), ()
    numbers = METHODS[name].parameters
    if set(preset.hyperparameters) != set(numbers):
        name = f"{name}@code"
    pairs = tuple((number, float(preset.hyperparameters[number])) for number in numbers)
    return name, pairs
