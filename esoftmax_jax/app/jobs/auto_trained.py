"""What ``auto`` leaves, as a value and as text."""

import dataclasses
import itertools

import numpy as np
import numpy.typing as npt
from rich import box
from rich.console import Console
from rich.table import Table

from esoftmax_jax import cleaning
from esoftmax_jax.app.engine.finished_run import Run
from esoftmax_jax.app.files.arrays import Array
from esoftmax_jax.app.jobs.trained import Trained
from esoftmax_jax.app.runs.fold_choice import TOLD_APART, Candidate, FoldChoice
from esoftmax_jax.app.runs.softmax import softmax
from esoftmax_jax.app.suspects.suspect_list import describe_suspects
from esoftmax_jax.app.suspects.training_evidence import TrainingEvidence
from esoftmax_jax.app.terminal.console import print_titled
from esoftmax_jax.app.terminal.short_repr import short_repr


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class AutoTrained(Trained):
    """Networks of the chosen rate as one model, and what those on folds say of each label.

    N are the training examples, K the classes.

    Attributes:
        choice: what was chosen, between what, and how sure that is.
        runs: all on folds, fold after fold of setting after setting, the rule's first; ``run``
            is the first one of the chosen setting.
        labels: int32 (N,), the labels trained on.
        out_of_fold_logits: float32 (N, K), of each example by the network that has not seen it.
        training_evidence: of each label by the networks that were trained on it, while they
            learnt: mean margin, and share of the epochs in which it was not predicted; and how
            far examples that are alike have it.
        test_accuracy: of the model, the mean of the probabilities of further networks of that
            rate, each trained on nearly all examples.
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
    if guess := describe_guess(found.choice.chosen, found.labels):
        console.print(guess, soft_wrap=True)
    accuracy = f"Test accuracy {100 * found.test_accuracy:.2f} %."
    console.print(f"{describe_model(found)} {accuracy}", soft_wrap=True)
    if found.dataset.note:
        console.print(f"Data: {found.dataset.note}", soft_wrap=True)
    if found.suspects is not None:
        console.print(describe_suspects(found.suspects.ranked, found.dataset))
        console.print(
            "Margins are those of networks that have not seen the label. The order is by them, "
            "by what the others said of it while they learnt it, and by the labels of examples "
            "that are alike.",
            soft_wrap=True,
        )


def describe_model(found: AutoTrained) -> str:
    """Say what the model is."""
    members = found.model.card.members
    return (
        f"The model is the mean of {members} further networks of that setting, each trained on "
        "nearly all examples."
    )


def describe_choice(choice: FoldChoice) -> str:
    """Say what was chosen and how sure that is."""
    chosen, (best, *others) = choice.chosen, choice.order
    text = (
        f"Chosen: {_named(chosen)}, {_percent(chosen.mean)} ± "
        f"{_percent(chosen.standard_error)} % of {_what(choice)}"
    )
    if chosen != best:
        behind, error = (100 * one for one in chosen.behind(best))
        return (
            f"{text}; the best, {_named(best)}, gives {behind:.2f} points more, within the "
            f"standard error of the paired difference, {error:.2f} points: of such the lowest "
            f"memorises the fewest wrong labels.{_undecided(choice)}"
        )
    if not others:
        return f"{text}."
    second = others[0]
    if not np.isfinite(second.mean):
        return f"{text}; the others diverged."
    right = (
        " The networks predict so many of the labels that few can be wrong. So cross-entropy "
        "was tried too, and the best was taken."
        if choice.nearly_right
        else ""
    )
    ahead = f"{choice.standard_errors:.1f} standard errors of the paired difference before"
    if second.mean == best.mean:
        ahead = "level with"
    return f"{text}; {ahead} {_named(second)}{_doubts(choice)}.{right or _undecided(choice)}"


def _doubts(choice: FoldChoice) -> str:
    """Say which others would do as well as the best, in the middle of a sentence.

    Of those that follow it: one after another that is told apart may be close for scattering.
    """
    near, others = choice.within(TOLD_APART), choice.order[1:]
    close = list(itertools.takewhile(lambda one: one in near, others))
    if len(close) < 2:
        return ": not told apart, either would do" if close else ""
    which = f"{_named(close[0])} and {len(close) - 1} more are not"
    if len(close) == len(others):
        which = "none of the others is"
    return f": {which} told apart from the best, any would do"


def _undecided(choice: FoldChoice) -> str:
    """Say so if all settings are so close that the lowest rate is taken whatever they are."""
    if not choice.cannot_tell or choice.nearly_right or choice.by_first_fold:
        return ""
    return (
        " No rate is more than a standard error behind the best: these labels are too few to "
        "choose by, and the lowest is taken."
    )


def describe_guess(chosen: Candidate, labels: npt.NDArray[np.int32]) -> str:
    """Say so if guessing the most frequent label may do as well; "" if it does not."""
    guess = float(np.bincount(labels).max() / len(labels))
    given = dataclasses.replace(chosen, agreements=(), examples=())
    if given.mean - 2 * given.standard_error > guess:
        return ""
    return (
        f"Guessing the most frequent label always would give {_percent(guess)} %: these "
        "networks may have learnt nothing else. Trust neither the model nor the order of the "
        "labels; add examples or features."
    )


def _what(choice: FoldChoice) -> str:
    if choice.by_first_fold:
        return (
            f"the {len(choice.chosen.examples)} labels of the first fold, as noisy as the rest "
            "(all rates on all folds: --effort less)"
        )
    if not choice.voters:
        return "the held-out labels, as noisy as the rest"
    voters = ", ".join(f"{loss_of(one)} at {one.learning_rate:g}" for one in choice.voters)
    return f"the classes that the best settings vote for ({voters})"


def _print_candidates(console: Console, choice: FoldChoice) -> None:
    title = f"{loss_of(choice.candidates[0])} on folds of the noisy labels"
    table = Table(title=title, box=box.SIMPLE, title_justify="left")
    folds = range(1, len(choice.chosen.accuracies) + 1)
    table.add_column("learning rate")
    # Where the first fold alone counts, it is the mean; beside other folds that would mislead.
    means = () if choice.by_first_fold else ("mean",)
    for column in (*(f"fold {fold}" for fold in folds), *means, "standard error", ""):
        table.add_column(column, justify="right")
    for one in choice.candidates:
        missing = [np.nan] * (len(folds) - len(one.by_fold))
        of_all = (one.mean,) if means else ()
        shown = (*one.by_fold, *missing, *of_all, one.standard_error)
        chosen = "chosen" if one == choice.chosen else ""
        table.add_row(_named(one).removeprefix("learning rate "), *map(_percent, shown), chosen)
    print_titled(console, table)


def _named(one: Candidate) -> str:
    rate = f"{one.learning_rate:g}"
    return f"cross-entropy at {rate}" if _is_plain(one) else f"learning rate {rate}"


def loss_of(one: Candidate) -> str:
    """Name the loss of a setting with what was set of it."""
    if _is_plain(one):
        return "cross-entropy"
    settings = ", ".join(f"{name} {value:g}" for name, value in one.loss.hyperparameters)
    return f"{one.loss.name} ({settings})" if settings else one.loss.name


def _is_plain(one: Candidate) -> bool:
    """Tell whether it is cross-entropy: the rule's loss without MAE."""
    return dict(one.loss.hyperparameters).get("beta") == 0


def _percent(share: float) -> str:
    return f"{100 * share:.2f}" if np.isfinite(share) else "–"
