"""The page: its parts, the library's numbers, and one file out of both."""

import json
import re
from pathlib import Path
from statistics import fmean
from typing import Any

from esoftmax_jax import presets
from esoftmax_jax.app.files.markdown import markdown_table
from esoftmax_jax.app.files.outputs import check_file
from esoftmax_jax.whole_file import write_whole
from experiments.generated_parts import with_generated
from experiments.lines import read_rows
from experiments.playground import replay
from experiments.theory.page import LINES as MEASURED
from experiments.theory.page import PAGE as THEORY

PAGE = Path(__file__).parents[2] / "docs" / "playground.html"
_FOLDER = Path(__file__).parent
_SCRIPTS = (
    "formulas",
    "theorem",
    "settings",
    "chart",
    "curves",
    "simplex",
    "bound",
    "replay",
    "start",
)  # in the order in which they run
_SETTINGS = (  # of the paper: title, dataset, noise, rate, classes, rate that is shown
    ("CIFAR-10, symmetric 40 %", "cifar10", "symmetric", 0.4, 10, 0.4),
    ("CIFAR-10, asymmetric 40 %", "cifar10", "asymmetric", 0.4, 10, 0.4),
    ("CIFAR-100, symmetric 40 %", "cifar100", "symmetric", 0.4, 100, 0.4),
    ("CIFAR-100, asymmetric 40 %", "cifar100", "asymmetric", 0.4, 100, 0.4),
    ("CIFAR-10N, worst labels", "cifar10n", "worst", None, 10, 0.4),
    ("WebVision", "webvision", "web", None, 50, 0.2),
    ("Clothing1M", "clothing1m", "web", None, 14, 0.4),
)


def page_text() -> str:
    """Return the page; nothing in it comes from elsewhere."""
    shared, *runs = replay.read_lines()
    fields = {
        "css": _part("page.css"),
        "js": "\n".join(_part(f"{name}.js") for name in _SCRIPTS),
        "replay": _about_replay(shared, runs),
        "shown": str(len(shared["examples"])),
        "data": _as_json(
            {
                "presets": paper_settings(),
                "measured": measured(),
                "replay": {**shared, "runs": runs},
            }
        ),
    }
    # One pass: what is put in is not looked at again.
    return re.sub(r"\{\{(\w+)\}\}", lambda found: fields[found[1]], _part("page.html"))


def paper_settings() -> list[dict[str, Any]]:
    """Return settings of CE_ε+MAE of the paper, by name."""
    found = []
    for name, dataset, noise, rate, classes, shown in _SETTINGS:
        given = presets.paper(dataset, noise, rate)["CE_eps+MAE"].hyperparameters
        constants = {key: float(given[key]) for key in ("m", "alpha", "beta")}
        settings = {**constants, "floor": 1e-8, "classes": classes, "rate": shown}
        found.append({"name": name, "settings": settings})
    return found


def measured() -> list[dict[str, Any]]:
    """Return the measured excess risk of CE_ε with a floor under symmetric noise, by rate."""
    rows = [
        row
        for row in read_rows(MEASURED)
        if row["loss"] == "CE_eps" and row["noise"] == "symmetric" and row["min_prob"]
    ]
    kinds = dict.fromkeys((row["num_classes"], row["min_prob"], row["rate"]) for row in rows)
    return [
        {
            "classes": classes,
            "floor": floor,
            "rate": rate,
            "points": [
                [row["m"], row["excess_risk"]]
                for row in rows
                if (row["num_classes"], row["min_prob"], row["rate"]) == (classes, floor, rate)
                and row["m"] > 0
            ],
        }
        for classes, floor, rate in kinds
    ]


def table_of_replay(runs: list[dict[str, Any]]) -> list[str]:
    """Return the lines of a table: mean over seeds after the last epoch, by learning rate."""
    losses = {"CE": "CE", "CE_eps+MAE": "CE_ε+MAE"}
    kinds = {"memorised": "{} memorises", "clean_test": "{}, clean test"}
    columns = [text.format(name) for text in kinds.values() for name in losses.values()]
    found = {(run["loss"], run["learning_rate"]): run["seeds"] for run in runs}
    rows = []
    for rate in dict.fromkeys(run["learning_rate"] for run in runs):
        means = [fmean(found[loss, rate][kind]) for kind in kinds for loss in losses]
        rows.append([f"{rate:g}", *(f"{100 * mean:.1f} %" for mean in means)])
    return markdown_table(["learning rate", *columns], rows)


def report_page(*, out: Path | None, train: bool) -> None:
    """Write the page, before it, if asked for, the training that it replays."""
    path = PAGE if out is None else out
    check_file("--out", path)
    if train:
        rows = replay.train()
        replay.write_lines(rows)
        text = THEORY.read_text(encoding="utf-8")
        write_whole(THEORY, with_generated(text, "replay", table_of_replay(rows[1:])))
        print(f"wrote {replay.LINES} and the table in {THEORY}")
    write_whole(path, page_text())
    print(f"wrote {path}")


def _part(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8").rstrip("\n")


def _as_json(values: Any) -> str:
    # No text in it can end the element that it stands in.
    return json.dumps(values, separators=(",", ":"), sort_keys=True).replace("<", "\\u003c")


def _about_replay(shared: dict[str, Any], runs: list[dict[str, Any]]) -> str:
    constants = next(run["constants"] for run in runs if run["constants"])
    text = ", ".join(f"{key} = {value:g}" for key, value in constants.items())
    share = shared["wrong"] / shared["labels"]
    return (
        f"The library trained a small network on scikit-learn's digits: {shared['labels']:,} "
        f"images, of which {share:.0%} have a wrong label. Both losses have the same labels, "
        f"start, batches and learning rate; CE_ε+MAE has {text}. At a small rate cross-entropy "
        f"has no time to memorise wrong labels. At a large one it does, and CE_ε+MAE "
        f"far less. The constants were chosen on held-out noisy labels, the {shared['epochs']} "
        f"epochs and the rates so that memorising can be seen."
    )
