"""Asymmetric noise: a wrong label is the class that its own class is mistaken for."""

import jax
import jax.numpy as jnp
import numpy as np

from esoftmax_jax._types import Array, ArrayLike, ClassMap
from esoftmax_jax.noise import _checks, _selection
from esoftmax_jax.noise._class_maps import resolve_class_map


def asymmetric_noise(
    key: Array,
    labels: _checks.Labels,
    *,
    class_map: ClassMap,
    num_classes: int | None = None,
    rate: float,
    example_ids: _checks.Labels | None = None,
) -> Array:
    """Flips an exact number of labels of each class to the class it is mistaken for.

    With N_c examples of class c and m(c) its target, exactly

        ⌊rate · N_c⌋ labels c become m(c)    for every class c with m(c) ≠ c.

    All classes are flipped at once from the clean labels, so a label that has become m(c) is
    never flipped on to m(m(c)); with cat ↔ dog both lose the same share. Counts are exact in
    the decimal digits of the rate.

    The random bits of an example depend only on the key and its id. Reordering labels and
    ids together reorders the result in the same way, and the number of devices does not
    change it.

    Source: Patrini et al., "Making Deep Neural Networks Robust to Label Noise: A Loss
    Correction Approach", CVPR 2017, as used by Wang et al., "ε-Softmax", NeurIPS 2024,
    section on experiments.

    Args:
        key: One PRNG key, typed (``jax.random.key``) or uint32 (``jax.random.PRNGKey``).
        labels: Integer array of shape (N,) with classes in [0, K). Concrete: the counts are
            taken on the host.
        class_map: A mapping {source: target}; or K targets, one per class, where a class that
            is its own target is left alone; or a name, see ``named_class_map``.
        num_classes: K. Required with a mapping, otherwise known from the map.
        rate: Share of each source class to flip, in [0, 1].
        example_ids: Unique integers in [0, 2³²) of shape (N,); by default 0, …, N − 1.

    Returns:
        The noisy labels, in the shape and dtype of ``labels`` (64-bit integers become 32-bit
        unless JAX's x64 mode is on, as everywhere in JAX).

    Raises:
        TypeError: If an argument has the wrong type or dtype, or ``num_classes`` is missing.
        ValueError: If the map's name is unknown, it names a class outside [0, K) or its
            length contradicts ``num_classes``, or a label, id, shape or the rate is wrong.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from esoftmax_jax.noise import asymmetric_noise, transition_matrix
        >>> clean = jnp.arange(300) % 3
        >>> noisy = asymmetric_noise(
        ...     jax.random.key(0), clean, class_map={0: 1, 1: 0}, num_classes=3, rate=0.2
        ... )
        >>> print(transition_matrix(clean, noisy, num_classes=3, normalize=False))
        [[ 80  20   0]
         [ 20  80   0]
         [  0   0 100]]
    """
    key = _checks.checked_key(key)
    targets = np.array(resolve_class_map(class_map, num_classes), dtype=np.int32)
    exact_rate = _checks.checked_rate(rate)
    host_labels = _checks.checked_labels(labels, num_classes=targets.size, will_be_flipped=True)
    host_ids = _checks.checked_example_ids(example_ids, num_examples=host_labels.size)
    counts = _selection.class_counts(host_labels, targets.size)
    # A class that is its own target needs no quota of zero: flipping it changes nothing.
    quotas = _selection.proportional_quotas(exact_rate, counts)
    # The second stream stays unused: who flips at a key is then the same for both kinds.
    who, _ = _selection.separate_streams(key)
    clean = _selection.on_device(labels, host_labels)
    classes = clean.astype(jnp.int32)
    flipped = _selection.choose_flipped(
        classes,
        _selection.example_bits(who, host_ids),
        host_ids,
        counts.astype(np.int32),
        quotas.astype(np.int32),
    )
    noisy: Array = _flip_to_target(classes, flipped, targets)
    return noisy.astype(clean.dtype)


def sequential_asymmetric_noise(
    key: Array,
    labels: _checks.Labels,
    *,
    class_map: ClassMap,
    num_classes: int | None = None,
    rate: float,
    example_ids: _checks.Labels | None = None,
) -> Array:
    """Flips the classes one after the other, so that a flipped label may flip again.

    The classes are visited in ascending order. At class c with the target m(c) ≠ c, exactly

        ⌊rate · n_c⌋ of the n_c labels that now are c become m(c),

    whatever those labels were before. With cat (3) ↔ dog (5), 5000 of each and a rate of 0.4,
    2000 cats become dogs; then 2800 of the 7000 labels "dog" become "cat", about 800 of them
    true cats that turn back. About 24 % of the true cats and 40 % of the true dogs are wrong
    in the end, where ``asymmetric_noise`` makes exactly 40 % of both wrong.

    Use this to reproduce labels that were made in this way, CIFAR-10's foremost; for anything
    new, ``asymmetric_noise`` keeps the rate that it is given.

    The random bits of an example depend only on the key, the class visited and the id.
    Reordering labels and ids together reorders the result in the same way, and the number of
    devices does not change it. Every class visited sorts all examples once.

    Source: what the code published with Zhou et al., "Asymmetric Loss Functions for Learning
    with Noisy Labels", ICML 2021, and with Wang et al., "ε-Softmax", NeurIPS 2024, does on
    CIFAR-10. It visits truck, bird, cat, dog, deer; only that cats come before dogs matters.
    On MNIST and CIFAR-100 the latter draws every label by itself, which is
    ``transition_matrix_noise`` with ``counts="independent"``.

    Args:
        key: One PRNG key, typed (``jax.random.key``) or uint32 (``jax.random.PRNGKey``).
        labels: Integer array of shape (N,) with classes in [0, K). Concrete: the counts are
            taken on the host.
        class_map: A mapping {source: target}; or K targets, one per class, where a class that
            is its own target is left alone; or a name, see ``named_class_map``.
        num_classes: K. Required with a mapping, otherwise known from the map.
        rate: Share of each source class to flip when it is visited, in [0, 1].
        example_ids: Unique integers in [0, 2³²) of shape (N,); by default 0, …, N − 1.

    Returns:
        The noisy labels, in the shape and dtype of ``labels`` (64-bit integers become 32-bit
        unless JAX's x64 mode is on, as everywhere in JAX).

    Raises:
        TypeError: If an argument has the wrong type or dtype, or ``num_classes`` is missing.
        ValueError: If the map's name is unknown, it names a class outside [0, K) or its
            length contradicts ``num_classes``, or a label, id, shape or the rate is wrong.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from esoftmax_jax.noise import sequential_asymmetric_noise
        >>> clean = jnp.arange(300) % 3
        >>> noisy = sequential_asymmetric_noise(
        ...     jax.random.key(0), clean, class_map={0: 1, 1: 0}, num_classes=3, rate=0.4
        ... )
        >>> print(jnp.bincount(noisy, length=3))  # 100 - 40 + 56, 100 + 40 - 56, 100
        [116  84 100]
    """
    key = _checks.checked_key(key)
    targets = np.array(resolve_class_map(class_map, num_classes), dtype=np.int32)
    exact_rate = _checks.checked_rate(rate)
    host_labels = _checks.checked_labels(labels, num_classes=targets.size, will_be_flipped=True)
    host_ids = _checks.checked_example_ids(example_ids, num_examples=host_labels.size)
    stream = _selection.own_stream(key, "sequential flips")
    clean = _selection.on_device(labels, host_labels)
    classes = clean.astype(jnp.int32)
    # How many examples carry a label follows from the quotas alone, without reading labels.
    counts = _selection.class_counts(host_labels, targets.size).astype(np.int32)
    for source in np.flatnonzero(targets != np.arange(targets.size)).tolist():
        quota = _selection.exact_floor(exact_rate, int(counts[source]))
        is_source = (np.arange(targets.size) == source).astype(np.int32)
        is_target = (np.arange(targets.size) == targets[source]).astype(np.int32)
        # Bits of its own for each visit: those who were flipped to this class are the
        # smallest bits of the last visit and would be the first to be flipped again.
        bits = _selection.example_bits(jax.random.fold_in(stream, source), host_ids)
        flipped = _selection.choose_flipped(
            classes, bits, host_ids, counts, np.int32(quota) * is_source
        )
        classes = _flip_to_target(classes, flipped, targets)
        # A new array: the program that was started may still read the old one.
        counts = counts + np.int32(quota) * (is_target - is_source)
    return classes.astype(clean.dtype)


@jax.jit
def _flip_to_target(classes: Array, flipped: Array, targets: ArrayLike) -> Array:
    # From the clean classes and not one source after the other: cat ↔ dog would mix.
    return jnp.where(flipped, jnp.asarray(targets)[classes], classes)
