"""Symmetric noise: a wrong label is equally likely to be any other class.

Three conventions of what the rate is: the exact share of wrong labels, the probability of
each to become wrong, and the share of labels that are drawn again from all classes.
"""

from typing import Literal

import jax
import jax.numpy as jnp
import numpy as np

from esoftmax_jax._types import Array, ArrayLike
from esoftmax_jax.noise import _checks, _selection


def symmetric_noise(
    key: Array,
    labels: _checks.Labels,
    *,
    num_classes: int,
    rate: float,
    per_class: Literal["equal", "proportional"] = "equal",
    example_ids: _checks.Labels | None = None,
) -> Array:
    """Flips an exact number of labels of each class to uniformly drawn other classes.

    With N examples, K classes and N_c examples of class c, the number of flips in class c is

        ⌊rate · N / K⌋  with ``per_class="equal"``,
        ⌊rate · N_c⌋    with ``per_class="proportional"``,

    and a flipped label y becomes (y + u) mod K with u uniform on {1, …, K − 1}. Counts are
    exact in the decimal digits of the rate: ⌊0.29 · 100⌋ is 29.

    The random bits of an example depend only on the key and its id. Reordering labels and
    ids together reorders the result in the same way, and neither batching of the
    computation nor the number of devices changes it. Which examples flip is a ranking within
    the class over all examples passed, so a whole data set belongs in one call.

    Source: the protocol of Wang et al., "ε-Softmax", NeurIPS 2024, section on experiments.

    Args:
        key: One PRNG key, typed (``jax.random.key``) or uint32 (``jax.random.PRNGKey``).
        labels: Integer array of shape (N,) with classes in [0, K). Concrete: the counts are
            taken on the host.
        num_classes: K, at least 2.
        rate: Share of labels to flip, in [0, 1].
        per_class: ``"equal"`` for balanced data, ``"proportional"`` for unbalanced data.
        example_ids: Unique integers in [0, 2³²) of shape (N,); by default 0, …, N − 1.

    Returns:
        The noisy labels, in the shape and dtype of ``labels`` (64-bit integers become 32-bit
        unless JAX's x64 mode is on, as everywhere in JAX).

    Raises:
        TypeError: If an argument has the wrong type or dtype.
        ValueError: If a label, the rate or ``num_classes`` is out of range, a shape is wrong,
            ids repeat, or a class has fewer examples than ``"equal"`` must flip in it.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from esoftmax_jax.noise import noise_rate, symmetric_noise
        >>> clean = jnp.arange(1000) % 10
        >>> noisy = symmetric_noise(jax.random.key(0), clean, num_classes=10, rate=0.4)
        >>> noise_rate(clean, noisy)
        0.4
    """
    key = _checks.checked_key(key)
    num_classes = _checks.checked_num_classes(num_classes)
    exact_rate = _checks.checked_rate(rate)
    if per_class not in ("equal", "proportional"):
        raise ValueError(
            f"per_class must be 'equal' or 'proportional', got {per_class!r}; use 'equal' for "
            "balanced data and 'proportional' for unbalanced data"
        )
    host_labels = _checks.checked_labels(labels, num_classes=num_classes, will_be_flipped=True)
    host_ids = _checks.checked_example_ids(example_ids, num_examples=host_labels.size)
    counts = _selection.class_counts(host_labels, num_classes)

    if per_class == "equal":
        quota = _selection.exact_floor(exact_rate, host_labels.size, num_classes)
        short = np.flatnonzero(counts < quota)
        if short.size:
            label = short[0]
            raise ValueError(
                f"per_class='equal' needs at least {quota} examples of every class to flip, "
                f'got {counts[label]} of class {label}; use per_class="proportional" for '
                "unbalanced data"
            )
        quotas = np.full(num_classes, quota)
    else:
        quotas = _selection.proportional_quotas(exact_rate, counts)

    who, to_which = _selection.separate_streams(key)
    clean = _selection.on_device(labels, host_labels)
    # Widened first: the sum of two int8 classes need not be an int8.
    classes = clean.astype(jnp.int32)
    flipped = _selection.choose_flipped(
        classes,
        _selection.example_bits(who, host_ids),
        host_ids,
        counts.astype(np.int32),
        quotas.astype(np.int32),
    )
    noisy: Array = _flip_to_any_other(
        classes, flipped, _selection.example_bits(to_which, host_ids), num_classes
    )
    return noisy.astype(clean.dtype)


def bernoulli_symmetric_noise(
    key: Array,
    labels: _checks.Labels,
    *,
    num_classes: int,
    rate: float,
    example_ids: _checks.Labels | None = None,
) -> Array:
    """Flips every label independently, with one probability, to any other class.

    With K classes, independently for every example,

        P(noisy = y | clean = y) = 1 − rate,
        P(noisy = j | clean = y) = rate / (K − 1)    for every j ≠ y,

    so the number of wrong labels is binomial and only its mean is rate · N. The probability is
    the multiple of 2⁻³² nearest to the rate: 0 flips none and 1 flips all. With one key, who is
    wrong at a rate is wrong at every higher rate too, and becomes the same class.

    A label depends on nothing but the key, the example's id and its clean label, so parts of
    a data set may be passed one at a time.

    Source: uniform noise of Ghosh et al., "Robust Loss Functions under Label Noise for Deep
    Neural Networks", AAAI 2017.

    Args:
        key: One PRNG key, typed (``jax.random.key``) or uint32 (``jax.random.PRNGKey``).
        labels: Integer array of shape (N,) with classes in [0, K). Concrete.
        num_classes: K, at least 2.
        rate: Probability of each label to become wrong, in [0, 1].
        example_ids: Unique integers in [0, 2³²) of shape (N,); by default 0, …, N − 1.

    Returns:
        The noisy labels, in the shape and dtype of ``labels`` (64-bit integers become 32-bit
        unless JAX's x64 mode is on, as everywhere in JAX).

    Raises:
        TypeError: If an argument has the wrong type or dtype.
        ValueError: If a label, the rate or ``num_classes`` is out of range, a shape is wrong
            or ids repeat.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from esoftmax_jax.noise import bernoulli_symmetric_noise, noise_rate
        >>> clean = jnp.arange(1000) % 10
        >>> noisy = bernoulli_symmetric_noise(
        ...     jax.random.key(1), clean, num_classes=10, rate=0.4
        ... )
        >>> noise_rate(clean, noisy)
        0.379
    """
    key = _checks.checked_key(key, concrete=True)
    num_classes = _checks.checked_num_classes(num_classes)
    exact_rate = _checks.checked_rate(rate)
    host_labels = _checks.checked_labels(labels, num_classes=num_classes, will_be_flipped=True)
    host_ids = _checks.checked_example_ids(example_ids, num_examples=host_labels.size)
    who, to_which = _selection.separate_streams(key)
    # In 64 bits on the host: the threshold of rate 1 is 2³², which no uint32 can hold.
    bits = np.asarray(_selection.example_bits(who, host_ids)).astype(np.int64)
    flipped = bits < round(exact_rate * 2**32)
    clean = _selection.on_device(labels, host_labels)
    noisy: Array = _flip_to_any_other(
        clean.astype(jnp.int32),
        flipped,
        _selection.example_bits(to_which, host_ids),
        num_classes,
    )
    return noisy.astype(clean.dtype)


def resampled_symmetric_noise(
    key: Array,
    labels: _checks.Labels,
    *,
    num_classes: int,
    rate: float,
    example_ids: _checks.Labels | None = None,
) -> Array:
    """Draws an exact share of the labels again, uniformly from all classes.

    With N examples and K classes, exactly

        ⌊rate · N⌋ examples of the whole set get a label uniform on {0, …, K − 1}.

    A label drawn again may be the one it was, so the share of wrong labels is about
    rate · (1 − 1/K): 0.45 for rate 0.5 and ten classes, where ``symmetric_noise`` gives 0.5.
    Classes do not lose equal numbers; the N examples are one pool.

    Which examples are drawn again is a ranking over all examples passed, so a whole data set
    belongs in one call. The random bits of an example depend only on the key and its id.
    Reordering labels and ids together reorders the result in the same way, and the number of
    devices does not change it.

    Source: the code published with Li et al., "DivideMix: Learning with Noisy Labels as
    Semi-supervised Learning", ICLR 2020; methods compared with it keep its convention.

    Args:
        key: One PRNG key, typed (``jax.random.key``) or uint32 (``jax.random.PRNGKey``).
        labels: Integer array of shape (N,) with classes in [0, K). Concrete.
        num_classes: K, at least 2.
        rate: Share of labels to draw again, in [0, 1].
        example_ids: Unique integers in [0, 2³²) of shape (N,); by default 0, …, N − 1.

    Returns:
        The noisy labels, in the shape and dtype of ``labels`` (64-bit integers become 32-bit
        unless JAX's x64 mode is on, as everywhere in JAX).

    Raises:
        TypeError: If an argument has the wrong type or dtype.
        ValueError: If a label, the rate or ``num_classes`` is out of range, a shape is wrong
            or ids repeat.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from esoftmax_jax.noise import noise_rate, resampled_symmetric_noise
        >>> clean = jnp.arange(1000) % 10
        >>> noisy = resampled_symmetric_noise(
        ...     jax.random.key(0), clean, num_classes=10, rate=0.5
        ... )
        >>> noise_rate(clean, noisy)
        0.433
    """
    key = _checks.checked_key(key)
    num_classes = _checks.checked_num_classes(num_classes)
    exact_rate = _checks.checked_rate(rate)
    host_labels = _checks.checked_labels(labels, num_classes=num_classes, will_be_flipped=True)
    host_ids = _checks.checked_example_ids(example_ids, num_examples=host_labels.size)
    who, to_which = _selection.separate_streams(key)
    clean = _selection.on_device(labels, host_labels)
    classes = clean.astype(jnp.int32)
    # One pool: every example belongs to class 0.
    counts = np.array([host_labels.size], dtype=np.int32)
    redrawn = _selection.choose_flipped(
        jnp.zeros_like(classes),
        _selection.example_bits(who, host_ids),
        host_ids,
        counts,
        _selection.proportional_quotas(exact_rate, counts).astype(np.int32),
    )
    noisy: Array = _draw_from_all(
        classes, redrawn, _selection.example_bits(to_which, host_ids), num_classes
    )
    return noisy.astype(clean.dtype)


@jax.jit
def _draw_from_all(
    classes: Array, redrawn: Array, bits: Array, num_classes: ArrayLike
) -> Array:
    drawn = (bits % jnp.asarray(num_classes, jnp.uint32)).astype(jnp.int32)
    return jnp.where(redrawn, drawn, classes)


@jax.jit
def _flip_to_any_other(
    classes: Array, flipped: ArrayLike, bits: Array, num_classes: ArrayLike
) -> Array:
    num_others = jnp.asarray(num_classes, jnp.uint32) - jnp.uint32(1)
    # The remainder favours no class by more than K / 2³², too little to be seen. An offset
    # that is never 0 cannot return the class itself, so nothing is drawn twice.
    offsets = 1 + (bits % num_others).astype(jnp.int32)
    targets = (classes + offsets) % jnp.asarray(num_classes, jnp.int32)
    return jnp.where(flipped, targets, classes)
