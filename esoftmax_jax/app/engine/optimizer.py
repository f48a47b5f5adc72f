"""SGD as configured: its rate over epochs, its penalties, and an average of the parameters."""

from collections.abc import Callable
from typing import Any

import flax.struct
import jax
import jax.numpy as jnp
import optax

from esoftmax_jax.app.engine.config import RunConfig
from esoftmax_jax.app.engine.schedule import Schedule
from esoftmax_jax.cleaning import TrainingDynamics
from esoftmax_jax.training import TrainState, add_l1_weight_decay


def rate_factor(schedule: Schedule, epochs: int) -> Callable[[jax.Array], jax.Array]:
    """Return the factor on the learning rate as a function of the epoch's number, from 0.

    Args:
        schedule: cosine is ½(1 + cos(π · epoch / epochs)).
        epochs: of the whole run.
    """
    if not schedule.steps:
        return lambda epoch: 0.5 * (1 + jnp.cos(jnp.pi * (epoch.astype(jnp.float32) / epochs)))
    starts, factor = jnp.array(schedule.steps, jnp.float32), schedule.factor
    return lambda epoch: jnp.prod(jnp.where(epoch.astype(jnp.float32) >= starts, factor, 1.0))


def make_optimizer(
    config: RunConfig, learning_rate: jax.Array | float
) -> optax.GradientTransformation:
    """Return clipping, then the penalties, then momentum, in the order of the authors' code."""
    steps = []
    if config.clip_norm:
        steps.append(optax.clip_by_global_norm(config.clip_norm))
    if config.weight_decay:
        steps.append(optax.add_decayed_weights(config.weight_decay))
    if config.l1_decay:
        steps.append(add_l1_weight_decay(config.l1_decay))
    return optax.chain(*steps, optax.sgd(learning_rate, momentum=config.momentum))


class RunState(flax.struct.PyTreeNode):
    """The state of a run.

    Attributes:
        train: parameters, statistics and momentum.
        average: an exponential average of parameters and statistics; {} where none is kept.
    """

    train: TrainState
    average: Any

    def evaluated(self) -> TrainState:
        """Return the state whose accuracy counts."""
        state: TrainState = self.train.replace(**self.average)
        return state


class WatchedState(RunState):
    """The state of a run that remembers what its network said of each label while it learnt.

    Attributes:
        dynamics: of the batches that it was trained on, before each update.
    """

    dynamics: TrainingDynamics


def start_average(state: TrainState, decay: float) -> RunState:
    """Return the state of a run at its start."""
    average = {"params": state.params, "batch_stats": state.batch_stats} if decay else {}
    return RunState(state, average)


def move_average(run: RunState, state: TrainState, decay: float) -> RunState:
    """Return the state after an update: average ← d · average + (1 − d) · new.

    d = min(decay, (1 + t) / (10 + t)) after t updates, so that the random start is soon
    forgotten, as TensorFlow's moving averages do it.
    """
    if not decay:
        return run.replace(train=state)
    count = state.step.astype(jnp.float32)
    keep = jnp.minimum(jnp.float32(decay), (1 + count) / (10 + count))
    new = {"params": state.params, "batch_stats": state.batch_stats}
    average = jax.tree.map(lambda old, x: keep * old + (1 - keep) * x, run.average, new)
    return run.replace(train=state, average=average)
