"""Names from outside: nothing in them is obeyed by a terminal, a Markdown reader or a spreadsheet."""

import csv
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from rich.table import Table

from esoftmax_jax.app.data.load import load_dataset
from esoftmax_jax.app.engine.config import RunConfig
from esoftmax_jax.app.files.markdown import markdown, markdown_table
from esoftmax_jax.app.labels.noise_spec import parse_noise
from esoftmax_jax.app.labels.noisy_labels import apply_noise
from esoftmax_jax.app.methods.loss_spec import LossSpec
from esoftmax_jax.app.runs.report import make_rows, write_table
from esoftmax_jax.app.suspects.corrections import correct
from esoftmax_jax.app.suspects.labelled import labelled_examples
from esoftmax_jax.app.suspects.margins import Margins
from esoftmax_jax.app.suspects.suspect_list import (
    check_spreadsheet_safe,
    rank_suspects,
    write_suspects,
)
from esoftmax_jax.app.terminal.console import make_console, print_titled
from esoftmax_jax.app.terminal.exit_codes import exit_code_of
from esoftmax_jax.app.terminal.messages import UsageError, readable
from esoftmax_jax.app.terminal.progress import ProgressBar
from esoftmax_jax.spreadsheets import alike, harmless, original, write_csv
from experiments.cli import main
from tests.helpers.runs import finished

SEEN = {
    "\x1b[2Jcat": r"\x1b[2Jcat",  # would clear the screen
    "a\x07b\x00": r"a\x07b\x00",
    "two\nlines\r": r"two\nlines\r",
    "\x9b31m": r"\x9b31m",  # the escape sequence of one byte
    "cat\u202egpj.exe": r"cat\u202egpj.exe",
    "\u2066a\u2069\u200b\u200d\ufeff": r"\u2066a\u2069\u200b\u200d\ufeff",
    "a\u2028b\u3164": r"a\u2028b\u3164",
    "\U000e0041": r"\U000e0041",
    "\udcff.png": "?.png",
    "犬🐶 ε|[red]é": "犬🐶 ε|[red]é",
}


def harmful(text):
    """Return the control and format characters of a text, but for line ends."""
    return [c for c in text if unicodedata.category(c) in ("Cc", "Cf", "Cs") and c != "\n"]


@pytest.mark.parametrize("name", SEEN, ids=ascii)
def test_what_is_not_seen_is_spelled_out(name):
    assert readable(name) == SEEN[name]


def test_the_console_takes_every_string_as_plain_text(capsys):
    names = [*SEEN, "[bold]x[/bold]", "[link=http://x]y[/link]", ":cat:", "[/]"]
    console = make_console(width=120)
    table = Table(title="of \x1b]0;title\x07")
    table.add_column("\x1b[1mcolumn")
    for name in names:
        console.print(name)
        table.add_row(name)
    print_titled(console, table)
    printed = capsys.readouterr().out
    assert harmful(printed) == []
    for name in names:
        assert printed.count(readable(name)) == 2, name
    assert r"of \x1b]0;title\x07" in printed
    assert r"\x1b[1mcolumn" in printed


def test_errors_and_progress_too(capsys, monkeypatch):
    def refuse():
        raise UsageError("no file \x1b[31m\u202e[red].png")

    assert exit_code_of(refuse) == 2
    assert main(["compare", "--losses", "a\x1b[31m", "--\x07"]) == 2
    monkeypatch.setattr("esoftmax_jax.app.terminal.progress.PLAIN_INTERVAL", -1.0)
    with ProgressBar("\x1b[31m[red]CE", 2) as bar:
        bar.advance(1, "\u202elatest")
    printed = capsys.readouterr().err
    assert harmful(printed) == []
    assert r"error: no file \x1b[31m\u202e[red].png" in printed
    assert r"\x1b[31m[red]CE: 1/2 epochs, \u202elatest" in printed


def test_a_cell_of_markdown_shows_its_text():
    text = "a|b <img src=x> `code` [x](y) *z* \\| &lt; $x$ ~q~ CE_eps+MAE\n|"
    assert markdown(text) == (
        r"a\|b \<img src=x\> \`code\` \[x\](y) \*z\* \\\| \&lt; \$x\$ \~q\~ CE_eps+MAE\\n\|"
    )
    lines = markdown_table(["a"], [["x|y\n| z"]])
    assert lines == ["| a |", "| --- |", r"| x\|y\\n\| z |"]


def test_the_table_of_a_comparison_escapes_its_cells(tmp_path):
    config = RunConfig(
        "d", parse_noise("matrix:a|<b>.npy"), LossSpec("x`.py:f"), 0.1, seed=0, epochs=1
    )
    write_table(tmp_path / "table.md", make_rows(["x`.py:f"], [finished(config)]))
    last = (tmp_path / "table.md").read_text(encoding="utf-8").splitlines()[-1]
    assert last == r"| matrix:a\|\<b\>.npy | x\`.py:f | 0.1 | – | 50.0 | 50.0 | – |"


FORMULAS = ["=1+1", "+cmd|' /C calc'!A0", "-a", "@SUM(A1)", "\t=x", "\r=x", "＝1", " =1", "a;=1", "a\n=1", "'=1"]  # fmt: skip


@pytest.mark.parametrize("cell", FORMULAS, ids=ascii)
def test_a_formula_becomes_text_and_comes_back(cell):
    safe = harmless(cell)
    for separator in (",", ";", "\t", "\n"):
        for part in safe.split(separator):
            assert not part.lstrip(" ").startswith(tuple("=+@＝")), safe
    assert not safe.startswith(("-", "\t", "\r"))
    assert original(safe) == cell
    assert original(harmless(safe)) == safe


@pytest.mark.parametrize("cell", ["-1.5", "+3", "-2e-05", "cat", "a-b", "a=b", "it's", "'quoted'", ""])  # fmt: skip
def test_numbers_and_ordinary_names_stay(cell):
    assert harmless(cell) == original(cell) == cell


def test_formulas_are_written_as_they_are_unless_safety_is_asked_for(tmp_path):
    for safe, expected in ((False, ["=x", "-1.5"]), (True, ["'=x", "-1.5"])):
        write_csv(tmp_path / "a.csv", ["=name", "value"], [["=x", -1.5]], spreadsheet_safe=safe)
        with (tmp_path / "a.csv").open(encoding="utf-8", newline="") as file:
            header, row = csv.reader(file)
        assert (header[0], row) == ("'=name" if safe else "=name", expected)


@pytest.fixture
def formulas(folder):
    """Two classes that are formulas, 10 rows of each."""
    classes = np.array(["=1+1", "-cat"])
    labels = np.arange(20) % 2
    np.savez("data.npz", train_images=labels[:, None] + np.eye(20), train_labels=labels,
             class_names=classes)  # fmt: skip
    return load_dataset("npz:data.npz")


def test_a_safe_list_is_read_back(formulas):
    noisy = apply_noise(parse_noise("none"), formulas, 0)
    labelled = labelled_examples(formulas, noisy, parse_noise("none"))
    count = len(labelled)
    margins = Margins(np.linspace(-1, 1, count, dtype="f4"), np.zeros(count, np.int64), 1)
    write_suspects(
        Path("list.csv"),
        rank_suspects(labelled, margins),
        formulas.class_names,
        spreadsheet_safe=True,
    )
    with Path("list.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["label"] for row in rows} == {"'=1+1", "'-cat"}
    assert float(rows[0]["margin"]) == -1
    same = correct(formulas, [Path("list.csv")])
    np.testing.assert_array_equal(same.train.labels.observed, formulas.train.labels.observed)
    assert "labels corrected: 0, examples left out: 0" in same.note
    row = next(row for row in rows if row["part"] == "train")
    row["label"] = {"'=1+1": "-cat", "'-cat": "'=1+1"}[row["label"]]  # either spelling
    with Path("new.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    assert "labels corrected: 1," in correct(formulas, [Path("new.csv")]).note


def test_names_that_an_apostrophe_would_confuse_are_refused(folder):
    assert alike(["=a", "b", "''=a"]) is None
    classes = np.array(["=a", "'=a"])
    labels = np.arange(20) % 2
    np.savez("data.npz", train_images=labels[:, None] + np.eye(20), train_labels=labels,
             class_names=classes)  # fmt: skip
    with pytest.raises(
        UsageError, match=r"--spreadsheet-safe: .* got \"'=a\" and '=a'; rename"
    ):
        check_spreadsheet_safe("--spreadsheet-safe", load_dataset("npz:data.npz"))


def test_without_a_list_there_is_nothing_to_make_safe(capsys):
    assert main(["train", "--spreadsheet-safe"]) == 2
    assert "--spreadsheet-safe: expected --suspects FILE beside it" in capsys.readouterr().err
