"""The choice among settings by the first fold alone: what long runs can afford."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from esoftmax_jax.app.engine.config import RunConfig
from esoftmax_jax.app.engine.finished_run import Run
from esoftmax_jax.app.files.arrays import ClassNumbers
from esoftmax_jax.app.runs.fold_choice import (
    FoldChoice,
    Train,
    choose_by_folds,
    setting_of,
)
from esoftmax_jax.app.runs.fold_networks import FoldNetworks


def choose_by_first_fold(
    rule: Sequence[RunConfig],
    plain: Sequence[RunConfig],
    labels: ClassNumbers,
    train: Train,
    networks: FoldNetworks,
) -> tuple[FoldChoice, dict[RunConfig, Run]]:
    """Return the choice by the first fold, and all runs on folds that it took.

    Every setting is trained on that fold, the best one on the others too. Standard errors are
    of the differences between examples: one fold has no others.

    Args:
        rule: among which the choice is.
        plain: of cross-entropy, which take part where the labels are nearly right.
        labels: of all training examples, as noisy as they are.
        train: returns what runs leave.
        networks: keeps their networks.
    """
    found: dict[RunConfig, Run] = {}

    def with_runs(configs: Sequence[RunConfig]) -> FoldChoice:
        found.update(zip(configs, train(configs), strict=True))
        candidates = []
        for one in choose_by_folds(list(found.values())).candidates:
            of_first = next(run for run in found if setting_of(run) == setting_of(one))
            said = networks.read(of_first)
            right = said.logits.argmax(axis=1) == labels[said.held_out]
            given = right if np.isfinite(one.mean) else np.full(len(right), -np.inf)
            candidates.append(dataclasses.replace(one, examples=tuple(map(float, given))))
        return FoldChoice(tuple(candidates))

    choice = with_runs(_of_first_fold(rule))
    if choice.nearly_right:
        choice = with_runs(_of_first_fold(plain))
    # Another is chosen where one diverges on a later fold.
    while np.isfinite(choice.chosen.mean) and (
        rest := [
            one
            for one in (*rule, *plain)
            if setting_of(one) == setting_of(choice.chosen) and one not in found
        ]
    ):
        choice = with_runs(rest)
    return choice, found


def _of_first_fold(configs: Sequence[RunConfig]) -> list[RunConfig]:
    return [one for one in configs if one.fold is not None and one.fold[0] == 0]
