"""How noisy labels are, estimated from noisy labels alone.

- From out-of-fold probabilities: ``confident_joint``.
- From features: ``neighbour_consensus``.

Both return a ``NoiseEstimate``: noise rate, transition matrix, class prior, an interval, and
what can be concluded at all. Arrays come in, of JAX, NumPy or another framework.
"""

from esoftmax_jax.estimate._confident_joint import confident_joint
from esoftmax_jax.estimate._consensus import neighbour_consensus
from esoftmax_jax.estimate._result import NoiseEstimate

__all__ = ["NoiseEstimate", "confident_joint", "neighbour_consensus"]
