"""Wrong labels to order: exact symmetric and asymmetric noise, and its measurement.

Every function is pure. The draws follow an explicit PRNG key and the ids of the examples, so
the same key gives the same labels in any order of the data and on any number of devices.
"""

from esoftmax_jax.noise._asymmetric import asymmetric_noise
from esoftmax_jax.noise._class_maps import CLASS_MAPS, named_class_map, pairwise_class_map
from esoftmax_jax.noise._measure import noise_rate, transition_matrix
from esoftmax_jax.noise._symmetric import symmetric_noise

__all__ = [
    "CLASS_MAPS",
    "asymmetric_noise",
    "named_class_map",
    "noise_rate",
    "pairwise_class_map",
    "symmetric_noise",
    "transition_matrix",
]
