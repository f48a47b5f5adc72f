"""What the device reaches at best: the rate of a large matrix product."""

import time
from typing import Any

import jax
import jax.numpy as jnp

SMALLEST, LARGEST = 512, 16384
ENOUGH_SECONDS = 0.2  # a product that takes so long is large enough
BURST_SECONDS = 0.1


def matrix_peak(dtype: str) -> float:
    """Return the most operations per second of square products, over several sizes.

    The sizes double until one product takes a while; each is timed in a few bursts, and
    the fastest burst of all counts. The precision is JAX's default, as in the networks:
    a GPU may multiply float32 in TF32.
    """
    product = jax.jit(lambda left, right: left @ right)
    best, size = 0.0, SMALLEST
    while size <= LARGEST:
        left = jnp.full((size, size), 1 / size, dtype)
        jax.block_until_ready(product(left, left))
        once = _seconds(product, left, 1)
        calls = max(1, round(BURST_SECONDS / once))
        seconds = min(_seconds(product, left, calls) for _ in range(3))
        best = max(best, 2 * size**3 / seconds)
        if seconds > ENOUGH_SECONDS:
            break
        size *= 2
    return best


def _seconds(product: Any, matrix: jax.Array, calls: int) -> float:
    began = time.perf_counter()
    for _ in range(calls):
        result = product(matrix, matrix)
    jax.block_until_ready(result)
    return (time.perf_counter() - began) / calls
