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
    keys = _example_keys(key, images.shape[0])
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
    flips = jax.vmap(jax.random.bernoulli)(_example_keys(key, images.shape[0]))
    return jnp.where(flips[:, None, None, None], images[:, :, ::-1], images)


def _crop(images: jax.Array, offsets: jax.Array, padding: int) -> jax.Array:
    """Crops image n of the zero-padded (N, H, W, C) at row, column ``offsets[n]``."""
    margin = (padding, padding)
    padded = jnp.pad(images, ((0, 0), margin, margin, (0, 0)))
    zero = jnp.zeros((), offsets.dtype)

    def crop(image: jax.Array, offset: jax.Array) -> jax.Array:
        return jax.lax.dynamic_slice(image, (offset[0], offset[1], zero), images.shape[1:])

    return jax.vmap(crop)(padded, offsets)


def _example_keys(key: jax.Array, count: int) -> jax.Array:
    """A key for each of ``count`` examples."""
    if not jnp.issubdtype(key.dtype, jax.dtypes.prng_key):
        raise TypeError(f"expected a key of jax.random.key, got an array of {key.dtype}")
    if key.shape not in ((), (count,)):
        raise ValueError(f"expected one key or {count} keys, got keys of shape {key.shape}")
    return key if key.ndim else jax.random.split(key, count)
