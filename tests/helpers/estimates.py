"""Three classes of points whose posterior is known, and labels with known noise."""

import numpy as np

CENTRES = np.array([[0.0, 1.0], [-np.sqrt(3) / 2, -0.5], [np.sqrt(3) / 2, -0.5]])
SYMMETRIC = np.full((3, 3), 0.2) + 0.4 * np.eye(3)
"""The transition matrix of 0.4 symmetric noise."""


def blobs(count, distance, seed=0):
    """Return points (N, 2) around centres ``distance`` from the middle, and their classes."""
    true = np.arange(count) % 3
    generator = np.random.default_rng(seed)
    return distance * CENTRES[true] + generator.normal(size=(count, 2)), true


def noisy(true, matrix, seed=1):
    """Return labels drawn from the rows of a transition matrix."""
    thresholds = np.cumsum(matrix, axis=1)[true]
    drawn = np.random.default_rng(seed).random(len(true))
    return np.minimum((drawn[:, None] > thresholds).sum(axis=1), len(matrix) - 1)


def posterior(points, matrix):
    """Return what the best model says of noisy labels, for points or for known classes."""
    if points.ndim == 1:
        return np.eye(3)[points] @ matrix
    # The density of a Gaussian of unit variance is enough for the order of confidence.
    logits = points @ CENTRES.T * 2
    clean = np.exp(logits - logits.max(axis=1, keepdims=True))
    return clean / clean.sum(axis=1, keepdims=True) @ matrix
