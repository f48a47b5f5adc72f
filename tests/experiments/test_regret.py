"""What the rules lose against the best single network."""

import numpy as np

from esoftmax_jax.app.data.load import load_dataset
from experiments import regret
from tests.helpers.runs import run_of


def test_each_rule_is_scored_against_the_best_network_on_all_examples():
    wine = load_dataset("wine")
    truth = np.eye(3)[wine.test.labels.observed]
    count = len(truth)
    wrong = np.roll(truth[:9], 1, axis=1)
    said = {"auto": truth, "CE": np.concatenate([wrong, truth[9:]])}
    scored = regret.score(wine, said, [run_of("CE", 0.5), run_of("CE", 1 - 9 / count)])
    assert scored["auto"] == {
        "accuracy": 100, "best": 100 - 900 / count, "regret": round(-900 / count, 3)
    }  # fmt: skip
    assert scored["CE"]["regret"] == 0


def test_the_table_has_mean_and_worst_regret_and_the_paired_difference():
    regrets = {"none": (1, 3), "symmetric:0.4": (-1, 0)}
    rows = [
        {
            "dataset": "d", "noise": noise, "seed": seed, "rule": rule,
            "regret": regret_, "accuracy": 90 - regret_ - 2 * (rule == "auto"),
        }
        for noise, found in regrets.items()
        for seed, regret_ in enumerate(found)
        for rule in regret.RULES
    ]  # fmt: skip
    lines = regret.regret_table(rows).splitlines()
    assert lines[2] == "| auto | 2.0 / 3.0 | -0.5 / 0.0 | 0.8 / 3.0 | 2.0 ± 0.0 |"
    assert lines[4].endswith("| 0.8 / 3.0 | 0.0 ± 0.0 |")


def test_all_rules_are_measured_in_one_program():
    rows = regret.measure(load_dataset("wine"), ["symmetric:0.4"], 1, epochs=1, width=0.05)
    assert [row["rule"] for row in rows] == [*regret.RULES]
    assert {(row["dataset"], row["noise"], row["seed"]) for row in rows} == {
        ("wine", "symmetric:0.4", 0)
    }
    assert rows[0]["rate"] == rows[1]["rate"]
    assert all(row["regret"] == round(row["best"] - row["accuracy"], 3) for row in rows)
