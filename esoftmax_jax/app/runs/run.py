"""A finished run, as a program takes it up."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from esoftmax_jax.app.engine.config import RunConfig
from esoftmax_jax.app.engine.group import Result
from esoftmax_jax.app.methods.own_loss import Function
from esoftmax_jax.app.runs.results import diverged
from esoftmax_jax.app.terminal.short_repr import short_repr


@dataclasses.dataclass(frozen=True, eq=False)
class Run:
    """One training run. Accuracies and rates are shares in [0, 1].

    Attributes:
        config: all that decides its numbers.
        loss: what ``train`` takes for the loss: its name, FILE.py:NAME, or the function.
        test_accuracy: in the last epoch.
        best_accuracy: in the best one, ``best_epoch``, counted from 1.
        noise_rate: share of wrong training labels, as drawn; None where it is not known.
        memorized: share of the wrong training labels that the network gives back; None
            without any.
        holdout_accuracy: agreement with labels held out of training; None without any.
        diverged: whether the loss ended as no finite number.
        curves: ``train_loss``, ``train_accuracy``, ``test_accuracy``, float64 (epochs,), NaN
            where a run that diverged has none.
        seconds: that it took, with the runs that were computed together with it.
    """

    config: RunConfig
    loss: str | Function
    test_accuracy: float
    best_accuracy: float
    best_epoch: int
    noise_rate: float | None
    memorized: float | None
    holdout_accuracy: float | None
    diverged: bool
    curves: Mapping[str, npt.NDArray[np.float64]]
    seconds: float

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

    @classmethod
    def from_result(
        cls, result: Result, losses: Mapping[str, str | Function] | None = None
    ) -> "Run":
        """Read what a line of ``results.jsonl`` holds.

        Args:
            result: the line.
            losses: what ``train`` takes for losses by name, where it is not the name.
        """
        config = RunConfig.from_json(result["config"])
        name = config.loss.name
        curves = {name: np.array(curve, float) for name, curve in result["curves"].items()}
        return cls(
            config=config,
            loss=(losses or {}).get(name, name),
            test_accuracy=float(result["last_accuracy"]),
            best_accuracy=float(result["best_accuracy"]),
            best_epoch=result["best_epoch"],
            noise_rate=result["noise_rate"],
            memorized=result["memorized"],
            holdout_accuracy=result.get("holdout_accuracy"),
            diverged=diverged(result),
            curves=curves,
            seconds=result["wall_s"],
        )

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
        values = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        del values["config"], values["curves"], values["loss"]
        return {**self.choice, "seed": self.config.seed, **values}
