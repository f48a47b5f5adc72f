"""The page of the theory is what its commands write, and Theorem 1 holds in what was measured."""

import re

import pytest

from esoftmax_jax import losses
from esoftmax_jax.app.files.markdown import markdown_table
from experiments.generated_parts import generated, with_generated
from experiments.lines import read_rows
from experiments.theory import loss_table, measured_bound
from experiments.theory.page import LINES, PAGE, table_of_bound

TEXT = PAGE.read_text(encoding="utf-8")
ROWS = read_rows(LINES)
SAYS_HOW = "run `python -m experiments theory --write`"
NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+)?(?:e[+-]?\d+)?")


def numbers_of(line):
    return [float(one) for one in NUMBER.findall(line)]


def without_numbers(line):
    return NUMBER.sub("#", line)


def test_every_loss_of_the_registry_has_its_row():
    titles = [line.split(" | ")[0].removeprefix("| ") for line in generated(TEXT, "losses")[2:]]
    assert titles == list(loss_table.named_losses())
    assert {title.split(" ")[0] for title in titles} == {*losses.names()}


@pytest.mark.parametrize("title", loss_table.named_losses())
def test_the_page_has_the_row_that_is_computed(title):
    (line,) = markdown_table(loss_table.COLUMNS, loss_table.table_of_losses([title]))[2:]
    (there,) = [one for one in generated(TEXT, "losses") if one.startswith(f"| {title} |")]
    assert without_numbers(line) == without_numbers(there), SAYS_HOW
    # Three digits are shown; a search ends elsewhere in the last one on another machine.
    assert numbers_of(line) == pytest.approx(numbers_of(there), rel=0.01), SAYS_HOW


def test_the_page_has_the_table_of_what_was_measured():
    assert table_of_bound(ROWS) == generated(TEXT, "bound")


def test_the_theorem_holds_wherever_it_speaks():
    bounded = [row for row in ROWS if row["refused"] is None]
    assert len(bounded) == (5 + 4) * len(measured_bound.MS)
    assert all(row["excess_risk"] <= row["tighter"] <= row["bound"] for row in bounded)
    assert all("unbounded" in row["refused"] for row in ROWS if row["min_prob"] is None)
    assert all(row["predicted"] for row in ROWS)


@pytest.mark.parametrize(
    "setting",
    [
        ("CE_eps", 10, "symmetric", 0.4, 1e5, measured_bound.MIN_PROB),
        ("CE_eps", 10, "pairwise", 0.4, 1e8, measured_bound.MIN_PROB),
        ("CE_eps", 10, "symmetric", 0.4, 1e9, None),
    ],
)
def test_measuring_again_gives_the_lines(setting):
    row = measured_bound.measure_one(*setting)
    (line,) = [one for one in ROWS if all(one[key] == row[key] for key in _SETTING)]
    assert row["refused"] == line["refused"]
    numbers = [key for key in row if isinstance(row[key], float)]
    assert {"excess_risk", "label_probability"} <= {*numbers}
    assert [row[key] for key in numbers] == pytest.approx(
        [line[key] for key in numbers], rel=1e-6
    )


_SETTING = ("loss", "num_classes", "noise", "rate", "m", "min_prob")


def test_a_part_of_the_page_is_replaced_and_nothing_else():
    page = "a\n<!-- losses: begin -->\nold\n<!-- losses: end -->\nb\n"
    assert with_generated(page, "losses", [r"\1", "x"]).splitlines() == [
        "a", "<!-- losses: begin -->", r"\1", "x", "<!-- losses: end -->", "b",
    ]  # fmt: skip
    with pytest.raises(ValueError, match="expected the marks of 'bound'"):
        generated(page, "bound")
