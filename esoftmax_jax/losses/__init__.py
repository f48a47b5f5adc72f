"""Losses for wrong labels: ``loss(logits, labels, *, ..., axis=-1, where=None)``.

Every loss returns one value per example and reduces nothing. Labels are integer classes; a
label that ties for the largest logit counts as predicted; a label outside [0, K) gives NaN
(wrap the loss in :func:`checked` for an error). Hyperparameters are keyword-only and may be
traced arrays.
"""

from esoftmax_jax.losses._activation import (
    epsilon_bound,
    epsilon_softmax,
    log_epsilon_softmax,
    m_for_epsilon,
)
from esoftmax_jax.losses._bounded_losses import (
    generalized_cross_entropy,
    mean_absolute_error,
    reverse_cross_entropy,
    symmetric_cross_entropy,
)
from esoftmax_jax.losses._checked import checked
from esoftmax_jax.losses._combination import weighted_sum
from esoftmax_jax.losses._epsilon_softmax_losses import (
    epsilon_softmax_cross_entropy,
    epsilon_softmax_cross_entropy_with_mae,
    epsilon_softmax_focal_loss,
    epsilon_softmax_focal_loss_with_mae,
)
from esoftmax_jax.losses._log_losses import (
    cross_entropy,
    focal_loss,
    normalized_cross_entropy,
)

__all__ = [
    "checked",
    "cross_entropy",
    "epsilon_bound",
    "epsilon_softmax",
    "epsilon_softmax_cross_entropy",
    "epsilon_softmax_cross_entropy_with_mae",
    "epsilon_softmax_focal_loss",
    "epsilon_softmax_focal_loss_with_mae",
    "focal_loss",
    "generalized_cross_entropy",
    "log_epsilon_softmax",
    "m_for_epsilon",
    "mean_absolute_error",
    "normalized_cross_entropy",
    "reverse_cross_entropy",
    "symmetric_cross_entropy",
    "weighted_sum",
]
