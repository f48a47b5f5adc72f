"""Theorem 1 of the ε-softmax paper, with every condition looked at."""

import dataclasses
import math

import numpy as np

from esoftmax_jax import _checks
from esoftmax_jax._host_types import HostFloats, Numbers
from esoftmax_jax._types import LossFunction, Scalar
from esoftmax_jax.theory import _points
from esoftmax_jax.theory._bound import Bound
from esoftmax_jax.theory._evaluation import (
    LEAST,
    check_loss,
    grows_without_end,
    logits_of,
    losses_at,
)
from esoftmax_jax.theory._numbers import probability_numbers
from esoftmax_jax.theory._symmetry import delta as change_over
from esoftmax_jax.theory._symmetry import symmetry_gap

_ROUNDING = 1e-9


@dataclasses.dataclass(frozen=True)
class ExcessRiskBound:
    """What wrong labels can cost at most.

    Attributes:
        bound: 2δ + 2cδ/a, as Theorem 1 has it.
        tighter: (1 + c/a) · G, with the symmetry gap G: the proof needs no more.
        delta: δ, an upper bound of it.
        clean_share: c, how many labels are right.
        margin: a, how much the right label leads.
        largest_loss: of one example; a bound that is not less says nothing.
    """

    bound: float
    tighter: float
    delta: float
    clean_share: float
    margin: float
    largest_loss: float

    @property
    def vacuous(self) -> bool:
        """Whether even the tighter bound is no less than the largest loss."""
        return self.tighter >= self.largest_loss


def largest_loss(loss: LossFunction, num_classes: int) -> float:
    r"""Largest loss of one example, as far as points tell; ∞ where there is none.

    .. math:: \max_{p \in \Delta, \, y} L(p, y)

    Points with one-hot and uniform vectors, and all that is between them, are looked at, and
    whether the loss goes on growing where a probability goes to 0.

    Args:
        loss: ``loss(logits, labels)`` with its hyperparameters bound.
        num_classes: K ≥ 2.

    Returns:
        The largest value that was found.

    Raises:
        TypeError: ``loss`` is not callable.
        ValueError: the loss does not give one value for each example, or ``num_classes`` < 2.

    Example:
        >>> from esoftmax_jax import losses, theory
        >>> print(f"{theory.largest_loss(losses.get('CE_eps', m=1e5), 3):.3f}")
        18.421
        >>> theory.largest_loss(losses.get("CE"), 3)
        inf

    Reference:
        Wang et al., NeurIPS 2024 (arXiv 2508.02387): "the minimum allowable value for log is
        1e-8", whose logarithm is −18.421.
    """
    check_loss(loss, num_classes)
    if grows_without_end(loss, num_classes):
        return math.inf
    points = np.concatenate(
        [_points.two_levels(num_classes), _points.random_points(num_classes, 128)]
    )
    # Some losses near their limit as slowly as log p grows.
    edges = -1e4 * (np.arange(num_classes) >= np.arange(1, num_classes)[:, None])
    logits = np.concatenate([logits_of(points), edges])
    return float(np.nanmax(losses_at(loss, logits)))


def excess_risk_bound(
    loss: LossFunction,
    noise: Numbers,
    num_classes: int | None = None,
    *,
    epsilon: Scalar | None = None,
    class_probabilities: Numbers | None = None,
    convex: bool = False,
    concave: bool = False,
    lipschitz: float | None = None,
) -> ExcessRiskBound:
    r"""Bound of the clean risk that minimising the noisy risk leaves: Theorem 1.

    .. math:: R_L(f^*_\eta) \le 2 \delta + \frac{2 c \delta}{a}, \qquad
              c = \mathrm{E}[1 - \eta_y], \quad
              a = \min_{y, k \ne y} (1 - \eta_y - \eta_{y,k})

    The conditions are looked at one after another: the right label is the most frequent one
    (clean-label-dominant noise); the loss is bounded; it is 0 where the right label has
    probability 1, so that R_L(f*) = 0; and, if wrong labels are not all as frequent, it is
    largest there for every wrong label. **Without the last one the bound can be wrong**: a
    symmetric loss may then have f*_η ≠ f* and an excess risk where δ = 0.

    An ε-loss without a floor is unbounded, and δ is infinite whatever m is. With its floor
    it is bounded, yet δ is small only if ε is small against the floor.

    Args:
        loss: ``loss(logits, labels)`` with its hyperparameters bound.
        noise: the rate of symmetric noise, in [0, 1), or a matrix (K, K): row y has the
            probabilities of the labels that examples of class y have.
        num_classes: K ≥ 2; need not be given beside a matrix.
        epsilon: how far outputs are from one-hot at most: **your claim**, which is not looked
            at; the bound is of such outputs alone. If not given: Lemma 1's for the library's
            ε-losses, and the whole simplex for others, where δ is the symmetry gap.
        class_probabilities: (K,) of the true classes, for c; equal ones if not given.
        convex: as for :func:`symmetry_gap`.
        concave: as for :func:`symmetry_gap`.
        lipschitz: as for :func:`symmetry_gap`.

    Returns:
        :class:`ExcessRiskBound`.

    Raises:
        TypeError: ``loss`` is not callable, or an argument of the wrong type.
        ValueError: a condition does not hold, and why, or no upper bound of δ is known.

    Example:
        >>> from esoftmax_jax import losses, theory
        >>> found = theory.excess_risk_bound(losses.get("CE_eps", m=1e9), 0.4, 3)
        >>> f"{found.bound:.3g}", found.vacuous
        ('3.33e-09', False)
        >>> theory.excess_risk_bound(losses.get("CE_eps", m=1e4), 0.4, 3).vacuous
        True
        >>> theory.excess_risk_bound(losses.get("CE_eps", m=1e9, min_prob=None), 0.4, 3)
        Traceback (most recent call last):
            ...
        ValueError: loss: expected a bounded loss, got an unbounded one; it needs a floor

    Reference:
        Wang et al., NeurIPS 2024 (arXiv 2508.02387), Theorem 1; the last condition: Ghosh et
        al., AAAI 2017, theorem 3.
    """
    matrix = transition_matrix(noise, num_classes)
    num_classes = len(matrix)
    check_loss(loss, num_classes)
    clean = np.diagonal(matrix)
    others = matrix[~np.eye(num_classes, dtype=bool)].reshape(num_classes, num_classes - 1)
    margins = clean[:, None] - others
    if margins.min() <= _ROUNDING:
        row, place = np.unravel_index(margins.argmin(), margins.shape)
        column = int(place) + (place >= row)
        raise ValueError(
            f"noise: expected clean-label-dominant noise, got class {row} with label {column} "
            f"at {matrix[row, column]:.6g}, and with its own at {clean[row]:.6g}; nothing is "
            f"known then"
        )
    largest = _check_conditions(
        loss,
        num_classes,
        equal_noise=bool(np.ptp(others) < _ROUNDING),
        near_one_hot=epsilon is not None,
    )
    gap = symmetry_gap(loss, num_classes, convex=convex, concave=concave, lipschitz=lipschitz)
    change = gap
    if epsilon is not None:
        change = change_over(loss, epsilon, num_classes, lipschitz=lipschitz)
    _check_upper(min(gap.upper, change.upper), gap)
    prior = np.full(num_classes, 1 / num_classes)
    if class_probabilities is not None:
        prior = _distribution("class_probabilities", class_probabilities, num_classes)
    share, margin = float(prior @ clean), float(margins.min())
    # G ≤ 2δ where outputs lie within ε of one-hot vectors, on which S is the same.
    spread = min(gap.upper, 2 * change.upper)
    return ExcessRiskBound(
        bound=2 * change.upper * (1 + share / margin),
        tighter=spread * (1 + share / margin),
        delta=change.upper,
        clean_share=share,
        margin=margin,
        largest_loss=largest,
    )


def transition_matrix(noise: Numbers, num_classes: int | None) -> HostFloats:
    """Return the matrix of a rate of symmetric noise, or a matrix that was given, checked."""
    if isinstance(noise, str):
        raise TypeError(f"noise: expected a rate or a matrix of shape (K, K), got {noise!r}")
    given = probability_numbers("noise", noise)
    if num_classes is None and given.ndim == 2:
        num_classes = len(given)
    _checks.check_num_classes(num_classes)
    assert num_classes is not None
    if given.ndim == 0:
        rate = float(given)
        if not 0 <= rate < 1:
            raise ValueError(f"noise: expected a rate in [0, 1), got {noise!r}")
        wrong = np.full((num_classes, num_classes), rate / (num_classes - 1))
        return np.where(np.eye(num_classes) > 0, 1 - rate, wrong)
    if given.shape != (num_classes, num_classes):
        raise ValueError(
            f"noise: expected a rate or a matrix of shape ({num_classes}, {num_classes}), got "
            f"shape {given.shape}"
        )
    return np.array([_distribution("noise", row, num_classes) for row in given])


def _distribution(name: str, values: Numbers, num_classes: int) -> HostFloats:
    given = probability_numbers(name, values)
    if given.shape != (num_classes,) or not (
        np.all(given >= 0) and abs(given.sum() - 1) < 1e-6
    ):
        raise ValueError(
            f"{name}: expected {num_classes} probabilities that sum to 1, got {values!r}"
        )
    normalised: HostFloats = given / given.sum()
    return normalised


def _check_conditions(
    loss: LossFunction, num_classes: int, *, equal_noise: bool, near_one_hot: bool
) -> float:
    """Refuse a loss of which the theorem does not speak; return its largest value."""
    largest = largest_loss(loss, num_classes)
    if math.isinf(largest):
        raise ValueError(
            "loss: expected a bounded loss, got an unbounded one; it needs a floor"
        )
    sure = losses_at(loss, logits_of(np.maximum(np.eye(num_classes), LEAST)))
    slack = _ROUNDING * (1 + largest)
    right = np.diagonal(sure)
    if np.abs(right).max() > slack:
        worst = float(right[np.abs(right).argmax()])
        raise ValueError(
            f"loss: expected 0 where the right label has probability 1 (R_L(f*) = 0), got "
            f"{worst:.6g}; subtract it, which moves no minimiser"
        )
    sums = sure.sum(axis=1)
    if near_one_hot and np.ptp(sums) > slack * num_classes:
        raise ValueError(
            f"loss: expected the same Σ_k L at all one-hot vectors, got {sums.min():.6g} to "
            f"{sums.max():.6g}; the theorem is about losses that treat classes alike"
        )
    wrong = sure[~np.eye(num_classes, dtype=bool)]
    if not equal_noise and wrong.min() < largest - slack:
        raise ValueError(
            f"loss: expected the largest loss for each wrong label where the right one has "
            f"probability 1, since wrong labels are not equally frequent, got "
            f"{wrong.min():.6g} there and {largest:.6g} elsewhere; the theorem's proof needs it"
        )
    return largest


def _check_upper(upper: float, gap: Bound) -> None:
    if math.isinf(upper):
        raise ValueError(
            f"loss: expected a loss whose δ is known from above, got {gap}; claim convex=True, "
            f"concave=True or lipschitz=… if it holds"
        )
