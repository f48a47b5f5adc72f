"""What the device reaches at best: the rate of a large matrix product."""

import time
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

SMALLEST, LARGEST = 512, 16384
ACCELERATOR_SIZE = 4096
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


def quick_rate(devices: int, dtype: str) -> float:
    """Return the operations per second of products on so many devices at the same time.

    Less than ``matrix_peak``, and told in a few tenths of a second.
    """
    product = jax.jit(lambda left, right: left @ right)
    size = SMALLEST if jax.default_backend() == "cpu" else ACCELERATOR_SIZE
    matrices = [
        jax.device_put(np.full((size, size), 1 / size, dtype), device)
        for device in jax.local_devices()[:devices]
    ]
    seconds = []
    for _ in range(4):  # the first one compiles
        began = time.perf_counter()
        jax.block_until_ready([product(one, one) for one in matrices])
        seconds.append(time.perf_counter() - began)
    return len(matrices) * 2 * size**3 / min(seconds)


def _seconds(product: Any, matrix: jax.Array, calls: int) -> float:
    began = time.perf_counter()
    for _ in range(calls):
        result = product(matrix, matrix)
    jax.block_until_ready(result)
    return (time.perf_counter() - began) / calls
