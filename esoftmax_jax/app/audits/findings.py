"""What probabilities and features say of labels: how many are wrong, and which."""

import dataclasses

import numpy as np
import numpy.typing as npt

from esoftmax_jax import cleaning, estimate
from esoftmax_jax.app.audits.examples import AuditedExamples
from esoftmax_jax.app.audits.labelled_classes import estimated_noise
from esoftmax_jax.app.suspects.training_evidence import TrainingEvidence
from esoftmax_jax.app.terminal.messages import UsageError

Floats = npt.NDArray[np.float64]


@dataclasses.dataclass(frozen=True, eq=False)
class Findings:
    """Evidence about each label, in the order of the data.

    Attributes:
        noise: how many labels are wrong, and of which classes they are.
        evidence: from probabilities.
        score: float64 (N,), the lower the more suspicious.
        probabilities_wrong: float64 (N,), their sum is the estimated number of wrong labels;
            NaN where the estimate is refused.
        order: int (N,), the most suspicious first.
        learnt: what networks said of the labels while they learnt them; None: nothing was
            trained.
    """

    noise: estimate.NoiseEstimate
    evidence: cleaning.LabelEvidence
    score: Floats
    probabilities_wrong: Floats
    order: npt.NDArray[np.int64]
    learnt: TrainingEvidence | None = None

    @property
    def suspect(self) -> npt.NDArray[np.bool_]:
        """Bool (N,): the first ``num_suspects`` in order."""
        found = np.zeros(len(self.order), bool)
        found[self.order[: self.num_suspects]] = True
        return found

    @property
    def num_suspects(self) -> int:
        """How many labels the network would rather replace."""
        return int(np.sum(self.evidence.margins < 0))

    @property
    def expected_wrong(self) -> float:
        """The estimated number of wrong labels; NaN where the estimate is refused."""
        return float(self.probabilities_wrong.sum())


def judge(
    examples: AuditedExamples,
    probabilities: Floats,
    features: Floats | None = None,
    learnt: TrainingEvidence | None = None,
) -> Findings:
    """Judge labels by out-of-fold probabilities, and by what else there is.

    Args:
        examples: the labels.
        probabilities: (N, K).
        features: (N, D), by which examples that are alike are near; None for none.
        learnt: what networks said of the labels while they learnt them; it takes the place of
            the probabilities.

    Raises:
        UsageError: the probabilities agree with the labels by chance at best, or a class has
            too few examples.
    """
    evidence = cleaning.label_evidence(probabilities, examples.labels)
    try:
        noise = estimated_noise(probabilities, examples)
    except UsageError as error:
        if learnt is None:
            raise
        raise UsageError(
            f"{examples.name}: expected networks that give labels they have not seen more "
            "often than by chance, got such as do not; pass more --epochs, other features, or "
            "--probabilities of a model of yours"
        ) from error
    sure = against_rival(evidence)
    near = [] if features is None else [cleaning.neighbour_margins(features, examples.labels)]
    if learnt is not None:
        learnt = learnt.beside(near.pop()) if near else learnt
        sure = learnt.scores(sure)
    score = cleaning.mean_ranks(sure, *near)
    wrong = probabilities_wrong(evidence, noise, score)
    ranking = cleaning.rank_labels(score, evidence.suggestions)
    return Findings(noise, evidence, score, wrong, ranking.indices, learnt)


def against_rival(evidence: cleaning.LabelEvidence) -> Floats:
    """Return p / (p + q) of the label's p and the likeliest other class's q, float64 (N,).

    It orders as the margin of logits does, and is below ½ where another class is predicted. The
    margin p − q calls a label with p = 0.1 beside many small q as sure as one with p = 0.6
    beside 0.5; the probability p alone calls one wrong for having several rivals.
    """
    own = np.clip(evidence.self_confidences, 0, 1)
    rival = np.clip(evidence.self_confidences - evidence.margins, 0, 1)
    return own / np.maximum(own + rival, np.finfo(float).tiny)


def bounded_rate(noise: estimate.NoiseEstimate) -> float:
    """Return the estimated share of wrong labels, within the bounds of the estimate."""
    return min(max(noise.rate, noise.bounds[0]), noise.bounds[1])


def probabilities_wrong(
    evidence: cleaning.LabelEvidence,
    noise: estimate.NoiseEstimate | None,
    score: Floats | None = None,
) -> Floats:
    """Return of each label how probable it is that it is wrong, float64 (N,).

    NaN where the noise is not known: a rate that is refused counts the model's own errors.

    Args:
        evidence: from out-of-fold probabilities.
        noise: how many labels are wrong.
        score: float64 (N,), the lower the more suspicious; None: its ranks
            by ``against_rival``.
    """
    if noise is None or noise.refused:
        return np.full(len(evidence.margins), np.nan)
    # Against its strongest rival alone: among many classes a label may be right at p = 0.3.
    either = against_rival(evidence)
    score = cleaning.mean_ranks(either) if score is None else score
    expected = bounded_rate(noise) * len(either)
    return cleaning.wrong_label_probabilities(either, expected, score=score)
