"""Sums in two words of 32 bits: whole numbers stay exact, what floats round off is kept.

JAX has no 64-bit numbers unless they are switched on. The words of several sums may be added
one by one (``jax.lax.psum``, a sum over an axis): they then stand for the sum of all, as long
as there are no more than 1024 terms. :func:`add` takes any number.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from esoftmax_jax import _checks
from esoftmax_jax._types import Array, ArrayInput

_BITS = 22
_LARGEST = 2**31 - 1
_BLOCK = 4096


class Whole(NamedTuple):
    """A whole number below 2⁵⁴: high · 2²² + low, both uint32."""

    high: Any
    low: Any


class Real(NamedTuple):
    """A number of twice the digits: high + low, low being what high rounds off."""

    high: Any
    low: Any


def float_dtype() -> Any:
    """Return the dtype of a word of a real number: float32, or float64 where JAX has it."""
    return jnp.result_type(float)


def whole(name: str, number: Any) -> Whole:
    """Split a whole number ≥ 0, or an array of them; words pass as they are."""
    if isinstance(number, Whole):
        return number
    known = not _checks.is_traced(number)
    if known and getattr(number, "dtype", None) != np.uint32:  # those of a batch fit
        number = np.asarray(number)
    if number.dtype.kind not in "iu":
        raise TypeError(f"{name}: expected a whole number of examples, got {number}")
    if isinstance(number, np.ndarray) and ((number < 0) | (number >= 2**53)).any():
        raise ValueError(f"{name}: expected a number of examples in [0, 2⁵³), got {number}")
    if number.dtype.itemsize < 8:
        number = number.astype(np.uint32)
    bits, mask = (np.array(x, number.dtype) for x in (_BITS, 2**_BITS - 1))
    return Whole(*(jnp.asarray(word, jnp.uint32) for word in (number >> bits, number & mask)))


def real(number: Any, name: str = "sum") -> Real:
    """Split a number, or an array of them; words pass as they are."""
    if isinstance(number, Real):
        return number
    if isinstance(number, jax.Array):
        return Real(number.astype(float_dtype()), jnp.zeros(number.shape, float_dtype()))
    try:
        exact = np.asarray(number, np.float64)
    except (TypeError, ValueError):
        raise TypeError(f"{name}: expected a number, got {number!r}") from None
    high = exact.astype(float_dtype())
    with np.errstate(invalid="ignore"):
        low = np.where(np.isfinite(high), exact - high.astype(np.float64), 0)
    return Real(jnp.asarray(high), jnp.asarray(low.astype(float_dtype())))


def add(a: Any, b: Any) -> Any:
    """Add two whole or two real numbers."""
    return add_whole(a, b) if isinstance(a, Whole) else add_real(a, b)


def add_whole(a: Whole, b: Whole) -> Whole:
    """Add exactly and carry."""
    low = jnp.asarray(a.low) + b.low
    carried = low >> np.uint32(_BITS)
    return Whole(jnp.asarray(a.high) + b.high + carried, low & np.uint32(2**_BITS - 1))


def add_real(a: Real, b: Real) -> Real:
    """Add and keep what the sum of the high words rounds off (Knuth's two-sum)."""
    dtype = float_dtype()
    (a_high, a_low), (b_high, b_low) = ((jnp.asarray(x, dtype) for x in one) for one in (a, b))
    high, rounded_off = _two_sum(a_high, b_high)
    return Real(*_two_sum(high, rounded_off + (a_low + b_low)))


def _two_sum(a: Array, b: Array) -> tuple[Array, Array]:
    total = a + b
    of_b = total - a
    error = (a - (total - of_b)) + (b - of_b)
    return total, jnp.where(jnp.isfinite(total), error, 0)


def sum_real(values: Array) -> Real:
    """Add up an array: in blocks as they are, whose sums are then added in two words.

    Where blocks cannot be cut, XLA's own sum is taken.
    """
    if not isinstance(values.size, int) or any(jax.typeof(values).sharding.spec):
        # A symbolic number of examples, or examples that a mesh splits explicitly.
        return real(jnp.sum(values.astype(float_dtype())))
    flat = values.reshape(-1).astype(float_dtype())
    rows = -(-flat.shape[0] // _BLOCK)
    if rows <= 1:
        return real(jnp.sum(flat))
    flat = jnp.pad(flat, (0, rows * _BLOCK - flat.shape[0]))
    total = real(jnp.sum(flat.reshape(rows, _BLOCK), axis=1))
    while rows > 1:
        even, half = rows - rows % 2, rows // 2
        paired = add_real(*(Real(*(x[i:even:2] for x in total)) for i in (0, 1)))
        rest = (x[even:] for x in total)
        total = Real(*(jnp.concatenate(pair) for pair in zip(paired, rest, strict=True)))
        rows = half + rows % 2
    return Real(total.high[0], total.low[0])


def unweighted(count: Whole) -> Real:
    """Return the weight of so many examples that weigh 1 each, exactly below 2⁴⁶."""
    high, low = (jnp.asarray(word).astype(float_dtype()) for word in count)
    return add_real(real(high * 2.0**_BITS), real(low))


def carry(number: Any) -> Any:
    """Bring words that were added one by one into order."""
    zero = jax.tree.map(jnp.zeros_like, number)
    return add(number, zero)


def value(number: Whole | Real) -> ArrayInput:
    """Return the number: in 64 bits, but in a program that JAX traces in what it has there.

    A whole number is then at most 2³¹ − 1.
    """
    if any(_checks.is_traced(word) for word in number):
        return _traced_value(number)
    high, low = (np.asarray(word) for word in number)
    if isinstance(number, Whole):
        # [()]: a number, not an array without axes.
        return ((high.astype(np.int64) << _BITS) + low.astype(np.int64))[()]
    return (high.astype(np.float64) + low.astype(np.float64))[()]


def _traced_value(number: Whole | Real) -> Array:
    if isinstance(number, Real):
        return rounded(number)
    if float_dtype() == np.float64:
        wide: Array = (number.high.astype(jnp.int64) << _BITS) + number.low.astype(jnp.int64)
        return wide
    high, low = carry(number)
    total = ((high << np.uint32(_BITS)) + low).astype(jnp.int32)
    return jnp.where(high >= 2 ** (31 - _BITS), jnp.int32(_LARGEST), total)


def rounded(number: Whole | Real) -> Array:
    """Return the number as one float, float32 or float64."""
    high, low = (jnp.asarray(word).astype(float_dtype()) for word in number)
    return high * 2.0**_BITS + low if isinstance(number, Whole) else high + low
