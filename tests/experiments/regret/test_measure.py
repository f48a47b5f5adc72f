"""What the rules lose against the best single network."""

import dataclasses

import numpy as np

from esoftmax_jax.app.data.labels import Labels
from esoftmax_jax.app.data.load import load_dataset
from experiments.regret import measure
from experiments.regret.tables import RULES
from tests.helpers.runs import run_of


def test_each_rule_is_scored_against_the_best_network_on_all_examples():
    wine = load_dataset("wine")
    truth = np.eye(3)[wine.test.labels.observed]
    count = len(truth)
    wrong = np.roll(truth[:9], 1, axis=1)
    said = {"auto": truth, "CE": np.concatenate([wrong, truth[9:]])}
    scored = measure.score(wine, said, [run_of("CE", 0.5), run_of("CE", 1 - 9 / count)])
    assert scored["auto"] == {
        "accuracy": 100, "best": 100 - 900 / count, "regret": round(-900 / count, 3)
    }  # fmt: skip
    assert scored["CE"]["regret"] == 0


def test_clean_labels_reach_the_score_alone():
    wine = load_dataset("wine")
    shuffled = np.roll(wine.test.labels.observed, 7)
    test = dataclasses.replace(wine.test, labels=Labels.right(shuffled))
    rows, others = (
        measure.measure(data, ["symmetric:0.4"], 0, epochs=1, width=0.05)
        for data in (wine, dataclasses.replace(wine, test=test))
    )
    assert {row["rule"] for row in rows} == {*RULES}
    where = [{"wine", "symmetric:0.4"} <= set(map(str, row.values())) for row in rows]
    assert all(where)
    assert all(row["regret"] == round(row["best"] - row["accuracy"], 3) for row in rows)
    assert [row["rate"] for row in rows] == [row["rate"] for row in others]
    accuracies = [[row["accuracy"] for row in found] for found in (rows, others)]
    assert accuracies[0] != accuracies[1]
