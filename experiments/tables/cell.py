"""One cell of a table: a loss on a kind of noise, with all that decides its runs."""

import dataclasses
from typing import Literal

from esoftmax_jax.app.augment.augment_spec import NO_AUGMENTATION, AugmentationSpec
from esoftmax_jax.app.engine.config import NetworkName, RunConfig
from esoftmax_jax.app.engine.schedule import COSINE, Schedule
from esoftmax_jax.app.labels.noise_spec import NoiseSpec
from esoftmax_jax.app.methods.loss_spec import LossSpec
from esoftmax_jax.app.terminal.messages import UsageError
from experiments.tables.scale import SCALES, Scale

Regulariser = Literal["L2", "L1"]
Reported = Literal["last", "best"]


@dataclasses.dataclass(frozen=True)
class Reference:
    """A published figure.

    Attributes:
        mean_percent: test accuracy.
        std_percent: its standard deviation over seeds; None where none is given.
        source: where it is printed, e.g. ``table 2``; † where it was not read from the paper
            itself but from a public summary.
    """

    mean_percent: float
    std_percent: float | None
    source: str


@dataclasses.dataclass(frozen=True)
class Cell:
    """A cell of a table; fields that ``RunConfig`` has too mean the same there.

    Attributes:
        table: the table's name, e.g. ``table2``.
        dataset: what the runs load.
        setting: the column, e.g. ``sym0.4``.
        row: the method's name as printed.
        noise: it may be replaced by labels from a file.
        loss: None where the cell has only a published figure.
        regulariser: which norm of the parameters is penalised.
        reported: which epoch's accuracy is the table's.
        reference: the published figure, if there is one.
        reason: why the cell cannot be run, where it cannot.
    """

    table: str
    dataset: str
    setting: str
    row: str
    noise: NoiseSpec
    loss: LossSpec | None
    network: NetworkName
    epochs: int
    learning_rate: float
    weight_decay: float
    l1_decay: float = 0.0
    batch_size: int = 128
    width: float = 1.0
    schedule: Schedule = COSINE
    momentum: float = 0.9
    clip_norm: float = 5.0
    label_smoothing: float = 0.0
    ema_decay: float = 0.0
    augment: AugmentationSpec = NO_AUGMENTATION
    regulariser: Regulariser = "L2"
    reported: Reported = "last"
    reference: Reference | None = None
    reason: str = ""

    @property
    def label(self) -> str:
        """The row's name, with the regulariser where it is not the paper's L2."""
        return self.row if self.regulariser == "L2" else f"{self.row}/{self.regulariser}"

    @property
    def identifier(self) -> str:
        """A name that no other cell has, e.g. ``table2/cifar10/sym0.4/CE_eps+MAE/L1``."""
        return f"{self.table}/{self.dataset}/{self.setting}/{self.label}"

    @property
    def runnable(self) -> bool:
        """Whether the cell can be run, and not only be shown."""
        return self.loss is not None

    def run_config(self, seed: int, scale: Scale = SCALES["paper"]) -> RunConfig:
        """Return one run of this cell.

        A run on labels from a file takes their names into the configuration, with
        ``dataclasses.replace(config, noise=..., noise_file=...)``.

        Raises:
            UsageError: the cell has only a published figure.
        """
        if not self.runnable:
            raise UsageError(f"{self.identifier}: cannot be run, {self.reason}")
        fields = {name: getattr(self, name) for name in _SHARED}
        return scale.apply(RunConfig(seed=seed, **fields))


_SHARED = sorted(
    {field.name for field in dataclasses.fields(RunConfig)}
    & {field.name for field in dataclasses.fields(Cell)}
)
