"""Asymmetric noise: a wrong label is the class that its own class is mistaken for."""

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike

from esoftmax_jax.noise import _checks, _selection
from esoftmax_jax.noise._class_maps import ClassMap, resolve_class_map


def asymmetric_noise(
    key: jax.Array,
    labels: _checks.Labels,
    *,
    class_map: ClassMap,
    num_classes: int | None = None,
    rate: float,
    example_ids: _checks.Labels | None = None,
) -> jax.Array:
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
            is its own target is left alone; or a name: "cifar10", "cifar100" or "mnist".
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
    quotas = np.array([_selection.exact_floor(exact_rate, int(n)) for n in counts])
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
    noisy: jax.Array = _flip_to_target(classes, flipped, targets)
    return noisy.astype(clean.dtype)


@jax.jit
def _flip_to_target(classes: jax.Array, flipped: jax.Array, targets: ArrayLike) -> jax.Array:
    # From the clean classes and not one source after the other: cat ↔ dog would mix.
    return jnp.where(flipped, jnp.asarray(targets)[classes], classes)
