"""Losses for wrong labels: ``loss(logits, labels, *, ..., axis=-1, where=None)``.

Every loss returns one value per example and reduces nothing. Labels are integer classes; a
label that ties for the largest logit counts as predicted; a label outside [0, K) gives NaN
(wrap the loss in :func:`checked` for an error). Hyperparameters are keyword-only and may be
traced arrays.

``axis`` may be a tuple of axes, whose flat index is then the label. ``where`` may also have the
shape of the logits: classes that it leaves out have probability 0, as with a logit of −inf, and
an example with none left has loss and gradient exactly 0.
"""

from esoftmax_jax.losses._activation import (
    epsilon_bound,
    epsilon_softmax,
    log_epsilon_softmax,
    m_for_epsilon,
)
from esoftmax_jax.losses._asymmetric_losses import (
    asymmetric_exponential_loss,
    asymmetric_generalized_cross_entropy,
    asymmetric_unhinged_loss,
)
from esoftmax_jax.losses._correction_losses import (
    backward_corrected_cross_entropy,
    forward_corrected_cross_entropy,
)
from esoftmax_jax.losses._cross_entropy_losses import (
    cross_entropy,
    dynamic_fine_tuning_loss,
    focal_loss,
)
from esoftmax_jax.losses._divergence_losses import (
    bi_tempered_loss,
    generalized_jensen_shannon_loss,
    jensen_shannon_loss,
)
from esoftmax_jax.losses._epsilon_softmax_losses import (
    epsilon_softmax_cross_entropy,
    epsilon_softmax_cross_entropy_with_mae,
    epsilon_softmax_focal_loss,
    epsilon_softmax_focal_loss_with_mae,
)
from esoftmax_jax.losses._gate import (
    gate_probability,
    m_for_gate,
)
from esoftmax_jax.losses._linear.losses import (
    linear_cross_entropy,
    linear_dynamic_fine_tuning_loss,
    linear_epsilon_softmax_cross_entropy_with_mae,
    linear_generalized_cross_entropy,
)
from esoftmax_jax.losses._mae_and_reverse_losses import (
    generalized_cross_entropy,
    mean_absolute_error,
    reverse_cross_entropy,
    symmetric_cross_entropy,
)
from esoftmax_jax.losses._negative_losses import (
    negative_learning_loss,
    normalized_negative_cross_entropy,
    normalized_negative_focal_loss,
)
from esoftmax_jax.losses._normalized_losses import (
    normalized_cross_entropy,
    normalized_focal_loss,
)
from esoftmax_jax.losses._registry import (
    get,
    names,
)
from esoftmax_jax.losses._reshaped_logit_losses import (
    ldr_kl_loss,
    logit_clip_cross_entropy,
    temperature_softmax_cross_entropy,
)
from esoftmax_jax.losses._squared_losses import (
    asymmetric_mean_squared_error,
    mean_squared_error,
)
from esoftmax_jax.losses._truncated_losses import (
    partially_huberised_cross_entropy,
    taylor_cross_entropy,
)
from esoftmax_jax.losses._variation_losses import (
    variation_cross_entropy,
    variation_squared_error,
)
from esoftmax_jax.losses._with_state.early_learning import (
    EarlyLearningState,
    early_learning_regularized_cross_entropy,
    init_early_learning,
)
from esoftmax_jax.losses._with_state.entropy import (
    entropy_regularizer,
)
from esoftmax_jax.losses._with_state.gradient_clipping import (
    GradientClippingState,
    init_gradient_clipping,
    update_gradient_clipping,
)
from esoftmax_jax.losses._wrappers.checked import (
    checked,
)
from esoftmax_jax.losses._wrappers.every_class import (
    expected_loss,
    per_class_loss,
)
from esoftmax_jax.losses._wrappers.logit_wrappers import (
    logit_bias_for_initial_prob,
    with_epsilon_softmax,
    with_logit_bias,
)
from esoftmax_jax.losses._wrappers.weighted_sum import (
    weighted_sum,
)

__all__ = [
    "EarlyLearningState",
    "GradientClippingState",
    "asymmetric_exponential_loss",
    "asymmetric_generalized_cross_entropy",
    "asymmetric_mean_squared_error",
    "asymmetric_unhinged_loss",
    "backward_corrected_cross_entropy",
    "bi_tempered_loss",
    "checked",
    "cross_entropy",
    "dynamic_fine_tuning_loss",
    "early_learning_regularized_cross_entropy",
    "entropy_regularizer",
    "epsilon_bound",
    "epsilon_softmax",
    "epsilon_softmax_cross_entropy",
    "epsilon_softmax_cross_entropy_with_mae",
    "epsilon_softmax_focal_loss",
    "epsilon_softmax_focal_loss_with_mae",
    "expected_loss",
    "focal_loss",
    "forward_corrected_cross_entropy",
    "gate_probability",
    "generalized_cross_entropy",
    "generalized_jensen_shannon_loss",
    "get",
    "init_early_learning",
    "init_gradient_clipping",
    "jensen_shannon_loss",
    "ldr_kl_loss",
    "linear_cross_entropy",
    "linear_dynamic_fine_tuning_loss",
    "linear_epsilon_softmax_cross_entropy_with_mae",
    "linear_generalized_cross_entropy",
    "log_epsilon_softmax",
    "logit_bias_for_initial_prob",
    "logit_clip_cross_entropy",
    "m_for_epsilon",
    "m_for_gate",
    "mean_absolute_error",
    "mean_squared_error",
    "names",
    "negative_learning_loss",
    "normalized_cross_entropy",
    "normalized_focal_loss",
    "normalized_negative_cross_entropy",
    "normalized_negative_focal_loss",
    "partially_huberised_cross_entropy",
    "per_class_loss",
    "reverse_cross_entropy",
    "symmetric_cross_entropy",
    "taylor_cross_entropy",
    "temperature_softmax_cross_entropy",
    "update_gradient_clipping",
    "variation_cross_entropy",
    "variation_squared_error",
    "weighted_sum",
    "with_epsilon_softmax",
    "with_logit_bias",
]
