"""What the labels of neighbours say of a label."""

import numpy as np

from esoftmax_jax import _checks
from esoftmax_jax._host_types import AnyArray, HostFloats
from esoftmax_jax._neighbours import nearest_neighbours
from esoftmax_jax.cleaning._foreign_arrays import as_array
from esoftmax_jax.cleaning._label_lists import integers


def neighbour_margins(
    features: AnyArray, labels: AnyArray, *, neighbours: int = 20
) -> HostFloats:
    r"""Return how far the labels of the nearest others agree with each label.

    .. math:: M = v_y - \max_{k \ne y} v_k, \qquad
              v_k = \tfrac 1 J\, \#\{j \le J : y_{n_j} = k\}

    n_1, …, n_J are the J nearest other examples by Euclidean distance. Below 0 they prefer
    another class. Time grows with the square of N: a minute for 50 000 examples of 512 numbers.

    Args:
        features: numbers (N, D) by which near examples are of one class, such as embeddings of
            a network that was not trained on these labels; of one scale.
        labels: integers (N,) from 0.
        neighbours: J, from 1; all others at most.

    Returns:
        float64 (N,) in [−1, 1], the lower the more suspicious.

    Raises:
        TypeError: an argument of the wrong type or dtype.
        ValueError: a shape that does not fit, a number that is not finite, or rows that are all
            the same.

    Example:
        >>> import numpy as np
        >>> from esoftmax_jax import cleaning
        >>> features = np.array([[0.0], [0.1], [0.2], [9.0], [9.1], [9.2]])
        >>> labels = np.array([0, 0, 1, 1, 1, 1])
        >>> print(cleaning.neighbour_margins(features, labels, neighbours=2))
        [ 0.  0. -1.  1.  1.  1.]

    Reference:
        Zhu, Dong and Liu, "Detecting Corrupted Labels Without Training a Model to Predict",
        ICML 2022, section 4.1: the vote of neighbours.
    """
    _checks.check_hyperparameter("neighbours", neighbours, _checks.POSITIVE_INTEGER)
    given = integers("labels", labels)
    rows = np.asarray(as_array("features", features))
    if rows.dtype.kind not in "iu":
        _checks.check_floating("features", rows)
    if rows.ndim != 2 or len(rows) != len(given) or len(rows) < 2:
        raise ValueError(
            f"features: expected shape (N, D), a row for each of {len(given)} labels and at "
            f"least two, got {rows.shape}"
        )
    points = rows.astype(np.float64)
    bad = np.flatnonzero(~np.isfinite(points).all(axis=1))
    if bad.size:
        raise ValueError(
            f"features: expected finite numbers, got others in row {bad[0]} ({bad.size} such "
            "rows); fill them in"
        )
    if (points == points[0]).all():
        raise ValueError(
            "features: expected rows that differ, got the same for every example; pass others"
        )
    if given.min() < 0:
        raise ValueError(f"labels: expected classes from 0, got {given.min()}")
    given = np.unique(given, return_inverse=True)[1]  # ids would ask for a column each
    count = min(neighbours, len(given) - 1)
    found = nearest_neighbours(points, count, None)
    votes = np.zeros((len(given), int(given.max()) + 1))
    np.add.at(votes, (np.arange(len(given))[:, None], given[found]), 1)
    own = given[:, None] == np.arange(votes.shape[1])
    others = np.where(own, -np.inf, votes).max(axis=1) if votes.shape[1] > 1 else 0
    margins: HostFloats = (votes[own] - others) / count
    return margins
