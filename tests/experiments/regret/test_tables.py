"""The tables of the regret."""

import pytest

from experiments.regret import tables


def rows_of(lost, held_out=False):
    """Return rows: by how much ``auto`` is behind averaged CE, by noise and seed."""
    return [
        {
            "dataset": "d", "examples": 9, "held_out": held_out, "noise": noise, "seed": seed,
            "rule": rule, "accuracy": 90 - behind, "regret": behind + 1,
        }
        for noise, found in lost.items()
        for seed, points in enumerate(found)
        for rule, behind in ((tables.AUTO, points), (tables.CE_AVERAGED, 0))
    ]  # fmt: skip


def test_the_table_has_mean_and_worst_regret_and_the_paired_difference():
    rows = rows_of({"none": (1, 3), "symmetric:0.4": (-1, 0)})
    lines = tables.regret_table(rows).splitlines()
    assert lines[0] == "| rule | none | symmetric:0.4 | all | behind CE averaged |"
    assert lines[2].startswith("| auto | 3.0 / 4.0 | 0.5 / 1.0 | 1.8 / 4.0 | 0.8 (")
    assert lines[3].endswith("| 1.0 / 1.0 | 0.0 (0.0 to 0.0) |")
    assert tables.dataset_table(rows).splitlines()[2].startswith("| d (9; 4) | 1.8 / 4.0 | 1.0")


def test_more_effort_is_compared_on_the_draws_that_have_it():
    rows = rows_of({"none": (1, 3)})
    more = [row | {"rule": tables.MORE, "accuracy": 90.0, "regret": 1.0} for row in rows[:1]]
    report = tables.effort_report(rows + more)
    assert report.splitlines()[2].startswith("| d (9; 2) | 3.0 / 4.0 | 1.0 / 1.0 | 1.0 / 1.0 |")
    assert report.endswith("More effort gains 1.0 points (1.0 to 1.0) on these draws.")


def test_what_is_known_of_labels_is_told_of_held_out_draws_alone():
    rows = rows_of({"none": (9, 9)}) + rows_of({"none": (1, 3)}, held_out=True)
    (line,) = tables.situation_table(rows).splitlines()[2:]
    assert line.startswith("| not made wrong | 2 | 3.0 / 4.0 | 1.0 / 1.0 | – | 2.0 (")


def test_the_interval_is_of_settings_and_of_draws_in_them():
    low, high = tables.interval([[0, 0, 0], [4, 4, 4]])
    assert (low, high) == (0, 4)
    low, high = tables.interval([[0, 4] * 8] * 8)
    assert low == pytest.approx(2 - 0.35, abs=0.1)
    assert high == pytest.approx(2 + 0.35, abs=0.1)


def test_draws_that_lose_are_named_the_worst_first():
    rows = rows_of({"none": (3, 0), "pairwise:0.4": (2.9, 12)})
    assert tables.failures(rows).endswith(
        "of 4 that are 3 points or more behind averaged CE: "
        "d with pairwise:0.4, seed 1: 12.0; d with none, seed 0: 3.0."
    )


def test_development_and_held_out_datasets_are_apart():
    report = tables.regret_report(rows_of({"none": (1,)}) + rows_of({"none": (2,)}, True))
    first, second = report.split("**Held out**, by noise")
    assert "| 2.0 / 2.0 |" in first
    assert "| 3.0 / 3.0 |" in second
