"""The choice among settings by their accuracy on folds of noisy labels, and how sure it is."""

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from esoftmax_jax.app.engine.config import RunConfig
from esoftmax_jax.app.engine.finished_run import Run
from esoftmax_jax.app.methods.loss_spec import LossSpec
from esoftmax_jax.app.runs.fold_networks import FoldNetwork, FoldNetworks, out_of_fold_logits
from esoftmax_jax.app.runs.softmax import softmax
from esoftmax_jax.app.terminal.short_repr import short_repr

VOTERS = 5
TOLD_APART = 2.0
"""Standard errors between two settings from which on they are called different."""


@dataclasses.dataclass(frozen=True)
class Candidate:
    """Settings that were tried.

    Attributes:
        loss: with its hyperparameters.
        learning_rate: at the start.
        accuracies: share of each fold's labels, as noisy as the rest, that the network gives
            which has not seen them; −inf of a run that diverged.
        agreements: likewise, with the classes that the best settings vote for; empty where
            there was no vote.
    """

    loss: LossSpec
    learning_rate: float
    accuracies: tuple[float, ...]
    agreements: tuple[float, ...] = ()

    @property
    def scores(self) -> tuple[float, ...]:
        """What decides: agreements where there was a vote, accuracies otherwise."""
        return self.agreements or self.accuracies

    @property
    def mean(self) -> float:
        """Mean score over folds."""
        return float(np.mean(self.scores))

    @property
    def standard_error(self) -> float:
        """Of that mean, from the differences between folds; NaN with a run that diverged."""
        return _standard_error(np.array(self.scores))


@dataclasses.dataclass(frozen=True)
class FoldChoice:
    """What was chosen, and between what.

    Attributes:
        candidates: in the order in which they were tried.
        voters: the settings that voted on every label; empty where there was no vote.
    """

    candidates: tuple[Candidate, ...]
    voters: tuple[Candidate, ...] = ()

    def __repr__(self) -> str:
        best = self.chosen
        return short_repr(
            self,
            loss=best.loss.name,
            hyperparameters=dict(best.loss.hyperparameters),
            learning_rate=best.learning_rate,
            candidates=len(self.candidates),
            told_apart=self.told_apart,
        )

    @property
    def order(self) -> tuple[Candidate, ...]:
        """The candidates, the best first; of equally good ones the first tried."""
        return tuple(sorted(self.candidates, key=lambda one: -one.mean))

    @property
    def chosen(self) -> Candidate:
        """The best one."""
        return self.order[0]

    @property
    def standard_errors(self) -> float:
        """How many paired standard errors the second best lies behind; NaN if it diverged.

        The same folds of both are compared, so that what makes a fold hard counts for neither.
        """
        if len(self.candidates) < 2:
            return math.nan
        best, second = (np.array(one.scores) for one in self.order[:2])
        if not np.isfinite(second).all():
            return math.nan
        difference, error = float(np.mean(best - second)), _standard_error(best - second)
        if error == 0:
            return 0.0 if difference == 0 else math.inf
        return difference / error

    @property
    def told_apart(self) -> bool:
        """Whether the choice is more than chance: see ``TOLD_APART``; of a single one it is."""
        return not self.standard_errors < TOLD_APART

    @property
    def table(self) -> list[dict[str, Any]]:
        """One row for each candidate; ``pandas.DataFrame`` takes it."""
        return [
            {
                "loss": one.loss.name,
                **dict(one.loss.hyperparameters),
                "learning_rate": one.learning_rate,
                **{f"fold_{fold}": found for fold, found in enumerate(one.scores, 1)},
                "mean": one.mean,
                "standard_error": one.standard_error,
                "chosen": one == self.chosen,
            }
            for one in self.candidates
        ]

    @property
    def arguments(self) -> dict[str, Any]:
        """The choice as arguments of ``train``."""
        best = self.chosen
        return {
            "loss": best.loss.name,
            "hyperparameters": dict(best.loss.hyperparameters),
            "learning_rate": best.learning_rate,
        }


def choose_by_folds(runs: Sequence[Run]) -> FoldChoice:
    """Return the choice among runs on folds; nothing but their held-out labels is looked at.

    A setting with which a fold diverged comes after all others.
    """
    found: dict[tuple[LossSpec, float], list[float]] = {}
    for run in runs:
        found.setdefault(_setting(run.config), []).append(run.held_out_score)
    return FoldChoice(
        tuple(Candidate(loss, rate, tuple(values)) for (loss, rate), values in found.items())
    )


def choose_by_vote(
    runs: Sequence[Run], all_of_them: Sequence[Run], networks: FoldNetworks
) -> FoldChoice:
    """Return the choice among runs on folds by their agreement with a vote.

    The voters are the settings with the best accuracy on held-out noisy labels. An example's
    class is the likeliest one by the mean of what they say of it, each by the network that has
    not seen it.

    Args:
        runs: among which the choice is.
        all_of_them: those that may vote.
        networks: of all these runs.
    """
    folds: dict[tuple[LossSpec, float], list[FoldNetwork]] = {}
    for run in all_of_them:
        folds.setdefault(_setting(run.config), []).append(networks.read(run.config))
    voters = tuple(
        one for one in choose_by_folds(all_of_them).order[:VOTERS] if np.isfinite(one.mean)
    )
    choice = choose_by_folds(runs)
    if not voters:
        return choice
    said = np.mean(
        [softmax(out_of_fold_logits(folds[one.loss, one.learning_rate])) for one in voters],
        axis=0,
    )
    voted = said.argmax(axis=1)

    def scored(one: Candidate) -> Candidate:
        if not np.isfinite(one.mean):
            return one
        agreements = (
            float(np.mean(fold.logits.argmax(axis=1) == voted[fold.held_out]))
            for fold in folds[one.loss, one.learning_rate]
        )
        return dataclasses.replace(one, agreements=tuple(agreements))

    return FoldChoice(tuple(map(scored, choice.candidates)), voters)


def _setting(config: RunConfig) -> tuple[LossSpec, float]:
    return config.loss, config.learning_rate


def _standard_error(values: Any) -> float:
    if len(values) < 2 or not np.isfinite(values).all():
        return math.nan
    return float(np.std(values, ddof=1) / math.sqrt(len(values)))
