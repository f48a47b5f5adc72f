"""The confident joint of confident learning."""

import numpy as np
from numpy.typing import NDArray

from esoftmax_jax._host_types import AnyArray, HostFloats
from esoftmax_jax.estimate import _inputs
from esoftmax_jax.estimate._confidence import chosen_share, compare_predictions, concluded
from esoftmax_jax.estimate._result import NoiseEstimate

# A probability that equals its class's mean but for rounding is confident.
_ROUNDING = 1e-6


def confident_joint(
    probabilities: AnyArray,
    labels: AnyArray,
    *,
    share: float | None = None,
    clean_accuracy: float | None = None,
    resamples: int = 200,
    level: float = 0.95,
    key: AnyArray | int = 0,
) -> NoiseEstimate:
    r"""Estimate noise by counting labels against classes that a model is confident of.

    .. math:: t_k = \operatorname{mean}_{n:\,y_n=k} p_{n,k}, \qquad
              C_{ij} = \#\{n : y_n = j,\; i = \arg\max_{k:\,p_{n,k} \ge t_k} p_{n,k}\}

    An example that reaches no threshold t is not counted. Each column of C is scaled to the
    number of labels j; divided by N that is the joint of true classes i and labels j.

    **Known bias.** The model's own errors count as noise: of the clean labels of CIFAR-10 this
    finds 43 % wrong with a model of simple features. Where the noise depends on the class
    alone, labels are as often wrong among the surest examples as among others. So the joint is
    estimated from the largest share of surest examples of each predicted class (``share``)
    among which predictions agree with labels as often as among still surer ones. If the model
    seems wrong by itself for more than a fifth of the examples, the estimate is refused.

    Whatever the model, ``bounds`` hold: under such noise, if the true class is the likeliest
    label of each class, no prediction that has not seen its label is right more often than the
    label, so that the rate is at most 1 − agreement. If the model's accuracy on right labels
    is known, the rate is also at least that accuracy − agreement.

    Args:
        probabilities: floating (N, K), out of fold: of a model that was not trained on the
            example's own label. Columns are in the order of the classes.
        labels: integer classes (N,), at least 2 of each.
        share: in (0, 1], instead of one that is chosen; 1 counts all examples, as published.
        clean_accuracy: the model's share of right predictions, where you know it from examples
            that were checked.
        resamples: how many bootstrap samples the interval is from. Thresholds stay.
        level: of the interval.
        key: a seed, or a key of JAX.

    Returns:
        The estimate; :class:`NoiseEstimate` says what is in it.

    Raises:
        TypeError: an argument of the wrong type or dtype.
        ValueError: a shape that does not fit, numbers that are no probabilities, a class of
            fewer than 2 labels, or predictions that agree no more often than by chance.

    Example:
        >>> import numpy as np
        >>> from esoftmax_jax import estimate
        >>> true = np.repeat([0, 1], 300)
        >>> flipped = (true == 0) & (np.arange(600) % 10 < 3)
        >>> probabilities = np.where(true[:, None] == [0, 1], 0.9, 0.1)
        >>> found = estimate.confident_joint(probabilities, np.where(flipped, 1, true))
        >>> print(found.matrix, round(found.rate, 2), found.refused == "")
        [[0.7 0.3]
         [0.  1. ]] 0.15 True

    Reference:
        Northcutt, Jiang and Chuang, "Confident Learning: Estimating Uncertainty in Dataset
        Labels", JAIR 2021, equations 1 to 3.
    """
    _inputs.check_options(
        share=share, clean_accuracy=clean_accuracy, resamples=resamples, level=level
    )
    random = _inputs.generator(key)
    chances = _inputs.checked_probabilities(probabilities)
    size = chances.shape[1]
    given = _inputs.checked_labels(
        labels, rows=len(chances), source="probabilities", num_classes=size, fewest=2
    )
    predictions = compare_predictions(
        chances.argmax(axis=1), chances.max(axis=1), given, source="probabilities"
    )
    if share is None:
        share = chosen_share(predictions)
    true = np.where(predictions.surest(share), _confident_classes(chances, given), size)
    # Examples that count alike, and how many there are of each kind.
    kinds, counts = np.unique(
        np.stack([true, given, predictions.agree]), axis=1, return_counts=True
    )
    drawn = random.multinomial(len(given), counts / len(given), size=resamples)
    rates = [max(0.0, 1 - np.trace(_joint(kinds, each, size))) for each in drawn]
    return concluded(
        predictions,
        _joint(kinds, counts, size),
        np.array(rates),
        drawn @ kinds[2] / len(given),
        method="confident joint",
        share=share,
        residual=0.0,
        clean_accuracy=clean_accuracy,
        level=level,
    )


def _confident_classes(
    probabilities: HostFloats, labels: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return the class that each example is confidently of, K where it is of none."""
    num_classes = probabilities.shape[1]
    own = probabilities[np.arange(len(labels)), labels]
    thresholds = np.bincount(labels, own, num_classes) / np.bincount(
        labels, minlength=num_classes
    )
    confident = probabilities >= thresholds - _ROUNDING
    best = np.where(confident, probabilities, -np.inf).argmax(axis=1)
    classes: NDArray[np.int64] = np.where(confident.any(axis=1), best, num_classes)
    return classes


def _joint(kinds: NDArray[np.int64], counts: NDArray[np.int64], num_classes: int) -> HostFloats:
    """Return the joint of true and observed labels of examples of such kinds."""
    cells = kinds[0] * num_classes + kinds[1]
    table = np.bincount(cells, counts, (num_classes + 1) * num_classes)
    table = table.reshape(num_classes + 1, num_classes)
    confident = table[:-1].copy()
    # A label of which no example is confidently right counts as right once, as in published
    # code: every row and column then has something.
    np.fill_diagonal(confident, np.maximum(np.diag(confident), 1))
    calibrated = confident / confident.sum(axis=0) * table.sum(axis=0)
    joint: HostFloats = calibrated / calibrated.sum()
    return joint
