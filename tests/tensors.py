"""Tensors of another framework, which need not be installed."""

import numpy as np


class Tensor:
    """What a tensor of PyTorch shows of itself.

    Without values it is of a type that NumPy has not.
    """

    def __init__(self, values, on_host=False):
        self.values, self.on_host = values, on_host
        self.ndim = np.ndim(values)

    def __len__(self):
        return len(self.values)

    def detach(self):
        return self

    def cpu(self):
        return Tensor(self.values, on_host=True)

    def __array__(self, dtype=None, copy=None):
        if not self.on_host or self.values is None:
            raise TypeError("Got unsupported ScalarType BFloat16")
        return np.asarray(self.values, dtype)
