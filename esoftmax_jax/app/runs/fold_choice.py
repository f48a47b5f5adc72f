"""The choice among settings by their accuracy on folds of noisy labels, and how sure it is."""

import dataclasses
import math
from collections.abc import Callable, Sequence
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

HARDLY = 1.0
"""Standard errors behind the best up to which a setting with a lower rate is taken for it."""

NEARLY_RIGHT = 0.9
"""Share of held-out labels from which on there are few wrong ones to be memorised."""

Train = Callable[[Sequence[RunConfig]], Sequence[Run]]


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
        examples: of each label of the first fold whether the network gives it that has not
            seen it, where that fold alone decides; −inf of a setting with which a run diverged.
    """

    loss: LossSpec
    learning_rate: float
    accuracies: tuple[float, ...]
    agreements: tuple[float, ...] = ()
    examples: tuple[float, ...] = ()

    @property
    def scores(self) -> tuple[float, ...]:
        """What decides: agreements where there was a vote, examples, or accuracies of folds."""
        return self.agreements or self.examples or self.accuracies

    @property
    def by_fold(self) -> tuple[float, ...]:
        """The scores of the folds that were run."""
        return self.agreements or self.accuracies

    def behind(self, other: "Candidate") -> tuple[float, float]:
        """By how much the mean score is below another's, and the paired standard error."""
        differences = np.subtract(other.scores, self.scores)
        return float(np.mean(differences)), _standard_error(differences)

    @property
    def mean(self) -> float:
        """Mean score over folds, or over examples of the first."""
        return float(np.mean(self.scores))

    @property
    def standard_error(self) -> float:
        """Of that mean, from the differences between scores; NaN with a run that diverged."""
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
        """The best where labels are nearly right, else the lowest rate of those hardly worse.

        Hardly worse is by no more than ``HARDLY`` standard errors of the paired difference. Of
        rates that chance decides between, the lower one memorises fewer wrong labels. By
        the first fold alone the best is taken: its standard error is so large that rates at
        which nothing is learnt would be hardly worse.
        """
        best = self.order[0]
        if self.nearly_right or self.by_first_fold:
            return best
        return min([best, *self.within(HARDLY)], key=lambda one: one.learning_rate)

    def within(self, standard_errors: float) -> tuple[Candidate, ...]:
        """The others that lie no further behind the best, in paired standard errors."""
        best, *others = self.order
        return tuple(one for one in others if _standard_errors(best, one) <= standard_errors)

    @property
    def cannot_tell(self) -> bool:
        """Whether all that stayed finite are within ``HARDLY`` of the best: nothing is decided.

        So it is with few labels: the lowest rate is taken, whatever they are.
        """
        finite = [one for one in self.candidates if np.isfinite(one.mean)]
        return len(finite) > 1 and len(self.within(HARDLY)) == len(finite) - 1

    @property
    def nearly_right(self) -> bool:
        """Whether a setting gives a share of ``NEARLY_RIGHT`` of the held-out labels."""
        best = max(float(np.mean(one.examples or one.accuracies)) for one in self.candidates)
        return best >= NEARLY_RIGHT

    @property
    def by_first_fold(self) -> bool:
        """Whether the first fold alone decided: only the chosen setting has all of them."""
        return bool(self.candidates[0].examples)

    @property
    def standard_errors(self) -> float:
        """How many paired standard errors the second best lies behind; NaN if it diverged.

        The same folds of both are compared, so that what makes a fold hard counts for neither.
        """
        return _standard_errors(*self.order[:2]) if len(self.candidates) > 1 else math.nan

    @property
    def told_apart(self) -> bool:
        """Whether the choice is more than chance: see ``TOLD_APART``; of a single one it is."""
        return not self.standard_errors < TOLD_APART

    @property
    def table(self) -> list[dict[str, Any]]:
        """One row for each candidate; ``pandas.DataFrame`` takes it."""
        folds = len(self.chosen.accuracies)
        return [
            {
                "loss": one.loss.name,
                **dict(one.loss.hyperparameters),
                "learning_rate": one.learning_rate,
                **dict.fromkeys((f"fold_{fold + 1}" for fold in range(folds)), math.nan),
                **{f"fold_{fold}": found for fold, found in enumerate(one.by_fold, 1)},
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


def choose(
    rule: Sequence[RunConfig],
    plain: Sequence[RunConfig],
    voters: Sequence[RunConfig],
    train: Train,
    networks: FoldNetworks,
) -> tuple[FoldChoice, dict[RunConfig, Run]]:
    """Return the choice, and all runs on folds that it took.

    Args:
        rule: among which the choice is.
        plain: of cross-entropy, which take part where the labels are nearly right.
        voters: further ones that have a vote; without any there is no vote.
        train: returns what runs leave.
        networks: keeps their networks.
    """

    def among(configs: Sequence[RunConfig]) -> FoldChoice:
        runs = [found[one] for one in configs]
        if not voters:
            return choose_by_folds(runs)
        return choose_by_vote(runs, list(found.values()), networks)

    first = (*rule, *voters)
    found = dict(zip(first, train(first), strict=True))
    choice = among(rule)
    if choice.nearly_right:
        found |= zip(plain, train(plain), strict=True)
        choice = among((*rule, *plain))
    return choice, found


def choose_by_folds(runs: Sequence[Run]) -> FoldChoice:
    """Return the choice among runs on folds; nothing but their held-out labels is looked at.

    A setting with which a fold diverged comes after all others.
    """
    found: dict[tuple[LossSpec, float], list[float]] = {}
    for run in runs:
        found.setdefault(setting_of(run.config), []).append(run.held_out_score)
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
        folds.setdefault(setting_of(run.config), []).append(networks.read(run.config))
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


def setting_of(one: RunConfig | Candidate) -> tuple[LossSpec, float]:
    """Return what tells settings apart."""
    return one.loss, one.learning_rate


def _standard_errors(better: Candidate, other: Candidate) -> float:
    """Return how many paired standard errors the other lies behind; NaN if it diverged."""
    if not np.isfinite((better.scores, other.scores)).all():
        return math.nan
    difference, error = other.behind(better)
    if error == 0:
        return 0.0 if difference == 0 else math.inf
    return difference / error


def _standard_error(values: Any) -> float:
    if len(values) < 2 or not np.isfinite(values).all():
        return math.nan
    return float(np.std(values, ddof=1) / math.sqrt(len(values)))
