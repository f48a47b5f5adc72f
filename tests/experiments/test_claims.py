"""What the pages say in words of their tables is what the lines of results say."""

import functools

import numpy as np
import pytest

from esoftmax_jax.app.runs.report import make_rows
from esoftmax_jax.app.runs.results import read_results
from experiments.configs import SCALES, load_table
from experiments.demo_table import label_of
from experiments.document_tables import LINES, RESULTS
from experiments.lines import read_rows
from experiments.regret.tables import KEY
from experiments.reproduce.results_table import results_table

UP_TO_06 = ("clean", "sym0.2", "sym0.4", "sym0.6")
LEVEL = 1  # points


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


def small_cifar10():
    return table("table2", "cifar10", "table2-cifar10-small", scale=SCALES["small"])


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


def test_at_the_papers_scale_sums_of_nce_and_ours_are_level():
    (ours, ours_spread), (theirs, spread) = (
        cifar10()[name]["sym0.8"] for name in ("CE_eps+MAE", "NCE+RCE")
    )
    assert ours - theirs == pytest.approx(1, abs=0.15)
    assert ours - theirs < min(ours_spread, spread)
    found = means(cifar10(), "sym0.8")
    assert ours - found["JAL-CE"] == pytest.approx(7, abs=0.5)
    assert found["CE (tuned)"] - found["CE"] > 20
    for setting in ("clean", "sym0.4"):
        level = [
            means(cifar10(), setting)[name] for name in ("NCE+RCE", "CE_eps+MAE", "JAL-CE")
        ]
        assert max(level) - min(level) < 0.25, setting
    found = means(cifar10(), "sym0.4")
    assert found["CE_eps+MAE"] - found["CE (tuned)"] == pytest.approx(4, abs=0.5)
    assert found["CE (tuned)"] - found["CE"] == pytest.approx(22, abs=0.6)
    assert means(cifar10(), "clean")["CE (tuned)"] == means(cifar10(), "clean")["CE"]
    asymmetric = means(cifar10(), "asym0.4")
    assert asymmetric["CE (tuned)"] - asymmetric["CE"] == pytest.approx(2.5, abs=0.05)
    assert max(asymmetric.values()) - asymmetric["CE (tuned)"] <= 1.5


def test_on_few_images_cross_entropy_is_ahead_where_classes_are_taken_for_others():
    found = means(small_cifar10(), "asym0.4")
    for name in ("CE_eps+MAE", "NCE+RCE"):
        assert 3.5 < found["CE"] - found[name] < 5, name


def test_on_mnist_sums_of_nce_lead_at_four_of_five():
    found = means(mnist(), "sym0.8")
    first, second, *_ = sorted(found, key=found.__getitem__, reverse=True)
    assert (first, second) == ("NCE+MAE", "NCE+AEL")
    for name in (first, second):
        assert found[name] - found["CE_eps+MAE"] == pytest.approx(3.5, abs=0.25)
    level = ("GCE", "NCE+RCE", "NFL+RCE", "NCE+AUL", "NCE+AGCE", "FL_eps+MAE", "CE (tuned)")
    for name in level:
        assert found[name] == pytest.approx(found["CE_eps+MAE"], abs=LEVEL), name
    assert 18.5 < found["CE (tuned)"] - found["CE"] < 19.5
    assert found["CE"] - found["CE+LC"] == pytest.approx(10, abs=0.5)
    assert found["CE_eps+MAE"] - found["CE"] == pytest.approx(18, abs=0.5)
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
        assert found[first] - found[name] <= 2, name
        assert 8 <= found[name] - found["CE"] <= 10, name
    for name in ("CE_eps+MAE", *close[:6]):
        assert 8.5 < found[name] - found["CE"] < 10, name
    gains = {name: found[name] - found["CE"] for name in ("CE (tuned)", "GCE", "CE/L1")}
    assert 5 <= gains["GCE"] < gains["CE (tuned)"] <= 6
    assert gains["CE/L1"] == pytest.approx(-2, abs=0.5)


def test_on_mnist_anl_leads_a_close_field_at_three_wrong_labels_of_five():
    found = means(mnist(), "sym0.6")
    behind = {name: max(found.values()) - value for name, value in found.items()}
    assert behind.pop("ANL-CE/L1") == 0
    close = ["NCE+MAE", "NCE+RCE", "NFL+RCE", "NCE+AUL", "NCE+AGCE", "NCE+AEL"]
    close += ["CE_eps+MAE", "FL_eps+MAE", "GCE", "SCE", "JAL-CE/L1"]
    assert all(behind.pop(name) <= 1 for name in close)
    assert all(1 < behind.pop(name) <= 1.6 + 0.05 for name in ("LDR-KL", "CE (tuned)"))
    assert min(behind.values()) > 3
    assert behind["CE"] == pytest.approx(5, abs=0.5)
    assert behind["CE/L1"] == pytest.approx(7, abs=0.5)


@pytest.mark.parametrize(
    ("setting", "low", "high"),
    [("clean", 98.8, 99.3), ("sym0.2", 98.6, 99.2), ("asym0.2", 98.6, 99.2)],
)
def test_on_mnist_few_wrong_labels_tell_robust_losses_apart_no_more(setting, low, high):
    found = means(mnist(), setting)
    others = {name: found.pop(name) for name in ("NLNL", "CE", "FL", "CE/L1")}
    assert low <= min(found.values()) < max(found.values()) <= high
    assert others.pop("NLNL") < 98
    if setting == "clean":
        assert low <= min(others.values()) < max(others.values()) <= high
    else:
        assert max(others.values()) < low


def test_on_mnist_two_wrong_labels_of_five_part_few_losses():
    found = means(mnist(), "sym0.4")
    behind = {name: found.pop(name) for name in ("CE", "FL", "NLNL", "CE/L1")}
    assert 98.3 <= min(found.values()) < max(found.values()) <= 99.1
    assert behind["CE"] == behind["FL"] == pytest.approx(97.5)
    assert 3.5 < max(found.values()) - behind["NLNL"] < 4
    assert behind["CE/L1"] < behind["CE"]


def test_on_mnist_ours_is_ahead_of_cross_entropy_in_every_cell_but_the_clean_one():
    ahead = {
        setting: mnist()["CE_eps+MAE"][setting][0] - mean
        for setting, (mean, _) in mnist()["CE"].items()
    }
    assert abs(ahead.pop("clean")) < 0.05
    assert min(ahead.values()) > 0.5


def test_ours_is_ahead_in_no_column_of_mnist():
    for setting in mnist()["CE"]:
        found = means(mnist(), setting)
        assert found.pop("CE_eps+MAE") <= max(found.values())


def test_two_machines_give_the_same_table():
    runs = read_results(RESULTS / "mnist-mnist-paper.jsonl")
    repeated = read_results(RESULTS / "mnist-repeated.jsonl")
    apart: dict[float, list[float]] = {0.8: [], 0.0: []}
    for identity, run in repeated.items():
        first = runs[identity]
        assert (run.environment["device"]["kind"], first.environment["device"]["kind"]) == (
            "NVIDIA H200",
            "cpu",
        )
        assert run.noise_hash == first.noise_hash
        rate = 0.8 if run.config.noise.rate == 0.8 else 0.0
        apart[rate].append(100 * (run.test_accuracy - first.test_accuracy))
    assert len(repeated) == 76
    assert np.abs(apart[0.8]).max() == pytest.approx(1.2, abs=0.05)
    assert np.abs(apart[0.0]).max() == pytest.approx(0.4, abs=0.05)
    assert abs(np.mean(apart[0.8])) == pytest.approx(0.1, abs=0.05)
    assert abs(np.mean(apart[0.0])) < 0.1


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
