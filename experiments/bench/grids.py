"""Tables of what was measured, from lines: the same in a terminal and on a page."""

import dataclasses
import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from rich import box
from rich.table import Table

from esoftmax_jax import losses
from esoftmax_jax.app.terminal.console import make_console, print_titled
from experiments.bench.candidates import PEER
from experiments.lines import Row


@dataclasses.dataclass(frozen=True)
class Grid:
    """A table: what it shows, and its cells."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


def grids_of(line: Row) -> list[Grid]:
    """Return the tables of a line of any benchmark."""
    return _GRIDS[line["bench"]](line)


def print_grid(grid: Grid) -> None:
    """Print a table below its title."""
    table = Table(title=grid.title, box=box.SIMPLE)
    for number, column in enumerate(grid.columns):
        table.add_column(column, justify="right" if number else "left")
    for row in grid.rows:
        table.add_row(*row)
    print_titled(make_console(130), table)


def measured_on(line: Row) -> str:
    """Return how, where and when a line was measured."""
    device, processor = line["device"], line.get("processor")
    where = device["kind"]
    if processor is not None and device["platform"] == "cpu":
        where = f"{processor['cores']} cores of {processor['kind']}"
    parts = [
        "1 round" if line["repeats"] == 1 else f"{line['repeats']} rounds",
        *([line["dtype"]] if "dtype" in line else []),
        where,
        f"jax {line['versions']['jax']}",
        *([line["peer"]] if "peer" in line else []),
        *([line["date"]] if "date" in line else []),
        *([f"commit {line['commit']}"] if line["commit"] else []),
    ]
    return ", ".join(parts)


def _losses(line: Row) -> list[Grid]:
    figures = line["figures"]
    shapes = sorted(line["copy_microseconds"], key=_elements)
    names = _in_order(figures)
    itemsize = 2 if line["dtype"] == "bfloat16" else 4

    def cells(name: str, text: Callable[[Mapping[str, float]], str]) -> list[str]:
        found = (figures[name].get(shape) for shape in shapes)
        return [name, *("–" if one is None else text(one) for one in found)]

    def ratio(figure: Mapping[str, float]) -> str:
        return _ratio(figure, "quartile_1", "quartile_3")

    def bandwidth(shape: str) -> str:
        # What value and gradient cannot avoid: logits in, gradient out.
        moved = 2 * itemsize * _elements(shape)
        rate = moved / line["copy_microseconds"][shape] / 1e3
        return f"{_rate(rate)} GB/s"

    def memory(figure: Mapping[str, float]) -> str:
        return f"{figure['temporaries']:.2f} | {100 * figure['copy_share']:.0f} %"

    return [
        Grid(
            f"value + gradient, ratio to {PEER} [quartiles]",
            ["loss", *shapes],
            [
                cells(
                    name, ratio if name != PEER else lambda one: f"{one['microseconds']:.0f} µs"
                )
                for name in names
            ],
        ),
        Grid(
            "temporary memory in units of the logits | time of a copy over the loss's",
            ["loss", *shapes],
            [
                ["copy of the logits", *map(bandwidth, shapes)],
                *(cells(name, memory) for name in names),
            ],
        ),
    ]


def _elements(shape: str) -> int:
    rows, classes = map(int, shape.split("×"))
    return rows * classes


def _in_order(names: Iterable[str]) -> list[str]:
    """Return the peer, then the losses as the library lists them, then others."""
    known = [PEER, *losses.names()]
    return sorted(names, key=lambda name: known.index(name) if name in known else len(known))


def _linear(line: Row) -> list[Grid]:
    figures = line["figures"]
    memory = figures["temporary_bytes"]
    counts = sorted(memory["fused"], key=int)
    return [
        Grid(
            "value + gradient of CE_eps+MAE with the last layer: temporary memory, time",
            [
                "",
                *(f"memory at K = {int(count):,}" for count in counts),
                f"time at K = {int(counts[-1]):,}",
                "ratio [lowest–highest]",
            ],
            [
                [
                    name,
                    *(f"{sizes[count] / 1e6:.1f} MB" for count in counts),
                    _time(figures["seconds"][name]),
                    _ratio(figures) if name == "fused" else "1",
                ]
                for name, sizes in memory.items()
            ],
        )
    ]


def _train(line: Row) -> list[Grid]:
    figures = dict(
        sorted(line["figures"].items(), key=lambda item: -item[1]["images_per_second"])
    )
    peers = list(next(iter(figures.values()))["peers"])

    def theirs(figure: Mapping[str, Any], peer: str) -> str:
        one = figure["peers"][peer]
        return f"{_rate(one['images_per_second'])}: {_ratio(one)}"

    return [
        Grid(
            f"training in {line['dtype']}, batch {next(iter(figures.values()))['batch_size']}: "
            "images/s, share of the matrix peak"
            + ("; of a peer images/s, and ours to theirs" if peers else ""),
            ["network", "images/s", "range", "share of peak", "first epoch", *peers],
            [
                [
                    title,
                    _rate(figure["images_per_second"]),
                    f"{_rate(figure['lowest'])}–{_rate(figure['highest'])}",
                    f"{100 * figure['peak_share']:.0f} %",
                    f"{figure['first_epoch_seconds']:.1f} s",
                    *(theirs(figure, peer) for peer in peers),
                ]
                for title, figure in figures.items()
            ],
        )
    ]


def _ratio(figure: Mapping[str, Any], low: str = "lowest", high: str = "highest") -> str:
    lower, upper = figure[f"ratio_{low}"], figure[f"ratio_{high}"]
    return f"{figure['ratio']:.2f} [{lower:.2f}–{upper:.2f}]"


def _time(seconds: float) -> str:
    return f"{seconds:.3g} s" if seconds >= 1 else f"{1e3 * seconds:.3g} ms"


def _rate(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def _sweep(line: Row) -> list[Grid]:
    first, again = line["seconds"], line["seconds_compiled"]

    def cells(seconds: Mapping[str, Sequence[float]], name: str) -> list[str]:
        if name not in seconds:
            return ["–", "–"]
        middle = statistics.median(seconds[name])
        ratio = middle / statistics.median(seconds["one program"])
        low, high = min(seconds[name]), max(seconds[name])
        return [f"{middle:.1f} ({low:.1f}–{high:.1f})", f"{ratio:.2f}"]

    return [
        Grid(
            f"{line['runs']} runs of {line['epochs']} epochs on digits",
            ["", "s with compilation", "ratio", "s compiled already", "ratio"],
            [
                [name, *cells(first, name), *cells(again, name)]
                for name in sorted(first, key=lambda name: statistics.median(first[name]))
            ],
        )
    ]


def _augmentation(line: Row) -> list[Grid]:
    return [
        Grid(
            "input of a batch beside a training step",
            ["network", "augmentation", "time", "quartiles", "share of a step"],
            [
                [
                    title,
                    name,
                    f"{1e3 * row['seconds']:.2f} ms",
                    f"{1e3 * row['lower_quartile']:.2f}–{1e3 * row['upper_quartile']:.2f}",
                    "" if name == "step" else f"{100 * row['share']:.2f} %",
                ]
                for title, rows in line["figures"].items()
                for name, row in sorted(rows.items(), key=lambda item: item[1]["share"])
            ],
        )
    ]


def _startup(line: Row) -> list[Grid]:
    return [
        Grid(
            "fresh processes",
            ["process", "seconds", "quartiles"],
            [
                [
                    name,
                    f"{row['seconds']:.2f}",
                    f"{row['lower_quartile']:.2f}–{row['upper_quartile']:.2f}",
                ]
                for name, row in line["figures"].items()
            ],
        )
    ]


_GRIDS: Mapping[str, Callable[[Row], list[Grid]]] = {
    "losses": _losses,
    "linear": _linear,
    "train": _train,
    "sweep": _sweep,
    "augmentation": _augmentation,
    "startup": _startup,
}
