"""Tables of what was measured, in a terminal and on a page."""

import pytest

from experiments.bench.grids import grids_of, measured_on
from experiments.bench.line import report
from experiments.bench.page import bench_part, with_costs
from experiments.document_tables import BENCHMARKS
from experiments.lines import read_rows

WHERE = {
    "repeats": 30,
    "device": {"kind": "cpu", "platform": "cpu", "count": 2},
    "processor": {"kind": "Abacus", "cores": 2},
    "versions": {"jax": "0.10.2"},
    "commit": "abc",
    "date": "2026-11-27",
}
SHAPES = ("4096 × 1000", "4096 × 10")  # as sorted keys: the larger one first


def figure(ratio, microseconds=50.0):
    quartiles = {"ratio_quartile_1": ratio - 0.1, "ratio_quartile_3": ratio + 0.2}
    measured = {"microseconds": microseconds, "temporaries": 2.0, "copy_share": 0.44}
    return {"ratio": ratio, **quartiles, **measured}


def losses_line(ratio=1.25, **fields):
    figures = {
        "mine.py:loss": {"4096 × 10": figure(3.0)},
        "optax CE": {shape: figure(1.0) for shape in SHAPES},
        "CE_eps": dict(zip(SHAPES, (figure(ratio), figure(0.95)), strict=True)),
        "CE": {shape: figure(1.0) for shape in SHAPES},
    }
    copies = {"4096 × 1000": 1000.0, "4096 × 10": 16.384}
    line = {"bench": "losses", "dtype": "float32", "figures": figures}
    return WHERE | line | {"copy_microseconds": copies} | fields


def test_losses_stand_beside_the_peer_from_the_smallest_shape_on():
    ratios, memory = grids_of(losses_line())
    assert ratios.columns == ["loss", "4096 × 10", "4096 × 1000"]
    assert ratios.rows == [
        ["optax CE", "50 µs", "50 µs"],
        ["CE", "1.00 [0.90–1.20]", "1.00 [0.90–1.20]"],
        ["CE_eps", "0.95 [0.85–1.15]", "1.25 [1.15–1.45]"],
        ["mine.py:loss", "3.00 [2.90–3.20]", "–"],
    ]
    # Four bytes are read and written for each logit.
    assert memory.rows[0][1:] == ["20 GB/s", "32.8 GB/s"]
    assert memory.rows[-1] == ["mine.py:loss", "2.00 | 44 %", "–"]


def test_a_page_shows_the_last_line_of_each_dtype_and_where_it_was_measured():
    lines = [losses_line(9.0), losses_line(), losses_line(2.0, dtype="bfloat16")]
    page = bench_part([*lines, {"bench": "other"}], "losses")
    assert "| CE_eps | 0.95 " in page
    assert page.count("1.25") == 1
    assert page.count("2.00 \\[1.90–2.20\\]") == 1
    assert "9.00" not in page
    where = "2 cores of Abacus, jax 0.10.2, 2026-11-27, commit abc."
    assert f"30 rounds, float32, {where}" in page
    assert page.endswith(f"30 rounds, bfloat16, {where}")


def test_costs_of_losses_are_their_ratios_and_rows_without_stay():
    row = "| `epsilon_softmax_cross_entropy` | CE_ε | −log p | Wang, 3.2 | {} |"
    other = "| `new_loss` | New | u | | 1.00, 2.00 |"
    page = with_costs("\n".join([row.format("7, 7"), other]), [losses_line()])
    assert page.splitlines() == [row.format("0.95, 1.25"), other]


def test_a_sweep_and_its_ratios_to_one_program():
    seconds = {"processes": [80.0], "one program": [5.0, 4.0, 9.0], "sequential": [8.0, 12.0]}
    line = {"bench": "sweep", "runs": 128, "epochs": 30, "seconds": seconds}
    (grid,) = grids_of(WHERE | line | {"seconds_compiled": {"one program": [2.0]}})
    assert grid.rows == [
        ["one program", "5.0 (4.0–9.0)", "1.00", "2.0 (2.0–2.0)", "1.00"],
        ["sequential", "10.0 (8.0–12.0)", "2.00", "–", "–"],
        ["processes", "80.0 (80.0–80.0)", "16.00", "–", "–"],
    ]


@pytest.mark.parametrize("bench", ["losses", "linear", "train"])
def test_committed_lines_are_shown(bench):
    rows = read_rows(BENCHMARKS / "h100.jsonl")
    assert "NVIDIA H100" in bench_part(rows, bench)


def test_what_was_measured_once_is_one_round():
    (line,) = read_rows(BENCHMARKS / "h200.jsonl")
    assert measured_on(line).startswith("1 round, NVIDIA H200, jax 0.11.2")


def test_a_line_says_when_and_on_what_it_was_measured(tmp_path, capsys):
    figures = {"import jax": {"seconds": 0.5, "lower_quartile": 0.4, "upper_quartile": 0.75}}
    report(tmp_path / "lines.jsonl", "startup", repeats=3, figures=figures)
    (line,) = read_rows(tmp_path / "lines.jsonl")
    assert line["processor"]["cores"] >= 1
    assert line["processor"]["kind"]
    printed = capsys.readouterr().out
    assert "import jax      0.50   0.40–0.75" in printed
    assert f"{line['processor']['cores']} cores of {line['processor']['kind']}" in printed
    assert line["date"] in printed
