"""Points of the simplex: those at which sums are extreme as a rule, lattices and neighbours."""

import math
from itertools import combinations

import numpy as np

from esoftmax_jax._host_types import HostFloats

_SHARES = (0.0, 1e-8, 1e-6, 1e-4, 1e-3, 1e-2, 0.03, 0.1, 0.2, 0.35, 0.5)
_MOST_LATTICE_POINTS = 20_000


def two_levels(num_classes: int) -> HostFloats:
    """Return points where n classes share a mass equally, and the others the rest."""
    some = {round(n) for n in np.geomspace(1, num_classes, 12)}
    counts = sorted(some | {num_classes - 1})
    rows = []
    for count in counts:
        for share in _SHARES if count < num_classes else (0.0,):
            row = np.full(num_classes, share / max(num_classes - count, 1))
            row[:count] = (1 - share) / count
            rows.append(row)
    return np.array(rows)


def random_points(num_classes: int, number: int, seed: int = 0) -> HostFloats:
    """Return points drawn with few large probabilities, with many, and between."""
    draw = np.random.default_rng(seed)
    sizes = (0.05, 0.3, 1.0, 5.0)
    return np.concatenate(
        [draw.dirichlet(np.full(num_classes, size), number // len(sizes)) for size in sizes]
    )


def neighbours(point: HostFloats, radius: float, number: int, seed: int) -> HostFloats:
    """Return points near one, by factors and by steps, at most ``radius`` large."""
    draw = np.random.default_rng(seed)
    half = number // 2
    factors = np.exp(radius * draw.normal(size=(half, len(point))))
    steps = draw.dirichlet(np.ones(len(point)), number - half)
    rows = np.concatenate([point * factors, point + radius * (steps - point)])
    inside = np.maximum(rows, 0)
    normalised: HostFloats = inside / inside.sum(axis=1, keepdims=True)
    return normalised


def lattice(num_classes: int, steps: int | None = None) -> tuple[HostFloats, float]:
    """Return the points whose entries are multiples of 1/n, and their covering radius.

    Every point of the simplex has one of them within that distance: they are a lattice A_{K−1},
    and rounding the entries of a point up or down stays in the simplex.

    Args:
        num_classes: K.
        steps: n; the largest for which the points are few if not given.
    """
    if steps is None:
        steps = 1
        while math.comb(steps + num_classes, num_classes - 1) <= _MOST_LATTICE_POINTS:
            steps += 1
            if steps >= 400:
                break
    places = range(steps + num_classes - 1)
    bars = np.array(list(combinations(places, num_classes - 1)), dtype=np.int64)
    left = np.concatenate([np.full((len(bars), 1), -1), bars], axis=1)
    right = np.concatenate([bars, np.full((len(bars), 1), steps + num_classes - 1)], axis=1)
    half = num_classes // 2
    radius = math.sqrt(half * (num_classes - half) / num_classes) / steps
    return (right - left - 1) / steps, radius


def directions(num_classes: int) -> HostFloats:
    """Return the ways of moving mass from the classes of one set to those of another."""
    sets = [
        np.isin(np.arange(num_classes), chosen) / len(chosen)
        for size in range(1, num_classes)
        for chosen in combinations(range(num_classes), size)
    ]
    return np.array([a - b for a in sets for b in sets if not np.any((a > 0) & (b > 0))])
