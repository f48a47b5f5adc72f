"""A record of the noise that was drawn: how much, which, and a hash that identifies it."""

import dataclasses
import hashlib
from typing import Any

import numpy as np

from esoftmax_jax.noise import _checks
from esoftmax_jax.noise._measure import transition_counts

# Above this the counts are too long for a file that people read.
_MOST_CLASSES_IN_JSON = 100


@dataclasses.dataclass(frozen=True, eq=False)
class NoiseReport:
    """How noisy labels differ from clean ones, as ``describe_noise`` finds it.

    Attributes:
        num_examples: N.
        num_wrong: #{n : clean_n ≠ noisy_n}.
        counts: int64 NumPy array of shape (K, K), read-only: entry (i, j) is
            #{n : clean_n = i, noisy_n = j}.
        labels_hash: ``label_hash`` of the noisy labels.
    """

    num_examples: int
    num_wrong: int
    counts: _checks.HostIntegers
    labels_hash: str

    @property
    def rate(self) -> float:
        """The share of wrong labels, ``num_wrong / num_examples``."""
        return self.num_wrong / self.num_examples

    @property
    def matrix(self) -> _checks.HostFloats:
        """The counts divided by the sums of their rows, float64; rows of zeros stay zeros."""
        row_sums = self.counts.sum(axis=1, keepdims=True)
        shares: _checks.HostFloats = self.counts / np.maximum(row_sums, 1)
        return shares

    def to_json(self) -> dict[str, Any]:
        """Returns the report as a dict that ``json.dump`` writes.

        ``"counts"`` are nested lists for up to 100 classes, otherwise None.
        """
        small = self.counts.shape[0] <= _MOST_CLASSES_IN_JSON
        return {
            "num_examples": self.num_examples,
            "num_wrong": self.num_wrong,
            "rate": self.rate,
            "counts": self.counts.tolist() if small else None,
            "labels_hash": self.labels_hash,
        }


def label_hash(labels: _checks.Labels) -> str:
    """Returns 16 hexadecimal digits that identify labels in their order.

    The first 16 digits of the SHA-256 of the labels as little-endian int32, one after the
    other. The dtype of the labels does not matter and their order does: the same labels in
    another order have another hash. Two runs with equal hashes were trained on equal labels.

    Source: SHA-256 is that of FIPS 180-4, "Secure Hash Standard".

    Args:
        labels: Integer array of shape (N,) with values that an int32 holds. Concrete.

    Returns:
        A string of 16 hexadecimal digits.

    Raises:
        TypeError: If labels are no integer array.
        ValueError: If the shape is wrong, labels are empty or one does not fit into an int32.

    Example:
        >>> from esoftmax_jax.noise import label_hash
        >>> label_hash([0, 1, 2]), label_hash([2, 1, 0])
        ('ad5dc1478de06a4c', '363f012b74b9c88d')
    """
    array = _checks.host_integers(labels, name="labels")
    limits = np.iinfo(np.int32)
    outside = np.flatnonzero((array < limits.min) | (array > limits.max))
    if outside.size:
        raise ValueError(
            f"labels must fit into an int32, got {array[outside[0]]} at index {outside[0]}; "
            "pass class numbers"
        )
    return hashlib.sha256(array.astype("<i4").tobytes()).hexdigest()[:16]


def describe_noise(
    clean_labels: _checks.Labels, noisy_labels: _checks.Labels, *, num_classes: int
) -> NoiseReport:
    """Counts what became of every class, and identifies the noisy labels by a hash.

    The counts are those of ``transition_matrix(..., normalize=False)``, the rate is that of
    ``noise_rate`` and the hash that of ``label_hash(noisy_labels)``: what a result file needs
    to say which noise a model was trained with.

    Source: the matrix T and the noise rate η of Patrini et al., "Making Deep Neural Networks
    Robust to Label Noise: A Loss Correction Approach", CVPR 2017, as drawn rather than as
    expected.

    Args:
        clean_labels: Integer array of shape (N,) with classes in [0, K). Concrete.
        noisy_labels: Integer array of shape (N,) with classes in [0, K), in the same order.
        num_classes: K, at least 2.

    Returns:
        A NoiseReport.

    Raises:
        TypeError: If labels are no integer arrays or ``num_classes`` is not an int.
        ValueError: If shapes differ, labels are empty or one lies outside [0, K).

    Example:
        >>> from esoftmax_jax.noise import describe_noise
        >>> report = describe_noise([0, 0, 1, 1], [0, 1, 1, 1], num_classes=2)
        >>> report.rate, report.matrix.tolist()
        (0.25, [[0.5, 0.5], [0.0, 1.0]])
    """
    counts = transition_counts(clean_labels, noisy_labels, num_classes)
    counts.setflags(write=False)
    num_examples = int(counts.sum())
    return NoiseReport(
        num_examples=num_examples,
        num_wrong=num_examples - int(np.trace(counts)),
        counts=counts,
        labels_hash=label_hash(noisy_labels),
    )
