"""What arrays are, of JAX and of NumPy, told without importing JAX."""

import sys
from collections.abc import Callable
from typing import Any

import numpy as np

# JAX and chex are imported where an array of JAX is looked at: evidence about labels in NumPy's
# memory needs neither, and they take longer than the work.

_KINDS = {float: "f", int: "iu", bool: "b"}


def is_traced(value: object) -> bool:
    """Whether the value is only known when the compiled program runs."""
    jax = sys.modules.get("jax")
    return jax is not None and isinstance(value, jax.core.Tracer)


def is_of_jax(value: object) -> bool:
    """Whether the value is an array of JAX, traced or not; without JAX imported nothing is."""
    jax = sys.modules.get("jax")
    return jax is not None and isinstance(value, jax.Array)


def is_kind(dtype: Any, kind: type) -> bool:
    """Whether a dtype is of float or int; bfloat16 and the like are too."""
    if dtype.kind != "V":
        return dtype.kind in _KINDS[kind]
    import jax.numpy as jnp

    return bool(jnp.issubdtype(dtype, np.floating if kind is float else np.integer))


def check_unmasked(name: str, value: object) -> None:
    """Refuse a masked array of NumPy, of which some numbers are masked: they are none."""
    if np.ma.is_masked(value):
        raise ValueError(
            f"{name}: expected numbers, got {np.ma.count_masked(value)} masked; "  # type: ignore[no-untyped-call]
            "leave these examples out"
        )


def narrow_labels(labels: Any) -> Any:
    """Return NumPy's 64-bit labels as int32, those outside [0, 2³¹) as −1; others as they are.

    JAX would drop the upper half without a word: 2**32 + 3 must not become class 3.
    """
    if not isinstance(labels, np.ndarray) or labels.dtype.itemsize <= 4:
        return labels
    check_unmasked("labels", labels)
    valid = (labels >= 0) & (labels < 2**31)
    return np.where(valid, labels, -1).astype(np.int32)


def widest_float() -> Any:
    """Return what JAX computes Python's numbers in, which it was told before it is used."""
    jax = sys.modules.get("jax")
    return np.float32 if jax is None else jax.numpy.result_type(float)


def require(
    assertion: Callable[..., None],
    value: Any,
    expected: Any,
    *,
    error: type[Exception],
    message: str,
) -> None:
    """Let chex decide; say it in one sentence instead of chex's and ours after each other."""
    try:
        assertion(value, expected)
    except AssertionError:
        raise error(message) from None


def assert_type(value: Any, kind: type) -> None:
    """Do what chex does of that name."""
    if isinstance(value, np.ndarray) and value.dtype.kind in _KINDS[kind]:
        return
    import chex

    chex.assert_type(value, kind)


def assert_shape(value: Any, shape: tuple[int, ...]) -> None:
    """Do what chex does of that name."""
    if isinstance(value, np.ndarray) and value.shape == shape:
        return
    import chex

    chex.assert_shape(value, shape)
