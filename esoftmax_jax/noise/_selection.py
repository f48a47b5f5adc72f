"""How many examples of each class are flipped, and which ones."""

import math
import zlib
from fractions import Fraction

import jax
import jax.numpy as jnp
import numpy as np

from esoftmax_jax._types import Array, ArrayLike
from esoftmax_jax.noise._checks import HostIntegers

# A rate that was computed, 1 - 0.9 say, has lost its last digits; this much of a shortfall
# is theirs. It is far below 1 / N for every N that fits in memory, so no other count moves.
_ROUNDING_ALLOWANCE = 1 + Fraction(1, 10**12)


def exact_floor(rate: Fraction, count: int, divisor: int = 1) -> int:
    """Returns ⌊rate · count / divisor⌋, free of floating-point error."""
    return math.floor(rate * count / divisor * _ROUNDING_ALLOWANCE)


def class_counts(labels: HostIntegers, num_classes: int) -> HostIntegers:
    """Returns the number of examples of each class, int64 of shape (K,)."""
    # bincount casts safely to int64, which uint64 labels would not allow.
    return np.bincount(labels.astype(np.int64), minlength=num_classes)


def proportional_quotas(rate: Fraction, counts: HostIntegers) -> HostIntegers:
    """Returns ⌊rate · N_c⌋ for every class c, int64 of shape (K,)."""
    return np.array([exact_floor(rate, int(count)) for count in counts], dtype=np.int64)


def on_device(labels: object, host_labels: HostIntegers) -> Array:
    """Returns the labels as a JAX array, where they are if they are one already."""
    # Going back through the host copy would lose the sharding.
    return labels if isinstance(labels, jax.Array) else jnp.asarray(host_labels)


def placed_like(labels: object, values: HostIntegers) -> Array:
    """Returns values computed on the host as a JAX array, placed as the labels are."""
    if isinstance(labels, jax.Array) and labels.committed:
        placed: Array = jax.device_put(values, labels.sharding)
        return placed
    # Labels that nobody placed on a device may go wherever the next computation is.
    return jnp.asarray(values)


def separate_streams(key: Array) -> tuple[jax.Array, jax.Array]:
    """Returns two independent keys: for who flips, and for what they flip to."""
    # Always threefry: the bits of a vmapped rbg key depend on its place in the batch, which
    # would tie an example's noise to the order of the data. split mixes both streams well,
    # and the first two words of an rbg key are a full threefry key.
    words = jax.random.key_data(jax.random.split(key))[:, :2]
    who, to_which = jax.random.wrap_key_data(words, impl="threefry2x32")
    return who, to_which


def own_stream(key: Array, purpose: str) -> Array:
    """Returns a key for one purpose, independent of the streams of all other purposes.

    The same key may then choose a subset, replace inputs and flip labels, and the smallest
    bits of one draw do not single out the same examples in the next.
    """
    who, _ = separate_streams(key)
    return jax.random.fold_in(who, np.uint32(zlib.crc32(purpose.encode())))


@jax.jit
def example_bits(key: Array, example_ids: ArrayLike) -> Array:
    """Returns 32 random bits per example that depend on nothing but (key, id)."""
    # Its own compiled function, because the generator takes most of the time to compile and
    # both streams and both kinds of noise can share it.
    return jax.vmap(
        lambda example_id: jax.random.bits(jax.random.fold_in(key, example_id), (), jnp.uint32)
    )(example_ids)


@jax.jit
def order_in_class(labels: ArrayLike, bits: ArrayLike, example_ids: ArrayLike) -> Array:
    """Returns the positions sorted by class and, within a class, by random bits."""
    # The id is the last word, so that equal bits do not fall back on the order of the batch.
    return jnp.lexsort((example_ids, bits, labels))


@jax.jit
def choose_flipped(
    labels: Array,
    bits: Array,
    example_ids: ArrayLike,
    counts: ArrayLike,
    quotas: ArrayLike,
) -> Array:
    """Marks exactly ``quotas[c]`` examples of each class c, bool of shape (N,).

    The smallest bits of each class are chosen; ranking, not thresholding, is what makes the
    number exact.
    """
    counts, quotas = jnp.asarray(counts), jnp.asarray(quotas)
    order = order_in_class(labels, bits, example_ids)
    class_in_order = labels[order]
    class_starts = jnp.cumsum(counts) - counts
    rank_in_class = jnp.arange(labels.shape[0], dtype=jnp.int32) - class_starts[class_in_order]
    flipped_in_order = rank_in_class < quotas[class_in_order]
    return jnp.zeros(labels.shape, jnp.bool_).at[order].set(flipped_in_order)
