"""The nearest other examples, by matrix products a block of rows at a time."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from esoftmax_jax._host_types import HostFloats

# Scores of a block: 64 million float32 are 256 MB.
_MOST_SCORES = 2**26

_GROUP = 32  # columns that are looked at together


_PRECISE = 1e-4
"""Of the squared distance from the middle: nearer neighbours are looked for in float64."""

_Scores = NDArray[np.floating[Any]]


def nearest_neighbours(
    points: HostFloats, count: int, block_size: int | None
) -> NDArray[np.int64]:
    """Return the ``count`` nearest other rows of each row, the nearest first.

    Distances are Euclidean and computed in float32, and again in float64 for rows whose
    neighbours are so near that float32 has no digits for them. Time grows with the square of
    N, memory with N · ``block_size``.
    """
    # Of the median, which a row far off does not move. By a power of two, which changes no
    # digit: squares of float32 are finite.
    centred = points - np.median(points, axis=0)
    _, exponent = np.frexp(np.abs(centred).max(initial=0))
    rows = np.ldexp(centred, -exponent)
    size = len(rows)
    block = block_size or max(1, min(size, _MOST_SCORES // (-(-size // _GROUP) * _GROUP)))
    neighbours, distances = _nearest(rows.astype(np.float32), np.arange(size), count, block)
    near = np.flatnonzero(distances <= _PRECISE * np.square(rows).sum(axis=1))
    if near.size:
        neighbours[near], _ = _nearest(rows, near, count, -(-block // 2))
    return neighbours


def _nearest(
    rows: _Scores, which: NDArray[np.int64], count: int, block: int
) -> tuple[NDArray[np.int64], _Scores]:
    """Return the neighbours of these rows, and the squared distance of the farthest of them."""
    size, groups = len(rows), -(-len(rows) // _GROUP)
    half_norms = np.square(rows).sum(axis=1) / 2
    neighbours = np.empty((len(which), count), np.int64)
    distances = np.empty(len(which), rows.dtype)
    scores = np.full((min(block, len(which)), groups * _GROUP), -np.inf, rows.dtype)
    for start in range(0, len(which), block):
        own = which[start : start + block]
        part = scores[: len(own)]
        # The larger x·y − |y|²/2, the nearer is y to x.
        np.subtract(rows[own] @ rows.T, half_norms, out=part[:, :size])
        part[np.arange(len(own)), own] = -np.inf
        found = neighbours[start : start + block] = _largest(part, count, groups)
        last = np.take_along_axis(part, found[:, -1:], axis=1)[:, 0]
        distances[start : start + block] = 2 * (half_norms[own] - last)
    return neighbours, distances


def _largest(scores: _Scores, count: int, groups: int) -> NDArray[np.int64]:
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
