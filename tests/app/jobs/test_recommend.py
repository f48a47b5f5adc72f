"""The loss that ``compare`` recommends: chosen by labels held out of training, never by the test set."""

import math

import pytest

from esoftmax_jax import app
from esoftmax_jax.app.jobs.recommend import NOTHING_HELD_OUT, recommend
from esoftmax_jax.app.runs.report import make_rows
from esoftmax_jax.app.terminal.messages import UsageError
from tests.helpers.runs import run_of

LABELS = 100  # held out for each seed


def result(loss, seed=0, *, test=0.5, lost=False, **options):
    return run_of(loss, test, seed=seed, loss_at_end=math.nan if lost else 0.3, **options)


def rows(**test):
    results = [result(loss, test=accuracy) for loss, accuracy in test.items()]
    return make_rows(list(test), results)


def tuning(**held_out):
    return [
        result(loss, seed, held_out=accuracy)
        for loss, accuracies in held_out.items()
        for seed, accuracy in enumerate(accuracies)
    ]


def test_the_test_set_has_no_say():
    tried = tuning(CE=(0.60, 0.60), GCE=(0.80, 0.80), MAE=(0.50, 0.50))
    (found,) = recommend(tried, rows(CE=0.99, GCE=0.10, MAE=0.50), LABELS)
    assert found.row is not None
    assert found.row.label == "GCE"
    # (160 + 2) / 204 of 204 labels; CE's error is 3.4 likewise.
    assert found.text == (
        "none: GCE is recommended; it agrees with 80.0 ± 2.8 % of the labels held out of "
        "training (100 for each of 2 seeds; ± is the standard error). Next is CE, 20.0 ± 4.4 "
        "points below."
    )


def test_losses_that_held_out_labels_do_not_tell_apart_are_named():
    tried = tuning(CE=(0.60, 0.60), GCE=(0.62, 0.62), MAE=(0.59, 0.59), SCE=(0.50, 0.50))
    (found,) = recommend(tried, rows(CE=0.1, GCE=0.1, MAE=0.1, SCE=0.9), LABELS)
    assert "GCE is recommended" in found.text
    assert (
        "Not told apart from it, within one standard error of the difference: "
        "CE (60.0 %), MAE (59.0 %)."
    ) in found.text


def test_a_tie_is_told():
    tried = tuning(CE=(0.60, 0.60), GCE=(0.62, 0.62), MAE=(0.62, 0.62))
    (found,) = recommend(tried, rows(CE=0.1, GCE=0.1, MAE=0.9), LABELS)
    assert "none: GCE is recommended (a tie with MAE: the first named counts); it" in found.text


def test_seeds_that_differ_more_than_chance_widen_the_error():
    tried = tuning(CE=(0.50, 0.70), GCE=(0.90, 0.50))
    (found,) = recommend(tried, rows(CE=0.5, GCE=0.5), LABELS)
    # |0.9 − 0.5| / √2 / √2 = 0.2
    assert "GCE is recommended; it agrees with 70.0 ± 20.0 %" in found.text
    assert "Not told apart from it, within one standard error" in found.text


def test_a_few_labels_without_a_fault_are_no_certainty():
    (found,) = recommend(tuning(CE=(1.0, 1.0), GCE=(0.9, 0.9)), rows(CE=0.5, GCE=0.5), 10)
    error = math.sqrt(22 / 24 * (2 / 24) / 24)
    assert f"100.0 ± {100 * error:.1f} %" in found.text


def test_settings_are_those_that_held_out_labels_choose_and_their_number_is_told():
    tried = [
        *(result("CE", seed, held_out=0.5, rate=0.1) for seed in (0, 1)),
        *(result("CE", seed, held_out=0.9, rate=0.3) for seed in (0, 1)),
        *(result("GCE", seed, held_out=0.7, rate=0.1) for seed in (0, 1)),
    ]
    (found,) = recommend(tried, rows(CE=0.1, GCE=0.9), LABELS)
    assert "CE is recommended; it agrees with 90.0" in found.text
    assert found.text.endswith(
        "Each is the best of 1 to 2 settings tried, which flatters a little."
    )


def test_a_row_at_a_rate_that_was_not_chosen_is_not_recommended():
    results = [result("CE", test=0.2), result("CE", test=0.9), result("GCE", test=0.8)]
    table = make_rows(["CE", "CE at rate 0.1", "GCE"], results)
    (found,) = recommend(tuning(CE=(0.9, 0.9), GCE=(0.5, 0.5)), table, LABELS)
    assert found.row is table[0]


def test_a_loss_that_diverged_is_not_recommended():
    tried = tuning(CE=(0.9, 0.9), GCE=(0.5, 0.5))
    table = make_rows(["CE", "GCE"], [result("CE", lost=True), result("GCE")])
    (found,) = recommend(tried, table, LABELS)
    assert found.row is table[1]
    lost = [result("CE", seed, held_out=0.9, lost=seed == 1) for seed in (0, 1)]
    (found,) = recommend([*lost, *tried[2:]], rows(CE=0.9, GCE=0.1), LABELS)
    assert found.row is not None
    assert found.row.label == "GCE"


def test_each_noise_has_a_recommendation_of_its_own():
    noises = ("none", "symmetric:0.4")
    tried = [
        result(loss, seed, held_out=0.9 if (noise == "none") == (loss == "CE") else 0.5, noise=noise)
        for noise in noises
        for loss in ("CE", "GCE")
        for seed in (0, 1)
    ]  # fmt: skip
    results = [result(loss, noise=noise) for noise in noises for loss in ("CE", "GCE")]
    found = recommend(tried, make_rows(["CE", "GCE"] * 2, results), LABELS)
    assert [one.row and one.row.label for one in found] == ["CE", "GCE"]


@pytest.mark.parametrize("losses", [("CE", "GCE"), ("MAE", "CE", "GCE")])
def test_nothing_is_recommended_where_nothing_was_held_out(losses):
    (found,) = recommend([], rows(**dict.fromkeys(losses, 0.9)), LABELS)
    assert (found.text, found.row) == (NOTHING_HELD_OUT, None)


def test_a_fifth_of_two_labels_is_none():
    with pytest.raises(UsageError, match=r"^tune: expected enough examples to hold out 20 %, "):
        app.compare("wine", losses=["CE"], train_examples=2, tune=True, verbose=False)


def test_one_loss_needs_no_choosing():
    (found,) = recommend([], rows(CE=0.9), LABELS)
    assert (found.text, found.row and found.row.label) == ("", "CE")
