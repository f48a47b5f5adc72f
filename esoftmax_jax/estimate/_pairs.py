"""Second order: the labels of two neighbours."""

import numpy as np
from numpy.typing import NDArray

from esoftmax_jax._host_types import HostFloats

_PAIRS = ((0, 1), (0, 2), (1, 2))


class Pairs:
    """Labels of the pairs within triples of neighbours."""

    def __init__(self, labels: NDArray[np.int64], num_classes: int) -> None:
        self._num_classes = num_classes
        # Each pair counts in both orders.
        self._cells = [
            labels[:, one] * num_classes + labels[:, other]
            for pair in _PAIRS
            for one, other in (pair, pair[::-1])
        ]

    def fit(self, weights: HostFloats, start: HostFloats | None = None) -> HostFloats:
        r"""Return the symmetric joint J whose pairs have the frequencies C that are found.

        .. math:: C = J P^{-1} J, \qquad
                  P^{-1/2} J P^{-1/2} = (P^{-1/2} C P^{-1/2})^{1/2}

        P has the shares of labels on its diagonal, which are those of classes where J is
        symmetric. Of all joints with these pairs and shares it is the one of least noise.
        """
        del start
        frequencies = self._frequencies(weights)
        scale = np.sqrt(np.maximum(frequencies.sum(axis=1), np.finfo(float).tiny))
        values, vectors = np.linalg.eigh(frequencies / np.outer(scale, scale))
        root = (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
        joint = np.maximum(root * np.outer(scale, scale), 0)
        scaled: HostFloats = joint / joint.sum()
        return scaled

    def residual(self, weights: HostFloats, joint: HostFloats) -> float:
        """Return the distance of observed and fitted frequencies of pairs."""
        prior = np.maximum(joint.sum(axis=1, keepdims=True), np.finfo(float).tiny)
        fitted = joint.T @ (joint / prior)
        return float(np.sqrt(np.sum((self._frequencies(weights) - fitted) ** 2)))

    def _frequencies(self, weights: HostFloats) -> HostFloats:
        size = self._num_classes
        counts = sum(np.bincount(cells, weights, size**2) for cells in self._cells)
        shares: HostFloats = np.reshape(counts / np.sum(counts), (size, size))
        return shares
