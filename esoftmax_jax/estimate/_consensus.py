"""The consensus of neighbours' labels."""

import numpy as np
from numpy.typing import NDArray

from esoftmax_jax import _checks
from esoftmax_jax._host_types import AnyArray
from esoftmax_jax._neighbours import nearest_neighbours
from esoftmax_jax.estimate import _inputs
from esoftmax_jax.estimate._confidence import (
    Predictions,
    chosen_share,
    compare_predictions,
    concluded,
)
from esoftmax_jax.estimate._pairs import Pairs
from esoftmax_jax.estimate._result import NoiseEstimate
from esoftmax_jax.estimate._triples import Triples

# An example weighs 1 ± 1/4 in a resample, and deviations count four times. With weights of the
# usual 1 ± 1 the product of three would leave an eighth of the triples, and another bias.
_SPREAD = 4


def neighbour_consensus(
    features: AnyArray,
    labels: AnyArray,
    *,
    num_classes: int | None = None,
    order: int = 3,
    voters: int = 10,
    share: float | None = None,
    clean_accuracy: float | None = None,
    block_size: int | None = None,
    resamples: int = 200,
    level: float = 0.95,
    key: AnyArray | int = 0,
) -> NoiseEstimate:
    r"""Estimate noise by how far the labels of nearest neighbours agree.

    .. math:: P(j) = \sum_i p_i T_{ij}, \quad P(j, k) = \sum_i p_i T_{ij} T_{ik}, \quad
              P(j, k, l) = \sum_i p_i T_{ij} T_{ik} T_{il}

    An example and its two nearest neighbours are taken as of one true class i, their labels as
    independent draws from row i of the transition matrix T. The frequencies of their labels,
    of pairs and of triples then give T and the prior p. The source fits them by least squares;
    here the likelihood of the triples is maximised, which contain pairs and single labels.

    **Known bias.** Neighbours of another class count as noise: of the clean labels of CIFAR-10
    this finds 45 % wrong on simple features. Where the noise depends on the class alone, labels
    are as often wrong among the clearest examples as among others. So T is estimated from the
    largest share of clearest examples (``share``) among which further neighbours, which vote
    on the class, agree with the label as often as among still clearer ones. If the votes seem
    wrong by themselves for more than a fifth of the examples, the estimate is refused.

    Args:
        features: numbers (N, D) by which near examples are of one class: of one scale, and not
            learnt from these labels. Distances are Euclidean.
        labels: integer classes (N,), at least 3 of each.
        num_classes: K; the largest label plus 1 by default.
        order: 3 finds any T. 2 looks at pairs only, which do not tell i → j from j → i: it
            takes both as equally frequent. Its variance is smaller and it is faster for many
            classes; where the noise has a direction, T is wrong and the rate too low.
        voters: how many neighbours after the first two vote.
        share: in (0, 1], instead of one that is chosen; 1 uses all examples, as published.
        clean_accuracy: share of votes that are the true class, where you know it from examples
            that were checked.
        block_size: rows whose distances are held at a time; by default what takes 256 MB.
        resamples: how many resamples the interval is from.
        level: of the interval.
        key: a seed, or a key of JAX.

    Returns:
        The estimate; :class:`NoiseEstimate` says what is in it.

    Raises:
        TypeError: an argument of the wrong type or dtype.
        ValueError: a shape that does not fit, numbers that are not finite, a class of fewer
            than 3 labels, or neighbours that agree no more often than by chance.

    Example:
        >>> import numpy as np
        >>> from esoftmax_jax import estimate
        >>> generator = np.random.default_rng(0)
        >>> true = np.repeat([0, 1], 300)
        >>> features = generator.normal(8.0 * true[:, None], 1, (600, 2))
        >>> flipped = (true == 0) & (generator.random(600) < 0.3)
        >>> found = estimate.neighbour_consensus(features, np.where(flipped, 1, true))
        >>> print(found.matrix.round(1), round(found.rate, 2), found.refused == "")
        [[0.7 0.3]
         [0.  1. ]] 0.15 True

    Reference:
        Zhu, Song and Liu, "Clusterability as an Alternative to Anchor Points When Learning
        with Noisy Labels", ICML 2021, equations 4 to 6.
    """
    _inputs.check_options(
        share=share, clean_accuracy=clean_accuracy, resamples=resamples, level=level
    )
    _check_own_options(num_classes, order, voters, block_size)
    random = _inputs.generator(key)
    points = _inputs.checked_features(features)
    given = _inputs.checked_labels(
        labels, rows=len(points), source="features", num_classes=num_classes, fewest=3
    )
    size = num_classes or max(int(given.max()) + 1, 2)
    neighbours = nearest_neighbours(points, 2 + min(voters, len(points) - 3), block_size)
    predictions = _vote(neighbours[:, 2:], given, size)
    if share is None:
        share = chosen_share(predictions)
    kept = np.flatnonzero(predictions.surest(share))
    members = np.column_stack([kept, neighbours[kept, :2]])
    model = Pairs(given[members], size) if order == 2 else Triples(given[members], size)
    alike = np.ones(len(kept))
    joint = model.fit(alike)
    rates, agreements = np.empty(resamples), np.empty(resamples)
    for place in range(resamples):
        drawn = random.gamma(_SPREAD**2, 1 / _SPREAD**2, len(given))
        # Examples are drawn, and a triple is there as often as its three examples together.
        rates[place] = 1 - np.trace(model.fit(drawn[members].prod(axis=1), joint))
        agreements[place] = np.average(predictions.agree, weights=drawn)
    centre = 1 - np.trace(joint)
    return concluded(
        predictions,
        joint,
        np.clip(centre + _SPREAD * (rates - centre), 0, 1),
        predictions.agreement + _SPREAD * (agreements - predictions.agreement),
        method="neighbour consensus",
        share=share,
        residual=model.residual(alike, joint),
        clean_accuracy=clean_accuracy,
        level=level,
    )


def _check_own_options(
    num_classes: object, order: object, voters: object, block: object
) -> None:
    if num_classes is not None:
        _checks.check_num_classes(num_classes)
    if order not in (2, 3):
        raise ValueError(f"order: expected 2 or 3, got {order!r}")
    _checks.check_hyperparameter("voters", voters, _checks.POSITIVE_INTEGER)
    if block is not None:
        _checks.check_hyperparameter("block_size", block, _checks.POSITIVE_INTEGER)


def _vote(voters: NDArray[np.int64], labels: NDArray[np.int64], size: int) -> Predictions:
    """Return the class that most neighbours carry; of equally many the nearer ones'."""
    count, rows = voters.shape[1], np.arange(len(labels))
    votes = np.zeros((len(labels), size))
    for place, voter in enumerate(voters.T):
        votes[rows, labels[voter]] += 1 + (count - place) / (10 * count**2)
    return compare_predictions(
        votes.argmax(axis=1), votes.max(axis=1), labels, source="features"
    )
