"""Which predictions are surest, and what their agreement with labels leaves open."""

import statistics
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from esoftmax_jax._host_types import HostFloats
from esoftmax_jax.estimate._result import NoiseEstimate

_SHARES = (1.0, 0.5, 0.25, 0.125)

# How many standard errors of a difference count as one.
_DEVIATIONS = 2.0

# Of right labels, how many predictions may be wrong.
_MOST_ERRORS = 0.2

# How often the surest predictions may be another class than the label. A model as weak as that
# has no sure ones: that disagreement does not fall with confidence says nothing then.
_MOST_DOUBT = 0.5


class Predictions(NamedTuple):
    """Predictions that have not seen the labels they are compared with."""

    agree: NDArray[np.bool_]
    """(N,), whether each is the label."""

    ranks: HostFloats
    """(N,), in [0, 1): the share of the predictions of its class that are surer."""

    ties: tuple[HostFloats, HostFloats]
    """Twice (N,): the ranks at which those that are equally sure begin and end."""

    source: str
    """What they come from: the argument's name."""

    by_chance: tuple[float, float]
    """How often they were the label if either were shuffled, and the standard error."""

    @property
    def agreement(self) -> float:
        """How often the prediction is the label."""
        return float(self.agree.mean())

    def surest(self, share: float) -> NDArray[np.bool_]:
        """Return which are among a share of the surest of their class."""
        surest: NDArray[np.bool_] = self.ranks < share
        return surest

    def disagreement(self, share: float) -> tuple[float, float]:
        """Return how often the surest are not the label, and the standard error."""
        low, high = self.ties
        inside = np.clip((share - low) / (high - low), 0, 1)  # equally sure ones in part
        count = inside.sum()
        # Two more examples, one of each kind: no error is not certainty.
        rate = float((inside @ ~self.agree + 1) / (count + 2))
        return rate, float(np.sqrt(rate * (1 - rate) / count))


def compare_predictions(
    predicted: NDArray[np.int64],
    confidence: HostFloats,
    labels: NDArray[np.int64],
    *,
    source: str,
) -> Predictions:
    """Compare predictions with labels.

    Raises:
        ValueError: they agree no more often than if either were shuffled.
    """
    agree = predicted == labels
    size = max(predicted.max(), labels.max()) + 1
    shares = [np.bincount(each, minlength=size) / len(labels) for each in (predicted, labels)]
    by_chance = float(shares[0] @ shares[1])
    # The variance of Cohen's kappa where there is none (Fleiss, Cohen and Everitt 1969).
    both = float((shares[0] * shares[1]) @ (shares[0] + shares[1]))
    error = np.sqrt(max(0.0, by_chance + by_chance**2 - both) / len(labels))
    if agree.mean() <= by_chance:
        hint = {
            "probabilities": "are rows in the order of the labels, columns of the classes?",
            "features": "are their rows those of the labels, their columns of one scale?",
        }[source]
        raise ValueError(
            f"{source}: expected predictions that are the label more often than by chance, "
            f"{by_chance:.1%}, got {agree.mean():.1%}; {hint}"
        )
    return Predictions(agree, *_ranks(predicted, confidence), source, (by_chance, float(error)))


def _ranks(
    predicted: NDArray[np.int64], confidence: HostFloats
) -> tuple[HostFloats, tuple[HostFloats, HostFloats]]:
    """Return which share of the predictions of its class is surer than each, and ties.

    Equally sure ones stand in an order drawn by lot: that of the data may go by label.
    """
    lots = np.random.default_rng(0).permutation(len(predicted))
    order = np.lexsort((lots, -confidence, predicted))
    classes, values = predicted[order], confidence[order]
    counts = np.bincount(predicted)
    places = np.arange(len(order)) - (np.cumsum(counts) - counts)[classes]
    starts = np.flatnonzero(np.r_[True, (np.diff(classes) != 0) | (np.diff(values) != 0)])
    sizes = np.diff(np.r_[starts, len(order)])
    low = np.repeat(places[starts], sizes)
    ranks = np.empty((3, len(order)))
    ranks[:, order] = np.stack([places, low, low + np.repeat(sizes, sizes)]) / counts[classes]
    return ranks[0], (ranks[1], ranks[2])


def chosen_share(predictions: Predictions) -> float:
    """Return the largest share of the surest whose disagreement is that of surer ones.

    Where the noise depends on the class alone, labels are as often wrong among sure examples
    as among others: what decreases with confidence is the error of the predictions.
    """
    found = [(share, *predictions.disagreement(share)) for share in _SHARES]
    for place, (share, rate, _) in enumerate(found):
        # The surer ones are a part of the others: the difference varies by the rest.
        if all(
            rate - surer <= _DEVIATIONS * error * np.sqrt(1 - part / share)
            for part, surer, error in found[place + 1 :]
        ):
            return share
    raise AssertionError("nothing is surer than the last share")


def concluded(
    predictions: Predictions,
    joint: HostFloats,
    resampled_rates: HostFloats,
    resampled_agreements: HostFloats,
    *,
    method: str,
    share: float,
    residual: float,
    clean_accuracy: float | None,
    level: float,
) -> NoiseEstimate:
    """Return an estimate with its interval and bounds, refused where it says too little."""
    tails = [(1 - level) / 2, (1 + level) / 2]
    low, high = np.quantile(resampled_rates, tails)
    least, most = np.quantile(1 - resampled_agreements, tails)
    surest, _ = predictions.disagreement(chosen_share(predictions))
    error = max(0.0, 1 - predictions.agreement / (1 - surest))
    if clean_accuracy is not None:
        error = 1 - clean_accuracy
    refused = _refusal(predictions, error, most)
    floor = min(low, _lowest(predictions, share, level))
    if refused or floor < error or surest > _MOST_DOUBT:  # it may be all error
        floor = 0 if clean_accuracy is None else least - error
    prior = joint.sum(axis=1)
    matrix = np.where(
        prior[:, None] > 0, joint / np.where(prior > 0, prior, 1)[:, None], np.eye(len(joint))
    )
    for array in (matrix, prior):
        array.setflags(write=False)
    return NoiseEstimate(
        method=method,
        rate=max(0.0, 1 - float(np.trace(joint))),
        interval=(float(low), float(high)),
        bounds=(float(np.clip(floor, 0, most)), float(most)),
        refused=refused,
        matrix=matrix,
        prior=prior,
        agreement=predictions.agreement,
        predictor_error=error,
        share=share,
        residual=residual,
        num_examples=len(predictions.agree),
        level=level,
        resamples=len(resampled_rates),
    )


def _lowest(predictions: Predictions, share: float, level: float) -> float:
    """Return the least rate that surer and surer examples leave open.

    Even the surest share has predictions that are wrong, of overlapping classes many. So the
    line of disagreement over ranks counts too, where it meets the surest of all: it falls
    below what is true there if disagreement grows faster among the less sure, as it does.
    """
    width = statistics.NormalDist().inv_cdf((1 + level) / 2)
    found = [predictions.disagreement(each) for each in _SHARES if each <= share]
    return min(rate - width * error for rate, error in [*found, _at_the_surest(predictions)])


def _at_the_surest(predictions: Predictions) -> tuple[float, float]:
    """Return where the line of disagreement over ranks meets rank 0, and the standard error."""
    differs, ranks = ~predictions.agree, predictions.ranks
    centred = ranks - ranks.mean()
    slope = centred / (centred @ centred)
    weights = 1 / len(ranks) - ranks.mean() * slope  # of each example
    rest = differs - differs.mean() - (slope @ differs) * centred
    return float(weights @ differs), float(np.sqrt((weights * rest) @ (weights * rest)))


def _refusal(predictions: Predictions, error: float, most: float) -> str:
    """Return why the estimate says too little; nothing if it does not."""
    source, (by_chance, deviation) = predictions.source, predictions.by_chance
    if predictions.agreement - by_chance <= _DEVIATIONS * deviation:
        reason = (
            f"are the label for {predictions.agreement:.0%} of the examples, which may be "
            f"chance ({by_chance:.0%})"
        )
    elif error > _MOST_ERRORS:
        reason = (
            f"seem wrong by themselves for {error:.0%} of the examples, which cannot be told "
            "from wrong labels"
        )
    else:
        return ""
    better = {"probabilities": "of a better model", "features": "that tell the classes apart"}
    return (
        f"predictions from the {source} {reason}: all that is known is that at most {most:.0%} "
        f"of the labels are wrong; pass {source} {better[source]}"
    )
