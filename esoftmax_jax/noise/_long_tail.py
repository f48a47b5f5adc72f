"""Long-tailed subsets: some classes have many examples, others few."""

import math
import numbers
from fractions import Fraction
from typing import Literal

import jax.numpy as jnp
import numpy as np

from esoftmax_jax._types import Array
from esoftmax_jax.noise import _checks, _selection


def long_tailed_examples(
    key: Array,
    labels: _checks.Labels,
    *,
    num_classes: int,
    imbalance: float,
    kind: Literal["exponential", "step"] = "exponential",
    example_ids: _checks.Labels | None = None,
) -> Array:
    """Chooses the examples of a subset whose first class is ρ times as large as its last.

    With ρ the imbalance, K classes and N_max the size of the smallest class of ``labels``, the
    number of examples kept of class c is max(1, n_c) with

        n_c = ⌊N_max · ρ^(−c / (K − 1))⌋                       with ``kind="exponential"``,
        n_c = N_max if c < ⌈K / 2⌉, else ⌊N_max / ρ⌋          with ``kind="step"``.

    Counts are exact in the decimal digits of ρ. N_max is the one number that every class can
    serve, whichever place it has in the tail; in balanced data it is the size of the classes,
    as in the published subsets: CIFAR-10 at ρ = 100 keeps 5000, 2997, 1796, 1077, 645, 387,
    232, 139, 83 and 50. Which classes are frequent follows from their numbers alone.

    The random bits of an example depend only on the key and its id, and the draw is
    independent of the label noise of the same key. The same examples are kept in any order
    of the data; a smaller imbalance at the same key keeps all of them and more. To make the
    subset noisy, index labels, inputs and ids with the result.

    Source: the exponential profile of Cui et al., "Class-Balanced Loss Based on Effective
    Number of Samples", CVPR 2019, in the form, and with the step profile, of Cao et al.,
    "Learning Imbalanced Datasets with Label-Distribution-Aware Margin Loss", NeurIPS 2019.

    Args:
        key: One PRNG key, typed (``jax.random.key``) or uint32 (``jax.random.PRNGKey``).
        labels: Integer array of shape (N,) with classes in [0, K), each at least once.
            Concrete: the counts are taken on the host.
        num_classes: K, at least 2.
        imbalance: ρ, at least 1.
        kind: ``"exponential"`` or ``"step"``.
        example_ids: Unique integers in [0, 2³²) of shape (N,); by default 0, …, N − 1.

    Returns:
        int32 array of the positions in ``labels`` of the examples kept, ascending.

    Raises:
        TypeError: If an argument has the wrong type or dtype.
        ValueError: If a class has no example, the imbalance is below 1, ``kind`` is unknown,
            or a label, id, shape or ``num_classes`` is wrong.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from esoftmax_jax.noise import long_tailed_examples
        >>> labels = jnp.arange(300) % 3
        >>> kept = long_tailed_examples(
        ...     jax.random.key(0), labels, num_classes=3, imbalance=100
        ... )
        >>> print(jnp.bincount(labels[kept]))
        [100  10   1]
    """
    key = _checks.checked_key(key, concrete=True)
    num_classes = _checks.checked_num_classes(num_classes)
    exact_imbalance = _checked_imbalance(imbalance)
    if kind not in ("exponential", "step"):
        raise ValueError(
            f"kind must be 'exponential' or 'step', got {kind!r}; use 'exponential' for sizes "
            "that fall from class to class and 'step' for two sizes"
        )
    host_labels = _checks.checked_labels(labels, num_classes=num_classes)
    host_ids = _checks.checked_example_ids(example_ids, num_examples=host_labels.size)
    counts = _selection.class_counts(host_labels, num_classes)
    absent = np.flatnonzero(counts == 0)
    if absent.size:
        raise ValueError(
            f"labels must name every class below num_classes={num_classes}, got none of class "
            f"{absent[0]}; correct the labels or num_classes"
        )
    largest = int(counts.min())
    if kind == "exponential":
        sizes = [
            _floor_of_root(largest, exact_imbalance, label, num_classes - 1)
            for label in range(num_classes)
        ]
    else:
        num_frequent = math.ceil(num_classes / 2)
        smallest = math.floor(largest / exact_imbalance)
        sizes = [largest] * num_frequent + [smallest] * (num_classes - num_frequent)
    kept = _selection.choose_flipped(
        jnp.asarray(host_labels.astype(np.int32)),
        _selection.example_bits(_selection.own_stream(key, "long tail"), host_ids),
        host_ids,
        counts.astype(np.int32),
        np.maximum(sizes, 1).astype(np.int32),
    )
    return jnp.asarray(np.flatnonzero(kept), dtype=jnp.int32)


def _checked_imbalance(imbalance: object) -> Fraction:
    if isinstance(imbalance, bool | np.bool_) or not isinstance(imbalance, numbers.Real):
        raise TypeError(
            f"imbalance must be a number, got {type(imbalance).__name__}; pass a Python float, "
            "for example float(imbalance)"
        )
    if not math.isfinite(imbalance) or imbalance < 1:
        raise ValueError(
            f"imbalance must be finite and at least 1, got {imbalance}; pass how many times as "
            "large as the last class the first shall be, 100 and not 0.01"
        )
    # The digits, as for rates; NumPy scalars print their own.
    return Fraction(str(imbalance))


def _floor_of_root(largest: int, imbalance: Fraction, power: int, root: int) -> int:
    """Returns ⌊largest · imbalance^(−power / root)⌋, free of floating-point error."""
    # size ≤ largest · ρ^(−power / root) in whole numbers: both sides to the power of root.
    limit: int = largest**root * imbalance.denominator**power
    scale: int = imbalance.numerator**power
    size: int = math.floor(largest * float(imbalance) ** (-power / root))
    while size**root * scale > limit:
        size -= 1
    while (size + 1) ** root * scale <= limit:
        size += 1
    return size
