"""Open-set noise: the label stays, and an input of no known class takes its input's place."""

import numbers

import jax.numpy as jnp
import numpy as np

from esoftmax_jax._types import Array
from esoftmax_jax.noise import _checks, _selection


def open_set_replacements(
    key: Array,
    labels: _checks.Labels,
    *,
    num_classes: int,
    rate: float,
    num_foreign: int,
    example_ids: _checks.Labels | None = None,
) -> Array:
    """Chooses the examples whose input a foreign one replaces, and which one.

    With N_c examples of class c, exactly

        ⌊rate · N_c⌋ examples of every class c lose their input,

    and the foreign inputs that replace them, images of another data set say, are different
    ones, drawn uniformly. The labels stay as they are, and with them the number of examples
    of each class. With r the result, the new inputs are

        ``jnp.where((r >= 0)[:, None], foreign[r], inputs)``    for inputs of shape (N, D).

    The random bits of an example depend only on the key and its id. Reordering labels and
    ids together reorders the result in the same way, and the number of devices does not
    change it. The draw is independent of the label noise of the same key, so both can be
    combined. A whole data set belongs in one call.

    Source: Wang et al., "Iterative Learning with Open-set Noisy Labels", CVPR 2018.

    Args:
        key: One PRNG key, typed (``jax.random.key``) or uint32 (``jax.random.PRNGKey``).
        labels: Integer array of shape (N,) with classes in [0, K). Concrete: the counts are
            taken on the host.
        num_classes: K, at least 2.
        rate: Share of each class to replace, in [0, 1].
        num_foreign: Number of foreign inputs, at least as many as are replaced.
        example_ids: Unique integers in [0, 2³²) of shape (N,); by default 0, …, N − 1.

    Returns:
        int32 array of shape (N,): −1 where an example keeps its input, else the index in
        [0, ``num_foreign``) of the foreign input, no index twice.

    Raises:
        TypeError: If an argument has the wrong type or dtype.
        ValueError: If there are too few foreign inputs, a label, the rate or ``num_classes``
            is out of range, a shape is wrong or ids repeat.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from esoftmax_jax.noise import open_set_replacements
        >>> labels = jnp.arange(20) % 2
        >>> replacements = open_set_replacements(
        ...     jax.random.key(0), labels, num_classes=2, rate=0.4, num_foreign=100
        ... )
        >>> print(jnp.bincount(labels[replacements >= 0]))
        [4 4]
    """
    key = _checks.checked_key(key, concrete=True)
    num_classes = _checks.checked_num_classes(num_classes)
    exact_rate = _checks.checked_rate(rate)
    num_foreign = _checked_num_foreign(num_foreign)
    host_labels = _checks.checked_labels(labels, num_classes=num_classes)
    host_ids = _checks.checked_example_ids(example_ids, num_examples=host_labels.size)
    counts = _selection.class_counts(host_labels, num_classes)
    quotas = _selection.proportional_quotas(exact_rate, counts)
    num_replaced = int(quotas.sum())
    if num_replaced > num_foreign:
        raise ValueError(
            f"num_foreign must be at least {num_replaced}, one foreign input for every input "
            f"that is replaced, got {num_foreign}; pass more of them or a lower rate"
        )
    replaced = _selection.choose_flipped(
        jnp.asarray(host_labels.astype(np.int32)),
        _selection.example_bits(_selection.own_stream(key, "replaced inputs"), host_ids),
        host_ids,
        counts.astype(np.int32),
        quotas.astype(np.int32),
    )
    # The first of a random order of the foreign inputs are dealt out by ascending id: each
    # once, and to the same examples in whatever order these come.
    foreign_bits = _selection.example_bits(
        _selection.own_stream(key, "foreign inputs"), np.arange(num_foreign, dtype=np.uint32)
    )
    foreign_order = np.argsort(np.asarray(foreign_bits), kind="stable")
    positions = np.flatnonzero(replaced)
    replacements = np.full(host_labels.size, -1, dtype=np.int32)
    replacements[positions[np.argsort(host_ids[positions])]] = foreign_order[:num_replaced]
    return _selection.placed_like(labels, replacements)


def _checked_num_foreign(num_foreign: object) -> int:
    if isinstance(num_foreign, bool) or not isinstance(num_foreign, numbers.Integral):
        raise TypeError(
            f"num_foreign must be an int, got {num_foreign!r} ({type(num_foreign).__name__}); "
            "pass the number of foreign inputs"
        )
    # Indices are int32.
    if not 1 <= int(num_foreign) <= 2**31:
        raise ValueError(
            f"num_foreign must lie in [1, 2**31], got {num_foreign}; pass the number of "
            "foreign inputs"
        )
    return int(num_foreign)
