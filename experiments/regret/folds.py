"""Networks on folds of noisy labels, each loss at the rate that agrees best with them."""

import itertools
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any, NamedTuple

from esoftmax_jax.app.data.dataset import Dataset
from esoftmax_jax.app.engine.config import RunConfig
from esoftmax_jax.app.jobs.auto_runs import LOSS, auto_runs
from esoftmax_jax.app.labels.noise_spec import parse_noise
from esoftmax_jax.app.labels.noisy_labels import NoisyTraining, apply_noise
from esoftmax_jax.app.runs.fold_choice import choose_by_folds
from esoftmax_jax.app.runs.fold_networks import FoldNetwork, FoldNetworks
from esoftmax_jax.app.runs.run_all import run_all
from experiments.lines import Row
from experiments.regret.lines import Work

LOSSES = ("CE", LOSS)


class OnFolds(NamedTuple):
    """The networks of one noise and loss, one for each fold, and what they were trained on."""

    noise: str
    loss: str
    rate: float
    networks: list[FoldNetwork]
    noisy: NoisyTraining


def fold_configs(
    dataset: Dataset, noise: str, seed: int, **options: Any
) -> dict[str, Sequence[RunConfig]]:
    """Return the runs of each of ``LOSSES``, at all rates."""
    found = auto_runs(dataset, parse_noise(noise), seed=seed, **options)
    return dict(zip(LOSSES, (found.plain, found.rule), strict=True))


def work_on_folds(
    name: str,
    seed: int,
    noises: Sequence[str],
    kinds: Sequence[Collection[str]],
    measure: Callable[..., Sequence[Row]],
    losses: Sequence[str] = LOSSES,
    *,
    epochs: int,
) -> Work:
    """Return what is measured of a dataset and seed: a line for each noise and kinds."""

    def runs(dataset: Dataset) -> list[RunConfig]:
        cells = [fold_configs(dataset, noise, seed, epochs=epochs) for noise in noises]
        return [one for cell in cells for loss in losses for one in cell[loss]]

    return Work(
        name,
        seed,
        frozenset(itertools.product([name], noises, [seed], *kinds)),
        runs,
        lambda dataset: measure(dataset, noises, seed, epochs=epochs),
    )


def trained_on_folds(
    dataset: Dataset,
    noises: Sequence[str],
    seed: int,
    losses: Sequence[str] = LOSSES,
    **options: Any,
) -> Iterator[OnFolds]:
    """Train all in one program and yield each noise and loss."""
    cells = {noise: fold_configs(dataset, noise, seed, **options) for noise in noises}
    runs = [one for cell in cells.values() for loss in losses for one in cell[loss]]
    networks = FoldNetworks(None)
    found = run_all(runs, dataset, None, dataset.name, networks=networks)
    results = dict(zip(runs, found, strict=True))
    for noise, cell in cells.items():
        noisy = apply_noise(parse_noise(noise), dataset, seed)
        for loss in losses:
            best = choose_by_folds([results[one] for one in cell[loss]]).order[0]
            chosen = [one for one in cell[loss] if one.learning_rate == best.learning_rate]
            kept = [networks.read(one) for one in chosen]
            yield OnFolds(noise, loss, best.learning_rate, kept, noisy)
