"""A pure Optax training step with batch statistics, and ways to run it on many devices.

Nothing here knows a network or a loss: a step is made from ``apply_fn`` (Flax's
``Module.apply`` or a function like it), ``loss_fn`` and an Optax transformation.
"""

from esoftmax_jax.training._batch import Batch
from esoftmax_jax.training._data_parallel import DataParallel, data_parallel, pad_batch
from esoftmax_jax.training._metrics import Metrics
from esoftmax_jax.training._state import TrainState, create_train_state
from esoftmax_jax.training._step import (
    Step,
    make_eval_step,
    make_train_step,
    make_train_step_with_logits,
)
from esoftmax_jax.training._weight_decay import add_l1_weight_decay
from esoftmax_jax.training._weights import mean_loss

__all__ = [
    "Batch",
    "DataParallel",
    "Metrics",
    "Step",
    "TrainState",
    "add_l1_weight_decay",
    "create_train_state",
    "data_parallel",
    "make_eval_step",
    "make_train_step",
    "make_train_step_with_logits",
    "mean_loss",
    "pad_batch",
]
