"""The choice by folds: the best mean, and how sure it is."""

import math

import pytest

from esoftmax_jax.app.engine.config import RunConfig
from esoftmax_jax.app.labels.noise_spec import NoiseSpec
from esoftmax_jax.app.methods.loss_spec import LossSpec
from esoftmax_jax.app.runs.fold_choice import choose_by_folds
from tests.helpers.runs import finished


def results(**accuracies):
    """Return what runs leave, by rate in hundredths; None of a fold that diverged."""
    return [
        finished(
            RunConfig(
                dataset="d",
                noise=NoiseSpec("none"),
                loss=LossSpec("CE"),
                learning_rate=int(rate[1:]) / 100,
                seed=0,
                epochs=1,
                fold=(fold, len(values)),
            ),
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


def test_what_is_within_chance_is_not_told_apart():
    choice = choose_by_folds(results(r1=[0.5, 0.6, 0.7], r3=[0.6, 0.5, 0.72]))
    assert choice.chosen.learning_rate == 0.03
    assert 0 < choice.standard_errors < 1
    assert not choice.told_apart


def test_of_the_same_the_first_is_chosen():
    choice = choose_by_folds(results(r3=[0.5, 0.6], r1=[0.6, 0.5]))
    assert choice.chosen.learning_rate == 0.03
    assert choice.standard_errors == 0
    assert not choice.told_apart


def test_a_fold_that_diverged_comes_last():
    choice = choose_by_folds(results(r1=[0.5, 0.6], r3=[0.9, None]))
    assert choice.chosen.learning_rate == 0.01
    assert choice.table[1]["mean"] == -math.inf
    assert math.isnan(choice.standard_errors)
    assert choice.told_apart
