"""What the pages say in words of their tables is what the lines of results say."""

import functools

import numpy as np
import pytest

from esoftmax_jax.app.runs.report import make_rows
from esoftmax_jax.app.runs.results import read_results
from experiments.configs import load_table
from experiments.demo_table import label_of
from experiments.document_tables import LINES, RESULTS
from experiments.lines import read_rows
from experiments.regret.tables import KEY
from experiments.reproduce.results_table import results_table

UP_TO_06 = ("clean", "sym0.2", "sym0.4", "sym0.6")
LEVEL = 1.5  # points, which one seed of MNIST or CIFAR-10 tells no better


@functools.cache
def table(name, dataset, file, **options):
    """Return method → setting → (mean, standard deviation) of a table; (x, 0) of one seed."""
    runs = read_results(RESULTS / f"{file}.jsonl")
    lines = results_table(load_table(name, dataset), runs, **options).splitlines()
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in lines if "|" in line
    ]
    head, _, *body = rows
    return {
        method: {
            setting: numbers(cell)
            for setting, cell in zip(head[1:], cells, strict=True)
            if cell != "–"
        }
        for method, *cells in body
    }


def numbers(cell):
    mean, _, deviation = cell.partition(" (")[0].partition(" ± ")
    return float(mean), float(deviation or 0)


def digits():
    return table("digits", "digits", "digits-digits-paper")


def mnist():
    return table("mnist", "mnist", "mnist-mnist-paper")


def cifar10():
    return table("table2", "cifar10", "table2-cifar10-paper", dtype="bfloat16")


def means(of, setting):
    return {method: cells[setting][0] for method, cells in of.items() if setting in cells}


@pytest.mark.parametrize("setting", UP_TO_06)
def test_on_digits_three_losses_are_level_up_to_three_wrong_labels_of_five(setting):
    best, spread = max(digits()[name][setting] for name in ("CE_eps+MAE", "SCE", "GCE"))
    for name in ("CE_eps+MAE", "SCE", "GCE"):
        mean, deviation = digits()[name][setting]
        assert best - mean <= spread + deviation


def test_at_four_of_five_ours_is_ahead_on_digits_within_the_spread():
    found = means(digits(), "sym0.8")
    assert max(found, key=found.__getitem__) in ("CE_eps+MAE", "FL_eps+MAE")
    mean, deviation = digits()["CE_eps+MAE"]["sym0.8"]
    assert digits()["GCE"]["sym0.8"][0] > mean - deviation


def test_on_clean_digits_cross_entropy_at_a_high_rate_is_the_best_network():
    found = means(digits(), "clean")
    assert max(found, key=found.__getitem__) == "CE (rate 0.1)"


def test_at_the_papers_scale_nce_with_rce_is_level_at_four_of_five():
    found = means(cifar10(), "sym0.8")
    assert found["NCE+RCE"] == pytest.approx(found["CE_eps+MAE"], abs=0.1)
    assert found["CE (tuned)"] - found["CE"] > 20
    asymmetric = means(cifar10(), "asym0.4")
    assert asymmetric["CE (tuned)"] - asymmetric["CE"] == pytest.approx(2.5, abs=0.05)
    assert max(asymmetric.values()) - asymmetric["CE (tuned)"] <= 1.5


def test_on_mnist_sums_of_nce_lead_at_four_of_five():
    found = means(mnist(), "sym0.8")
    first, second, *_ = sorted(found, key=found.__getitem__, reverse=True)
    assert {first, second} == {"NCE+AEL", "NCE+MAE"}
    assert 3 - 0.5 < found["NCE+MAE"] - found["CE_eps+MAE"] < 3.5
    level = ("GCE", "NCE+RCE", "NFL+RCE", "NCE+AUL", "NCE+AGCE", "FL_eps+MAE", "CE (tuned)")
    for name in level:
        assert found[name] == pytest.approx(found["CE_eps+MAE"], abs=LEVEL), name
    assert 18.5 < found["CE (tuned)"] - found["CE"] < 19.5
    for name in ("ANL-CE/L1", "JAL-CE/L1"):
        assert 1.5 < found["CE_eps+MAE"] - found[name] < 4.5, name


def test_on_mnist_anl_leads_where_classes_are_taken_for_others():
    found = means(mnist(), "asym0.4")
    first, *others = sorted(found, key=found.__getitem__, reverse=True)
    assert first == "ANL-CE/L1"
    close = ["NCE+MAE", "NCE+RCE", "NFL+RCE", "NCE+AUL", "NCE+AGCE", "NCE+AEL"]
    close += ["CE_eps+MAE", "FL_eps+MAE", "JAL-CE/L1", "LDR-KL"]
    assert sorted(others[: len(close)]) == sorted(close)
    for name in close:
        assert found[first] - found[name] <= 1.6 + 0.05, name
        assert 7.5 < found[name] - found["CE"] < 9, name
    gains = {name: found[name] - found["CE"] for name in ("CE (tuned)", "GCE", "CE/L1")}
    assert 4.5 < gains["CE (tuned)"] < 5.5
    assert 3.5 < gains["GCE"] < 4.5
    assert gains["CE/L1"] < 0


def test_on_mnist_anl_leads_a_close_field_at_three_wrong_labels_of_five():
    found = means(mnist(), "sym0.6")
    behind = {name: max(found.values()) - value for name, value in found.items()}
    assert behind.pop("ANL-CE/L1") == 0
    close = ["NCE+MAE", "NCE+RCE", "NFL+RCE", "NCE+AUL", "NCE+AGCE", "NCE+AEL"]
    close += ["CE_eps+MAE", "FL_eps+MAE", "GCE", "SCE", "JAL-CE/L1"]
    assert all(behind.pop(name) <= 1 for name in close)
    assert all(1 < behind.pop(name) <= 1.5 + 0.05 for name in ("LDR-KL", "CE (tuned)"))
    assert min(behind.values()) > 3
    assert behind["CE"] == pytest.approx(5, abs=0.5)
    assert behind["CE/L1"] == pytest.approx(8, abs=0.5)


@pytest.mark.parametrize("setting", ["clean", "sym0.2"])
def test_on_mnist_few_wrong_labels_tell_robust_losses_apart_no_more(setting):
    found = means(mnist(), setting)
    assert found.pop("NLNL") < 98
    plain = {name: found.pop(name) for name in ("CE", "FL", "CE/L1")}
    assert 98.55 < min(found.values()) < max(found.values()) < 99.25
    assert setting != "clean" or max(plain.values()) - max(found.values()) < 0.05


def test_on_mnist_two_wrong_labels_of_five_part_few_losses():
    found = means(mnist(), "sym0.4")
    behind = {name: found.pop(name) for name in ("CE", "FL", "NLNL", "CE/L1")}
    assert 98.35 < min(found.values()) < max(found.values()) < 99.15
    assert behind["CE"] == behind["FL"] == pytest.approx(97.6)
    assert 2.5 < max(found.values()) - behind["NLNL"] < 3.5
    assert behind["CE/L1"] < behind["CE"]


def test_on_mnist_ours_is_ahead_of_cross_entropy_in_every_cell():
    for setting, (mean, _) in mnist()["CE"].items():
        assert mnist()["CE_eps+MAE"][setting][0] > mean


def test_on_the_digits_of_the_readme_two_losses_gain_over_cross_entropy():
    runs = list(read_results(RESULTS / "demo.jsonl").values())
    labels = [label_of(run) for run in runs]
    found = {
        (row.label, str(row.noise)): row.mean_and_std("test_accuracy")
        for row in make_rows(labels, runs)
    }
    for noise, least, most in (("symmetric:0.6", 6, 7), ("pairwise:0.4", 17, 19)):
        ours, theirs = found["CE_eps+MAE", noise], found["SCE", noise]
        for one in (ours, theirs):
            assert least <= one[0] - found["CE", noise][0] <= most
        assert abs(ours[0] - theirs[0]) <= ours[1]
    assert found["MAE", "symmetric:0.6"][0] < found["CE", "symmetric:0.6"][0]
    common = found["CE at rate 0.1", "symmetric:0.6"][0]
    assert found["CE_eps+MAE", "symmetric:0.6"][0] - common == pytest.approx(35, abs=0.5)


def test_where_labels_are_right_auto_is_about_a_point_behind_and_three_at_worst():
    rows = [row for row in read_rows(LINES / "regret.jsonl", KEY) if row["noise"] == "none"]
    regrets = {
        rule: {
            (row["dataset"], row["seed"]): row["accuracy"]
            for row in rows
            if row["rule"] == rule and row["held_out"]
        }
        for rule in ("auto", "CE by folds, averaged")
    }
    ours, theirs = regrets.values()
    behind = [theirs[draw] - ours[draw] for draw in ours]
    assert 0 < np.mean(behind) < 1.2
    assert 3 < max(behind) < 3.5
