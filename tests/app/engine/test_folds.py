"""Folds: who is held out together, and which networks that makes."""

import dataclasses

import numpy as np
import pytest

from esoftmax_jax.app.data.load import load_dataset
from esoftmax_jax.app.data.subset import first_examples
from esoftmax_jax.app.engine.batches import split_holdout
from esoftmax_jax.app.engine.config import RunConfig
from esoftmax_jax.app.engine.folds import assign_folds, fewest_examples
from esoftmax_jax.app.labels.noise_spec import parse_noise
from esoftmax_jax.app.runs.recipes import make_config
from esoftmax_jax.app.runs.run_all import missing_runs, run_all

LABELS = np.repeat(np.arange(3, dtype=np.int32), [50, 33, 7])


def counts_by_class(folds, labels=LABELS):
    """Return how many of each class lie in each fold, (folds, classes)."""
    table = np.zeros((folds.max() + 1, labels.max() + 1), int)
    np.add.at(table, (folds, labels), 1)
    return table


def test_each_class_is_spread_over_all_folds():
    table = counts_by_class(assign_folds(LABELS, 5, seed=0))
    assert np.ptp(table, axis=0).max() == 1
    assert table.sum(axis=1).tolist() == [18, 18, 18, 18, 18]


def test_the_seed_alone_decides_who_lies_in_which_fold():
    folds = assign_folds(LABELS, 5, seed=0)
    np.testing.assert_array_equal(assign_folds(LABELS, 5, seed=0), folds)
    assert np.any(assign_folds(LABELS, 5, seed=1) != folds)


def test_the_same_examples_lie_in_one_fold():
    groups = np.arange(90)
    groups[[10, 60, 89]] = 3  # across classes
    groups[30:40] = 30
    folds = assign_folds(LABELS, 5, seed=0, groups=groups)
    np.testing.assert_array_equal(folds, folds[groups])
    assert np.ptp(counts_by_class(folds).sum(axis=1)) <= 2


def test_the_class_with_the_fewest_examples():
    assert fewest_examples(LABELS, 3) == (2, 7)
    assert fewest_examples(LABELS, 4) == (3, 0)
    copies = np.arange(90)
    copies[84:] = 83
    assert fewest_examples(LABELS, 3, copies) == (2, 1)
    copies[84:] = 0  # which has another label
    assert fewest_examples(LABELS, 3, copies) == (2, 2)


def fold_runs(dataset, rates=(0.1,)):
    noise = parse_noise("symmetric:0.4")
    return [
        make_config(
            dataset, noise, "CE", width=0.1, epochs=2, batch_size=32, learning_rate=rate,
            fold=(which, 3),
        )
        for rate in rates
        for which in range(3)
    ]  # fmt: skip


def test_every_example_is_held_out_of_one_run():
    (*runs,) = fold_runs(load_dataset("wine"))
    splits = [split_holdout(run, LABELS) for run in runs]
    assert sorted(np.concatenate([held_out for _, held_out in splits])) == list(range(90))
    for pool, held_out in splits:
        assert len(pool) == 90
        assert set(pool) == set(range(90)) - set(held_out)


def test_a_fold_is_in_the_configuration_and_no_fold_is_not():
    (run, *_) = fold_runs(load_dataset("wine"))
    assert run.to_json()["fold"] == [0, 3]
    whole = dataclasses.replace(run, fold=None)
    assert "fold" not in whole.to_json()
    for one in (run, whole):
        assert RunConfig.from_json(one.to_json()) == one


@pytest.mark.parametrize("fold", [[], [3], [3, 3], [-1, 3], [0, 3, 1]])
def test_no_other_fold_is_read(fold):
    (run, *_) = fold_runs(load_dataset("wine"))
    with pytest.raises(ValueError, match="expected fold as which one of how many"):
        RunConfig.from_json(run.to_json() | {"fold": fold})


def test_folds_and_rates_are_one_program_of_networks_that_differ(tmp_path):
    dataset = first_examples(load_dataset("digits"), 120)
    runs = fold_runs(dataset, rates=(0.1, 0.3))
    (alike,) = missing_runs(runs, ())
    assert alike.wanted == 6
    results = run_all(runs, dataset, tmp_path / "results.jsonl", "folds")
    assert len({run.noise_hash for run in results}) == 1  # the same wrong labels
    assert len({tuple(run.curves["train_loss"]) for run in results}) == 6
    assert [run.config.fold for run in results[:3]] == [(0, 3), (1, 3), (2, 3)]
    again = run_all(runs, dataset, tmp_path / "results.jsonl", "folds")
    assert [run.to_json() for run in again] == [run.to_json() for run in results]
