"""The heavy-tailed softmax of the bi-tempered loss."""

import jax
import jax.numpy as jnp

from esoftmax_jax._types import Array, ArrayInput, Scalar


def _ratio(numerator: Array, denominator: Array, limit: Array) -> Array:
    """Return numerator / denominator, and the limit where the denominator is 0."""
    zero = denominator == 0
    return jnp.where(zero, limit, numerator / jnp.where(zero, 1, denominator))


def tempered_log(log_x: Array, t: Scalar) -> Array:
    """Return log_t x = (x^(1 − t) − 1)/(1 − t) from log x; log x itself at t = 1."""
    power = jnp.asarray(1 - t)
    # −inf · 0 would be NaN at t = 1.
    exponent = jnp.where(power == 0, 0, power * log_x)
    return _ratio(jnp.expm1(exponent), power, log_x)


def log_tempered_softmax(
    logits: ArrayInput, temperature: Array, axis: int, num_iterations: int
) -> Array:
    """Return log exp_t(z − λ) with λ such that the probabilities sum to 1, for t ≥ 1.

    With δ = t − 1 and b = max z − z, log p_k = −log1p(δ(λ + b_k))/δ. The function
    G(λ) = (Σ_k p_k)^−δ is increasing, concave, and at most 1 at λ = 0, so that Newton's
    method for G(λ) = 1 rises to the root and never passes it. At δ = 0 one step is exact.
    Autodiff goes through the last two steps alone: at the root one step has the exact first
    derivative of λ, and two have the exact second.

    ``temperature`` is a scalar or has length 1 along ``axis``.
    """
    delta = temperature - 1
    logits = jnp.asarray(logits)
    present = logits != -jnp.inf
    maximum = jax.lax.stop_gradient(jnp.max(logits, axis=axis, keepdims=True))
    below = jnp.where(present, maximum - logits, 0)

    def log_probs(normaliser: Array, below: Array, delta: Array) -> Array:
        distance = normaliser + below
        return -_ratio(jnp.log1p(delta * distance), delta, distance)

    def newton(normaliser: Array, below: Array, delta: Array) -> Array:
        logs = log_probs(normaliser, below, delta)
        total = jnp.sum(jnp.where(present, jnp.exp(logs), 0), axis=axis, keepdims=True)
        log_total = jnp.log(total)
        escort = jnp.exp((1 + delta) * (logs - log_total))
        escort_sum = jnp.sum(jnp.where(present, escort, 0), axis=axis, keepdims=True)
        step = -_ratio(jnp.expm1(-delta * log_total), delta, -log_total)
        return normaliser + step / escort_sum

    fixed_below, fixed_delta = jax.lax.stop_gradient((below, delta))
    normaliser = jax.lax.fori_loop(
        0,
        max(0, num_iterations - 2),
        lambda _, found: newton(found, fixed_below, fixed_delta),
        jnp.zeros_like(maximum),
    )
    normaliser = jax.lax.stop_gradient(normaliser)
    for _ in range(min(2, num_iterations)):
        normaliser = newton(normaliser, below, delta)
    return jnp.where(present, log_probs(normaliser, below, delta), -jnp.inf)
