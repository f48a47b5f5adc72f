"""The heavy-tailed softmax and the bi-tempered loss."""

import functools
import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.custom_derivatives import SymbolicZero

from esoftmax_jax import _numerics
from esoftmax_jax._sharding import broadcast_like
from esoftmax_jax._types import Array, ArrayInput, Scalar
from esoftmax_jax.losses._class_sums import unfused


def log_tempered_softmax(
    logits: ArrayInput, temperature: Array, axis: int, num_iterations: int
) -> Array:
    """Return log exp_t(z − λ) with λ such that the probabilities sum to 1, for t ≥ 1.

    With δ = t − 1 and b = max z − z, log p_k = −log1p(δ(λ + b_k))/δ.

    ``temperature`` is a scalar or has length 1 along ``axis``.
    """
    delta = temperature - 1
    _, below = _maximum_and_below(jnp.asarray(logits), axis)
    return _log_probs(below, _normaliser(below, delta, axis, num_iterations), delta)


def _maximum_and_below(logits: Array, axis: int) -> tuple[Array, Array]:
    """Return max z and max z − z, which is inf for a class that is masked by −inf."""
    maximum = jax.lax.stop_gradient(jnp.max(logits, axis=axis, keepdims=True))
    return maximum, jnp.where(logits == -jnp.inf, jnp.inf, maximum - logits)


def _log_probs(below: Array, normaliser: Array, delta: Array) -> Array:
    present = below != jnp.inf
    distance = normaliser + jnp.where(present, below, 0)
    logs = -log1p_ratio(broadcast_like(delta, distance), distance)
    return jnp.where(present, logs, -jnp.inf)


def _powers(log_probs: Array, exponent: Array) -> Array:
    present = log_probs != -jnp.inf
    return jnp.where(present, jnp.exp(exponent * jnp.where(present, log_probs, 0)), 0)


@functools.partial(jax.custom_jvp, nondiff_argnums=(4,))
def _sum_of_powers(
    below: Array, normaliser: Array, delta: Array, exponent: Array, axis: int
) -> Array:
    """Return Σ_k p_k^exponent, with length 1 along ``axis``.

    A CPU computes such a sum without storing its terms as long as nothing else uses any part
    of one. Hence no selects, and numbers that are not known to be those of other sums.
    """
    normaliser, delta = jax.lax.optimization_barrier((normaliser, delta))
    # So small a δ is 0 to this formula, and needs no limit of its own.
    delta = jnp.where(jnp.abs(delta) < 1e-20, 1e-20, delta)
    logs = jnp.log1p(delta * (normaliser + below))
    return unfused(jnp.sum(jnp.exp(-exponent / delta * logs), axis=axis, keepdims=True))


@_sum_of_powers.defjvp
def _sum_of_powers_jvp(axis: int, primals: Any, tangents: Any) -> tuple[Array, Array]:
    def plain(below: Array, normaliser: Array, delta: Array, exponent: Array) -> Array:
        powers = _powers(_log_probs(below, normaliser, delta), exponent)
        return jnp.sum(powers, axis=axis, keepdims=True)

    return _sum_of_powers(*primals, axis), jax.jvp(plain, primals, tangents)[1]


@functools.partial(jax.custom_jvp, nondiff_argnums=(2, 3))
def _normaliser(below: Array, delta: Array, axis: int, num_iterations: int) -> Array:
    """Return λ, with length 1 along ``axis``.

    G(λ) = (Σ_k p_k)^−δ is increasing, concave, and at most 1 at λ = 0, so that Newton's method
    for G(λ) = 1 rises to the root and never passes it. At δ = 0 one step is exact.
    """
    # Newton's method squares the error: after a step this small nothing is left of it.
    enough = 0.1 * float(np.finfo(below.dtype).eps) ** 0.5

    def newton(carry: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
        count, normaliser, _ = carry
        log_total = jnp.log(
            _sum_of_powers(below, normaliser, delta, jnp.ones_like(delta), axis)
        )
        escort = _sum_of_powers(below, normaliser, delta, 1 + delta, axis)
        # (1 − G)/G', with G = e^{−δ log Σ p} and G' = G Σ p^{1 + δ}/Σ p
        rise = expm1_ratio(broadcast_like(-delta, log_total), log_total)
        step = rise * jnp.exp((1 + delta) * log_total) / escort
        return count + 1, normaliser + step, step

    def unfinished(carry: tuple[Array, Array, Array]) -> Array:
        count, normaliser, step = carry
        return (count < num_iterations) & jnp.any(step > enough * (1 + normaliser))

    start = jnp.zeros_like(jnp.min(below, axis=axis, keepdims=True))
    carry = (jnp.zeros((), jnp.int32), start, jnp.full_like(start, jnp.inf))
    found: Array = jax.lax.while_loop(unfinished, newton, carry)[1]
    return found


def _normaliser_jvp(
    axis: int, num_iterations: int, primals: tuple[Array, Array], tangents: tuple[Any, Any]
) -> tuple[Array, Array]:
    # 0 = d Σ_k p_k = −Σ_k e_k (dλ + db_k) + Σ_k p_k ∂log p_k/∂δ dδ with e_k = p_k^{1 + δ}
    (below, delta), (below_dot, delta_dot) = primals, tangents
    normaliser = _normaliser(below, delta, axis, num_iterations)
    logs = _log_probs(below, normaliser, delta)
    change = jnp.zeros_like(normaliser)
    if not isinstance(below_dot, SymbolicZero):
        change -= jnp.sum(_powers(logs, 1 + delta) * below_dot, axis=axis, keepdims=True)
    if not isinstance(delta_dot, SymbolicZero):
        _, slope = jax.jvp(lambda d: _log_probs(below, normaliser, d), (delta,), (delta_dot,))
        change += jnp.sum(jnp.exp(logs) * slope, axis=axis, keepdims=True)
    return normaliser, change / _sum_of_powers(below, normaliser, delta, 1 + delta, axis)


_normaliser.defjvp(_normaliser_jvp, symbolic_zeros=True)


def bi_tempered(
    logits: Array,
    labels: ArrayInput | None,
    t1: Array,
    t2: Array,
    axis: int,
    num_iterations: int,
) -> Array:
    """Return −log_{t₁} p_y − (1 − Σ_k p_k^{2 − t₁})/(2 − t₁); without labels, for every y."""
    outer = _numerics.for_each_class(t1, labels, axis)
    inner = _numerics.for_each_class(t2, labels, axis)
    log_probs = log_tempered_softmax(logits, inner, axis, num_iterations)
    log_prob = (
        log_probs if labels is None else _numerics.pick_with_gradient(log_probs, labels, axis)
    )
    powers = jnp.sum(_powers(log_probs, 2 - outer), axis=axis)
    return _from_sums(log_prob, _numerics.for_each_label(powers, labels, axis), t1)


def _from_sums(log_prob: Array, powers: Array, t1: Array) -> Array:
    return -tempered_log(log_prob, t1) - (1 - powers) / (2 - t1)


@functools.partial(jax.custom_jvp, nondiff_argnums=(4, 5))
def label_bi_tempered(
    logits: Array, labels: Array, t1: Array, t2: Array, axis: int, num_iterations: int
) -> Array:
    """Return ``bi_tempered`` of one label per example; the derivative is one pass."""
    delta = _numerics.for_each_class(t2, labels, axis) - 1
    exponent = 2 - _numerics.for_each_class(t1, labels, axis)
    maximum, below = _maximum_and_below(logits, axis)
    normaliser = _normaliser(below, delta, axis, num_iterations)
    label_logit = jnp.expand_dims(_numerics.pick(logits, labels, axis), axis)
    log_prob = _log_probs(maximum - label_logit, normaliser, delta)
    powers = _sum_of_powers(below, normaliser, delta, exponent, axis)
    return _from_sums(log_prob.squeeze(axis), powers.squeeze(axis), t1)


def _label_bi_tempered_jvp(
    axis: int, num_iterations: int, primals: tuple[Any, ...], tangents: tuple[Any, ...]
) -> tuple[Array, Array]:
    logits, labels, t1, t2 = primals
    direction, _, t1_dot, t2_dot = tangents
    losses = label_bi_tempered(logits, labels, t1, t2, axis, num_iterations)
    tangent = jnp.zeros_like(losses)
    if not isinstance(direction, SymbolicZero):
        slope = _slope_by_logits(logits, labels, t1, t2, axis, num_iterations)
        tangent += jnp.sum(slope * direction, axis=axis)
    for temperature, dot, function in (
        (t1, t1_dot, lambda t: bi_tempered(logits, labels, t, t2, axis, num_iterations)),
        (t2, t2_dot, lambda t: bi_tempered(logits, labels, t1, t, axis, num_iterations)),
    ):
        if not isinstance(dot, SymbolicZero):
            tangent += jax.jvp(function, (temperature,), (dot,))[1]
    return losses, tangent


def _slope_by_logits(
    logits: Array, labels: Array, t1: Array, t2: Array, axis: int, num_iterations: int
) -> Array:
    """Return (v − Σ_j w_j) e_k/Σ_j e_j + w_k − v 1[k = y] for every class k.

    e_k = p_k^t₂ comes of the normaliser, w_k = p_k^{1 − t₁ + t₂} of the sum of powers, and
    v = p_y^{t₂ − t₁} of the label.
    """
    outer = _numerics.for_each_class(t1, labels, axis)
    inner = _numerics.for_each_class(t2, labels, axis)
    delta, exponent = inner - 1, 1 - outer + inner
    maximum, below = _maximum_and_below(logits, axis)
    normaliser = _normaliser(below, delta, axis, num_iterations)
    label_logit = jnp.expand_dims(_numerics.pick(logits, labels, axis), axis)
    label_log_prob = _log_probs(maximum - label_logit, normaliser, delta)
    label_power = _powers(label_log_prob, inner - outer)
    power_sum = _sum_of_powers(below, normaliser, delta, exponent, axis)
    escort_sum = _sum_of_powers(below, normaliser, delta, inner, axis)
    log_probs = _log_probs(below, normaliser, delta)
    safe, _ = _numerics.safe_labels(labels, logits.shape[axis])
    hot = _numerics.class_is(logits.shape, safe, axis)
    of_normaliser = (label_power - power_sum) / escort_sum * _powers(log_probs, inner)
    return of_normaliser + _powers(log_probs, exponent) - jnp.where(hot, label_power, 0)


label_bi_tempered.defjvp(_label_bi_tempered_jvp, symbolic_zeros=True)


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
