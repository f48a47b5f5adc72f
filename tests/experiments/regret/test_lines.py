"""Lines of results are not measured twice."""

import pytest

from esoftmax_jax.app.terminal.messages import UsageError
from experiments.lines import read_rows
from experiments.regret import lines

KEY = ("dataset", "noise", "seed", "rule")


def line_of(seed, rule):
    return {"dataset": "wine", "noise": "none", "seed": seed, "rule": rule}


def work_of(seed, asked):
    """Return work that tells when it is done."""

    def measure(dataset):
        asked.append((dataset.name, seed))
        return [line_of(seed, "auto"), line_of(seed, "CE")]

    told = frozenset(("wine", "none", seed, rule) for rule in ("auto", "CE"))
    return lines.Work("wine", seed, told, lambda _: [], measure)


def test_only_what_is_missing_is_measured(tmp_path, capsys):
    out = tmp_path / "lines.jsonl"
    asked: list[tuple[str, int]] = []
    lines.complete(out, [work_of(0, asked)], KEY)
    cut = out.read_text().splitlines()[:1]
    assert asked == [("wine", 0)]
    lines.complete(out, [work_of(0, asked), work_of(1, asked)], KEY)
    assert asked == [("wine", 0), ("wine", 1)]
    assert "1 of 2 measurements are missing: 0 runs, about 0 s here" in capsys.readouterr().err
    assert len(read_rows(out, KEY)) == 4
    out.write_text(f"{cut[0]}\n")  # a killed call may leave a part
    lines.complete(out, [work_of(0, asked)], KEY)
    assert read_rows(out, KEY) == [line_of(0, "auto"), line_of(0, "CE")]


def test_a_line_of_something_else_is_told(tmp_path):
    out = tmp_path / "lines.jsonl"
    out.write_text('{"dataset": "wine"}\n')
    with pytest.raises(UsageError, match=r"line 1: expected dataset, noise, seed, rule, got"):
        read_rows(out, KEY)


def test_an_unknown_dataset_is_told_with_the_one_meant():
    with pytest.raises(UsageError, match=r"unknown dataset 'wyne': .*did you mean 'wine'\?"):
        lines.chosen_sources("wyne")


def test_a_report_of_nothing_is_refused(tmp_path):
    message = "^--report: expected a file with measurements, got .*lines.jsonl without any"
    with pytest.raises(UsageError, match=message):
        lines.reported_rows(tmp_path / "lines.jsonl", KEY)
