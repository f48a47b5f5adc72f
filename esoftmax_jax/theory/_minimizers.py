"""Which probabilities have the least risk under labels that are not certain."""

from typing import NamedTuple

import numpy as np

from esoftmax_jax import _checks
from esoftmax_jax._host_types import HostFloats, HostIntegers, Numbers
from esoftmax_jax._types import LossFunction
from esoftmax_jax.theory import _points
from esoftmax_jax.theory._evaluation import check_loss, logits_of, losses_at
from esoftmax_jax.theory._numbers import probability_numbers

_MOST_CLASSES = 6
_LEAST_STEP = 1e-10
_TARGETS = (
    (0.5, 0.3, 0.2),
    (0.8, 0.15, 0.05),
    (0.4, 0.35, 0.25),
    (0.6, 0.3, 0.1),
    (0.45, 0.4, 0.15),
    (0.9, 0.07, 0.03),
)


class Minimizer(NamedTuple):
    """Probabilities of least risk, and that risk."""

    probabilities: HostFloats
    risk: HostFloats


class Calibration(NamedTuple):
    """Whether minimisers keep the order of the targets; if not, where not.

    ``attained`` is False where the risk goes on falling towards the edge of the simplex.
    """

    calibrated: bool
    target: HostFloats | None
    minimizer: HostFloats | None
    attained: bool


def risk_minimizer(loss: LossFunction, target: Numbers) -> Minimizer:
    r"""Probabilities of the least risk under a distribution of labels, by search.

    .. math:: p^* = \arg\min_{p \in \Delta} \sum_k q_k L(p, k)

    For each class t, the points at which t is the largest are searched by themselves: from the
    best of a lattice, mass moves between sets of classes by steps that are halved where none
    helps. Where the infimum lies at a tie, it is that of the class t that leads by a hair.

    Args:
        loss: ``loss(logits, labels)`` with its hyperparameters bound.
        target: q, of shape (K,) or (N, K), with K ≤ 6.

    Returns:
        :class:`Minimizer`: p* with the shape of ``target``, and one risk each.

    Raises:
        TypeError: ``loss`` is not callable.
        ValueError: targets that are no distributions, or of more than 6 classes.

    Example:
        >>> from esoftmax_jax import losses, theory
        >>> ce_eps = losses.get("CE_eps", m=0.5, min_prob=None)
        >>> print(theory.risk_minimizer(ce_eps, [0.8, 0.15, 0.05]).probabilities.round(4) + 0.0)
        [0.7   0.225 0.075]
        >>> print(theory.risk_minimizer(losses.get("MAE"), [0.4, 0.35, 0.25]).probabilities)
        [1. 0. 0.]

    Reference:
        Wang et al., NeurIPS 2024 (arXiv 2508.02387), Lemma 2 and Theorem 2.
    """
    targets = _targets(target)
    number, classes = targets.shape
    check_loss(loss, classes)
    points = _points.lattice(classes, {2: 60, 3: 24, 4: 12, 5: 8, 6: 6}[classes])[0]
    points = np.concatenate([points, _points.random_points(classes, 64)])
    starts, tops = [], []
    for top in range(classes):
        inside = points[points[:, top] >= points.max(axis=1)]
        risks = losses_at(loss, logits_of(inside, top)) @ targets.T
        starts.append(inside[np.nanargmin(risks, axis=0)])
        tops.append(np.full(number, top))
    cells = np.concatenate(starts), np.concatenate(tops)
    best = _descend(loss, *cells, np.tile(targets, (classes, 1)))
    risks = best.risk.reshape(classes, number)
    chosen = risks.argmin(axis=0), np.arange(number)
    found = best.probabilities.reshape(classes, number, classes)[chosen]
    shape = np.shape(target)
    return Minimizer(found.reshape(shape), risks[chosen].reshape(shape[:-1]))


def epsilon_softmax_minimizer(
    target: Numbers, *, m: float, min_prob: float | None = None
) -> Minimizer:
    r"""Probabilities of the least CE_ε under a distribution of labels, in closed form.

    .. math:: p_t = q_t (1 + m) - m, \qquad p_j = q_j (1 + m) \quad (j \ne t), \qquad
              t = \arg\max_k q_k

    That is Theorem 2, where q_t exceeds every other q_j by more than m/(m + 1) and nothing is
    floored. **Elsewhere the minimiser is another**: unfloored, classes tie with t for the
    largest, and p_ε tells them apart by a hair. With a floor, classes may also be given up:
    probability 0, at the price of −q_j log p_min. All combinations are compared here, each with
    its own stationary point.

    Args:
        target: q, of shape (K,).
        m: ≥ 0.
        min_prob: the floor of the loss, in (0, 1), or None.

    Returns:
        :class:`Minimizer`.

    Raises:
        TypeError: ``m`` or ``min_prob`` is no number.
        ValueError: ``target`` is no distribution, or a hyperparameter outside its range.

    Example:
        >>> from esoftmax_jax import theory
        >>> q = [0.8, 0.15, 0.05]
        >>> print(theory.epsilon_softmax_minimizer(q, m=0.5).probabilities.round(4))
        [0.7   0.225 0.075]
        >>> print(theory.epsilon_softmax_minimizer(q, m=10.0).probabilities.round(4))
        [0.3914 0.3914 0.2173]
        >>> print(theory.epsilon_softmax_minimizer(q, m=1e8, min_prob=1e-8).probabilities)
        [1. 0. 0.]

    Reference:
        Wang et al., NeurIPS 2024 (arXiv 2508.02387), Theorem 2 (the first form).
    """
    _checks.check_hyperparameter("m", m, _checks.NON_NEGATIVE)
    _checks.check_hyperparameter("min_prob", min_prob, _checks.PROBABILITY_FLOOR)
    given = probability_numbers("target", target)
    if given.ndim != 1:
        raise ValueError(f"target: expected one distribution (K,), got shape {given.shape}")
    q = _targets(given, most=None)[0]
    order = np.argsort(-q, kind="stable")
    sorted_q = q[order]
    positive = int((sorted_q > 0).sum())
    least = positive if min_prob is None else 1
    candidates = [
        point
        for kept in range(least, positive + 1)
        for tied in range(kept)
        if (point := _stationary(sorted_q[:kept], tied, float(m), len(q))) is not None
    ]
    risks = [_risk(point, sorted_q, float(m), min_prob) for point in candidates]
    best = int(np.argmin(risks))
    found = np.zeros(len(q))
    found[order] = candidates[best]
    return Minimizer(found, np.asarray(risks[best]))


def all_k_calibrated(loss: LossFunction, targets: Numbers = _TARGETS) -> Calibration:
    r"""Whether the minimisers of a loss keep the order of all classes.

    .. math:: q_i > q_j \implies p^*_i > p^*_j, \qquad
              p^* = \arg\min_{p \in \Delta} \sum_k q_k L(p, k)

    The answer is by search (:func:`risk_minimizer`): a target at which the order is lost is a
    counterexample; where none is found the answer is of the targets that were tried. Losses
    with NCE have no minimiser: their risk falls the slower the nearer an edge of the simplex
    is, and in the end all but one class have probability 0.

    Args:
        loss: ``loss(logits, labels)`` with its hyperparameters bound.
        targets: (N, K) with K ≤ 6; six distributions over three classes if not given.

    Returns:
        :class:`Calibration`, with the first counterexample.

    Raises:
        TypeError: ``loss`` is not callable.
        ValueError: targets that are no distributions, or of more than 6 classes.

    Example:
        >>> from esoftmax_jax import losses, theory
        >>> theory.all_k_calibrated(losses.get("CE")).calibrated
        True
        >>> found = theory.all_k_calibrated(losses.get("MAE"))
        >>> found.calibrated, found.minimizer.tolist()
        (False, [1.0, 0.0, 0.0])

    Reference:
        Wang et al., NeurIPS 2024 (arXiv 2508.02387), Lemma 2 and Theorem 2; Zhu et al., "Label
        Distributionally Robust Losses for Multi-class Classification", ICML 2023 (All-k).
    """
    given = _targets(targets)
    points, risks = risk_minimizer(loss, given)
    nearer = (losses_at(loss, logits_of(points, least=1e-300)) * given).sum(axis=1)
    if np.any(nearer < risks - 1e-6 * (1 + np.abs(risks))):
        place = int((nearer - risks).argmin())
        return Calibration(False, given[place], points[place], False)
    for target, found in zip(given, points, strict=True):
        greater = target[:, None] > target + 1e-12
        kept = found[:, None] > found * (1 + 1e-4) + 1e-8
        if np.any(greater & ~kept):
            return Calibration(False, target, found, True)
    return Calibration(True, None, None, True)


def _targets(target: Numbers, most: int | None = _MOST_CLASSES) -> HostFloats:
    rows = np.atleast_2d(probability_numbers("target", target))
    many = most is not None and rows.shape[-1] > most
    if rows.ndim != 2 or rows.size == 0 or rows.shape[1] < 2 or many:
        limit = "" if most is None else f" and at most {most}"
        raise ValueError(
            f"target: expected distributions over at least 2{limit} classes, got shape "
            f"{np.shape(target)}"
        )
    if not np.all((rows >= 0) & (np.abs(rows.sum(axis=1, keepdims=True) - 1) <= 1e-6)):
        raise ValueError(f"target: expected probabilities that sum to 1, got {target!r}")
    return rows


def _descend(
    loss: LossFunction, points: HostFloats, tops: HostIntegers, targets: HostFloats
) -> Minimizer:
    """Improve each point by moves that keep its largest class."""
    ways = _points.directions(points.shape[1])
    step = np.full(len(points), 0.1)
    best = (losses_at(loss, logits_of(points, tops)) * targets).sum(axis=1)
    for _ in range(400):
        length = np.minimum(step[:, None], _room(points, tops, ways))
        moved = points[:, None] + length[:, :, None] * ways
        flat = np.maximum(moved.reshape(-1, points.shape[1]), 0)
        each = np.repeat(tops, len(ways))
        values = losses_at(loss, logits_of(flat, each)).reshape(*moved.shape)
        risks = (values * targets[:, None]).sum(axis=2)
        chosen = np.nanargmin(risks, axis=1)
        rows = np.arange(len(points))
        better = risks[rows, chosen] < best - 1e-14 * (1 + np.abs(best))
        points = np.where(better[:, None], np.maximum(moved[rows, chosen], 0), points)
        best = np.where(better, risks[rows, chosen], best)
        step = np.where(better, step, step / 2)
        if step.max() < _LEAST_STEP:
            break
    return Minimizer(points, best)


def _room(points: HostFloats, tops: HostIntegers, ways: HostFloats) -> HostFloats:
    """Return how far each point can go each way, (N, ways), until a class is empty or ties."""
    lead = np.take_along_axis(points, tops[:, None], axis=1) - points
    gain = ways[None] - ways.T[tops][:, :, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        until_empty = np.where(ways < 0, points[:, None] / -ways, np.inf)
        until_tied = np.where(gain > 0, lead[:, None] / gain, np.inf)
    room: HostFloats = np.minimum(until_empty, until_tied).min(axis=2)
    return room


def _stationary(q: HostFloats, tied: int, m: float, num_classes: int) -> HostFloats | None:
    """Return the stationary point at which the first of q leads and the next few tie with it.

    w is what they share: q_t/(w + m) + Σ q_k/w = (1 + ties) λ, and others have q_k/λ. All adds
    up to 1 at one w, since each part grows with it.
    """
    shared, rest = q[1 : 1 + tied].sum(), q[1 + tied :]

    def slope(w: float) -> float:
        return float((q[0] / (w + m) + shared / w) / (1 + tied))

    low, high = 0.0, 1.0
    for _ in range(200):
        w = (low + high) / 2
        total = (1 + tied) * w + rest.sum() / slope(w)
        low, high = (w, high) if total < 1 else (low, w)
    point = np.zeros(num_classes)
    point[: 1 + tied] = w
    point[1 + tied : len(q)] = rest / slope(w)
    return point / point.sum() if np.all(point <= w * (1 + 1e-9)) else None


def _risk(point: HostFloats, q: HostFloats, m: float, min_prob: float | None) -> float:
    outputs = point / (1 + m)
    outputs[0] = (point[0] + m) / (1 + m)
    floor = 0.0 if min_prob is None else min_prob
    with np.errstate(divide="ignore"):
        costs = -np.log(np.maximum(outputs, floor))
    return float((q * np.where(q > 0, costs, 0)).sum())
