"""What ``auto`` leaves, as a value and as text."""

import dataclasses
from typing import Any

import numpy as np
import numpy.typing as npt
from rich import box
from rich.console import Console
from rich.table import Table

from esoftmax_jax import cleaning
from esoftmax_jax.app.engine.finished_run import Run
from esoftmax_jax.app.files.arrays import Array
from esoftmax_jax.app.jobs.trained import Trained
from esoftmax_jax.app.runs.fold_choice import FoldChoice
from esoftmax_jax.app.runs.softmax import softmax
from esoftmax_jax.app.suspects.suspect_list import describe_suspects
from esoftmax_jax.app.suspects.training_evidence import TrainingEvidence
from esoftmax_jax.app.terminal.console import print_titled
from esoftmax_jax.app.terminal.short_repr import short_repr


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class AutoTrained(Trained):
    """The networks of the chosen rate as one model, and what each says of what it has not seen.

    N are the training examples, K the classes.

    Attributes:
        choice: what was chosen, between what, and how sure that is.
        runs: all of them, fold after fold of setting after setting, the rule's first; ``run``
            is the first one of the chosen rate.
        labels: int32 (N,), the labels trained on.
        out_of_fold_logits: float32 (N, K), of each example by the network that has not seen it.
        training_evidence: of each label by the networks that were trained on it, while they
            learnt: mean margin, and share of the epochs in which it was not predicted.
        test_accuracy: of the model, the mean of the networks' probabilities.
    """

    choice: FoldChoice
    runs: tuple[Run, ...]
    labels: npt.NDArray[np.int32]
    out_of_fold_logits: Array
    training_evidence: TrainingEvidence
    test_accuracy: float

    def __repr__(self) -> str:
        return short_repr(
            self,
            dataset=self.dataset.name,
            choice=self.choice,
            test_accuracy=self.test_accuracy,
            suspects=self.suspects and self.suspects.count,
        )

    @property
    def out_of_fold_probabilities(self) -> npt.NDArray[np.float64]:
        """The softmax of those logits, float64 (N, K)."""
        return softmax(self.out_of_fold_logits)

    @property
    def out_of_fold_predictions(self) -> npt.NDArray[np.int64]:
        """The likeliest class of each example, int64 (N,)."""
        found: npt.NDArray[np.int64] = self.out_of_fold_logits.argmax(axis=1)
        return found

    @property
    def out_of_fold_margins(self) -> npt.NDArray[np.float32]:
        """Each label's logit minus the largest other one, float32 (N,): see ``suspects``."""
        margins = cleaning.label_margins(self.out_of_fold_logits, self.labels)
        return np.asarray(margins, np.float32)


def print_auto(console: Console, found: AutoTrained) -> None:
    """Print what was chosen, between what, how sure that is, and what came out of it."""
    _print_candidates(console, found.choice)
    console.print(describe_choice(found.choice), soft_wrap=True)
    members = len(found.choice.chosen.accuracies)
    console.print(
        f"The model is the mean of its {members} networks: test accuracy "
        f"{100 * found.test_accuracy:.2f} %",
        soft_wrap=True,
    )
    if found.dataset.note:
        console.print(f"Data: {found.dataset.note}")
    if found.suspects is not None:
        console.print(describe_suspects(found.suspects.ranked, found.dataset))
        console.print(
            "Margins are those of networks that have not seen the label. The order is by those "
            "that have: how they took it while they learnt.",
            soft_wrap=True,
        )


def describe_choice(choice: FoldChoice) -> str:
    """Say what was chosen and how sure that is."""
    best, *others = choice.order
    text = (
        f"Chosen: learning rate {best.learning_rate:g}, {_percent(best.mean)} ± "
        f"{_percent(best.standard_error)} % of {_what(choice)}"
    )
    if not others:
        return f"{text}."
    second = others[0]
    if not np.isfinite(second.mean):
        return f"{text}; the others diverged."
    verdict = "" if choice.told_apart else ": not told apart, either would do"
    return (
        f"{text}; {choice.standard_errors:.1f} standard errors of the paired difference before "
        f"{second.learning_rate:g}{verdict}."
    )


def _what(choice: FoldChoice) -> str:
    if not choice.voters:
        return "the held-out labels, as noisy as the rest"
    voters = ", ".join(f"{one.loss.name} at {one.learning_rate:g}" for one in choice.voters)
    return f"the classes that the best settings vote for ({voters})"


def _print_candidates(console: Console, choice: FoldChoice) -> None:
    settings = _settings(choice.chosen.loss.hyperparameters)
    title = f"{choice.chosen.loss.name} ({settings}) on folds of the noisy labels"
    table = Table(title=title, box=box.SIMPLE, title_justify="left")
    folds = range(1, len(choice.chosen.accuracies) + 1)
    table.add_column("learning rate")
    for column in (*(f"fold {fold}" for fold in folds), "mean", "standard error", ""):
        table.add_column(column, justify="right")
    for one in choice.candidates:
        shown = (*one.scores, one.mean, one.standard_error)
        chosen = "chosen" if one == choice.chosen else ""
        table.add_row(f"{one.learning_rate:g}", *map(_percent, shown), chosen)
    print_titled(console, table)


def _settings(pairs: Any) -> str:
    return ", ".join(f"{name} {value:g}" for name, value in pairs)


def _percent(share: float) -> str:
    return f"{100 * share:.2f}" if np.isfinite(share) else "–"
