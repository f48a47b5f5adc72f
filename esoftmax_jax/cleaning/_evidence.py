"""What probabilities of a network that has not seen a label say of it."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from esoftmax_jax import _checks
from esoftmax_jax._host_types import AnyArray, HostFloats
from esoftmax_jax.cleaning._foreign_arrays import as_array
from esoftmax_jax.cleaning._label_lists import integers

# Wide enough for a softmax in half precision, too narrow for anything else.
_ROW_SUM_TOLERANCE = 1e-2


class LabelEvidence(NamedTuple):
    """Evidence about each label. Of the first two, the lower the more suspicious."""

    self_confidences: HostFloats
    """(N,), in [0, 1]: the probability of the label."""

    margins: HostFloats
    """(N,), in [−1, 1]: that probability minus the largest of the other classes."""

    predictions: NDArray[np.int64]
    """(N,), the likeliest class; of equally likely ones the lowest."""

    suggestions: NDArray[np.int64]
    """(N,), the likeliest class that is not the label."""


def label_evidence(probabilities: AnyArray, labels: AnyArray) -> LabelEvidence:
    r"""Return what out-of-fold probabilities say of each label.

    .. math:: s = p_y, \qquad M = p_y - \max_{k \ne y} p_k, \qquad
              \hat y = \arg\max_k p_k, \qquad \tilde y = \arg\max_{k \ne y} p_k

    s is the self-confidence and M the normalised margin of the source; below 0 the network
    prefers another class. The probabilities must come from a network that was not trained on
    the label in question, as in K-fold cross-validation: one that was may have memorised it.
    Columns in another order are not noticed: every label then looks wrong.

    Args:
        probabilities: floating (N, K), K ≥ 2, rows sum to 1; columns are in the order of the
            classes.
        labels: integers (N,) in [0, K).

    Returns:
        Four arrays (N,) in NumPy's memory; :func:`rank_labels` takes ``margins`` and
        ``suggestions``.

    Raises:
        TypeError: an argument of the wrong type or dtype.
        ValueError: a shape that does not fit, a row that is no distribution, a label that is
            no class, or one that is masked.

    Example:
        >>> import numpy as np
        >>> from esoftmax_jax import cleaning
        >>> probabilities = np.array([[0.75, 0.25, 0.0], [0.5, 0.25, 0.25]])
        >>> evidence = cleaning.label_evidence(probabilities, np.array([0, 2]))
        >>> print(evidence.self_confidences, evidence.margins, evidence.suggestions)
        [0.75 0.25] [ 0.5  -0.25] [1 0]

    Reference:
        Northcutt, Jiang and Chuang, "Confident Learning: Estimating Uncertainty in Dataset
        Labels", JAIR 2021, section 3.
    """
    rows = checked_probabilities(probabilities)
    given = integers("labels", labels)
    if len(given) != len(rows):
        raise ValueError(
            f"probabilities: expected one row for each of {len(given)} labels, got {len(rows)}"
        )
    outside = np.flatnonzero((given < 0) | (given >= rows.shape[1]))
    if outside.size:
        raise ValueError(
            f"labels: expected classes in [0, {rows.shape[1]}), one for each column, got "
            f"{given[outside[0]]} in row {outside[0]}"
        )
    own = given[:, None] == np.arange(rows.shape[1])
    label, others = rows[own], np.where(own, -np.inf, rows)
    return LabelEvidence(
        label, label - others.max(axis=1), rows.argmax(axis=1), others.argmax(axis=1)
    )


def checked_probabilities(value: Any) -> HostFloats:
    """Return probabilities (N, K) in float64, or raise as ``label_evidence`` does."""
    array = np.asarray(as_array("probabilities", value))
    _checks.check_floating("probabilities", array)
    if array.ndim != 2 or array.shape[1] < 2 or not array.size:
        raise ValueError(
            f"probabilities: expected shape (N, K) with K of at least 2, got {array.shape}; "
            "of two classes pass both columns"
        )
    rows = array.astype(np.float64)
    low, high = -_ROW_SUM_TOLERANCE, 1 + _ROW_SUM_TOLERANCE
    bad = ~((rows >= low) & (rows <= high))
    if bad.any():
        row, column = np.argwhere(bad)[0].tolist()
        missing = np.isnan(rows[row, column])
        remedy = "leave them out" if missing else "pass the softmax of logits"
        raise ValueError(
            f"probabilities: expected numbers in [0, 1], got {rows[row, column]:g} in row "
            f"{row} ({bad.any(axis=1).sum()} such rows); {remedy}"
        )
    sums = rows.sum(axis=1)
    off = np.flatnonzero(np.abs(sums - 1) > _ROW_SUM_TOLERANCE)
    if off.size:
        raise ValueError(
            f"probabilities: expected rows that sum to 1, got {sums[off[0]]:.4g} in row "
            f"{off[0]} ({off.size} such rows); pass the softmax of logits, with a column for "
            "every class"
        )
    clipped: HostFloats = np.clip(rows, 0, 1)
    return clipped


def mean_ranks(*evidence: AnyArray) -> HostFloats:
    r"""Combine several kinds of evidence into one score: the mean of each example's ranks.

    .. math:: r_n = \frac 1 J \sum_{j=1}^J \frac{R_j(n) - 1/2}{N}

    R_j(n) is the place, from 1, of example n where evidence j goes upwards; equal ones share
    the mean of their places. Ranks need no common scale, and one kind that goes wrong does not
    outweigh the others.

    Args:
        evidence: one array or more, numbers (N,), the lower the more suspicious, such as
            self-confidences, margins and mean margins over training. NaN is refused.

    Returns:
        The score, float64 (N,), in (0, 1): the lower the more suspicious. :func:`rank_labels`
        takes it as margins.

    Raises:
        TypeError: no evidence, or one that is no array of numbers.
        ValueError: shapes that differ, or NaN.

    Example:
        >>> import numpy as np
        >>> from esoftmax_jax import cleaning
        >>> print(cleaning.mean_ranks(np.array([0.1, 0.9]), np.array([-1.0, 7.0])))
        [0.25 0.75]

    Reference:
        Dwork, Kumar, Naor and Sivakumar, "Rank Aggregation Methods for the Web", WWW 2001:
        Borda's method.
    """
    if not evidence:
        raise TypeError("evidence: expected one array or more, got none")
    columns = [_numbers(f"evidence {place}", one) for place, one in enumerate(evidence, 1)]
    shapes = [column.shape for column in columns]
    if len(set(shapes)) > 1 or columns[0].ndim != 1:
        raise ValueError(
            f"evidence: expected one shape (N,), got {', '.join(map(str, shapes))}"
        )
    ranks: HostFloats = np.mean([_midranks(column) for column in columns], axis=0)
    return ranks


def _numbers(name: str, value: Any) -> HostFloats:
    array = np.asarray(as_array(name, value))
    if array.dtype.kind not in "iu":
        _checks.check_floating(name, array)
    numbers = array.astype(np.float64)
    unknown = int(np.isnan(numbers).sum())
    if unknown:
        raise ValueError(
            f"{name}: expected numbers, got NaN for {unknown} of {len(numbers)} examples; "
            "leave them out"
        )
    return numbers


def _midranks(values: HostFloats) -> HostFloats:
    """Return ranks as shares of N; equal values share the mean of theirs."""
    _, group, sizes = np.unique(values, return_inverse=True, return_counts=True)
    middle: HostFloats = (np.cumsum(sizes) - sizes / 2) / len(values)
    return middle[group]
