"""Third order: the labels of an example and its two nearest neighbours."""

import numpy as np
from numpy.typing import NDArray

from esoftmax_jax._host_types import HostFloats
from esoftmax_jax.estimate._pairs import Pairs

_LEAST = 1e-12  # of every cell, so that no step leaves the inside
_ZERO = 1e-9

_START_RATES = (0.1, 0.4)
_TRIED_CYCLES, _MOST_CYCLES = 10, 500
_TOLERANCE = 1e-7


class Triples:
    """Labels of triples of neighbours, whatever their order."""

    def __init__(self, labels: NDArray[np.int64], num_classes: int) -> None:
        self._pairs, self._num_classes = Pairs(labels, num_classes), num_classes
        ascending = np.sort(labels, axis=1)
        different, which = np.unique(ascending, axis=0, return_inverse=True)
        self._labels: NDArray[np.int64] = different
        self._which = which.reshape(-1)
        # (M, K): how often each label is in each triple.
        self._appearances = np.zeros((len(different), num_classes))
        for column in different.T:
            self._appearances[np.arange(len(different)), column] += 1

    def fit(self, weights: HostFloats, start: HostFloats | None = None) -> HostFloats:
        r"""Return the joint J of true and observed labels that makes the triples likeliest.

        .. math:: P(j, k, l) = \sum_i p_i T_{ij} T_{ik} T_{il}, \qquad J_{ij} = p_i T_{ij}

        Starts are several amounts of symmetric noise and what pairs alone say; the likeliest
        goes on.
        """
        counts = self._counts(weights)
        if start is None:
            tried = [self._climb(counts, each, _TRIED_CYCLES) for each in self._starts(weights)]
            start = max(tried, key=lambda joint: self._step(counts, joint)[1])
        joint = self._climb(counts, start, _MOST_CYCLES)
        joint = np.where(joint < _ZERO, 0, joint)
        scaled: HostFloats = joint / joint.sum()
        return scaled

    def residual(self, weights: HostFloats, joint: HostFloats) -> float:
        """Return the distance of observed and fitted frequencies of all ordered triples."""
        counts = self._counts(weights)
        observed = counts / counts.sum()  # in all orders together
        orders = np.array([0, 1, 3, 6])[(self._appearances > 0).sum(axis=1)]
        inside = np.maximum(joint, _LEAST)
        fitted = self._probabilities(inside).sum(axis=0)  # in one order
        prior = inside.sum(axis=1)
        matrix = inside / prior[:, None]
        # The squares of all K³ fitted frequencies, summed without listing them.
        squares = prior @ (matrix @ matrix.T) ** 3 @ prior
        distance = np.sum(observed**2 / orders) - 2 * observed @ fitted + squares
        return float(np.sqrt(max(distance, 0.0)))

    def _starts(self, weights: HostFloats) -> list[HostFloats]:
        size = self._num_classes
        shares = self._counts(weights) @ self._appearances
        starts = [self._pairs.fit(weights)]
        for rate in _START_RATES:
            matrix = np.full((size, size), rate / (size - 1))
            np.fill_diagonal(matrix, 1 - rate)
            starts.append(shares[:, None] * matrix / shares.sum())
        return starts

    def _counts(self, weights: HostFloats) -> HostFloats:
        counts: HostFloats = np.bincount(self._which, weights, len(self._labels)).astype(float)
        return counts

    def _probabilities(self, joint: HostFloats) -> HostFloats:
        """Return (K, M): the probability of each class and the labels in one order."""
        prior = joint.sum(axis=1)
        matrix = joint / prior[:, None]
        first, second, third = (matrix[:, column] for column in self._labels.T)
        together: HostFloats = prior[:, None] * first * second * third
        return together

    def _step(self, counts: HostFloats, joint: HostFloats) -> tuple[HostFloats, float]:
        """Return the joint after a step of expectation-maximisation, and the likelihood before.

        The likelihood is the mean logarithm of a triple's probability.
        """
        each = self._probabilities(joint)
        sums = each.sum(axis=0)
        new = _inside((each * (counts / sums)) @ self._appearances)
        return new, float(counts @ np.log(sums) / counts.sum())

    def _climb(self, counts: HostFloats, joint: HostFloats, most: int) -> HostFloats:
        """Return the joint after at most so many cycles of squared extrapolation.

        Varadhan and Roland, "Simple and Globally Convergent Methods for Accelerating the
        Convergence of Any EM Algorithm", 2008. What lowers the likelihood is taken back.
        """
        joint = _inside(joint)
        for _ in range(most):
            first, _ = self._step(counts, joint)
            second, reached = self._step(counts, first)
            change = first - joint
            if np.abs(change).max() < _TOLERANCE:
                return second
            bend = second - first - change
            length = np.sqrt(np.sum(change**2) / np.maximum(np.sum(bend**2), 1e-300))
            length = np.clip(length, 1, 1e6)
            far = _inside(joint + 2 * length * change + length**2 * bend)
            beyond, there = self._step(counts, far)
            joint = beyond if there >= reached else second
        return joint


def _inside(joint: HostFloats) -> HostFloats:
    """Return a joint that sums to 1 and has no zeros."""
    shares = np.maximum(joint / joint.sum(), _LEAST)
    scaled: HostFloats = shares / shares.sum()
    return scaled
