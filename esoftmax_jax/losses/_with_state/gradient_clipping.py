"""Optimised gradient clipping: the threshold of a clipped cross-entropy, chosen in training."""

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp

from esoftmax_jax import _checks, _sharding
from esoftmax_jax._types import Array, ArrayInput, Scalar

NUM_FITTING_STEPS = 50
NUM_GRID_POINTS = 1000
NUM_BISECTIONS = 30
AT_LEAST_ONE = _checks.Interval(low=1.0)


class GradientClippingState(NamedTuple):
    """A queue of recent cross-entropies and the slope at which cross-entropy is clipped."""

    queue: Array
    """(queue_size,), the values; a ring."""
    num_seen: Array
    """int32, how many values were ever put in."""
    tau: Array
    """The largest slope of the loss in p_y: the ``tau`` of PHuber-CE."""


def init_gradient_clipping(
    queue_size: int = 2048, *, min_prob: float = 1e-7
) -> GradientClippingState:
    """Return an empty queue, and a threshold that clips next to nothing.

    Args:
        queue_size: how many cross-entropies the fit looks at.
        min_prob: in (0, 1), the smallest probability that is told from 0; τ starts at its
            inverse.

    Returns:
        The state for :func:`update_gradient_clipping`.

    Raises:
        TypeError: an argument of the wrong type.
        ValueError: an argument outside its range.

    Example:
        >>> from esoftmax_jax.losses import init_gradient_clipping
        >>> print(f"{init_gradient_clipping(512).tau:.3g}")
        1e+07

    Reference:
        Ye et al., "Optimized Gradient Clipping for Noisy Label Learning", AAAI 2025.
    """
    _checks.check_hyperparameter("queue_size", queue_size, _checks.POSITIVE_INTEGER)
    _checks.check_hyperparameter("min_prob", min_prob, _checks.OPEN_UNIT)
    return GradientClippingState(
        jnp.zeros(queue_size), jnp.zeros((), jnp.int32), jnp.asarray(1 / min_prob)
    )


def update_gradient_clipping(
    state: GradientClippingState,
    cross_entropies: ArrayInput,
    *,
    max_ratio: Scalar,
    min_prob: float = 1e-7,
    where: ArrayInput | None = None,
) -> GradientClippingState:
    r"""Remember cross-entropies and choose the clipping threshold from the latest ones.

    Two Gaussians are fitted to the queue; the one with the smaller mean stands for clean
    labels. Truncated to the values that are possible, they give the expected slope of the
    clipped loss on wrong and on clean labels, and τ is the largest with

    .. math:: \frac{E_\text{noisy} \min(1 / p_y, \tau)}{E_\text{clean} \min(1 / p_y, \tau)}
              \le r_{\max}

    Use it as ``partially_huberised_cross_entropy(logits, labels, tau=state.tau)``. Until the
    queue is full τ stays as it is. It is jitted, and costs about as much as a small network's
    step: call it every few steps.

    Args:
        state: from :func:`init_gradient_clipping`.
        cross_entropies: floating, any shape, at most as many as the queue holds: −log p_y of
            a batch (nats). Their gradient is stopped. NaN, the loss of a label that is no
            class, is left out.
        max_ratio: ≥ 1, the bound; the authors' code has 1 + (learning rate) · ε with ε a
            hyperparameter, so that it tightens as the rate falls. 1 makes the loss linear
            in p_y.
        min_prob: in (0, 1), the smallest probability that is told from 0.
        where: booleans with the shape of ``cross_entropies``; a masked example is left out.

    Returns:
        The new state.

    Raises:
        TypeError: an argument of the wrong type or dtype.
        ValueError: more values than the queue holds, or a hyperparameter outside its range.

    Example:
        >>> import jax
        >>> from esoftmax_jax import losses
        >>> state = losses.init_gradient_clipping(512)
        >>> clean_key, wrong_key = jax.random.split(jax.random.key(0))
        >>> clean = 0.2 + 0.05 * jax.random.normal(clean_key, (384,))
        >>> wrong = 4.0 + 0.5 * jax.random.normal(wrong_key, (128,))
        >>> values = jax.numpy.concatenate([clean, wrong])
        >>> state = losses.update_gradient_clipping(state, values, max_ratio=3.0)
        >>> print(f"{state.tau:.2f}")
        3.67

    Reference:
        Ye et al., "Optimized Gradient Clipping for Noisy Label Learning", AAAI 2025 (arXiv
        2412.08941), and the authors' code for the truncation and the bound.
    """
    _checks.check_state("state", state, GradientClippingState, "init_gradient_clipping(...)")
    _checks.check_floating("cross_entropies", cross_entropies)
    _checks.check_where(where, cross_entropies.shape)
    if cross_entropies.size > state.queue.size:
        raise ValueError(
            f"cross_entropies: expected at most as many values as the queue holds "
            f"({state.queue.size}), got {cross_entropies.size}"
        )
    dtype = state.queue.dtype
    _checks.check_hyperparameter("max_ratio", max_ratio, AT_LEAST_ONE, dtype=dtype)
    _checks.check_hyperparameter("min_prob", min_prob, _checks.OPEN_UNIT, dtype=dtype)
    updated: GradientClippingState = _update(state, cross_entropies, max_ratio, min_prob, where)
    return updated


@functools.partial(jax.jit, inline=True)
def _update(
    state: GradientClippingState,
    values: ArrayInput,
    max_ratio: Scalar,
    min_prob: Scalar,
    where: ArrayInput | None,
) -> GradientClippingState:
    dtype = state.queue.dtype
    lowest, highest = -jnp.log1p(-jnp.asarray(min_prob, dtype)), -jnp.log(min_prob)
    flat = jax.lax.stop_gradient(_sharding.laid_out(values, None).reshape(-1).astype(dtype))
    kept = ~jnp.isnan(flat)
    if where is not None:
        kept &= _sharding.laid_out(where, None).reshape(-1)
    counts = jnp.cumsum(kept.astype(jnp.int32))
    # Those that are kept follow each other; the others are written nowhere.
    places = jnp.where(kept, (state.num_seen + counts - 1) % state.queue.size, state.queue.size)
    clipped = jnp.clip(flat, lowest, highest.astype(dtype))
    queue = state.queue.at[places].set(clipped, mode="drop")
    size = queue.size
    num_seen = state.num_seen + jnp.sum(kept, dtype=jnp.int32)
    # As many rounds less: the place is the same, and an int32 never overflows.
    num_seen = jnp.where(num_seen >= 2 * size, num_seen % size + size, num_seen)
    grid = jnp.linspace(lowest, highest, NUM_GRID_POINTS).astype(dtype)
    chosen = _largest_slope(grid, *_fit_two_gaussians(queue), jnp.asarray(max_ratio, dtype))
    full = num_seen >= size
    return GradientClippingState(queue, num_seen, jnp.where(full, chosen, state.tau))


def _fit_two_gaussians(values: Array) -> tuple[Array, Array]:
    """Return means and deviations (clean first) of a mixture, by expectation–maximisation."""
    floor = jnp.asarray(1e-6, values.dtype)  # variance, as scikit-learn's default
    means = jnp.quantile(values, jnp.array([0.25, 0.75], values.dtype))
    variances = jnp.full(2, jnp.var(values)) + floor
    # Made of the data, so that under shard_map they vary over the devices as it does.
    weights = 0 * means + 0.5

    def step(_: int, fit: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
        means, variances, weights = fit
        distance = (values[:, None] - means[None]) ** 2 / variances[None]
        logs = jnp.log(weights)[None] - 0.5 * (distance + jnp.log(variances)[None])
        shares = jax.nn.softmax(logs, axis=1)
        mass = jnp.sum(shares, axis=0) + 1e-6
        means = jnp.sum(shares * values[:, None], axis=0) / mass
        spread = jnp.sum(shares * (values[:, None] - means[None]) ** 2, axis=0)
        return means, spread / mass + floor, mass / jnp.sum(mass)

    fit = (means, variances, weights)
    means, variances, _ = jax.lax.fori_loop(0, NUM_FITTING_STEPS, step, fit)
    order = jnp.argsort(means)
    return means[order], jnp.sqrt(variances[order])


def _largest_slope(grid: Array, means: Array, deviations: Array, max_ratio: Array) -> Array:
    """Return the largest τ whose ratio of expected slopes is within the bound."""
    logs = -0.5 * ((grid[:, None] - means[None]) / deviations[None]) ** 2
    density = jax.nn.softmax(logs, axis=0)  # the truncated Gaussians on the grid

    def ratio(log_tau: Array) -> Array:
        slopes = jnp.exp(jnp.minimum(grid, log_tau))
        expected = jnp.sum(density * slopes[:, None], axis=0)
        return expected[1] / expected[0]

    def halve(_: int, bounds: tuple[Array, Array]) -> tuple[Array, Array]:
        low, high = bounds
        middle = (low + high) / 2
        within = ratio(middle) <= max_ratio
        return jnp.where(within, middle, low), jnp.where(within, high, middle)

    varying = 0 * means[0]  # over devices, under shard_map
    bounds = (grid[0] + varying, grid[-1] + varying)
    low, _ = jax.lax.fori_loop(0, NUM_BISECTIONS, halve, bounds)
    return jnp.exp(jnp.where(ratio(grid[-1]) <= max_ratio, grid[-1], low))
