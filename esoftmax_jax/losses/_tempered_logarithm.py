"""The tempered logarithm and what it is made of, exact near its limits."""

import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax.custom_derivatives import SymbolicZero

from esoftmax_jax._sharding import broadcast_like
from esoftmax_jax._types import Array, Scalar

# Below this the derivatives by a are power series: what they are made of cancels.
_SERIES_BELOW = 1e-2
_SERIES_LENGTH = 8


def _ratio(numerator: Array, denominator: Array, limit: Array) -> Array:
    """Return numerator / denominator, and the limit where the denominator is 0."""
    zero = denominator == 0
    return jnp.where(zero, limit, numerator / jnp.where(zero, 1, denominator))


def _slope_by_a(
    exact: Array, small: Array, x: Array, coefficient: Callable[[int], float]
) -> Array:
    """Return x² Σ_n coefficient(n) smallⁿ where |small| is small, else ``exact``."""
    use_series = ~(jnp.abs(small) >= _SERIES_BELOW)  # NaN goes the way that keeps it
    argument = jnp.where(use_series, small, 0)
    series = jnp.zeros_like(argument)
    for n in reversed(range(_SERIES_LENGTH)):
        series = series * argument + coefficient(n)
    return jnp.where(use_series, jnp.where(use_series, x, 0) ** 2 * series, exact)


@jax.custom_jvp
def expm1_ratio(a: Array, x: Array) -> Array:
    """Return (e^{ax} − 1)/a, which is x at a = 0."""
    # −inf · 0 would be NaN.
    return _ratio(jnp.expm1(jnp.where(a == 0, 0, a * x)), a, x)


def _expm1_ratio_jvp(
    primals: tuple[Array, Array], tangents: tuple[Any, Any]
) -> tuple[Array, Array]:
    # By x: e^{ax}. By a: (x e^{ax} − (e^{ax} − 1)/a)/a = x² Σ (ax)ⁿ (n + 1)/(n + 2)!
    (a, x), (a_dot, x_dot) = primals, tangents
    value = expm1_ratio(a, x)
    finite = jnp.where(x == -jnp.inf, 0, x)
    # Not 0 where a is 0: e^{ax} has a derivative by a there too.
    product = jnp.where(x == -jnp.inf, jnp.where(a > 0, -jnp.inf, 0), a * finite)
    power = jnp.exp(product)
    tangent = _times(power, x_dot)
    if isinstance(a_dot, SymbolicZero):
        return value, tangent
    by_a = _slope_by_a(
        _ratio(finite * power - value, a, jnp.zeros_like(value)),
        product,
        finite,
        lambda n: (n + 1) / math.factorial(n + 2),
    )
    return value, tangent + by_a * a_dot


expm1_ratio.defjvp(_expm1_ratio_jvp, symbolic_zeros=True)


@jax.custom_jvp
def log1p_ratio(a: Array, x: Array) -> Array:
    """Return log(1 + ax)/a, which is x at a = 0; a and x are ≥ 0."""
    return _ratio(jnp.log1p(a * x), a, x)


def _log1p_ratio_jvp(
    primals: tuple[Array, Array], tangents: tuple[Any, Any]
) -> tuple[Array, Array]:
    # By x: 1/(1 + ax). By a: (x/(1 + ax) − log(1 + ax)/a)/a = −x² Σ (−ax)ⁿ (n + 1)/(n + 2)
    (a, x), (a_dot, x_dot) = primals, tangents
    value = log1p_ratio(a, x)
    product = a * x
    tangent = _times(1 / (1 + product), x_dot)
    if isinstance(a_dot, SymbolicZero):
        return value, tangent
    by_a = _slope_by_a(
        _ratio(x / (1 + product) - value, a, jnp.zeros_like(value)),
        product,
        x,
        lambda n: (-1) ** (n + 1) * (n + 1) / (n + 2),
    )
    return value, tangent + by_a * a_dot


log1p_ratio.defjvp(_log1p_ratio_jvp, symbolic_zeros=True)


def _times(slope: Array, direction: Any) -> Array:
    zero = isinstance(direction, SymbolicZero)
    return jnp.zeros_like(slope) if zero else slope * direction


def tempered_log(log_x: Array, t: Scalar) -> Array:
    """Return log_t x = (x^(1 − t) − 1)/(1 − t) from log x; log x itself at t = 1."""
    power = broadcast_like(jnp.asarray(1 - t, log_x.dtype), log_x)
    result: Array = expm1_ratio(power, log_x)
    return result
