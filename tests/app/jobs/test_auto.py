"""``auto``: what it chooses and between what, its model, and evidence about every label."""

import dataclasses
import json
import re
from typing import Any

import numpy as np
import pytest

from esoftmax_jax import app, cleaning
from esoftmax_jax.app.data.labels import Labels
from esoftmax_jax.app.data.load import load_dataset
from esoftmax_jax.app.data.subset import first_examples
from esoftmax_jax.app.engine.folds import assign_folds
from esoftmax_jax.app.jobs import auto_runs as jobs_of_auto
from esoftmax_jax.app.jobs.auto_runs import auto_runs, default_effort, member_runs
from esoftmax_jax.app.jobs.auto_trained import (
    describe_choice,
    describe_guess,
    loss_of,
    print_auto,
)
from esoftmax_jax.app.jobs.forecast import work_of
from esoftmax_jax.app.labels.noise_spec import parse_noise
from esoftmax_jax.app.labels.noisy_labels import apply_noise
from esoftmax_jax.app.methods.loss_spec import LossSpec
from esoftmax_jax.app.runs import run_all
from esoftmax_jax.app.runs.fold_choice import Candidate, FoldChoice
from esoftmax_jax.app.suspects.neighbours import neighbour_margins
from esoftmax_jax.app.terminal.console import make_console
from experiments.cli import main

OPTIONS: dict[str, Any] = {"epochs": 3, "width": 0.05, "noise": "symmetric:0.4"}
WORDS = ["--dataset", "wine", "--epochs", "3", "--width", "0.05", "--noise", "symmetric:0.4"]


def suspects_of(found):
    """Return the labels of what ``auto`` has left, the worst first."""
    assert found.suspects is not None
    return found.suspects


@pytest.fixture(scope="module")
def folder(tmp_path_factory, five_together):
    """Return the folder that the command line has left."""
    folder = tmp_path_factory.mktemp("auto")
    kept = ["--workdir", str(folder / "run"), "--suspects", str(folder / "suspects.csv")]
    assert main(["train", "--loss", "auto", *WORDS, *kept]) == 0
    return folder


@pytest.fixture(scope="module")
def found(folder):
    """Return the same from Python, where nothing is left to be trained."""
    with pytest.MonkeyPatch.context() as patch:

        def train(*_, **__):
            raise AssertionError("expected no run")

        patch.setattr(run_all, "_run_alike", train)
        return app.auto("wine", workdir=folder / "run", **OPTIONS)


def test_rates_are_tried_on_folds(found):
    rates = [one.learning_rate for one in found.choice.candidates]
    assert rates == [0.01, 0.03, 0.1, 0.3]
    assert all(len(one.accuracies) == 5 for one in found.choice.candidates)
    assert found.choice.arguments["hyperparameters"] == {"alpha": 0.03, "beta": 1, "m": 33300}
    assert len(found.runs) == 20
    assert found.run.config.learning_rate == found.choice.chosen.learning_rate


def test_m_and_rates_follow_the_number_of_classes_and_the_recipe():
    digits = load_dataset("digits")
    cases: list[tuple[dict[str, Any], float, list[float]]] = [
        ({}, 1e4, [0.01, 0.03, 0.1, 0.3]),
        ({"class_map": "cifar10"}, 1e4, [0.005, 0.015, 0.05, 0.15]),
        ({"num_classes": 160, "class_names": ()}, 624, [0.04, 0.12, 0.4, 1.2]),
    ]
    for changes, m, rates in cases:
        dataset = dataclasses.replace(digits, **changes)
        configs = auto_runs(dataset, parse_noise("none"), seed=3).rule
        # Rates that are equal in six digits would be one network twice.
        twice = auto_runs(dataset, parse_noise("none"), rates=(0.1, 0.1000000001), folds=2)
        assert (len(twice.rule), twice.folds) == (2, 2)
        assert {dict(one.loss.hyperparameters)["m"] for one in configs} == {m}
        assert [one.learning_rate for one in configs[::5]] == rates
        assert [one.fold for one in configs[:5]] == [(fold, 5) for fold in range(5)]


def test_evidence_is_that_of_networks_that_have_not_seen_the_label(found):
    folds = assign_folds(found.labels, 5, seed=0)
    predictions = found.out_of_fold_predictions
    assert predictions.shape == found.labels.shape
    for fold, accuracy in enumerate(found.choice.chosen.accuracies):
        own = folds == fold
        assert np.mean(predictions[own] == found.labels[own]) == pytest.approx(accuracy)
    np.testing.assert_allclose(found.out_of_fold_probabilities.sum(axis=1), 1)
    np.testing.assert_array_equal(found.out_of_fold_margins > 0, predictions == found.labels)


def test_the_list_is_ranked_by_how_the_other_networks_learnt_the_labels(found, folder):
    margins, learnt = found.out_of_fold_margins, found.training_evidence
    assert np.isfinite(learnt.margins).all()
    noisy = apply_noise(found.run.config.noise, found.dataset, found.run.config.seed)
    near = neighbour_margins(found.dataset, noisy)
    np.testing.assert_array_equal(learnt.neighbour_margins, near)
    assert learnt.wrong_events.min() == 0
    assert learnt.wrong_events.max() <= 1
    order = cleaning.rank_labels(learnt.scores(margins), found.labels).indices
    ranked = found.suspects.ranked
    np.testing.assert_array_equal(ranked.labelled.labels.observed, found.labels[order])
    np.testing.assert_array_equal(ranked.margins, margins[order])
    assert found.suspects.count == np.sum(margins < 0)
    rows = (folder / "suspects.csv").read_text().splitlines()
    assert len(rows) == 1 + len(margins)


def test_the_model_is_the_mean_of_five_networks_on_nearly_all_examples(found, folder):
    images, labels = found.dataset.test.images, found.dataset.test.labels.observed
    card = json.loads((folder / "run/model/model.json").read_text())
    assert card["members"] == 5
    assert card["config"]["fold"] == [0, 20]
    assert card["config"]["learning_rate"] == found.choice.chosen.learning_rate
    said = app.predict(folder / "run", images)
    names = np.array(found.dataset.class_names)
    assert np.mean(said.labels == names[labels]) == pytest.approx(found.test_accuracy)
    np.testing.assert_array_equal(app.predict(found, images).labels, said.labels)
    with np.load(folder / "run/model/parameters.npz") as arrays:
        assert arrays["params/logits/bias"].shape == (5, 3)


def test_more_effort_goes_on_where_less_was(found, folder):
    more = app.auto("wine", workdir=folder / "run", effort="more", **OPTIONS)
    assert len(more.runs) == 240
    assert [one.to_json() for one in more.runs[:20]] == [one.to_json() for one in found.runs]
    accuracies = [one.accuracies for one in found.choice.candidates]
    assert [one.accuracies for one in more.choice.candidates] == accuracies
    assert len(more.choice.voters) == 5
    told = [f"{loss_of(one)} at {one.learning_rate:g}" for one in more.choice.voters]
    assert len({*told}) == 5  # each with what it differs by
    assert f"the best settings vote for ({', '.join(told)})" in describe_choice(more.choice)
    best = max(more.choice.candidates, key=lambda one: sum(one.agreements))
    assert more.choice.chosen == best
    assert more.model.card.members == 5
    images = more.dataset.test.images
    said = app.predict(folder / "run", images)
    right = np.array(more.dataset.class_names)[more.dataset.test.labels.observed]
    assert np.mean(said.labels == right) == more.test_accuracy


def test_the_least_effort_is_twelve_runs_of_the_same_numbers(found, folder, capsys):
    least = app.auto("wine", workdir=folder / "run", effort="least", **OPTIONS)
    assert len(least.runs) == 8
    of_full = {one.config: one.to_json() for one in found.runs}
    assert all(of_full[one.config] == one.to_json() for one in least.runs)
    folds = [len(one.accuracies) for one in least.choice.candidates]
    assert sorted(folds) == [1, 1, 1, 5]
    assert least.out_of_fold_logits.shape == found.out_of_fold_logits.shape
    assert least.model.card.members == 4
    told = describe_choice(least.choice)
    assert re.search(r"% of the \d+ labels of the first fold, .*: --effort less\)", told)
    # The first fold is what counts: no mean stands beside the others.
    for one, columns in (
        (found, ["mean", "standard", "error"]),
        (least, ["standard", "error"]),
    ):
        print_auto(make_console(width=120), one)
        heading = next(line for line in capsys.readouterr().out.splitlines() if "rate" in line)
        assert heading.split("fold 5")[1].split() == columns


def test_effort_follows_counted_operations_alone(monkeypatch):
    digits = load_dataset("digits")
    runs = auto_runs(digits, parse_noise("none"))
    assert default_effort(runs, digits) == "less"
    operations = work_of([*runs.rule, *member_runs(runs.rule[0])], digits).operations
    monkeypatch.setattr(jobs_of_auto, "LONG", operations)
    assert default_effort(runs, digits) == "least"


def test_what_runs_on_folds_are_for():
    digits = load_dataset("digits")
    full, least = (auto_runs(digits, parse_noise("none"), one) for one in ("less", "least"))
    told = "4 settings in 5 folds and 5 networks of the chosen one"
    assert full.describe(full.rule) == (told, 5)
    assert full.describe(full.plain) == (f"cross-entropy too, {told}", 5)
    told = "4 settings in one fold, the chosen one in 4 more, 4 networks of it"
    assert least.describe(least.rule[::5]) == (told, 8)
    assert least.describe(least.plain[::5]) == (f"cross-entropy too, {told}", 8)
    assert least.describe(least.rule[1:5]) == ("", 0)


def test_what_was_lost_is_trained_again_with_the_same_numbers(found, folder):
    next((folder / "run/folds").iterdir()).unlink()
    again = app.auto("wine", workdir=folder / "run", **OPTIONS)
    assert again.choice == found.choice
    np.testing.assert_array_equal(again.out_of_fold_logits, found.out_of_fold_logits)


def test_a_damaged_network_is_named(found, folder):
    for path in (folder / "run/folds").iterdir():
        path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(app.UsageError, match="delete it, and the same command trains it again"):
        app.auto("wine", workdir=folder / "run", **OPTIONS)


def test_the_folder_of_another_run_is_refused(folder):
    with pytest.raises(app.UsageError, match=r"workdir: expected a new folder.*seed=0"):
        app.auto("wine", workdir=folder / "run", seed=1, **OPTIONS)


def test_no_clean_label_is_looked_at():
    wine = load_dataset("wine")
    rng = np.random.default_rng(0)
    noisy = rng.permutation(wine.train.labels.observed)
    choices = []
    for shuffled in (False, True):
        train, test = wine.train.labels.observed, wine.test.labels.observed
        if shuffled:
            train, test = rng.permutation(train), rng.permutation(test)
        dataset = dataclasses.replace(
            wine,
            train=dataclasses.replace(wine.train, labels=Labels(noisy, train)),
            test=dataclasses.replace(wine.test, labels=Labels.right(test)),
        )
        choices.append(app.auto(dataset, **{**OPTIONS, "noise": "given"}))
    first, second = choices
    assert first.test_accuracy != second.test_accuracy
    assert first.choice == second.choice
    np.testing.assert_array_equal(first.out_of_fold_logits, second.out_of_fold_logits)
    ranked = [suspects_of(one).columns["example"] for one in choices]
    np.testing.assert_array_equal(*ranked)


def test_effort_is_that_of_auto():
    with pytest.raises(app.UsageError, match="effort: expected loss auto beside it, got 'CE'"):
        app.train("wine", loss="CE", effort="more")


def test_a_class_needs_an_example_for_each_fold():
    few = first_examples(load_dataset("digits"), 30)
    with pytest.raises(app.UsageError, match="expected at least 5 training examples of each"):
        app.auto(few, noise="none")


@pytest.mark.parametrize(
    "given",
    [{"hyperparameters": {"m": 1}}, {"learning_rate": 0.1}, {"on_epoch": print}],
)
def test_what_is_chosen_cannot_be_given(given):
    with pytest.raises(app.UsageError, match="expected none beside loss auto, got one"):
        app.train("wine", loss="auto", **given)


def test_what_is_said_of_the_choice():
    mae, plain = (LossSpec("CE_eps+MAE", (("beta", beta),)) for beta in (1.0, 0.0))
    best = Candidate(mae, 0.1, (0.6, 0.8))
    told = describe_choice(FoldChoice((best, Candidate(mae, 0.3, (0.4, 0.7)))))
    assert told.startswith("Chosen: learning rate 0.1, 70.00 ± 10.00 % of the held-out labels")
    assert told.endswith(
        "; 3.0 standard errors of the paired difference before learning rate 0.3."
    )
    told = describe_choice(FoldChoice((Candidate(mae, 0.03, (0.61, 0.78)), best)))
    assert told.startswith("Chosen: learning rate 0.03, 69.50 ± 8.50 %")
    assert "learning rate 0.1, gives 0.50 points more, within the standard error of" in told
    assert "difference, 1.50 points: of such the lowest memorises the fewest wrong" in told
    assert told.endswith("these labels are too few to choose by, and the lowest is taken.")
    right = FoldChoice((Candidate(mae, 0.1, (0.9, 0.9)), Candidate(plain, 0.1, (0.9, 0.94))))
    told = describe_choice(right)
    assert told.startswith("Chosen: cross-entropy at 0.1, 92.00 ± 2.00 %")
    assert "few can be wrong. So cross-entropy was tried too" in told


def test_settings_that_nothing_tells_apart_are_told():
    def told(*scores: tuple[float, ...]) -> str:
        rates = zip((0.01, 0.03, 0.1, 0.3), scores, strict=False)
        found = (Candidate(LossSpec("CE_eps+MAE"), rate, of_rate) for rate, of_rate in rates)
        return describe_choice(FoldChoice(tuple(found)))

    low, high = (0.5, 0.7), (0.6, 0.58)
    assert told(low, low, low, low).endswith(
        "; level with learning rate 0.03: none of the others is told apart from "
        "the best, any would do. No rate is more than a standard error behind the best: these labels "
        "are too few to choose by, and the lowest is taken."
    )
    assert "rate 0.03: none of the others is told apart from the best, any" in told(
        low, high, high
    )
    behind = (0.1, 0.3)
    assert told(low, low, high, behind).endswith(
        "learning rate 0.03: learning rate 0.03 and 1 more are not told apart from the best, any would do."
    )
    assert told(high, low, behind).count("points more, within the standard error of the paired")
    assert "too few" not in told(high, low, behind)
    assert "either would do" in told(low, high, behind)
    scattered = (0.3, 0.9)  # half of a standard error behind the best, but after the second
    assert "would do" not in told((0.6, 0.8), (0.58, 0.78), scattered)


def test_networks_that_may_only_guess_are_told():
    labels = np.array([0, 0, 0, 1, 1], np.int32)
    told = describe_guess(Candidate(LossSpec("CE", ()), 0.1, (0.6, 0.8)), labels)
    assert told.startswith("Guessing the most frequent label always would give 60.00 %")
    assert describe_guess(Candidate(LossSpec("CE", ()), 0.1, (0.7, 0.72)), labels) == ""
