"""Two ratios of losses of p_y alone: asymmetry and variation."""

import numpy as np

from esoftmax_jax._host_types import HostFloats
from esoftmax_jax._types import LossFunction
from esoftmax_jax.theory import _points
from esoftmax_jax.theory._evaluation import (
    check_loss,
    gradients_at,
    least_rest,
    logits_of,
    losses_at,
)

_STEPS = 400


def asymmetry_ratio(loss: LossFunction) -> float:
    r"""How much moving probability to the right class saves against what it costs elsewhere.

    .. math:: r = \inf_{u_1, u_2 \ge 0, \; u_1 + u_2 \le 1}
              \frac{\ell(u_1) - \ell(u_1 + u_2)}{\ell(0) - \ell(u_2)}, \qquad
              L(p, y) = \ell(p_y)

    A loss of p_y alone is asymmetric, that is minimised by the class m of the largest weight
    alone, for weights with w_m/w_n · r ≥ 1, where n is the next. With r ≥ 1 (ℓ concave, MAE)
    that is always so.

    The infimum is searched on a lattice of steps 1/400, and between neighbours at the ends by
    the derivative. For AGCE with q ≤ 1 it is (a/(a + 1))^{1−q}, for AUL with q ≥ 1
    ((a − 1)/a)^{q−1}, for AEL e^{−1/a}.

    Args:
        loss: ``loss(logits, labels)`` of p_y alone, with its hyperparameters bound.

    Returns:
        r ≥ 0; 0 where the loss is infinitely steep at p_y = 0.

    Raises:
        TypeError: ``loss`` is not callable.
        ValueError: the loss depends on other probabilities than p_y.

    Example:
        >>> from esoftmax_jax import losses, theory
        >>> print(f"{theory.asymmetry_ratio(losses.get('AEL', a=2.5)):.4f}")
        0.6703
        >>> print(f"{theory.asymmetry_ratio(losses.get('MAE')):.4f}")
        1.0000
        >>> theory.asymmetry_ratio(losses.get("CE"))
        0.0

    Reference:
        Zhou et al., "Asymmetric Loss Functions for Learning with Noisy Labels", ICML 2021
        (arXiv 2106.03110), asymmetry ratio.
    """
    values, slopes = _of_label_probability(loss)
    if _without_end(slopes):
        return 0.0
    saved, cost = _differences(values)
    ratios = saved[cost > 0] / cost[cost > 0]
    # u₂ → 0, for which the differences are slopes: at every u₁ against u₁ = 0.
    limits = slopes[2:] / slopes[0] if slopes[0] > 0 else ratios
    return float(min(ratios.min(initial=1.0), limits.min(initial=1.0)))


def variation_ratio(loss: LossFunction) -> float:
    r"""Ratio of a loss's steepest to its flattest slope in p_y.

    .. math:: v = \frac{\max_{u \in [0, 1]} |\ell'(u)|}{\min_{u \in [0, 1]} |\ell'(u)|},
              \qquad L(p, y) = \ell(p_y)

    1 for MAE, whose slope is constant, ∞ for cross-entropy. −log(u + a) has (1 + a)/a,
    exp(−u/a) has e^{1/a}, (a − u)² has a/(a − 1).

    Args:
        loss: ``loss(logits, labels)`` of p_y alone, with its hyperparameters bound.

    Returns:
        v ≥ 1, or ∞.

    Raises:
        TypeError: ``loss`` is not callable.
        ValueError: the loss depends on other probabilities than p_y.

    Example:
        >>> from esoftmax_jax import losses, theory
        >>> print(f"{theory.variation_ratio(losses.get('VMSE', a=5.0)):.4f}")
        1.2500
        >>> theory.variation_ratio(losses.get("CE"))
        inf

    Reference:
        Wang et al., variation-bounded losses, AAAI 2026.
    """
    _, slopes = _of_label_probability(loss)
    if _without_end(slopes) or slopes.min() <= 1e-9 * slopes.max():
        return float("inf")
    return float(slopes.max() / slopes.min())


def _differences(values: HostFloats) -> tuple[HostFloats, HostFloats]:
    """Return ℓ(u₁) − ℓ(u₁ + u₂) and ℓ(0) − ℓ(u₂) for all steps of the lattice."""
    first, second = np.triu_indices(len(values), 1)
    return values[first] - values[second], values[0] - values[second - first]


def _without_end(slopes: HostFloats) -> bool:
    """Whether the slope goes on growing from 1e-8 to 1e-12."""
    return not np.isfinite(slopes[0]) or bool(slopes[0] > 1.05 * slopes[1] > 0)


def _of_label_probability(loss: LossFunction) -> tuple[HostFloats, HostFloats]:
    """Return ℓ at 0, 1/400, …, 1 and −ℓ′ at 0, 1e-8, 1/400, …, 1, from three classes."""
    check_loss(loss, 3)
    points = _points.random_points(3, 64, seed=2)
    turned = points[:, [0, 2, 1]].copy()
    turned[:, 1:] = (points[:, 1] + points[:, 2])[:, None] / 2
    own, other = (losses_at(loss, logits_of(one))[:, 0] for one in (points, turned))
    apart = np.abs(own - other)
    if np.any(apart > 1e-6 * (1 + np.abs(own))):
        raise ValueError(
            f"loss: expected a function of the label's probability alone, got one that "
            f"changes by {apart.max():.6g} with how the other classes share the rest"
        )
    places = np.linspace(0, 1, _STEPS + 1)
    values = losses_at(loss, _logits_with(places))[:, 0]
    most = 1 - max(1e-6, least_rest(loss, 3))  # 1 − u has few digits at 1
    inside = np.array([1e-12, 1e-8, *places[1:-1], most])
    labels = np.zeros(len(inside), np.int32)
    by_logit = gradients_at(loss, _logits_with(inside), labels)[:, 0]
    return values, -by_logit / (inside * (1 - inside))


def _logits_with(label_probability: HostFloats) -> HostFloats:
    rest = (1 - label_probability) / 2
    return logits_of(np.stack([label_probability, rest, rest], axis=1))
