"""Noise from a transition matrix: each class is mistaken for others in given shares."""

from typing import Literal

import numpy as np

from esoftmax_jax._types import Array
from esoftmax_jax.noise import _checks, _selection

# Decimals that the remainders of two classes share when they count as equal. Shares in
# float64 place a million examples to ten decimals.
_REMAINDER_DECIMALS = 6


def transition_matrix_noise(
    key: Array,
    labels: _checks.Labels,
    *,
    matrix: _checks.Matrix,
    counts: Literal["exact", "independent"] = "exact",
    example_ids: _checks.Labels | None = None,
) -> Array:
    """Turns a label y into class j in the share, or with the probability, ``matrix[y, j]``.

    With N_c examples of class c and T the matrix, its rows divided by their sums,

    - ``counts="exact"``: n_cj of the labels c become j, where n_cj is N_c · T_cj rounded down
      or up so that Σ_j n_cj = N_c,
    - ``counts="independent"``: P(noisy = j | clean = c) = T_cj for each example by itself.

    Exact counts are rounded by largest remainder: of the labels that rounding down leaves
    over, one goes to each class of the largest N_c · T_cj − ⌊N_c · T_cj⌋; of equal remainders
    (to six decimals) the lower class is served first. No rounding to whole numbers comes
    closer to T. The observed matrix of some noisy labels, in float32 too, gives back exactly
    the counts that were observed, for up to a million examples of a class: noise that matches
    human mistakes in all but which examples are mistaken.

    Independent probabilities are the multiples of 2⁻³² nearest to the cumulated ones, and a
    class of probability 0 is never drawn.

    The random bits of an example depend only on the key and its id. Reordering labels and
    ids together reorders the result in the same way, and the number of devices does not
    change it. Exact counts are a ranking within the class over all examples passed, so a
    whole data set belongs in one call.

    Source: the class-conditional noise of Patrini et al., "Making Deep Neural Networks Robust
    to Label Noise: A Loss Correction Approach", CVPR 2017; with an observed matrix, the
    synthetic counterpart of human labels of Wei et al., "Learning with Noisy Labels
    Revisited: A Study Using Real-World Human Annotations", ICLR 2022.

    Args:
        key: One PRNG key, typed (``jax.random.key``) or uint32 (``jax.random.PRNGKey``).
        labels: Integer array of shape (N,) with classes in [0, K). Concrete: the counts are
            taken on the host.
        matrix: Array of shape (K, K), rows clean, columns noisy, no entry negative. Rows sum
            to 1 within 10⁻⁴; the row of a class that no label names may be all zeros, as
            in the result of ``transition_matrix``. Concrete.
        counts: ``"exact"`` or ``"independent"``.
        example_ids: Unique integers in [0, 2³²) of shape (N,); by default 0, …, N − 1.

    Returns:
        The noisy labels, in the shape and dtype of ``labels`` (64-bit integers become 32-bit
        unless JAX's x64 mode is on, as everywhere in JAX).

    Raises:
        TypeError: If an argument has the wrong type or dtype.
        ValueError: If the matrix is not square, has a negative entry or a row with another
            sum, ``counts`` is unknown, or a label, id or shape is wrong.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from esoftmax_jax.noise import transition_matrix, transition_matrix_noise
        >>> clean = jnp.arange(300) % 3
        >>> matrix = [[0.9, 0.1, 0.0], [0.25, 0.5, 0.25], [0.0, 0.0, 1.0]]
        >>> noisy = transition_matrix_noise(jax.random.key(0), clean, matrix=matrix)
        >>> print(transition_matrix(clean, noisy, num_classes=3, normalize=False))
        [[ 90  10   0]
         [ 25  50  25]
         [  0   0 100]]
    """
    key = _checks.checked_key(key, concrete=True)
    shares = _checks.checked_transition_matrix(matrix)
    if counts not in ("exact", "independent"):
        raise ValueError(
            f"counts must be 'exact' or 'independent', got {counts!r}; use 'exact' for the "
            "matrix as drawn and 'independent' for the matrix as expected"
        )
    num_classes = shares.shape[0]
    host_labels = _checks.checked_labels(labels, num_classes=num_classes, will_be_flipped=True)
    host_ids = _checks.checked_example_ids(example_ids, num_examples=host_labels.size)
    class_sizes = _selection.class_counts(host_labels, num_classes)
    _checks.check_rows_in_use(shares, class_sizes)

    who, _ = _selection.separate_streams(key)
    bits = _selection.example_bits(who, host_ids)
    if counts == "exact":
        order = _selection.order_in_class(host_labels.astype(np.int32), bits, host_ids)
        quotas = largest_remainder_quotas(shares, class_sizes)
        # In this order all of class 0 come first; the first of them get the label 0, the
        # next ones 1, and so on through all cells of the matrix, row by row.
        labels_in_order = np.repeat(
            np.tile(np.arange(num_classes), num_classes), quotas.ravel()
        )
        noisy = np.empty_like(labels_in_order)
        noisy[np.asarray(order)] = labels_in_order
    else:
        noisy = inverse_cumulative(shares, host_labels, np.asarray(bits))
    return _selection.placed_like(labels, noisy.astype(host_labels.dtype))


def largest_remainder_quotas(
    shares: _checks.HostFloats, class_sizes: _checks.HostIntegers
) -> _checks.HostIntegers:
    """Returns whole counts as close to ``class_sizes[c] * shares[c, j]`` as they can be.

    int64 of shape (K, K); row c sums to ``class_sizes[c]``.
    """
    ideal = shares * class_sizes[:, None]
    quotas = np.floor(ideal).astype(np.int64)
    # Rounded, so that a tie is not decided by the last bits of a product. Ideal counts just
    # below a whole number keep the largest of all remainders, 1, and reach that number.
    remainders = np.round(ideal - quotas, _REMAINDER_DECIMALS)
    left_over = class_sizes - quotas.sum(axis=1)
    largest_first = np.argsort(-remainders, axis=1, kind="stable")
    turns = np.argsort(largest_first, axis=1)
    rounded: _checks.HostIntegers = quotas + (turns < left_over[:, None])
    return rounded


def inverse_cumulative(
    shares: _checks.HostFloats, labels: _checks.HostIntegers, bits: _checks.HostIntegers
) -> _checks.HostIntegers:
    """Returns the class in whose part of [0, 2³²) the bits of each example fall, int64 (N,).

    Row ``shares[label]`` divides that interval.
    """
    num_classes = shares.shape[0]
    # A row of zeros belongs to no label; it only must not upset the others.
    unused = ~shares.any(axis=1, keepdims=True)
    cumulated = np.cumsum(np.where(unused, 1.0, shares), axis=1)
    # Divided by itself the last sum is exactly 1, and so are those that only add zeros to it:
    # what lies behind the last possible class cannot be drawn.
    bounds = np.rint(cumulated / cumulated[:, -1:] * 2**32).astype(np.int64)
    # One ascending list for all rows, row c in [c · 2³², (c + 1) · 2³²].
    rows = np.arange(num_classes, dtype=np.int64)[:, None]
    places = np.searchsorted(
        (bounds + rows * 2**32).ravel(),
        labels.astype(np.int64) * 2**32 + bits.astype(np.int64),
        side="right",
    )
    drawn: _checks.HostIntegers = places - labels.astype(np.int64) * num_classes
    return drawn
