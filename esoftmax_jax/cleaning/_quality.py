"""How good an order of suspicion is, where it is known which labels are wrong."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from esoftmax_jax import _checks
from esoftmax_jax._host_types import AnyArray
from esoftmax_jax.cleaning._foreign_arrays import as_array


class RankingQuality(NamedTuple):
    """Measures of an order of suspicion, each in [0, 1], the larger the better."""

    auroc: float
    """Area under the ROC curve: how often a wrong label comes before a right one."""

    average_precision: float
    """Mean over the wrong labels of the share of wrong ones among all up to there."""

    precision: float
    """Share of wrong labels among the ``first`` ones."""


def ranking_quality(
    margins: AnyArray,
    wrong: AnyArray,
    *,
    first: int | None = None,
) -> RankingQuality:
    r"""Measure how far wrong labels come before right ones where margins go upwards.

    .. math::
       \mathrm{AUROC} = P(M_- < M_+) + \tfrac 1 2 P(M_- = M_+), \qquad
       \mathrm{AP} = \frac 1 W \sum_{i \,:\, \text{label } i \text{ wrong}} \frac{w_i}{i}

    M₋ is the margin of a wrong label, M₊ that of a right one, W the number of wrong ones and
    w_i that of those among the first i. Equal margins have no order: each measure is its mean
    over all orders of theirs. (scikit-learn's average precision takes equal ones as one step
    instead: where there are ties it is another number.)

    Args:
        margins: floating (N,), the lowest the most suspicious, in any order of examples; or
            any other score of that direction. NaN is refused.
        wrong: booleans (N,), whether each label is wrong; at least one is and one is not.
        first: how many of the most suspicious ``precision`` looks at, from 1 to N; the number
            of wrong labels by default.

    Returns:
        Three Python floats.

    Raises:
        TypeError: an argument of the wrong type or dtype.
        ValueError: a shape that does not fit, NaN, labels that are all right or all wrong, or
            a ``first`` outside [1, N].

    Example:
        >>> import numpy as np
        >>> from esoftmax_jax import cleaning
        >>> margins = np.array([-2.0, -1.0, 0.5, 3.0])
        >>> wrong = np.array([True, False, True, False])
        >>> auroc, average_precision, precision = cleaning.ranking_quality(margins, wrong)
        >>> print(auroc, round(average_precision, 4), precision)
        0.75 0.8333 0.5

    Reference:
        McSherry and Najork, "Computing Information Retrieval Performance Measures Efficiently
        in the Presence of Tied Scores", ECIR 2008.
    """
    values, positive = _checked(margins, wrong)
    count = int(positive.sum()) if first is None else _checked_first(first, len(values))
    order = np.argsort(values, kind="stable")
    _, group, sizes = np.unique(values[order], return_inverse=True, return_counts=True)
    found = np.bincount(group, weights=positive[order])
    # Of each example's group of equal margins: its size, its wrong labels, and how many
    # examples and wrong labels come before it.
    size, hits = sizes[group], found[group]
    ahead, hits_ahead = (np.cumsum(sizes) - sizes)[group], (np.cumsum(found) - found)[group]
    rank = np.arange(1, len(values) + 1)
    share = hits / size  # the chance that the label at a rank is wrong
    # If it is, so many wrong ones are expected up to it.
    inside = (rank - ahead - 1) * (hits - 1) / np.maximum(size - 1, 1)
    precisions = share * (hits_ahead + 1 + inside) / rank
    right_ahead = ahead - hits_ahead
    right_equal = size - hits
    total, total_right = found.sum(), len(values) - found.sum()
    later = total_right - right_ahead - right_equal / 2
    return RankingQuality(
        auroc=float(np.sum(share * later) / (total * total_right)),
        average_precision=float(np.sum(precisions) / total),
        precision=float(np.sum(share[:count]) / count),
    )


def _checked(margins: Any, wrong: Any) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    margins, wrong = as_array("margins", margins), as_array("wrong", wrong)
    _checks.check_floating("margins", margins)
    if margins.ndim != 1 or wrong.shape != margins.shape:
        raise ValueError(
            f"margins and wrong: expected one shape (N,), got {margins.shape} and {wrong.shape}"
        )
    if wrong.dtype != bool:
        raise TypeError(f"wrong: expected booleans, got {wrong.dtype}; pass labels != truth")
    values, positive = np.asarray(margins).astype(np.float64), np.asarray(wrong)
    unknown = int(np.isnan(values).sum())
    if unknown:
        raise ValueError(
            f"margins: expected numbers, got NaN for {unknown} of {len(values)} examples; "
            "leave out what has no margin"
        )
    if positive.all() or not positive.any():
        raise ValueError(
            f"wrong: expected right and wrong labels, got {int(positive.sum())} wrong ones of "
            f"{len(positive)}"
        )
    return values, positive


def _checked_first(first: object, most: int) -> int:
    interval = _checks.Interval(low=1, high=most, integer=True)
    _checks.check_hyperparameter("first", first, interval)
    assert isinstance(first, int | np.integer)
    return int(first)
