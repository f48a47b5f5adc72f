"""Random shifts and flips of a batch, compiled into the training step.

Every example has its own random key, so that what happens to an example does not
depend on the batch's size or on how the batch lies across devices.
"""

import jax
import jax.numpy as jnp


def random_shift(key: jax.Array, images: jax.Array, padding: int = 4) -> jax.Array:
    """Pads each image with zeros and crops it back at a random place.

    Every one of the (2·padding + 1)² places is equally likely, independently for
    each example.

    Args:
        key: one key, to be split, or a key for each example, (N,).
        images: (N, H, W, C), already normalised where zero shall mean the mean.
        padding: the largest shift, in pixels.

    Returns:
        (N, H, W, C), of the dtype of ``images``.
    """
    keys = example_keys(key, images.shape[0])
    offsets = jax.vmap(lambda one: jax.random.randint(one, (2,), 0, 2 * padding + 1))(keys)
    return _crop(images, offsets, padding)


def random_flip(key: jax.Array, images: jax.Array) -> jax.Array:
    """Mirrors each image from left to right with probability one half.

    Args:
        key: one key, to be split, or a key for each example, (N,).
        images: (N, H, W, C).

    Returns:
        (N, H, W, C), of the dtype of ``images``.
    """
    flips = jax.vmap(jax.random.bernoulli)(example_keys(key, images.shape[0]))
    column = jnp.arange(images.shape[2], dtype=jnp.int32)
    # Taking columns instead of choosing between two images: a compiler that fuses this with
    # the shift before it would compute that for both of them.
    columns = jnp.where(flips[:, None], column[::-1], column)

    def take(image: jax.Array, order: jax.Array) -> jax.Array:
        return image.at[:, order].get(mode="promise_in_bounds")

    return jax.vmap(take)(images, columns)


def _crop(images: jax.Array, offsets: jax.Array, padding: int) -> jax.Array:
    """Crops image n of the zero-padded (N, H, W, C) at row, column ``offsets[n]``."""
    margin = (padding, padding)
    padded = jnp.pad(images, ((0, 0), margin, margin, (0, 0)))
    zero = jnp.zeros((), offsets.dtype)

    def crop(image: jax.Array, offset: jax.Array) -> jax.Array:
        return jax.lax.dynamic_slice(image, (offset[0], offset[1], zero), images.shape[1:])

    return jax.vmap(crop)(padded, offsets)


def example_keys(key: jax.Array, count: int) -> jax.Array:
    """Return a key for each of ``count`` examples: those given, or the splits of one."""
    if not jnp.issubdtype(key.dtype, jax.dtypes.prng_key):
        raise TypeError(f"expected a key of jax.random.key, got an array of {key.dtype}")
    if key.shape not in ((), (count,)):
        raise ValueError(f"expected one key or {count} keys, got keys of shape {key.shape}")
    return key if key.ndim else jax.random.split(key, count)
