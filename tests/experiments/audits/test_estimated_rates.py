"""How far the noise rate of an audit is off: what is said of the lines."""

from experiments.audits.estimated_rates import LINES, report
from experiments.lines import read_rows


def row(rate, bounds, wrong=0.2, refused=False):
    return {"rate": rate, "bounds": bounds, "wrong": wrong, "refused": refused}


def test_estimates_are_judged_by_how_wide_their_bounds_are():
    rows = [
        row(0.21, [0.15, 0.25]),
        row(0.17, [0.21, 0.3]),
        row(0.5, [0.0, 0.6]),
        row(0.9, [0.0, 0.1], refused=True),
    ]
    assert report(rows).splitlines() == [
        "4 sets, 1 refused",
        "bounds less than 15 points apart: 2 sets, -1.0 points too high on average (-3.0 to 1.0)",
        "bounds more than 15 points apart: 1 sets, 30.0 points too high on average (30.0 to 30.0)",
        "the upper bound held on 3, the lower one on 3",
    ]


def test_the_page_says_what_the_lines_say():
    told = report(read_rows(LINES))
    page = (LINES.parents[3] / "docs" / "auditing.md").read_text(encoding="utf-8")
    low = told.rsplit(" ", 1)[1]
    assert "132 sets, 11.7 points too high on average" in told
    assert "11.7 points too high on average" in page
    assert f"the lower one on {low} of 180" in page
