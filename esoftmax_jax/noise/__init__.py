"""Wrong labels to order, in the conventions of the field, and their measurement.

- Symmetric, ``rate`` being an exact share, a probability or a share drawn again:
  ``symmetric_noise``, ``bernoulli_symmetric_noise``, ``resampled_symmetric_noise``.
- Class-dependent: ``asymmetric_noise``, ``sequential_asymmetric_noise``,
  ``transition_matrix_noise``, and the maps they follow.
- Dependent on the input: ``instance_dependent_noise``, ``part_dependent_noise``.
- Several annotators: ``annotator_labels``, ``majority_vote``.
- Beyond labels: ``open_set_replacements`` for inputs, ``long_tailed_examples`` for subsets.
- Human labels from files: ``read_label_file``, ``noisy_columns``, ``match_labels``.
- Wrong labels found by a network: ``label_margins``, from ``esoftmax_jax.cleaning``.
- What was drawn: ``noise_rate``, ``transition_matrix``, ``describe_noise``, ``label_hash``.

Every function is pure. The draws follow an explicit PRNG key and the ids of the examples, so
the same key gives the same labels in any order of the data and on any number of devices.
"""

from esoftmax_jax.cleaning import label_margins
from esoftmax_jax.noise._annotators import annotator_labels, majority_vote
from esoftmax_jax.noise._asymmetric import asymmetric_noise, sequential_asymmetric_noise
from esoftmax_jax.noise._class_maps import CLASS_MAPS, named_class_map, pairwise_class_map
from esoftmax_jax.noise._files.label_files import read_label_file
from esoftmax_jax.noise._files.label_join import match_labels, noisy_columns
from esoftmax_jax.noise._instance import instance_dependent_noise, part_dependent_noise
from esoftmax_jax.noise._long_tail import long_tailed_examples
from esoftmax_jax.noise._measure import noise_rate, transition_matrix
from esoftmax_jax.noise._open_set import open_set_replacements
from esoftmax_jax.noise._report import NoiseReport, describe_noise, label_hash
from esoftmax_jax.noise._symmetric import (
    bernoulli_symmetric_noise,
    resampled_symmetric_noise,
    symmetric_noise,
)
from esoftmax_jax.noise._transition import transition_matrix_noise

__all__ = [
    "CLASS_MAPS",
    "NoiseReport",
    "annotator_labels",
    "asymmetric_noise",
    "bernoulli_symmetric_noise",
    "describe_noise",
    "instance_dependent_noise",
    "label_hash",
    "label_margins",
    "long_tailed_examples",
    "majority_vote",
    "match_labels",
    "named_class_map",
    "noise_rate",
    "noisy_columns",
    "open_set_replacements",
    "pairwise_class_map",
    "part_dependent_noise",
    "read_label_file",
    "resampled_symmetric_noise",
    "sequential_asymmetric_noise",
    "symmetric_noise",
    "transition_matrix",
    "transition_matrix_noise",
]
