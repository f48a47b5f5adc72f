"""Tables of finished runs, and the row of auto beside them."""

import dataclasses

import pytest

from esoftmax_jax.app.files.json_lines import append_lines
from esoftmax_jax.app.runs.results import read_results
from experiments.configs import load_table
from experiments.document_tables import RESULTS
from experiments.regret import auto_row
from experiments.reproduce.report import accuracy_text
from experiments.reproduce.results_table import results_table

RUNS = read_results(RESULTS / "digits-digits-paper.jsonl")
EVERY = ["clean", "sym0.2", "sym0.4", "sym0.6", "sym0.8", "asym0.2", "asym0.4"]


def rows_of(text):
    lines = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines()
    ]
    return {name: cells for name, *cells in lines if cells and not name.startswith("---")}


def test_a_cell_is_the_mean_over_the_seeds_that_are_there():
    cells = [cell for cell in load_table("digits").cells if cell.label == "CE"]
    one = {seed: cells[0].run_config(seed).identity for seed in range(5)}
    percents = [100 * RUNS[one[seed]].test_accuracy for seed in range(5)]
    whole = rows_of(results_table(load_table("digits"), RUNS))
    assert (whole["method"], whole["CE"][0]) == (EVERY, "93.0 ± 0.7")
    assert accuracy_text(percents) == "93.0 ± 0.7"
    alone = {one[3]: RUNS[one[3]]}
    found = rows_of(results_table(load_table("digits"), alone, {"auto": ["1"]}))
    assert found == {"method": ["clean"], "CE": [f"{percents[3]:.1f}"], "auto": ["1"]}


def test_published_figures_and_their_order_stand_beside_ours():
    runs = read_results(RESULTS / "table2-cifar10-paper.jsonl")
    text = results_table(load_table("table2", "cifar10"), runs, dtype="bfloat16")
    found = rows_of(text)
    assert found["method"] == ["clean", "sym0.4", "sym0.8", "asym0.4"]
    assert found["GCE"][2] == "26.3 (25.8 ± 1.0)"
    assert found["CE_eps+MAE"][2] == "54.6 ± 1.3 (59.0 ± 0.7)"
    assert found["JAL-CE"][2] == "47.6"  # has no published figure
    *_, below, _, _, at_08, _ = text.splitlines()
    assert below == (
        "- 28 runs: 1 × NVIDIA H200, 1 × NVIDIA H100 80GB HBM3, jax 0.11.2, "
        "2026-11-26 to 2026-11-28."
    )
    assert at_08 == "- sym0.8: 6 of 6 pairs of methods are in the published order."
    first = {identity: run for identity, run in runs.items() if run.config.seed == 0}
    text = results_table(load_table("table2", "cifar10"), first, dtype="bfloat16")
    *_, at_08, _ = text.splitlines()
    assert at_08 == (
        "- sym0.8: 5 of 6 pairs of methods are in the published order; reversed, with one seed: "
        "NCE+RCE above CE_eps+MAE."
    )
    assert rows_of(text)["CE_eps+MAE"][2] == "56.1 (59.0 ± 0.7)"
    # Without the type of their networks they are other runs.
    assert "JAL-CE" not in results_table(load_table("table2", "cifar10"), runs)


def test_below_it_stands_by_what_and_when_the_runs_were_made():
    def origin(*environments):
        runs = {
            one.config.identity: dataclasses.replace(one, environment=environment)
            for one, environment in zip(RUNS.values(), environments, strict=False)
        }
        return results_table(load_table("digits"), runs).splitlines()[-1]

    old = {
        "device": {"platform": "cpu", "kind": "cpu", "count": 2},
        "versions": {"jax": "0.10.2"},
    }
    new = old | {"processor": {"kind": "AMD EPYC", "cores": 2}, "date": "2026-11-28"}
    assert origin(old) == "- 1 run: 2 × cpu, jax 0.10.2."
    assert origin(old, new) == "- 2 runs: 2 × cpu, AMD EPYC, jax 0.10.2, 2026-11-28."
    assert origin(old, new, new | {"date": "2026-11-27"}) == (
        "- 3 runs: 2 × cpu, AMD EPYC, jax 0.10.2, 2026-11-27 to 2026-11-28."
    )


@pytest.fixture
def measured(monkeypatch):
    """Return what was asked for of a measurement that trains nothing."""
    asked = []

    def measure(dataset, noises, seed, *, epochs):
        asked.append((dataset.name, len(noises), seed, epochs))
        where = {"dataset": dataset.name, "seed": seed, "accuracy": 90.0 + seed}
        return [
            where | {"noise": noise, "rule": rule} for noise in noises for rule in auto_row.ROWS
        ]

    monkeypatch.setattr(auto_row, "measure", measure)
    return asked


def test_auto_is_trained_on_the_cells_of_the_table_once(measured, tmp_path, capsys):
    out = tmp_path / "lines.jsonl"
    for seeds in (1, 2):
        auto_row.report_auto_row(seeds=seeds, out=out)
    assert measured == [("digits", 7, 0, 50), ("digits", 7, 1, 50)]
    assert auto_row.auto_rows(out)["auto"] == ["90.5 ± 0.7"] * 7
    assert "| auto | 90.5 ± 0.7 |" in capsys.readouterr().out
    wrong = {"dataset": "digits", "seed": 2, "noise": "none", "rule": "auto", "accuracy": 50.0}
    append_lines(out, [wrong])
    auto_row.report_auto_row(seeds=3, out=out)  # a seed that is not whole is measured again
    assert auto_row.auto_rows(out)["auto"] == ["91.0 ± 1.0"] * 7


def test_noises_are_those_of_the_columns():
    assert list(auto_row.NOISES.values()) == EVERY
    assert list(auto_row.NOISES)[-1] == "pairwise:0.4"
