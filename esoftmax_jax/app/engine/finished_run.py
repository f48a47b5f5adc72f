"""A finished run: what is known of it, as a value and as the JSON of a line of results."""

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from esoftmax_jax.app.engine.config import RunConfig
from esoftmax_jax.app.files.json_file import check_fields
from esoftmax_jax.app.labels.noisy_labels import NoiseRecord
from esoftmax_jax.app.methods.own_loss import Function
from esoftmax_jax.app.terminal.short_repr import short_repr

CURVES = ("train_loss", "train_accuracy", "test_accuracy")

_SHOWN = (
    "test_accuracy",
    "best_accuracy",
    "best_epoch",
    "noise_rate",
    "memorized",
    "holdout_accuracy",
    "diverged",
    "seconds",
)
_ENVIRONMENT = ("versions", "commit", "device", "processor", "date")
# How JSON has the fields that every version wrote, and those that some lines lack.
_NEEDED: Mapping[str, Any] = {
    "config": dict[str, Any],
    "curves": dict[str, Any],
    "last_accuracy": float | None,
    "best_accuracy": float | None,
    "best_epoch": int,
    "noise_rate": float | None,
    "memorized": float | None,
    "wall_s": float,
}
_LATER: Mapping[str, Any] = {
    "noise": dict[str, Any] | None,
    "noise_hash": str | None,
    "holdout_accuracy": float | None,
    "runs_together": int | None,
    "dataset_note": str | None,
}


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Run:
    """One training run. Accuracies and rates are shares in [0, 1].

    Attributes:
        config: all that decides its numbers.
        loss: what ``train`` takes for the loss: its name, FILE.py:NAME, or the function.
        test_accuracy: in the last epoch.
        best_accuracy: in the best one, ``best_epoch``, counted from 1.
        noise_rate: share of wrong training labels, as drawn; None where it is not known.
        noise_hash: of the labels that were trained on.
        noise: what else is known of them.
        memorized: share of the wrong training labels that the network gives back; None
            without any.
        holdout_accuracy: agreement with labels held out of training; None without any.
        curves: ``train_loss``, ``train_accuracy``, ``test_accuracy``, float64 (epochs,), NaN
            where a run that diverged has none.
        seconds: that it took, with the runs that were computed together with it.
        runs_together: how many these are, itself among them.
        dataset_note: what the data says of itself.
        environment: versions, commit, device, processor and date.
    """

    config: RunConfig
    loss: str | Function
    test_accuracy: float
    best_accuracy: float
    best_epoch: int
    noise_rate: float | None
    noise_hash: str | None = None
    noise: NoiseRecord | None = None
    memorized: float | None
    holdout_accuracy: float | None = None
    curves: Mapping[str, npt.NDArray[np.float64]]
    seconds: float
    runs_together: int | None = None
    dataset_note: str | None = None
    environment: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    def __repr__(self) -> str:
        return short_repr(
            self,
            loss=str(self.config.loss),
            noise=str(self.config.noise),
            seed=self.config.seed,
            test_accuracy=self.test_accuracy,
            best_accuracy=self.best_accuracy,
            memorized=self.memorized,
            epochs=len(self.curves["test_accuracy"]),
        )

    @property
    def diverged(self) -> bool:
        """Whether the loss, or what the network says, ended as no finite number."""
        return not math.isfinite(self.curves["train_loss"][-1])

    @property
    def held_out_score(self) -> float:
        """Agreement with held-out labels, to choose by; −inf without any, or if it diverged.

        What a network that diverged says can agree with labels by chance.
        """
        if self.diverged or self.holdout_accuracy is None:
            return -math.inf
        return self.holdout_accuracy

    @property
    def wrong_rate(self) -> float | None:
        """Share of training examples whose label is wrong or whose image is of no class."""
        return self.noise_rate if self.noise is None else self.noise.wrong_rate

    @property
    def choice(self) -> dict[str, Any]:
        """The loss with its settings and the noise, as arguments of ``train``."""
        return {
            "loss": self.loss,
            "hyperparameters": dict(self.config.loss.hyperparameters),
            "learning_rate": self.config.learning_rate,
            "noise": str(self.config.noise),
        }

    def row(self) -> dict[str, Any]:
        """Return all but the curves as a row of a table, with one value a column."""
        values = {name: getattr(self, name) for name in _SHOWN}
        return {**self.choice, "seed": self.config.seed, **values}

    def to_json(self) -> dict[str, Any]:
        """Return the values of a line of results; ``from_json`` reads them back."""
        return {
            "config": self.config.to_json(),
            "noise_rate": self.noise_rate,
            "noise_hash": self.noise_hash,
            "noise": None if self.noise is None else self.noise.to_json(),
            "last_accuracy": _finite(self.test_accuracy),
            "best_accuracy": _finite(self.best_accuracy),
            "best_epoch": self.best_epoch,
            "memorized": self.memorized,
            "holdout_accuracy": self.holdout_accuracy,
            "curves": {
                name: [_finite(value) for value in curve.tolist()]
                for name, curve in self.curves.items()
            },
            "wall_s": self.seconds,
            "runs_together": self.runs_together,
            "dataset_note": self.dataset_note,
            **self.environment,
        }

    @classmethod
    def from_json(
        cls, values: Any, losses: Mapping[str, str | Function] | None = None
    ) -> "Run":
        """Read a line of results; what older versions did not write is None.

        Args:
            values: the line.
            losses: what ``train`` takes for losses by name, where it is not the name.

        Raises:
            ValueError: it is something else.
        """
        check_fields(values, dict(_NEEDED))
        found: dict[str, Any] = {**dict.fromkeys(_LATER), **values}
        check_fields(found, dict(_LATER))
        config, noise = RunConfig.from_json(found["config"]), found["noise"]
        return cls(
            config=config,
            loss=(losses or {}).get(config.loss.name, config.loss.name),
            test_accuracy=_number(found["last_accuracy"]),
            best_accuracy=_number(found["best_accuracy"]),
            best_epoch=found["best_epoch"],
            noise_rate=found["noise_rate"],
            noise_hash=found["noise_hash"],
            noise=None if noise is None else NoiseRecord.from_json(noise),
            memorized=found["memorized"],
            holdout_accuracy=found["holdout_accuracy"],
            curves=_curves(found["curves"], config.epochs),
            seconds=found["wall_s"],
            runs_together=found["runs_together"],
            dataset_note=found["dataset_note"],
            environment={name: found[name] for name in _ENVIRONMENT if name in found},
        )


def _finite(value: float) -> float | None:
    """Return None for a number that JSON does not have."""
    return value if math.isfinite(value) else None


def _number(value: float | None) -> float:
    """Return NaN for what JSON has instead of it."""
    return math.nan if value is None else value


def _curves(values: Any, epochs: int) -> dict[str, npt.NDArray[np.float64]]:
    check_fields(values, dict.fromkeys(CURVES, list[float | None]))
    for name in CURVES:
        if len(values[name]) != epochs:
            raise ValueError(f"expected {epochs} epochs of {name}, got {len(values[name])}")
    return {name: np.array(values[name], float) for name in CURVES}  # which makes null NaN
