"""Choosing learning rate and settings of each loss without looking at a clean label."""

import dataclasses
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np

from esoftmax_jax.app.data.dataset import Dataset
from esoftmax_jax.app.engine.config import RunConfig
from esoftmax_jax.app.engine.finished_run import Run
from esoftmax_jax.app.labels.noise_spec import NoiseSpec
from esoftmax_jax.app.methods.methods import Methods
from esoftmax_jax.app.runs.recipes import make_config, recipe_for, tried_settings

HOLDOUT = 0.2
LEARNING_RATES = (0.001, 0.003, 0.01, 0.03, 0.1)
"""Tried where the dataset's recipe names none."""


@dataclasses.dataclass(frozen=True)
class Choice:
    """What a noisy hold-out set chose for one loss and one kind of noise."""

    hyperparameters: tuple[tuple[str, float], ...]
    learning_rate: float


def tuning_configs(
    dataset: Dataset, noises: Sequence[NoiseSpec], methods: Methods, **options: Any
) -> list[RunConfig]:
    """List the runs: each loss's settings × learning rates × noises × seeds of the recipe.

    ``options`` are fields of every configuration.
    """
    return [
        make_config(
            dataset,
            noise,
            loss,
            methods,
            hyperparameters=settings,
            learning_rate=rate,
            seed=seed,
            holdout=HOLDOUT,
            **options,
        )
        for noise in noises
        for loss in methods
        for settings in tried_settings(loss, methods)
        for rate in recipe_for(dataset).learning_rates or LEARNING_RATES
        for seed in recipe_for(dataset).tuning_seeds
    ]


Cell = tuple[NoiseSpec, str]
"""Noise and name of the loss."""


def held_out_accuracies(runs: Sequence[Run]) -> dict[Cell, dict[Choice, list[float]]]:
    """Return, for each choice tried, the accuracy on held-out labels of each seed.

    The labels of the hold-out set are as noisy as the rest. A run that diverged has −inf.
    """
    accuracies: dict[Cell, dict[Choice, list[float]]] = defaultdict(lambda: defaultdict(list))
    for run in runs:
        config = run.config
        choice = Choice(config.loss.hyperparameters, config.learning_rate)
        accuracies[config.noise, config.loss.name][choice].append(run.held_out_score)
    return accuracies


def choose(runs: Sequence[Run]) -> dict[Cell, Choice]:
    """Return, by (noise, loss), the choice with the best mean accuracy on held-out labels.

    A tie goes to the first tried. A choice with which a seed diverged comes after all others.
    """
    return {
        cell: max(tried, key=lambda choice: float(np.mean(tried[choice])))
        for cell, tried in held_out_accuracies(runs).items()
    }
