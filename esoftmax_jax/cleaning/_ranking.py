"""Labels in the order in which somebody should look at them."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from esoftmax_jax import _checks
from esoftmax_jax._host_types import AnyArray
from esoftmax_jax.cleaning._foreign_arrays import as_array


class LabelRanking(NamedTuple):
    """Examples in the order of suspicion: the label that is likeliest wrong comes first."""

    indices: NDArray[np.int64]
    """(N,), each example's place in the data."""

    margins: NDArray[Any]
    """floating (N,), its margin; those that are not known, NaN, come last."""

    suggestions: NDArray[Any]
    """integer (N,), the class that the network would rather give it."""

    @property
    def num_suspects(self) -> int:
        """How many labels the network would rather replace: the margin is below 0."""
        return int(np.sum(self.margins.astype(np.float64) < 0))


def rank_labels(margins: AnyArray, suggestions: AnyArray) -> LabelRanking:
    """Put examples in the order of how little a network agrees with their labels.

    Args:
        margins: floating (N,), the lowest is the most suspicious: margins of held-out
            examples, their means over training, or any other score of that direction, such as
            the probability of the label. Equal ones stay in the order of the data.
        suggestions: integer (N,), a class for each.

    Returns:
        Both, and the place of each example, in the new order and in NumPy's memory.

    Raises:
        TypeError: an argument of the wrong type or dtype.
        ValueError: a shape that does not fit.

    Example:
        >>> import numpy as np
        >>> from esoftmax_jax import cleaning
        >>> ranking = cleaning.rank_labels(np.array([1.5, -2.0, 0.5]), np.array([1, 0, 2]))
        >>> print(ranking.indices, ranking.suggestions, ranking.num_suspects)
        [1 2 0] [0 2 1] 1

    Reference:
        Pleiss et al., NeurIPS 2020, section 3.
    """
    margins, suggestions = as_array("margins", margins), as_array("suggestions", suggestions)
    _checks.check_floating("margins", margins)
    if margins.ndim != 1:
        raise ValueError(
            f"margins: expected shape (N,), one for each example, got {margins.shape}"
        )
    _checks.check_integers("suggestions", suggestions, margins.shape)
    values, classes = np.asarray(margins), np.asarray(suggestions)
    order = np.argsort(values.astype(np.float64), kind="stable").astype(np.int64)
    return LabelRanking(order, values[order], classes[order])
