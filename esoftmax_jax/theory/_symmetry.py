"""How far a loss is from symmetric: the range of Σ_k L, and its change over a distance."""

import math

import numpy as np

from esoftmax_jax import _checks
from esoftmax_jax._host_types import HostFloats
from esoftmax_jax._types import LossFunction, Scalar
from esoftmax_jax.theory import _points
from esoftmax_jax.theory._bound import Bound
from esoftmax_jax.theory._evaluation import (
    LEAST,
    check_loss,
    grows_without_end,
    sum_gradients_at,
    sums_at,
)
from esoftmax_jax.theory._known_losses import floored_sum_of, shape_of_sum

_DIAMETER = math.sqrt(2)


def symmetry_gap(
    loss: LossFunction,
    num_classes: int,
    *,
    convex: bool = False,
    concave: bool = False,
    lipschitz: float | None = None,
) -> Bound:
    r"""Range of the sum of a loss over its K labels; 0 where the loss is symmetric.

    .. math:: G = \max_{p \in \Delta} S(p) - \min_{p \in \Delta} S(p), \qquad
              S(p) = \sum_{k=1}^K L(p, k)

    The lower bound is reached at points: structured, random, and improved from the best. The
    upper bound is a proof, where there is one: a closed form (losses that floor a probability:
    CE_ε, FL_ε, GCE with a floor); a constant S; a convex S, whose maximum lies at a vertex and
    whose minimum is no less than any tangent plane at the vertices (Frank and Wolfe); a concave
    S, the same upside down; a Lipschitz constant and a lattice. The shapes of this library's
    losses are known. Of a loss of your own you may claim one; a claim is tested, and refused at
    a counterexample. Without one the result is a lower bound only.

    Logits are centred log p. A loss that is not of p alone (LDR-KL, CE+LC) is searched there.
    Points at which two classes tie for the largest have no volume and are left out: the
    ε-losses take both as predicted.

    Args:
        loss: ``loss(logits, labels)`` with its hyperparameters bound.
        num_classes: K ≥ 2.
        convex: claim that S is a convex function of p.
        concave: claim that S is a concave function of p.
        lipschitz: claim that S changes by at most this times ‖p − p′‖₂ between p and p′.

    Returns:
        The :class:`Bound` of G; ``lower`` is ∞ where S is unbounded.

    Raises:
        TypeError: ``loss`` is not callable, or an argument has the wrong type.
        ValueError: the loss does not give one value for each example, ``num_classes`` < 2, or
            points contradict a claim.

    Example:
        >>> from esoftmax_jax import losses, theory
        >>> print(theory.symmetry_gap(losses.get("MAE"), 10))
        0 (Σ_k L is constant)
        >>> print(theory.symmetry_gap(losses.get("GCE", q=0.5), 3))
        1.4641 (Σ_k L is convex)
        >>> print(theory.symmetry_gap(losses.get("CE"), 3).lower)
        inf
        >>> def squared_mae(logits, labels):
        ...     return losses.mean_absolute_error(logits, labels) ** 2
        >>> theory.symmetry_gap(squared_mae, 3).kind
        'lower bound only'
        >>> print(theory.symmetry_gap(squared_mae, 3, convex=True))
        2.66667 (Σ_k L is convex)

    Reference:
        Symmetric losses: Ghosh et al., "Robust Loss Functions under Label Noise for Deep Neural
        Networks", AAAI 2017, equation 3; the bound that needs G: Wang et al., NeurIPS 2024
        (arXiv 2508.02387), Theorem 1.
    """
    check_loss(loss, num_classes)
    for name, claim in (("convex", convex), ("concave", concave)):
        _checks.check_flag(name, claim)
    if lipschitz is not None:
        _checks.check_hyperparameter("lipschitz", lipschitz, _checks.NON_NEGATIVE)
    floored = floored_sum_of(loss, num_classes)
    if floored is not None:
        gap = floored.gap()
        return Bound(gap, gap, "closed form")
    shape = shape_of_sum(loss)
    if shape == "constant":
        return Bound(0.0, 0.0, "Σ_k L is constant")
    if grows_without_end(loss, num_classes):
        return Bound(math.inf, math.inf, "Σ_k L grows without end towards one-hot vectors")
    _check_claims(loss, num_classes, convex, concave, lipschitz)
    if shape is not None or convex or concave:
        sign = 1.0 if shape == "convex" or convex else -1.0
        middle = np.full((2, num_classes), 1 / num_classes)
        bound = _of_convex(loss, num_classes, middle, sign)
        if bound.exact:  # as it is where S asks of no class which it is
            return bound
        return _of_convex(loss, num_classes, _extremes(loss, num_classes), sign)
    found = _extremes(loss, num_classes)
    if lipschitz is not None:
        return _of_lipschitz(loss, num_classes, found, float(lipschitz))
    reason = "points; no upper bound is known"
    return Bound(float(np.ptp(sums_at(loss, found))), math.inf, reason)


def delta(
    loss: LossFunction, epsilon: Scalar, num_classes: int, *, lipschitz: float | None = None
) -> Bound:
    r"""Largest change of the sum of a loss over a distance ε: the δ of Theorem 1.

    .. math:: \delta = \sup \{ |S(u) - S(u')| : \lVert u - u' \rVert_2 \le \epsilon \},
              \qquad S(u) = \sum_k L(u, k)

    u is what the loss sees: softmax for most losses, the output of ε-softmax for the ε-losses
    of the library. All outputs of ε-softmax that predict the same class lie within
    :func:`~esoftmax_jax.losses.epsilon_bound` of each other, and S does not ask which class it
    is. At that ε, δ is therefore :func:`symmetry_gap`, a closed form. **The theorem's condition
    as it is printed speaks of the whole simplex**: that is the same loss with m = 0.

    Args:
        loss: ``loss(logits, labels)`` with its hyperparameters bound.
        epsilon: ≥ 0.
        num_classes: K ≥ 2.
        lipschitz: claim that S changes by at most this times ‖u − u′‖₂ between u and u′.

    Returns:
        The :class:`Bound` of δ; ∞ for every ε > 0 where S is unbounded. It is exact for losses
        with a floor if ε is Lemma 1's or larger, and between two values for others.

    Raises:
        TypeError: ``loss`` is not callable, or an argument is no number.
        ValueError: as :func:`symmetry_gap`, or ``epsilon`` is negative.

    Example:
        >>> from esoftmax_jax import losses, theory
        >>> ce_eps = losses.get("CE_eps", m=1e5)
        >>> print(theory.delta(ce_eps, losses.epsilon_bound(1e5, 10), 10))
        41.4464 (closed form)
        >>> printed = theory.delta(losses.get("CE_eps", m=0.0), 9.5e-6, 10)
        >>> f"{printed.lower:.3f}", printed.kind
        ('41.548', 'between')
        >>> theory.delta(losses.get("CE_eps", m=1e5, min_prob=None), 9.5e-6, 3).lower
        inf

    Reference:
        Wang et al., NeurIPS 2024 (arXiv 2508.02387), Theorem 1 and Lemma 1.
    """
    check_loss(loss, num_classes)
    _checks.check_hyperparameter("epsilon", epsilon, _checks.NON_NEGATIVE)
    distance = float(epsilon)
    floored = floored_sum_of(loss, num_classes)
    if floored is not None:
        # Rounded up: what a caller got from epsilon_bound has single precision.
        lower, upper = floored.change(distance * (1 + floored.m) * (1 + 1e-6))
        return Bound(lower, upper, "closed form" if lower == upper else "counted by classes")
    gap = symmetry_gap(loss, num_classes, lipschitz=lipschitz)
    if distance == 0 or gap.upper == 0:
        return Bound(0.0, 0.0, gap.reason)
    if math.isinf(gap.lower) or distance >= _DIAMETER:
        return gap
    lower = min(_steepest(loss, num_classes, distance), gap.upper)
    by_slope = math.inf if lipschitz is None else float(lipschitz) * distance
    reason = "Lipschitz constant" if by_slope < gap.upper else f"symmetry gap: {gap.reason}"
    return Bound(lower, min(by_slope, gap.upper), reason)


def _extremes(loss: LossFunction, num_classes: int) -> HostFloats:
    """Return two points, of the least and the largest sum that was found."""
    points = _points.two_levels(num_classes)
    points = np.concatenate([points, points[:, ::-1], _points.random_points(num_classes, 128)])
    best = points[_finite_extremes(sums_at(loss, points))]
    for turn, radius in enumerate((0.7, 0.3, 0.1, 0.03, 0.01, 1e-3, 1e-4)):
        near = [_points.neighbours(point, radius, 48, turn) for point in best]
        points = np.concatenate([best, *near])
        best = points[_finite_extremes(sums_at(loss, points))]
    return best


def _finite_extremes(sums: HostFloats) -> list[int]:
    if not np.any(np.isfinite(sums)):
        raise ValueError("loss: expected finite values inside the simplex, got none")
    return [int(np.nanargmin(sums)), int(np.nanargmax(sums))]


def _check_claims(
    loss: LossFunction, num_classes: int, convex: bool, concave: bool, lipschitz: float | None
) -> None:
    """Refuse a claim that one of many segments contradicts."""
    if not (convex or concave or lipschitz is not None):
        return
    first = _points.random_points(num_classes, 256, seed=1)
    second = np.roll(first, 101, axis=0)
    low, high, middle = (sums_at(loss, one) for one in (first, second, (first + second) / 2))
    slack = 1e-9 * (1 + np.abs(low) + np.abs(high))
    bend = (low + high) / 2 - middle
    steep = np.abs(low - high) / np.linalg.norm(first - second, axis=1)
    for name, claimed, wrong in (
        ("convex", convex, np.any(bend < -slack)),
        ("concave", concave, np.any(bend > slack)),
        ("lipschitz", lipschitz is not None, lipschitz is not None and steep.max() > lipschitz),
    ):
        if claimed and wrong:
            seen = f"a slope of {steep.max():.6g}" if name == "lipschitz" else "a segment"
            raise ValueError(
                f"{name}: expected a claim that holds, got {seen} on which Σ_k L contradicts "
                f"it; leave the claim out"
            )


def _of_convex(loss: LossFunction, num_classes: int, found: HostFloats, sign: float) -> Bound:
    """Bound the range where sign · S is convex."""
    vertices = np.maximum(np.eye(num_classes), LEAST)
    inside = np.maximum(found[0 if sign > 0 else 1], 1e-12)
    points = np.array([inside / inside.sum(), np.full(num_classes, 1 / num_classes)])
    sums = sign * sums_at(loss, points)
    slopes = sign * sum_gradients_at(loss, points)
    # No point of the simplex lies below the tangent plane's lowest vertex.
    planes = sums + slopes.min(axis=1) - (slopes * points).sum(axis=1)
    largest = float((sign * sums_at(loss, vertices)).max())
    best, under = largest - float(sums.min()), largest - float(planes.max())
    rounding = 1e-9 * (1 + abs(largest))
    shape = "convex" if sign > 0 else "concave"
    return Bound(best, best if under - best < rounding else under, f"Σ_k L is {shape}")


def _of_lipschitz(
    loss: LossFunction, num_classes: int, found: HostFloats, lipschitz: float
) -> Bound:
    points, radius = _points.lattice(num_classes)
    spread = float(np.ptp(sums_at(loss, points)))
    lower = max(spread, float(np.ptp(sums_at(loss, found))))
    upper = spread + 2 * radius * lipschitz
    if lower > upper * (1 + 1e-9):
        raise ValueError(
            f"lipschitz: expected a claim that holds, got a range of Σ_k L of {lower:.6g}, of "
            f"which it allows {upper:.6g}; leave the claim out"
        )
    return Bound(lower, upper, "Lipschitz constant on a lattice")


def _steepest(loss: LossFunction, num_classes: int, distance: float) -> float:
    """Return the largest change that was found between points at most so far apart."""
    ends = np.concatenate(
        [_points.two_levels(num_classes), _points.random_points(num_classes, 16)]
    )
    targets = ends[:: max(1, len(ends) // 24)]
    begin = np.repeat(ends, len(targets), axis=0)
    way = np.tile(targets, (len(ends), 1)) - begin
    length = np.maximum(np.linalg.norm(way, axis=1, keepdims=True), 1e-12)
    moved = begin + way * np.minimum(1, distance / length)
    changes = np.abs(sums_at(loss, moved) - np.repeat(sums_at(loss, ends), len(targets)))
    return float(np.nanmax(changes))
