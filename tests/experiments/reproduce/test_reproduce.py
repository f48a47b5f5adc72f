"""``reproduce``: what is missing is run, what is done is read, ours stands beside theirs."""

import dataclasses
import json
import re

import pytest
from rich.console import Console

from esoftmax_jax.app.data.load import load_dataset
from esoftmax_jax.app.engine.group import make_group
from esoftmax_jax.app.labels.noisy_labels import apply_noise
from esoftmax_jax.app.runs import run_all
from esoftmax_jax.app.terminal.messages import UsageError
from experiments.cli import main
from experiments.configs import Reference, load_table
from experiments.reproduce.report import CellResult, ordering, print_cells
from experiments.reproduce.reproduce import RESULTS, _check_noise
from tests.helpers.runs import run_of

ARGUMENTS = [
    "reproduce", "digits", "--scale", "smoke", "--cells", "sym0.4/CE,sym0.4/GCE,clean/CE",
]  # fmt: skip


def lines(folder):
    text = (folder / "digits-digits-smoke.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def test_a_table_from_the_command_line(tmp_path, capsys, monkeypatch):
    arguments = [*ARGUMENTS, "--out", str(tmp_path), "--seeds"]
    assert main([*arguments, "2"]) == 0
    printed = capsys.readouterr().out
    for text in (
        "digits-digits-smoke, sym0.4",
        "digits-digits-smoke, clean",
        "Scale smoke: 2 ep",
    ):
        assert text in printed
    assert re.search(r"GCE +\d+\.\d+ ± \d+\.\d+ \(2\)", printed)
    results = lines(tmp_path)
    assert len(results) == 6
    for result in results:
        assert set(result) >= {"config", "noise", "noise_hash", "wall_s", "device", "versions"}
        assert "commit" in result
        assert result["config"]["epochs"] == 2
    assert {result["config"]["seed"] for result in results[:3]} == {
        0
    }  # complete for a seed first
    table = (tmp_path / "digits-digits-smoke.md").read_text(encoding="utf-8")
    assert table.count("| CE |") == 2

    # A line that was half written when the machine went down is run again, and no other.
    path = tmp_path / "digits-digits-smoke.jsonl"
    path.write_text(path.read_text(encoding="utf-8")[:-40], encoding="utf-8")
    ran = []

    def recorded(program, configs, *rest, **options):
        ran.extend(configs)
        return make_group(program, configs, *rest, **options)

    monkeypatch.setattr(run_all, "make_group", recorded)
    assert main([*arguments, "2"]) == 0
    # Its group is filled up with repetitions: another size would be another program.
    assert [config.to_json() for config in ran] == [results[-1]["config"]] * 6
    again = lines(tmp_path)
    assert again[:-1] == results[:-1]
    assert again[-1]["noise_hash"] == results[-1]["noise_hash"]

    # With all there, nothing is compiled or run.
    monkeypatch.setattr(run_all, "make_program", None)
    assert main([*arguments, "1"]) == 0


def test_committed_runs_of_digits_are_found_and_nothing_is_run(tmp_path, monkeypatch):
    path = tmp_path / "digits-digits-paper.jsonl"
    committed = (RESULTS / path.name).read_bytes()
    path.write_bytes(committed)
    monkeypatch.setattr(run_all, "make_program", None)
    assert main(["reproduce", "digits", "--seeds", "5", "--out", str(tmp_path)]) == 0
    assert path.read_bytes() == committed
    assert len(committed.splitlines()) == 315


def test_a_plan_runs_nothing(tmp_path, capsys):
    arguments = [*ARGUMENTS, "--seeds", "2", "--out", str(tmp_path), "--plan"]
    assert main([*arguments, "--runs-at-once", "2"]) == 0
    printed = capsys.readouterr().out
    assert "digits-digits-smoke: 6 runs, 0 done, 6 missing" in printed
    assert re.search(r"mlp, float32, 2 epochs +2 +6 +6 +\d+ +\d+ s +\d+ s", printed), printed
    assert re.search(r"in all \d+ s on 8 × cpu, extrapolated from 3 calls", printed)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["table7"], "table: expected one of table2, .*got 'table7'"),
        (["digits", "--dataset", "cifar10"], "--dataset: expected digits for digits, got 'cifar10'"),
        (["digits", "--cells", "sym0.3"], r"--cells: expected SETTING, ROW .*got 'sym0.3'"),
        (["digits", "--scale", "large"], "--scale: expected one of paper, small, smoke, got 'large'"),
        (["digits", "--labels", "gone.json"], "no file 'gone.json'"),
        (["table4", "--cells", "worst/Peer Loss", "--data-dir", "nowhere"], "--cells: expected a cell that can be run"),
        (["table2", "--data-dir", "nowhere"], "nowhere"),
    ],
    ids=["table", "dataset", "cell", "scale", "labels", "not runnable", "data"],
)  # fmt: skip
def test_what_cannot_be_run(arguments, message, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["reproduce", *arguments, "--out", "results"]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert re.search(message, captured.err), captured.err
    assert list(tmp_path.iterdir()) == []


def test_table_4_asks_for_the_file_of_its_labels():
    cell = next(cell for cell in load_table("table4").cells if cell.runnable)
    with pytest.raises(UsageError, match=r"^--labels: expected the file .* pass --labels FILE"):
        _check_noise([cell.run_config(0)], load_dataset("digits"))


def measured(row, ours, published, spread=0.5):
    cell = next(c for c in load_table("digits").cells if c.runnable)
    reference = None if published is None else Reference(published, spread, "table 2")
    accuracies = [ours - 1.0, ours + 1.0]
    return CellResult(
        dataclasses.replace(cell, row=row, reference=reference),
        tuple(run_of("CE", [1.0, x / 100]) for x in accuracies),
    )


def test_many_settings_share_one_table(capsys):
    cells = [
        dataclasses.replace(
            measured(row, ours, 50.0),
            cell=dataclasses.replace(measured(row, ours, 50.0).cell, setting=setting),
        )
        for row, ours in (("A", 80.0), ("B", 60.0))
        for setting in ("clean", "sym0.2", "sym0.4")
    ]
    print_cells(Console(width=100), cells, title="table")
    printed = capsys.readouterr().out
    assert re.search(r"method +clean +sym0.2 +sym0.4", printed)
    assert printed.count("80.0 ± 1.4") == 3
    assert printed.count("published") == 2


def test_gaps_and_orders():
    cells = [measured("A", 80.0, 70.0), measured("B", 60.0, 75.0), measured("C", 59.5, 50.0)]
    assert cells[0].gap() == pytest.approx(10.0)
    assert cells[0].mean_and_std("last") == (pytest.approx(80), pytest.approx(2**0.5))
    assert cells[0].mean_and_std("best") == (100, 0)
    # A above C agrees, B above C agrees though within our spread, A above B contradicts.
    found = ordering([*cells, measured("D", 10.0, None)])
    assert (
        found
        == "2 of 3 pairs of methods are in the published order; clearly reversed: A above B"
    )
    assert ordering(cells[:1]) == ""
    once = [dataclasses.replace(cell, runs=cell.runs[:1]) for cell in cells[:2]]
    assert ordering(once).endswith("; reversed, with one seed: A above B")
    unclear = [measured("A", 80.0, 75.4), measured("B", 60.0, 76.0)]
    assert ordering(unclear) == "0 of 1 pairs of methods are in the published order"


@pytest.mark.parametrize(
    ("table", "dataset", "count"),
    [("table2", "cifar10", 29), ("table2", "cifar100", 29), ("table4", "cifar10", 5)],
)
def test_a_test_of_a_table_needs_no_data(tmp_path, monkeypatch, capsys, table, dataset, count):
    """Neither images nor labels by people: made-up ones stand in, under a name of their own."""
    monkeypatch.setenv("ESOFTMAX_DATA_DIR", str(tmp_path))
    wanted = []

    def stop(configs, dataset, *_rest, **_options):
        for config in configs:
            apply_noise(config.noise, dataset, config.seed)
        wanted.append((dataset, configs))
        raise KeyboardInterrupt

    monkeypatch.setattr("experiments.reproduce.reproduce.run_all", stop)
    arguments = ["reproduce", table, "--dataset", dataset, "--scale", "smoke"]
    arguments += ["--out", str(tmp_path / "out")]
    assert main(arguments) == 130
    ((data, configs),) = wanted
    assert {config.dataset for config in configs} == {f"made-up:{dataset}"} == {data.name}
    assert [config.seed for config in configs] == [0] * count
    assert (len(data.train), len(data.test)) == (256, 256)
    assert "mean nothing" in data.note
    # At every other scale, and where a folder is named, the data has to be there.
    capsys.readouterr()
    assert main([*arguments, "--data-dir", str(tmp_path)]) == 2
    assert f"{dataset} is not prepared" in capsys.readouterr().err
