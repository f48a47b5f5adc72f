"""Which loss the labels choose that were held out of training, and how sure that is.

The test set has no say: a loss picked by its column would be reported better than it is.
"""

import dataclasses
import math
from collections.abc import Sequence

import numpy as np

from esoftmax_jax.app.engine.finished_run import Run
from esoftmax_jax.app.jobs.tuning import choose, held_out_accuracies
from esoftmax_jax.app.runs.report import Row, noise_name

NOTHING_HELD_OUT = (
    "No labels were held out for choosing a loss, so none is recommended: the test columns are "
    "a report, and the best of several is flattered by them. --tune holds out a fifth of the "
    "training labels and chooses by these."
)


@dataclasses.dataclass(frozen=True)
class Recommendation:
    """What to say of one kind of noise, and the runs to repeat, if any are recommended."""

    text: str
    row: Row | None


@dataclasses.dataclass(frozen=True)
class _Scored:
    """A loss at the settings chosen for it: agreement with held-out labels over seeds.

    Attributes:
        row: the final runs.
        accuracies: one for each seed.
        labels: how many each seed held out.
        tried: among how many settings the best were chosen.
    """

    row: Row
    accuracies: tuple[float, ...]
    labels: int
    tried: int

    @property
    def mean(self) -> float:
        return float(np.mean(self.accuracies))

    @property
    def error(self) -> float:
        """The standard error of the mean: of a share of so many labels, or over seeds.

        The larger of both, since two seeds can be alike by chance. Two labels are added to
        either side (Agresti and Coull 1998), as none wrong of a few is no certainty.
        """
        count = self.labels * len(self.accuracies) + 4
        share = (self.mean * (count - 4) + 2) / count
        binomial = math.sqrt(share * (1 - share) / count)
        if len(self.accuracies) < 2:
            return binomial
        over_seeds = float(np.std(self.accuracies, ddof=1)) / math.sqrt(len(self.accuracies))
        return max(binomial, over_seeds)


def recommend(
    tuning: Sequence[Run], rows: Sequence[Row], labels: int, *, as_they_came: bool = False
) -> list[Recommendation]:
    """Recommend, for each noise, the loss that agrees best with held-out labels.

    A loss with a run that diverged, as its training loss tells, is left out.

    Args:
        tuning: the runs that held labels out; none if nothing was chosen.
        rows: the final runs. One loss alone needs no choosing.
        labels: how many each tuning run held out.
        as_they_came: see ``noise_name``.
    """
    recommended = []
    for noise in dict.fromkeys(row.noise for row in rows):
        # By name: CE at the common rate stands beside CE, and was not chosen.
        of_noise = [r for r in rows if r.noise == noise and r.label == _loss(r)]
        if len(of_noise) == 1 and not of_noise[0].diverged:
            recommended.append(Recommendation("", of_noise[0]))
        elif tuning:
            scored = _scored(tuning, [r for r in of_noise if not r.diverged], labels)
            name = noise_name(noise, as_they_came)
            if scored:
                recommended.append(Recommendation(_sentence(name, scored), scored[0].row))
    if not tuning and len({_loss(row) for row in rows}) > 1:
        recommended.append(Recommendation(NOTHING_HELD_OUT, None))
    return recommended


def _loss(row: Row) -> str:
    return row.runs[0].config.loss.name


def _scored(tuning: Sequence[Run], rows: Sequence[Row], labels: int) -> list[_Scored]:
    """Return the losses with finite scores, the best first, a tie in the order given."""
    chosen, accuracies = choose(tuning), held_out_accuracies(tuning)
    scored = []
    for row in rows:
        cell = row.noise, _loss(row)
        if cell in chosen:
            of_cell = accuracies[cell]
            scored.append(_Scored(row, tuple(of_cell[chosen[cell]]), labels, len(of_cell)))
    return sorted((one for one in scored if math.isfinite(one.mean)), key=lambda one: -one.mean)


def _sentence(noise: str, scored: Sequence[_Scored]) -> str:
    best, *others = scored
    seeds = len(best.accuracies)
    of_seeds = f"for each of {seeds} seeds" if seeds > 1 else "for 1 seed"
    tied = [one.row.label for one in others if one.mean == best.mean]
    which = f" (a tie with {', '.join(tied)}: the first named counts)" if tied else ""
    text = (
        f"{noise}: {best.row.label} is recommended{which}; it agrees with "
        f"{100 * best.mean:.1f} ± {100 * best.error:.1f} % of the labels held "
        f"out of training ({best.labels} {of_seeds}; ± is the standard error)"
    )
    below = [(best.mean - one.mean, math.hypot(best.error, one.error)) for one in others]
    level = [one for one, (points, error) in zip(others, below, strict=True) if points <= error]
    if level:
        named = ", ".join(f"{one.row.label} ({100 * one.mean:.1f} %)" for one in level)
        text += (
            f". Not told apart from it, within one standard error of the difference: {named}"
        )
    elif others:
        points, error = below[0]
        text += (
            f". Next is {others[0].row.label}, {100 * points:.1f} ± {100 * error:.1f} points "
            "below"
        )
    least, most = min(one.tried for one in scored), max(one.tried for one in scored)
    if most > 1:
        number = f"{least} to {most}" if least < most else str(most)
        text += f". Each is the best of {number} settings tried, which flatters a little"
    return f"{text}."
