"""The choice by the first fold: what is run, and when another setting is taken."""

import math

import numpy as np

from esoftmax_jax.app.runs.first_fold import choose_by_first_fold
from esoftmax_jax.app.runs.fold_choice import setting_of
from esoftmax_jax.app.runs.fold_networks import FoldNetwork, FoldNetworks
from tests.app.runs.test_fold_choice import config_of
from tests.helpers.runs import finished

LABELS = np.tile(np.array([0, 1], np.int32), 20)  # two folds of 20 examples
RULE = [config_of(rate, (fold, 2)) for rate in (0.1, 0.3, 1.0) for fold in range(2)]
PLAIN = [config_of(rate, (fold, 2)) for rate in (2.0, 3.0) for fold in range(2)]


def chosen(given, diverged=()):
    """Return the choice and what was run for it.

    ``given`` are by rate how many of the 20 labels of the first fold a network gives; runs of
    ``diverged`` (rate, fold) end in NaN.
    """
    networks, asked = FoldNetworks(None), []

    def train(configs):
        runs = []
        for config in configs:
            rate, (fold, _) = config.learning_rate, config.fold
            asked.append((rate, fold))
            rows = np.arange(20, dtype=np.int32) + 20 * fold
            says = np.where(np.arange(20) < given[rate], LABELS[rows], 1 - LABELS[rows])
            margins = np.zeros(40, np.float32)
            logits = np.eye(2, dtype=np.float32)[says]
            networks._write(config.identity, FoldNetwork(rows, logits, margins, margins, {}))
            end = math.nan if (rate, fold) in diverged else 1.0
            runs.append(finished(config, held_out=given[rate] / 20, loss_at_end=end))
        return runs

    choice, found = choose_by_first_fold(RULE, PLAIN, LABELS, train, networks)
    assert [(one.learning_rate, one.fold[0]) for one in found if one.fold] == asked
    return choice, asked


def test_one_fold_of_all_and_the_others_of_the_chosen():
    choice, asked = chosen({0.1: 6, 0.3: 15, 1.0: 12})
    assert asked == [(0.1, 0), (0.3, 0), (1.0, 0), (0.3, 1)]
    assert setting_of(choice.chosen) == setting_of(RULE[2])
    assert choice.chosen.accuracies == (0.75, 0.75)
    assert choice.by_first_fold
    assert [row["fold_1"] for row in choice.table] == [0.3, 0.75, 0.6]
    assert np.isnan([row["fold_2"] for row in choice.table]).tolist() == [True, False, True]
    # Three labels of 20 are given by one network alone.
    difference = np.repeat([1.0, 0.0], [3, 17])
    error = difference.std(ddof=1) / math.sqrt(20)
    assert math.isclose(choice.standard_errors, 0.15 / error)


def test_the_best_on_that_fold_is_taken_and_of_the_same_the_lower_rate():
    choice, asked = chosen({0.1: 14, 0.3: 15, 1.0: 15})
    assert asked[3:] == [(0.3, 1)]
    assert choice.chosen.learning_rate == 0.3
    assert choice.standard_errors == 0
    assert not choice.told_apart


def test_where_labels_are_nearly_right_cross_entropy_is_tried_on_that_fold_too():
    choice, asked = chosen({0.1: 14, 0.3: 18, 1.0: 12, 2.0: 19, 3.0: 17})
    assert asked == [(0.1, 0), (0.3, 0), (1.0, 0), (2.0, 0), (3.0, 0), (2.0, 1)]
    assert choice.nearly_right
    assert choice.chosen.learning_rate == 2.0


def test_another_is_chosen_where_the_best_diverges_on_a_later_fold():
    choice, asked = chosen({0.1: 6, 0.3: 15, 1.0: 12}, diverged=[(0.3, 1)])
    assert asked[3:] == [(0.3, 1), (1.0, 1)]
    assert choice.chosen.learning_rate == 1.0
    choice, _ = chosen(dict.fromkeys((0.1, 0.3, 1.0), 9), [(one, 0) for one in (0.1, 0.3, 1.0)])
    assert not np.isfinite(choice.chosen.mean)
