"""What a transition matrix given to a loss must be."""

from typing import Any

import numpy as np

from esoftmax_jax import _checks


def check_transition_matrix(name: str, value: Any, num_classes: int) -> None:
    """Check a row-stochastic (K, K) matrix; the values only where they are concrete."""
    import chex  # here: it takes a quarter of the time that losses take to import

    _checks.check_floating(name, value)
    expected = (num_classes, num_classes)
    _checks.require(
        chex.assert_shape,
        value,
        expected,
        error=ValueError,
        message=f"{name}: expected shape {expected}, one row for each true class, got "
        f"{value.shape}",
    )
    if _checks.is_traced(value):
        return
    matrix = np.asarray(value, dtype=np.float64)
    sums = matrix.sum(axis=1)
    if np.all(matrix >= 0) and np.any(sums == 0):
        raise ValueError(
            f"{name}: expected rows of probabilities that sum to 1, got zeros alone for class "
            f"{np.flatnonzero(sums == 0)[0]}; a class of which nothing is known can have a 1 "
            f"on the diagonal"
        )
    if not (np.all(matrix >= 0) and np.all(np.abs(sums - 1) < 1e-3)):
        raise ValueError(
            f"{name}: expected rows of probabilities that sum to 1, got entries from "
            f"{matrix.min():g} to {matrix.max():g} and row sums from {sums.min():g} to "
            f"{sums.max():g}; T[i, j] is the probability of label j where class i is true"
        )


def check_invertible_matrix(name: str, value: Any, num_classes: int) -> None:
    """Check a transition matrix that has an inverse in its own precision."""
    check_transition_matrix(name, value, num_classes)
    if _checks.is_traced(value):
        return
    condition = np.linalg.cond(np.asarray(value, dtype=np.float64), 1)
    if not condition < (1e15 if value.dtype.itemsize == 8 else 1e7):
        raise ValueError(
            f"{name}: expected an invertible matrix, got one of condition number "
            f"{condition:.3g}; its labels do not tell the classes apart, use forward correction"
        )
