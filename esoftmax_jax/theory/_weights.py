"""What weight a loss gives to an example, by the probability of its label."""

from typing import NamedTuple

import numpy as np

from esoftmax_jax import _checks
from esoftmax_jax._host_types import HostFloats, Numbers
from esoftmax_jax._types import LossFunction
from esoftmax_jax.theory._evaluation import (
    LEAST,
    check_loss,
    gradients_at,
    least_rest,
    logits_of,
)
from esoftmax_jax.theory._numbers import probability_numbers

_COMPETITOR = 0.9  # the share that another class has of what the label leaves to it


class ExampleWeight(NamedTuple):
    """Factor of p − e_y in a gradient, and the share of the gradient that it leaves over."""

    weight: HostFloats
    residual: HostFloats


def example_weight(
    loss: LossFunction, num_classes: int, label_probability: Numbers, *, predicted: bool
) -> ExampleWeight:
    r"""Weight that a loss gives to an example whose label has a probability.

    .. math:: w = \frac{\langle \nabla_z L, \, p - e_y \rangle}{\lVert p - e_y \rVert^2}, \qquad
              r = \frac{\lVert \nabla_z L - w (p - e_y) \rVert}{\lVert \nabla_z L \rVert}

    Cross-entropy has the gradient p − e_y: weight 1, residual 0. Every loss of p_y alone has
    this direction, and the weight −L′(p_y) p_y. Losses of all probabilities (MSE, NCE, …) go
    in another direction too; r is the share of the gradient that does not lie along p − e_y.

    Where the label is predicted, the other classes share the rest equally. Where it is not, one
    of them has 90 % of the rest. The gradient is the derivative that ``jax.grad`` gives, with
    what a loss treats as constant.

    Args:
        loss: ``loss(logits, labels)`` with its hyperparameters bound.
        num_classes: K ≥ 2.
        label_probability: p_y, a number or an array, from 1e-30 to 1 − 1.5e-8; to 1 − 3.5e-4
            for a loss that computes in single precision. Nearer to 1 the rest has few digits.
        predicted: whether the label has the largest probability. p_y = 1/K may be predicted:
            it then leads by a hair.

    Returns:
        :class:`ExampleWeight`, each of the shape of ``label_probability``; NaN where no such
        point exists: 0.9 cannot be the probability of a label that is not predicted.

    Raises:
        TypeError: ``loss`` is not callable, or ``predicted`` no boolean.
        ValueError: no probability, or one outside the range.

    Example:
        >>> from esoftmax_jax import losses, theory
        >>> mae = losses.get("MAE")
        >>> print(theory.example_weight(mae, 3, [0.001, 0.1], predicted=False).weight)
        [0.002 0.2  ]
        >>> ce_eps = losses.get("CE_eps", m=1e5)
        >>> print(theory.example_weight(ce_eps, 3, [5e-4, 2e-3], predicted=False).weight)
        [0. 1.]
        >>> mse = theory.example_weight(losses.get("MSE"), 3, 0.2, predicted=False)
        >>> print(f"{mse.weight:.3f}, {mse.residual:.3f}")
        0.211, 0.171

    Reference:
        Wang et al., NeurIPS 2024 (arXiv 2508.02387), equation 3.4.
    """
    check_loss(loss, num_classes)
    _checks.check_flag("predicted", predicted)
    given = _probabilities(label_probability, 1 - least_rest(loss, num_classes))
    points = _points_with(given.reshape(-1), num_classes, predicted)
    there = ~np.isnan(points[:, 0])
    points[~there] = 1 / num_classes
    way = points - (np.arange(num_classes) == 0)
    gradients = _label_gradients(loss, points, predicted)
    weight = (gradients * way).sum(axis=1) / (way**2).sum(axis=1)
    size = np.linalg.norm(gradients, axis=1)
    over = np.linalg.norm(gradients - weight[:, None] * way, axis=1)
    residual = np.where(over > 1e-9 * (size + 1e-30), over / np.where(size > 0, size, 1), 0)
    weight, residual = (np.where(there, x, np.nan) for x in (weight + 0.0, residual))
    return ExampleWeight(weight.reshape(given.shape), residual.reshape(given.shape))


def gate(loss: LossFunction, num_classes: int) -> float:
    r"""Gate of a loss: the p_y below which a label that is not predicted has no gradient.

    .. math:: p_\text{gate} = \sup \{ g : \nabla_z L = 0 \text{ for all } p_y < g,
              \ y \text{ not predicted} \}

    It is found by bisection between 1e-12 and the largest p_y that is not predicted. For CE_ε
    it is (m + 1) · min_prob (:func:`~esoftmax_jax.losses.gate_probability`), if less than that.

    Args:
        loss: ``loss(logits, labels)`` with its hyperparameters bound.
        num_classes: K ≥ 2.

    Returns:
        The gate; 0 where the smallest p_y has a gradient, 1 where none has that is not
        predicted.

    Raises:
        TypeError: ``loss`` is not callable.
        ValueError: the loss does not give one value for each example, or ``num_classes`` < 2.

    Example:
        >>> from esoftmax_jax import losses, theory
        >>> print(f"{theory.gate(losses.get('CE_eps', m=1e5), 3):.6g}")
        0.00100001
        >>> theory.gate(losses.get("CE_eps+MAE", m=1e5, alpha=0.01, beta=5.0), 3)
        0.0

    Reference:
        Wang et al., NeurIPS 2024 (arXiv 2508.02387), section 3.2, and the authors' code, which
        clips after the division by m + 1.
    """
    check_loss(loss, num_classes)
    most = 0.5 if num_classes == 2 else _COMPETITOR / (1 + _COMPETITOR)
    low, high = 1e-12, most * (1 - 1e-9)
    for _ in range(4):
        ladder = np.geomspace(low, high, 256)
        points = _points_with(ladder, num_classes, predicted=False)
        moved = np.any(_label_gradients(loss, points, predicted=False) != 0, axis=1)
        if not moved.any():
            return 1.0
        first = int(moved.argmax())
        if first == 0:
            return 0.0
        low, high = float(ladder[first - 1]), float(ladder[first])
    return high


def _probabilities(values: Numbers, most: float) -> HostFloats:
    given = probability_numbers("label_probability", values)
    if not given.size or not np.all((given >= LEAST) & (given <= most)):
        raise ValueError(
            f"label_probability: expected probabilities from {LEAST:g} to 1 - {1 - most:.2g}, "
            f"got {values!r}"
        )
    return given


def _points_with(given: HostFloats, num_classes: int, predicted: bool) -> HostFloats:
    """Return points whose class 0 has these probabilities; NaN where there is none."""
    rest = 1 - given
    others = np.full((len(given), num_classes - 1), 1 / (num_classes - 1))
    if not predicted and num_classes > 2:
        others[:, 0] = _COMPETITOR
        others[:, 1:] = (1 - _COMPETITOR) / (num_classes - 2)
    points = np.concatenate([given[:, None], rest[:, None] * others], axis=1)
    lead = given - points[:, 1:].max(axis=1)
    points[(lead < -1e-12) if predicted else (lead > -1e-12)] = np.nan
    return points


def _label_gradients(loss: LossFunction, points: HostFloats, predicted: bool) -> HostFloats:
    labels = np.zeros(len(points), np.int32)
    return gradients_at(loss, logits_of(points, top=0 if predicted else None), labels)
