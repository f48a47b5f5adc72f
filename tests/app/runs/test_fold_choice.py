"""The choice by folds: the best mean, and how sure it is."""

import math

import numpy as np
import pytest

from esoftmax_jax.app.engine.config import RunConfig
from esoftmax_jax.app.labels.noise_spec import NoiseSpec
from esoftmax_jax.app.methods.loss_spec import LossSpec
from esoftmax_jax.app.runs.fold_choice import choose, choose_by_folds
from esoftmax_jax.app.runs.fold_networks import FoldNetworks
from tests.helpers.runs import finished


def config_of(rate, fold=(0, 2)):
    """Return a run on a fold at a rate."""
    noise = NoiseSpec("none")
    return RunConfig("d", noise, LossSpec("CE"), rate, seed=0, epochs=1, fold=fold)


def results(**accuracies):
    """Return what runs leave, by rate in hundredths; None of a fold that diverged."""
    return [
        finished(
            config_of(int(rate[1:]) / 100, (fold, len(values))),
            held_out=value or 0.9,
            loss_at_end=math.nan if value is None else 1.0,
        )
        for rate, values in accuracies.items()
        for fold, value in enumerate(values)
    ]


def test_the_best_mean_is_chosen():
    choice = choose_by_folds(
        results(r1=[0.5, 0.6, 0.7], r3=[0.6, 0.7, 0.9], r10=[0.4, 0.7, 0.7])
    )
    assert choice.chosen.learning_rate == 0.03
    assert choice.chosen.mean == pytest.approx(2.2 / 3)
    assert choice.chosen.standard_error == pytest.approx(0.0881917)
    # Differences to the rate .01 by fold: .1, .1 and .2.
    assert choice.standard_errors == pytest.approx((0.4 / 3) / (0.0577350 / math.sqrt(3)))
    assert choice.told_apart
    assert [row["chosen"] for row in choice.table] == [False, True, False]
    assert choice.table[0]["fold_3"] == 0.7
    assert choice.arguments == {"loss": "CE", "hyperparameters": {}, "learning_rate": 0.03}


def test_of_what_is_hardly_worse_than_the_best_the_lowest_rate_is_chosen():
    hardly = {"r3": [0.5, 0.6, 0.7], "r10": [0.6, 0.5, 0.72], "r30": [0.6, 0.5, 0.7]}
    choice = choose_by_folds(results(r1=[0.3, 0.3, 0.3], **hardly))
    assert choice.order[0].learning_rate == 0.1
    assert choice.chosen.learning_rate == 0.03
    assert [row["chosen"] for row in choice.table] == [False, True, False, False]
    # By fold the rate .03 is .1, -.1 and .02 behind.
    assert choice.standard_errors == pytest.approx((0.02 / 3) / (0.1006645 / math.sqrt(3)))
    assert not choice.told_apart


def test_where_labels_are_nearly_right_the_best_counts_and_cross_entropy_is_tried():
    held_out = {0.1: 0.85, 0.3: 0.9, 1.0: 0.91}
    asked: list[float] = []

    def train(configs):
        asked.extend(config.learning_rate for config in configs)
        return [finished(one, held_out=held_out[one.learning_rate]) for one in configs]

    def chosen_among(rule):
        asked.clear()
        config = config_of(1.0)
        choice, found = choose([config_of(rule)], [config], [], train, FoldNetworks(None))
        assert [one.learning_rate for one in found] == asked
        return choice.chosen.learning_rate, asked

    assert chosen_among(0.1) == (0.1, [0.1])
    assert chosen_among(0.3) == (1.0, [0.3, 1.0])
    hardly = choose_by_folds(results(r3=[0.9, 0.97], r10=[0.97, 0.91]))
    assert hardly.nearly_right
    assert hardly.chosen.learning_rate == 0.1


def test_of_the_same_the_lower_rate_is_chosen():
    choice = choose_by_folds(results(r3=[0.5, 0.6], r1=[0.6, 0.5]))
    assert choice.chosen.learning_rate == 0.01
    assert choice.standard_errors == 0
    assert not choice.told_apart


def test_where_all_diverged_the_first_stands_for_them():
    choice = choose_by_folds(results(r3=[0.9, None], r1=[None, None]))
    assert choice.chosen.learning_rate == 0.03
    assert not np.isfinite(choice.chosen.mean)
    assert math.isnan(choice.standard_errors)


def test_a_fold_that_diverged_comes_last():
    choice = choose_by_folds(results(r1=[0.5, 0.6], r3=[0.9, None]))
    assert choice.chosen.learning_rate == 0.01
    assert choice.table[1]["mean"] == -math.inf
    assert math.isnan(choice.standard_errors)
    assert choice.told_apart
