"""The tables of the regret: development and held-out datasets apart, with what failed."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from esoftmax_jax.app.files.markdown import markdown_table
from experiments.lines import Row

KEY = ("dataset", "noise", "seed", "rule")
"""What tells lines apart."""

AUTO, MORE = "auto", "auto, more effort"
FOLDS_OF_AUTO, ONE_OF_AUTO = "auto, its fold networks", "auto, one network"
CE_AVERAGED, UNTUNED = "CE by folds, averaged", "CE at the recipe's rate, averaged"
FOLDS_OF_CE, ONE_OF_CE = "CE by folds, its fold networks", "CE by folds, one network"
RULES = (
    AUTO,
    FOLDS_OF_AUTO,
    ONE_OF_AUTO,
    CE_AVERAGED,
    FOLDS_OF_CE,
    ONE_OF_CE,
    UNTUNED,
)
FAILED = 3.0
"""Points behind averaged cross-entropy from which on a draw is named."""

_SITUATIONS = {
    "not made wrong": ("noise", "none"),
    "one in five wrong, any class": ("noise", "symmetric:0.2"),
    "two in five wrong, any class": ("noise", "symmetric:0.4"),
    "two in five wrong, one class for another": ("noise", "pairwise:0.4"),
    "two in five wrong, hard examples first": ("noise", "instance:0.4"),
    "of people, two in five wrong": ("noise", "human"),
    "of 100 classes": ("dataset", "mnist-pairs"),
    "of 100 examples": ("dataset", "wine"),
}
"""What is known of labels → which column of a row begins with what."""

_RESAMPLES = 2000


def regret_report(rows: Sequence[Row]) -> str:
    """Return the tables of both groups of datasets."""
    parts = []
    for held_out, called in ((False, "Development"), (True, "Held out")):
        own = [row for row in rows if row["held_out"] == held_out]
        if own:
            parts += [f"**{called}**, by noise:", regret_table(own)]
            parts += [f"**{called}**, by dataset:", dataset_table(own), failures(own)]
    return "\n\n".join(parts)


def effort_report(rows: Sequence[Row]) -> str:
    """Return what more effort gains, by dataset, and over all draws with its interval."""
    draws = {_draw(row) for row in rows if row["rule"] == MORE}
    own = [row for row in rows if row["rule"] == AUTO and _draw(row) in draws]
    mean, low, high = _mean_behind(own, rows, MORE)
    gain = f"More effort gains {mean:.1f} points ({low:.1f} to {high:.1f}) on these draws."
    return f"{dataset_table(rows)}\n\n{gain}"


def regret_table(rows: Sequence[Row]) -> str:
    """Return a table: mean and worst regret of each rule, by noise and of all."""
    noises = list(dict.fromkeys(row["noise"] for row in rows))
    lines = []
    for rule in [one for one in (*RULES, MORE) if any(row["rule"] == one for row in rows)]:
        own = [row for row in rows if row["rule"] == rule]
        cells = [_regrets([row for row in own if row["noise"] == one]) for one in noises]
        lines.append([rule, *cells, _regrets(own), paired(own, rows)])
    return _table(["rule", *noises, "all", "behind CE averaged"], lines)


def dataset_table(rows: Sequence[Row]) -> str:
    """Return a table: mean and worst regret on each dataset, all noises."""
    rules = [AUTO, MORE, CE_AVERAGED]
    rules = [rule for rule in rules if any(row["rule"] == rule for row in rows)]
    lines = []
    for name in dict.fromkeys(row["dataset"] for row in rows):
        own = [row for row in rows if row["dataset"] == name]
        by_rule = [[row for row in own if row["rule"] == rule] for rule in rules]
        called = f"{name} ({own[0]['examples']}; {len(by_rule[0])})"
        lines.append([called, *map(_regrets, by_rule), paired(by_rule[0], own)])
    return _table(
        ["dataset (training examples; draws)", *rules, "auto behind CE averaged"], lines
    )


def situation_table(rows: Sequence[Row]) -> str:
    """Return a table: mean and worst regret by what is known of held-out labels."""
    rows = [row for row in rows if row["held_out"]]
    lines = []
    for situation, (name, value) in _SITUATIONS.items():
        own = [row for row in rows if str(row[name]).startswith(value)]
        by_rule = [
            [row for row in own if row["rule"] == rule] for rule in (AUTO, CE_AVERAGED, UNTUNED)
        ]
        if own:
            cells = [*map(_regrets, by_rule), paired(by_rule[0], own)]
            lines.append([situation, str(len(by_rule[0])), *cells])
    return _table(
        ["labels", "draws", AUTO, "CE, rate by folds", "CE, usual rate", "auto behind CE"],
        lines,
    )


def failures(rows: Sequence[Row]) -> str:
    """Name the draws in which ``auto`` is behind averaged cross-entropy by ``FAILED``."""
    own = [row for row in rows if row["rule"] == AUTO]
    lost = sorted(zip(behind(own, rows), own, strict=True), key=lambda one: -one[0])
    named = [
        f"{row['dataset']} with {row['noise']}, seed {row['seed']}: {points:.1f}"
        for points, row in lost
        if points >= FAILED
    ]
    text = f"Draws of {len(own)} that are {FAILED:g} points or more behind averaged CE"
    return f"{text}: {'; '.join(named) or 'none'}."


def behind(own: Sequence[Row], rows: Sequence[Row], rule: str = CE_AVERAGED) -> list[float]:
    """Return by how many points of accuracy rows are behind a rule in the same draw."""
    other = {_draw(row): row["accuracy"] for row in rows if row["rule"] == rule}
    return [other[_draw(row)] - row["accuracy"] for row in own]


def paired(own: Sequence[Row], rows: Sequence[Row]) -> str:
    """Return the mean of ``behind``, and between which values it lies (95 %)."""
    mean, low, high = _mean_behind(own, rows, CE_AVERAGED)
    return f"{_points(mean)} ({_points(low)} to {_points(high)})"


def _mean_behind(
    own: Sequence[Row], rows: Sequence[Row], rule: str
) -> tuple[float, float, float]:
    points = behind(own, rows, rule)
    settings: dict[tuple[Any, Any], list[float]] = {}
    for row, one in zip(own, points, strict=True):
        settings.setdefault((row["dataset"], row["noise"]), []).append(one)
    return float(np.mean(points)), *interval(list(settings.values()))


def interval(settings: Sequence[Sequence[float]]) -> tuple[float, float]:
    """Return the 95 % interval of a mean by the bootstrap.

    Settings are drawn anew, and of each its draws: those of one setting go up and down
    together.
    """
    rng, count = np.random.default_rng(0), len(settings)
    sizes = np.array([len(points) for points in settings])
    shape = (_RESAMPLES, count)
    sums = [rng.choice(points, (*shape, len(points))).sum(axis=-1) for points in settings]
    drawn = rng.integers(count, size=shape)
    chosen = np.take_along_axis(np.stack(sums), drawn[np.newaxis], axis=0)[0]
    means = chosen.sum(axis=1) / sizes[drawn].sum(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)


def _draw(row: Row) -> tuple[Any, ...]:
    return row["dataset"], row["noise"], row["seed"]


def _regrets(rows: Sequence[Row]) -> str:
    regrets = [row["regret"] for row in rows]
    return f"{_points(np.mean(regrets))} / {_points(np.max(regrets))}" if regrets else "–"


def _table(columns: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    return "\n".join(markdown_table(columns, lines))


def _points(value: Any) -> str:
    return f"{round(float(value), 1) + 0.0:.1f}"  # not −0
