"""Finished runs that no network was trained for."""

from collections.abc import Sequence

import numpy as np

from esoftmax_jax.app.engine.config import RunConfig
from esoftmax_jax.app.engine.finished_run import Run
from esoftmax_jax.app.labels.noise_spec import parse_noise
from esoftmax_jax.app.methods.loss_spec import LossSpec


def finished(config: RunConfig, test: Sequence[float] | float = 0.5, *, loss_at_end: float = 0.3, held_out: float | None = None) -> Run:  # fmt: skip
    """Return a run with this test accuracy: in each epoch, or the same in all of them."""
    accuracy = np.broadcast_to(np.array(test, float), config.epochs)
    losses = np.array([1.0] * (config.epochs - 1) + [loss_at_end])
    return Run(
        config=config,
        loss=config.loss.name,
        test_accuracy=float(accuracy[-1]),
        best_accuracy=float(np.nanmax(accuracy)),
        best_epoch=int(np.nanargmax(accuracy)) + 1,
        noise_rate=None,
        memorized=None,
        holdout_accuracy=held_out,
        curves={"train_loss": losses, "train_accuracy": accuracy, "test_accuracy": accuracy},
        seconds=1.0,
    )


def run_of(loss="CE", *args, noise="none", seed=0, rate=0.1, epochs=2, **options) -> Run:
    """Return a finished run of a loss on data that nobody has."""
    config = RunConfig("d", parse_noise(noise), LossSpec(loss), rate, seed, epochs)
    return finished(config, *args, **options)
