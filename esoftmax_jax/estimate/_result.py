"""What an estimate of label noise says."""

import dataclasses

from esoftmax_jax._host_types import HostFloats


@dataclasses.dataclass(frozen=True, eq=False)
class NoiseEstimate:
    """How noisy labels are, as far as noisy labels tell.

    ``interval`` is about chance alone: other examples of the same kind. ``bounds`` is about
    what the predictions cannot tell apart as well, their own error and a wrong label: it holds
    where the noise depends on the class alone, the true class is the likeliest label of every
    class, and no prediction has seen its own label.

    Attributes:
        method: ``"confident joint"`` or ``"neighbour consensus"``.
        rate: estimated share of wrong labels, 1 − Σ_i prior_i · matrix_ii.
        interval: percentile bootstrap interval of ``rate``, low and high.
        bounds: the least and the greatest rate that the labels leave open. Refused or not, at
            most that many are wrong.
        refused: "" where the estimate can be used; otherwise one sentence that says why not.
        matrix: float64 (K, K): entry (i, j) is the probability of label j where class i is
            true. Rows sum to 1.
        prior: float64 (K,), the share of each true class.
        agreement: how often out-of-fold predictions are the label.
        predictor_error: estimated share of wrong predictions, on right labels.
        share: of the examples of each predicted class, the most confident first, that
            ``matrix`` was estimated from.
        residual: how far fitted and observed frequencies are apart (Euclidean distance); 0 of
            the confident joint, which fits nothing.
        num_examples: N.
        level: of the interval, such as 0.95.
        resamples: how many bootstrap samples the interval is from.
    """

    method: str
    rate: float
    interval: tuple[float, float]
    bounds: tuple[float, float]
    refused: str
    matrix: HostFloats
    prior: HostFloats
    agreement: float
    predictor_error: float
    share: float
    residual: float
    num_examples: int
    level: float
    resamples: int

    @property
    def joint(self) -> HostFloats:
        """Float64 (K, K): the share of examples of true class i with label j; it sums to 1."""
        together: HostFloats = self.prior[:, None] * self.matrix
        return together
