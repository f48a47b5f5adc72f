"""Probabilities out of logits, on the host."""

import numpy as np
import numpy.typing as npt

from esoftmax_jax.app.files.arrays import Array


def softmax(logits: Array) -> npt.NDArray[np.float64]:
    """Return the softmax of each row in float64, (N, K)."""
    wide = logits.astype(np.float64)
    powers = np.exp(wide - wide.max(axis=1, keepdims=True))
    found: npt.NDArray[np.float64] = powers / powers.sum(axis=1, keepdims=True)
    return found
