r"""Σ_k L of losses that floor a probability, and where it is extreme: closed forms.

With φ convex and decreasing, u_t = (p_t + m)/(1 + m), u_k = p_k/(1 + m) and a floor f,

.. math:: S(p) = \phi(\max(u_t, f)) + \sum_{k \ne t} \phi(\max(u_k, f)).

A label that is not predicted gives a constant below p_k = g = (m + 1) f. S grows where mass
moves from t to classes below g, and falls where it moves from t to one above g, whose slope is
the steeper one by convexity. So S is largest where all others lie at g (or all at 1/K, if that
is less), and least where n + 1 classes share all of it and the others have none; n is the best
of 0 … K − 1.
"""

import dataclasses
import math
from collections.abc import Callable

import numpy as np

from esoftmax_jax._host_types import HostFloats

Term = Callable[[HostFloats], HostFloats]


def cross_entropy(u: HostFloats) -> HostFloats:
    """Return −log u."""
    return -np.log(u)


def focal(gamma: float) -> Term:
    """Return −(1 − u)^γ log u, which is convex for every γ ≥ 0."""
    return lambda u: -((1 - u) ** gamma) * np.log(u)


def power(q: float) -> Term:
    """Return (1 − u^q)/q."""
    return lambda u: (1 - u**q) / q


@dataclasses.dataclass(frozen=True)
class FlooredSum:
    """S for one loss and one number of classes; points have their largest class first."""

    term: Term
    m: float
    floor: float
    weight: float
    num_classes: int

    @property
    def gate(self) -> float:
        """The p_k below which a label that is not predicted gives a constant."""
        return (1 + self.m) * self.floor

    def at(self, points: HostFloats) -> HostFloats:
        """Return S, but for what MAE adds: a constant."""
        outputs = points / (1 + self.m)
        outputs[:, 0] = (points[:, 0] + self.m) / (1 + self.m)
        terms = self.term(np.minimum(np.maximum(outputs, self.floor), 1))
        sums: HostFloats = self.weight * terms.sum(axis=1)
        return sums

    def largest_at(self) -> HostFloats:
        """Return where S is largest."""
        others = min(self.gate, 1 / self.num_classes)
        rest = np.full(self.num_classes - 1, others)
        return np.array([1 - rest.sum(), *rest])

    def least_at(self) -> HostFloats:
        """Return where S is least."""
        count = np.arange(1, self.num_classes + 1)
        shares = np.array([1 / count + self.m, 1 / count]) / (1 + self.m)
        top, others = self.term(np.minimum(np.maximum(shares, self.floor), 1))
        idle = self.term(np.array([min(self.floor, 1.0)]))
        sums = top + (count - 1) * others + (self.num_classes - count) * idle
        fewest = count[sums.argmin()]
        best: HostFloats = (np.arange(self.num_classes) < fewest) / fewest
        return best

    def gap(self) -> float:
        """Return the range of S over the simplex."""
        high, low = self.at(np.array([self.largest_at(), self.least_at()]))
        return float(high - low)

    def change(self, radius: float) -> tuple[float, float]:
        """Return bounds of the largest |S(p) − S(p′)| for ‖p − p′‖ ≤ radius.

        Both points may be sorted alike, which brings them nearer. n classes rise from the gate,
        where they begin to count, by d each; J others pay for it, and idle ones have nothing.
        The upper bound charges nothing for what the payers add to S, and spreads their loss
        over all K − n; to it comes what the largest class can change by itself.
        """
        gap = self.gap()
        if radius >= math.sqrt(1 - 1 / self.num_classes):  # the diameter of one class's cell
            return gap, gap
        lower, upper = 0.0, 0.0
        for rising in range(1, self.num_classes):
            found = max(
                self._change(radius, rising, paying)
                for paying in range(1, self.num_classes - rising + 1)
            )
            lower = max(lower, found)
            step = radius / math.sqrt(rising * (1 + rising / (self.num_classes - rising)))
            ends = np.array([self.gate, min(self.gate + step, 1.0)]) / (1 + self.m)
            start, end = self.term(np.maximum(ends, self.floor))
            most = self.weight * rising * float(start - end)
            upper = max(upper, most)
        alone = self._change_of_largest(radius)
        return max(lower, alone[0]), max(lower, min(upper + alone[1], gap))

    def _change_of_largest(self, radius: float) -> tuple[float, float]:
        """Return how far S changes by the largest class, while others lie below the gate.

        First where they can, which is a change that there is; then the most that there may be.
        """
        step = radius * math.sqrt(1 - 1 / self.num_classes)

        def change(least: float) -> float:
            ends = np.array([least, min(least + step, 1.0)]) + self.m
            start, end = self.term(np.maximum(ends / (1 + self.m), self.floor))
            return self.weight * float(start - end)

        reached = max(1 / self.num_classes, 1 - (self.num_classes - 1) * self.gate)
        return change(min(reached, 1.0)), change(1 / self.num_classes)

    def _change(self, radius: float, rising: int, paying: int) -> float:
        begin = min(self.gate, 1 / (rising + paying))
        each = (1 - rising * begin) / paying
        step = radius / math.sqrt(rising * (1 + rising / paying))
        step = min(step, (each - begin) / (1 + rising / paying))
        before, after = np.zeros((2, self.num_classes))
        before[:paying], before[paying : paying + rising] = each, begin
        after[:paying] = each - rising * step / paying
        after[paying : paying + rising] = begin + step
        high, low = self.at(np.array([before, after]))
        return float(high - low)
