"""The nearest other examples, by matrix products a block of rows at a time."""

import numpy as np
from numpy.typing import NDArray

from esoftmax_jax._host_types import HostFloats

# Scores of a block: 64 million float32 are 256 MB.
_MOST_SCORES = 2**26

_GROUP = 32  # columns that are looked at together


def nearest_neighbours(
    points: HostFloats, count: int, block_size: int | None
) -> NDArray[np.int64]:
    """Return the ``count`` nearest other rows of each row, the nearest first.

    Distances are Euclidean and computed in float32. Time grows with the square of N, memory
    with N · ``block_size``.
    """
    # By a power of two, which changes no digit: squares of float32 are finite and not 0.
    _, exponent = np.frexp(np.abs(points).max(initial=0))
    rows = np.ldexp(points, -exponent).astype(np.float32)
    size = len(rows)
    groups = -(-size // _GROUP)
    block = block_size or max(1, min(size, _MOST_SCORES // (groups * _GROUP)))
    half_norms = np.square(rows).sum(axis=1) / 2
    neighbours = np.empty((size, count), np.int64)
    scores = np.full((min(block, size), groups * _GROUP), -np.inf, np.float32)
    for start in range(0, size, block):
        stop = min(start + block, size)
        part = scores[: stop - start]
        # The larger x·y − |y|²/2, the nearer is y to x.
        np.subtract(rows[start:stop] @ rows.T, half_norms, out=part[:, :size])
        part[np.arange(stop - start), np.arange(start, stop)] = -np.inf
        neighbours[start:stop] = _largest(part, count, groups)
    return neighbours


def _largest(scores: NDArray[np.float32], count: int, groups: int) -> NDArray[np.int64]:
    """Return the columns of the largest scores of each row.

    They lie in the ``count`` groups of columns whose largest scores are the largest, so that
    most columns need no sorting.
    """
    best = scores.reshape(len(scores), _GROUP, groups).max(axis=1)
    kept = min(count, groups)
    chosen = np.argpartition(-best, kept - 1, axis=1)[:, :kept]
    columns = np.arange(_GROUP)[:, None] * groups + chosen[:, None, :]
    columns = np.sort(columns.reshape(len(scores), -1), axis=1)
    order = np.argsort(-np.take_along_axis(scores, columns, axis=1), axis=1, kind="stable")
    return np.take_along_axis(columns, order[:, :count], axis=1)
