"""What is known of labels beside a network that has not seen them, and the order it gives."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from esoftmax_jax import cleaning

Floats = npt.NDArray[np.float32]


class TrainingEvidence(NamedTuple):
    """Of each label what networks said of it that were trained on it, and its neighbours.

    NaN where nothing is known.
    """

    margins: Floats
    """(N,): the label's logit minus the largest other one, a mean over networks and epochs."""

    wrong_events: Floats
    """(N,), in [0, 1]: share of the epochs in which the label was not predicted, a mean."""

    neighbour_margins: Floats
    """(N,), in [−1, 1]: share of the nearest examples that have the label, less that of another
    class."""

    @classmethod
    def of(
        cls,
        margins: Sequence[Floats],
        wrong_events: Sequence[Floats],
        neighbour_margins: Floats | None = None,
    ) -> "TrainingEvidence":
        """Return the mean of what several networks said, an array (N,) for each."""
        margin, events = _mean(np.stack(margins)), _mean(np.stack(wrong_events))
        nothing = np.full_like(margin, np.nan)
        near = nothing if neighbour_margins is None else neighbour_margins
        return cls(margin, events, near)

    def beside(self, neighbour_margins: npt.NDArray[np.floating[Any]]) -> "TrainingEvidence":
        """Return the same with other neighbours."""
        return self._replace(neighbour_margins=neighbour_margins.astype(np.float32))

    def take(self, rows: npt.NDArray[np.integer[Any]]) -> "TrainingEvidence":
        """Return that of the examples in ``rows``; −1 is one that was not trained on."""
        found = (np.where(rows < 0, np.float32(np.nan), one[rows]) for one in self)
        return TrainingEvidence(*found)

    def scores(self, margins: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.float64]:
        """Return a score of each label, the lower the more suspicious.

        Labels are put in the order of the mean of their ranks: by their margins in training, by
        their wrong events, by their margins out of fold and, where these are known, by their
        neighbours. Those that were not trained on are put among all by the last two, or keep
        their margins. As scores they get margins out of fold in that order, so that all of
        them can be compared.

        Args:
            margins: (N,), out of fold.
        """
        given = np.asarray(margins, np.float64)
        found, near = given.copy(), self.neighbour_margins
        compared = np.isfinite(near)
        if compared.any():
            found[compared] = _in_order_of(given[compared], near[compared])
        seen = np.isfinite(self.margins) & np.isfinite(self.wrong_events)
        if seen.any():
            kinds = [self.margins[seen], -self.wrong_events[seen]]
            kinds += [near[seen]] if compared[seen].all() else []
            found[seen] = _in_order_of(given[seen], *kinds)
        return found


def _in_order_of(
    values: npt.NDArray[np.float64], *kinds: npt.NDArray[np.floating[Any]]
) -> npt.NDArray[np.float64]:
    """Return the values given out anew in the order of mean ranks, their own among them."""
    order = np.lexsort((values, cleaning.mean_ranks(values, *kinds)))
    found = np.empty_like(values)
    found[order] = np.sort(values)
    return found


def _mean(values: Floats) -> Floats:
    """Return the mean of each column over what is known, NaN where nothing is."""
    known = ~np.isnan(values)
    total = np.where(known, values, 0).sum(axis=0, dtype=np.float64)
    count = known.sum(axis=0)
    mean = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    return mean.astype(np.float32)
