"""What was drawn: the transition matrix and the noise rate of a pair of labelings."""

import chex
import jax.numpy as jnp
import numpy as np

from esoftmax_jax._types import Array
from esoftmax_jax.noise import _checks


def transition_matrix(
    clean_labels: _checks.Labels,
    noisy_labels: _checks.Labels,
    *,
    num_classes: int,
    normalize: bool = True,
) -> Array:
    """Counts, or shares, of how often each clean class carries each noisy label.

    With ``normalize=False`` entry (i, j) is #{n : clean_n = i, noisy_n = j}; with
    ``normalize=True`` it is that count divided by the sum of row i, the empirical
    P(noisy = j | clean = i). The row of a class that no clean label names is all zeros, so
    it sums to 0, not to 1.

    Source: the matrix T of Patrini et al., "Making Deep Neural Networks Robust to Label
    Noise: A Loss Correction Approach", CVPR 2017, as drawn rather than as expected.

    Args:
        clean_labels: Integer array of shape (N,) with classes in [0, K). Concrete.
        noisy_labels: Integer array of shape (N,) with classes in [0, K), in the same order.
        num_classes: K, at least 2.
        normalize: Whether to divide each row by its sum.

    Returns:
        Array of shape (K, K), rows clean, columns noisy: float32 shares or int32 counts.

    Raises:
        TypeError: If labels are no integer arrays or ``num_classes`` is not an int.
        ValueError: If shapes differ, labels are empty or one lies outside [0, K).

    Example:
        >>> from esoftmax_jax.noise import transition_matrix
        >>> print(transition_matrix([0, 0, 1, 1], [0, 1, 1, 1], num_classes=2))
        [[0.5 0.5]
         [0.  1. ]]
    """
    counts = transition_counts(clean_labels, noisy_labels, num_classes)
    if not normalize:
        return jnp.asarray(counts, dtype=jnp.int32)
    row_sums = counts.sum(axis=1, keepdims=True)
    return jnp.asarray(counts / np.maximum(row_sums, 1), dtype=jnp.float32)


def noise_rate(clean_labels: _checks.Labels, noisy_labels: _checks.Labels) -> float:
    """Returns the share of labels that differ, #{n : clean_n ≠ noisy_n} / N.

    Source: the noise rate η of Wang et al., "ε-Softmax", NeurIPS 2024, section on
    experiments, as drawn rather than as asked for.

    Args:
        clean_labels: Integer array of shape (N,). Concrete.
        noisy_labels: Integer array of shape (N,), in the same order.

    Returns:
        A Python float in [0, 1].

    Raises:
        TypeError: If labels are no integer arrays.
        ValueError: If shapes differ or labels are empty.

    Example:
        >>> from esoftmax_jax.noise import noise_rate
        >>> noise_rate([0, 1, 2, 3], [0, 1, 2, 0])
        0.25
    """
    clean = _checks.host_integers(clean_labels, name="clean_labels")
    noisy = _checks.host_integers(noisy_labels, name="noisy_labels")
    _check_same_length(clean, noisy)
    return float(np.mean(clean != noisy))


def transition_counts(
    clean_labels: _checks.Labels, noisy_labels: _checks.Labels, num_classes: int
) -> _checks.HostIntegers:
    """Returns #{n : clean_n = i, noisy_n = j} for all i and j, int64 of shape (K, K)."""
    num_classes = _checks.checked_num_classes(num_classes)
    clean = _checks.checked_labels(clean_labels, num_classes=num_classes, name="clean_labels")
    noisy = _checks.checked_labels(noisy_labels, num_classes=num_classes, name="noisy_labels")
    _check_same_length(clean, noisy)
    # On the host, where the checks have already brought the labels, and in 64 bits, where
    # the number of a cell cannot overflow.
    cells = clean.astype(np.int64) * num_classes + noisy.astype(np.int64)
    counts = np.bincount(cells, minlength=num_classes**2)
    return counts.reshape(num_classes, num_classes)


def _check_same_length(clean: _checks.HostIntegers, noisy: _checks.HostIntegers) -> None:
    chex.assert_equal_shape(
        [clean, noisy],
        custom_message=(
            f"clean_labels and noisy_labels must have one shape, got {clean.shape} and "
            f"{noisy.shape}; pass the labels of the same examples in the same order"
        ),
        include_default_message=False,
        exception_type=ValueError,
    )
