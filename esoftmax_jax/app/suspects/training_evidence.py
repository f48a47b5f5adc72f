"""What networks said of labels while they learnt them, and the order of doubt it gives."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from esoftmax_jax import cleaning

Floats = npt.NDArray[np.float32]


class TrainingEvidence(NamedTuple):
    """Of each label, the mean over the networks that were trained on it; NaN without any."""

    margins: Floats
    """(N,): the label's logit minus the largest other one, a mean over epochs."""

    wrong_events: Floats
    """(N,), in [0, 1]: share of the epochs in which the label was not predicted."""

    @classmethod
    def of(
        cls, margins: Sequence[Floats], wrong_events: Sequence[Floats]
    ) -> "TrainingEvidence":
        """Return the mean of what several networks said, an array (N,) for each."""
        return cls(_mean(np.stack(margins)), _mean(np.stack(wrong_events)))

    def take(self, rows: npt.NDArray[np.integer[Any]]) -> "TrainingEvidence":
        """Return that of the examples in ``rows``; −1 is one that was not trained on."""
        found = (np.where(rows < 0, np.float32(np.nan), one[rows]) for one in self)
        return TrainingEvidence(*found)

    def scores(self, margins: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.float64]:
        """Return a score of each label, the lower the more suspicious.

        Labels are put in the order of the mean of three ranks: by their margins in training, by
        their wrong events and by their margins out of fold. As scores they get the margins out
        of fold of all of them in that order, so that labels that were not trained on, which
        keep theirs, lie where they belong among the others.

        Args:
            margins: (N,), out of fold.
        """
        found = np.asarray(margins, np.float64).copy()
        seen = np.flatnonzero(np.isfinite(self.margins) & np.isfinite(self.wrong_events))
        if seen.size:
            ranks = cleaning.mean_ranks(
                self.margins[seen], -self.wrong_events[seen], found[seen]
            )
            order = seen[np.lexsort((found[seen], ranks))]
            found[order] = np.sort(found[seen])
        return found


def _mean(values: Floats) -> Floats:
    """Return the mean of each column over what is known, NaN where nothing is."""
    known = ~np.isnan(values)
    total = np.where(known, values, 0).sum(axis=0, dtype=np.float64)
    count = known.sum(axis=0)
    mean = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    return mean.astype(np.float32)
