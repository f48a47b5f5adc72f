"""The paper's training protocols, and the noise that a setting's name stands for."""

import dataclasses
from typing import TYPE_CHECKING, Any

from esoftmax_jax.app.augment.augment_spec import SHIFT_AND_FLIP, AugmentationSpec
from esoftmax_jax.app.engine.config import NetworkName
from esoftmax_jax.app.engine.schedule import COSINE, Schedule
from esoftmax_jax.app.labels.noise_spec import NoiseSpec
from esoftmax_jax.app.methods.loss_spec import LossSpec
from esoftmax_jax.app.methods.methods import METHODS
from experiments.tables.cell import Cell, Reported

if TYPE_CHECKING:
    from esoftmax_jax.presets import Preset

HUMAN = ("aggregate", "random1", "random2", "random3", "worst", "noisy")
"""Settings named after a column of CIFAR-10N's or CIFAR-100N's file."""


@dataclasses.dataclass(frozen=True)
class Protocol:
    """How the runs of a table are trained; the fields are those of ``Cell``."""

    network: NetworkName
    epochs: int
    learning_rate: float
    weight_decay: float
    augment: AugmentationSpec = SHIFT_AND_FLIP
    width: float = 1.0
    schedule: Schedule = COSINE
    clip_norm: float = 5.0
    reported: Reported = "last"

    def cell(
        self,
        place: tuple[str, str, str, str],
        loss: LossSpec | None,
        **fields: Any,
    ) -> Cell:
        """Return a cell trained so.

        Args:
            place: table, dataset, setting and row.
            loss: of METHODS, or None.
            **fields: further fields of the cell; they override the protocol.
        """
        table, dataset, setting, row = place
        values: dict[str, Any] = {
            "noise": noise_of(dataset, setting),
            "loss": loss,
            **{one.name: getattr(self, one.name) for one in dataclasses.fields(self)},
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
        augment=dataclasses.replace(SHIFT_AND_FLIP, rotate=20),
    ),
}
"""Tables 2, 6 and 8."""

CIFAR_N = Protocol(
    "resnet34",
    100,
    learning_rate=0.1,
    weight_decay=5e-4,
    schedule=Schedule(steps=(60,), factor=0.1),
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


def noise_of(dataset: str, setting: str) -> NoiseSpec:
    """Return the noise of a setting.

    Asymmetric noise is of another kind for each dataset: class after class for CIFAR-10, as
    its published labels are; within the super-classes for CIFAR-100; between
    digits that look alike for MNIST; to the next class elsewhere.
    """
    kind, rate = split_setting(setting)
    if rate is None:
        return NoiseSpec("none") if kind == "clean" else NoiseSpec("human", source=setting)
    asymmetric = {
        "cifar10": "asymmetric-sequential",
        "cifar100": "asymmetric",
        "mnist": "asymmetric",
    }
    names = {
        "symmetric": "symmetric",
        "asymmetric": asymmetric.get(dataset, "pairwise"),
        "instance": "instance-views",
    }
    return NoiseSpec(names[kind], rate)


def loss_of(preset: "Preset") -> LossSpec:
    """Return a preset by its name in ``METHODS`` with its numeric hyperparameters.

    Presets that fix more than numbers are the authors' code's, ``NAME@code``; of NLNL they
    fix how many labels are drawn.
    """
    name = preset.loss_name
    if name == "NLNL":
        drawn = preset.hyperparameters["num_complementary"]
        return LossSpec(name if drawn == 1 else f"{name}@{drawn}")
    numbers = METHODS[name].parameters
    if set(preset.hyperparameters) != set(numbers):
        name = f"{name}@code"
    pairs = tuple((number, float(preset.hyperparameters[number])) for number in numbers)
    return LossSpec(name, pairs)
