"""Theory that can be run: what a loss promises under wrong labels, for any loss.

Each function takes a loss ``loss(logits, labels)`` with its hyperparameters bound, of this
library or of your own, and gives numbers on the host. Computed in double precision.
"""

from esoftmax_jax.theory._bound import (
    Bound,
)
from esoftmax_jax.theory._excess_risk import (
    ExcessRiskBound,
    excess_risk_bound,
    largest_loss,
)
from esoftmax_jax.theory._lemma_1 import (
    epsilon_bound_of_prediction,
)
from esoftmax_jax.theory._minimizers import (
    Calibration,
    Minimizer,
    all_k_calibrated,
    epsilon_softmax_minimizer,
    risk_minimizer,
)
from esoftmax_jax.theory._ratios import (
    asymmetry_ratio,
    variation_ratio,
)
from esoftmax_jax.theory._symmetry import (
    delta,
    symmetry_gap,
)
from esoftmax_jax.theory._weights import (
    ExampleWeight,
    example_weight,
    gate,
)

__all__ = [
    "Bound",
    "Calibration",
    "ExampleWeight",
    "ExcessRiskBound",
    "Minimizer",
    "all_k_calibrated",
    "asymmetry_ratio",
    "delta",
    "epsilon_bound_of_prediction",
    "epsilon_softmax_minimizer",
    "example_weight",
    "excess_risk_bound",
    "gate",
    "largest_loss",
    "risk_minimizer",
    "symmetry_gap",
    "variation_ratio",
]
