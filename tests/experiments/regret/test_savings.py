"""What shorter rules lose and save: the table, and the images that it is measured on."""

import numpy as np

from experiments.regret import savings
from experiments.regret.images import load_images


def row(rule, seed, accuracy, runs, noise="none", held_out=False):
    where = {"dataset": "d", "network": "mlp", "noise": noise, "held_out": held_out}
    return {**where, "rule": rule, "seed": seed, "accuracy": accuracy, "runs": runs}


def test_a_rule_is_behind_the_one_in_full_draw_by_draw():
    rows = [row(rule, seed, 90, 25) for rule in savings.RULES for seed in (0, 1)]
    least = "one fold, four networks: the least effort"
    rows += [row(least, 0, 89, 12), row(least, 1, 91.5, 13)]
    rows = list({(one["rule"], one["seed"]): one for one in rows}.values())
    told = savings.savings_report(rows).splitlines()
    assert told[0] == "**Development**: d (mlp; 2)"
    assert f"| {savings.FULL} | 100 % | 0.00 (0.00 to 0.00) | 0.0 |" in told
    assert f"| {least} | 50 % | -0.25 (-1.50 to 1.00) | 1.0 |" in told
    assert "**Held out**" not in "".join(told)


def test_images_differ_between_draws_and_between_training_and_test():
    first, second = (load_images("shapes", seed) for seed in (0, 1))
    assert first.train.images.shape == (400, 14, 14, 3)
    assert len(first.test) == 1000
    assert set(np.unique(first.train.labels.observed)) == set(range(6))
    kinds = {one.tobytes() for part in (first.train, first.test) for one in part.images}
    assert len(kinds) == 1400
    assert not kinds & {one.tobytes() for one in second.train.images}
    again = load_images("shapes", 0)
    np.testing.assert_array_equal(again.train.images, first.train.images)
