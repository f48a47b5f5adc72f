"""How probable it is that a label is wrong, where it is known how many are."""

import numbers

import numpy as np
from numpy.typing import NDArray

from esoftmax_jax import _checks
from esoftmax_jax._host_types import AnyArray, HostFloats
from esoftmax_jax.cleaning._foreign_arrays import as_array

_LEAST = 1e-9  # a probability of exactly 0 or 1 is rounded
_STEPS = 60  # of bisection


def wrong_label_probabilities(
    self_confidences: AnyArray, expected_wrong: float, *, score: AnyArray | None = None
) -> HostFloats:
    r"""Return a probability of being wrong for each label, whose sum is an estimated number.

    .. math:: \frac{w_n}{1 - w_n} = e^b\, \frac{1 - p_n}{p_n}, \qquad \sum_n w_n = W

    p is the self-confidence, W the estimated number of wrong labels, and b the one number that
    makes the sum right: the odds of two classes, wrong and right, under another prior. With a
    score, w is then made monotone in it: the closest numbers in squares that never rise where
    the score does (isotonic regression), which keep the sum.

    It is a calibration in the large: right on average over all labels if W is right. Nothing
    makes it right within a class or a group, since no label is known to be right or wrong.

    Args:
        self_confidences: floating (N,) in [0, 1], the out-of-fold probability of each label.
        expected_wrong: W, from 0 to N, such as N times an estimated noise rate.
        score: numbers (N,), the lower the more suspicious, such as :func:`mean_ranks`; by
            default the self-confidences.

    Returns:
        Probabilities, float64 (N,).

    Raises:
        TypeError: an argument of the wrong type or dtype.
        ValueError: a shape that does not fit, or a number outside its interval.

    Example:
        >>> import numpy as np
        >>> from esoftmax_jax import cleaning
        >>> found = cleaning.wrong_label_probabilities(np.array([0.1, 0.5, 0.9]), 1.5)
        >>> print(found.round(3))
        [0.9 0.5 0.1]

    Reference:
        Saerens, Latinne and Decaestecker, "Adjusting the Outputs of a Classifier to New a
        Priori Probabilities", Neural Computation 2002, equation 2.4; Zadrozny and Elkan,
        "Transforming Classifier Scores into Accurate Multiclass Probability Estimates", KDD
        2002, for the isotonic regression.
    """
    given = np.asarray(as_array("self_confidences", self_confidences))
    _checks.check_floating("self_confidences", given)
    if given.ndim != 1:
        raise ValueError(f"self_confidences: expected shape (N,), got {given.shape}")
    own = given.astype(np.float64)
    if not ((own >= 0) & (own <= 1)).all():
        raise ValueError("self_confidences: expected probabilities in [0, 1], got others")
    number: object = expected_wrong
    if isinstance(number, bool) or not isinstance(number, numbers.Real):
        raise TypeError(f"expected_wrong: expected a number, got {number!r}")
    total = float(number)
    if not 0 <= total <= len(own):
        raise ValueError(
            f"expected_wrong: expected a number from 0 to the {len(own)} labels, got {total:g}"
        )
    wrong = _with_sum(np.clip(own, _LEAST, 1 - _LEAST), total)
    if score is None:
        return wrong
    order = np.asarray(as_array("score", score))
    if order.dtype.kind not in "iu":
        _checks.check_floating("score", order)
    if order.shape != own.shape or np.isnan(order).any():
        raise ValueError(
            f"score: expected a number for each of {len(own)} labels, got shape {order.shape}"
            f"{' with NaN' if order.shape == own.shape else ''}"
        )
    return _never_rising(wrong, order)


def _with_sum(own: HostFloats, total: float) -> HostFloats:
    """Return the odds of 1 − own against own, shifted until the sum is right."""
    if total in (0, len(own)):
        return np.full(len(own), float(total > 0))
    odds = np.log1p(-own) - np.log(own)
    # Beyond these shifts all are right, or all wrong.
    low, high = -odds.max() - 40, -odds.min() + 40
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if np.sum(1 / (1 + np.exp(-odds - middle))) < total:
            low = middle
        else:
            high = middle
    shifted: HostFloats = 1 / (1 + np.exp(-odds - high))
    return shifted


def _never_rising(values: HostFloats, score: NDArray[np.generic]) -> HostFloats:
    """Return the closest values that never rise with the score; equal scores share one."""
    _, group, sizes = np.unique(score, return_inverse=True, return_counts=True)
    means = np.bincount(group, values) / sizes
    blocks: list[tuple[float, int, int]] = []  # mean, examples, groups
    for mean, size in zip(means.tolist(), sizes.tolist(), strict=True):
        count = 1
        while blocks and blocks[-1][0] < mean:  # neighbours in the wrong order become one
            before, its_size, its_count = blocks.pop()
            mean = (before * its_size + mean * size) / (its_size + size)
            size, count = size + its_size, count + its_count
        blocks.append((mean, size, count))
    fitted = np.repeat([one[0] for one in blocks], [one[2] for one in blocks])
    result: HostFloats = fitted[group]
    return result
