"""The options of the experiments' own verbs, each declared once as those of the application.

The parser and the page of options come from here. Nothing here needs JAX.
"""

from pathlib import Path
from typing import Any, get_args

from esoftmax_jax.app.engine.config import ComputeDtype, NetworkName
from esoftmax_jax.app.jobs.option import Option
from esoftmax_jax.app.jobs.option_kinds import ANY, PATH, SWITCH, Kind, one_of, whole
from esoftmax_jax.app.jobs.options import options_of
from esoftmax_jax.app.methods.methods import OWN_FORM
from esoftmax_jax.app.terminal.whole_numbers import MOST_SEEDS
from experiments.configs import SCALES, TABLES

BENCHES = {
    "losses": "value and gradient against optax",
    "linear": "last layer and loss, fused and not",
    "train": "images per second of an epoch program",
    "augmentation": "input pipeline against a step",
    "startup": "imports and help in fresh processes",
    "sweep": "many runs as one program, and otherwise",
}
"""What ``bench`` measures."""

_DTYPE = one_of(*get_args(ComputeDtype))
_SMALL = ("mlp", "gradient_mlp")  # too small to be timed
_NETWORKS = [name for name in get_args(NetworkName) if name not in _SMALL]


_THEORY = ("theory",)
_FEW_IMAGES = ("few-images",)
_PAGE, _PICTURES = ("page",), ("pictures",)
_AUDITS, _FIRST_LIST = ("audits",), ("first-list",)
_ESTIMATES, _REVIEWS, _NEW_ROWS = ("estimates",), ("reviews",), ("new-rows",)
_OF_LISTS = (*_AUDITS, *_FIRST_LIST, *_ESTIMATES, *_REVIEWS, *_NEW_ROWS)
_REPRODUCE, _REGRET, _ABLATION = ("reproduce",), ("regret",), ("ablation",)
_EVIDENCE, _AUTO_ROW, _SAVINGS = ("evidence",), ("auto-row",), ("savings",)
_ON_FOLDS = (*_REGRET, *_EVIDENCE)
_LINES = "file of JSON lines; what is in it is not measured again"


def _option(
    verbs: tuple[str, ...], name: str, text: str, kind: Kind = ANY, **more: Any
) -> Option:
    return Option(name=name, kind=kind, help=text, verbs=verbs, **more)


def _benches(*names: str) -> tuple[str, ...]:
    return tuple(f"bench {name}" for name in names)


def _repeats(verbs: tuple[str, ...], default: int, least: int = 3) -> Option:
    text = f"measurements, ≥ {least} ({default})"
    return _option(verbs, "repeats", text, whole(least), default=default)


OPTIONS = (
    _option(
        _REPRODUCE, "table", f"one of {', '.join(TABLES)}", metavar="TABLE", positional=True
    ),
    _option(_REPRODUCE, "dataset", "which half of a table (default: its first)"),
    _option(
        _REPRODUCE,
        "cells",
        "SETTING, ROW or SETTING/ROW, separated by commas, * for any text (default: all)",
    ),
    _option(
        _REPRODUCE,
        "extra_losses",
        "of your own, separated by commas: rows beside the table's",
        metavar=OWN_FORM,
    ),
    _option(_REPRODUCE, "seeds", "how many, ≥ 1 (3; 1 for a test)", whole(1, MOST_SEEDS)),
    _option(
        _REPRODUCE,
        "scale",
        "how large the runs are: as published, for a small computer, for a test of each row "
        "and column once (paper)",
        one_of(*SCALES),
        default="paper",
    ),
    _option(_REPRODUCE, "data_dir", "where TFDS's prepared data lies"),
    _option(
        _REPRODUCE,
        "labels",
        "noisy labels from a file, which table4 needs",
        PATH,
        metavar="FILE",
    ),
    _option(_REPRODUCE, "dtype", "of the computation (float32)", _DTYPE),
    *options_of("reproduce"),
    _option(_REPRODUCE, "plan", "only tell how long what is missing would take", SWITCH),
    _option(
        _REPRODUCE,
        "out",
        "folder of TABLE-DATASET-SCALE.jsonl, .md and .png; runs that are in it are not "
        "repeated (default: experiments/results of this checkout)",
        PATH,
    ),
    _repeats(_benches("losses"), 30),
    _repeats(_benches("linear", "train"), 5),
    _repeats(_benches("augmentation", "startup"), 9),
    _repeats(_benches("sweep"), 3, least=1),
    _option(
        _benches(*BENCHES),
        "json",
        "append one line with the figures",
        PATH,
        metavar="FILE",
        argument="json_path",
    ),
    _option(
        _benches("losses"),
        "losses",
        "names as in compare, Forward, Backward or FILE.py:NAME of your own, separated by "
        "commas (default: all)",
    ),
    _option(_benches("losses", "linear"), "dtype", "(float32)", _DTYPE, default="float32"),
    _option(_benches("train"), "steps", "≥ 2 (40)", whole(2), default=40),
    _option(_benches("train"), "dtype", "default: all that pay", _DTYPE),
    _option(
        _benches("train"),
        "networks",
        f"separated by commas, among {', '.join(_NETWORKS)} (default: all)",
    ),
    _option(
        _benches("train"),
        "peer",
        "train the same networks in PyTorch too, in turn, if it is installed",
        SWITCH,
    ),
    _option(_benches("sweep"), "runs", "≥ 4 (128)", whole(4), default=128),
    _option(_ON_FOLDS, "datasets", "separated by commas (all that the page on auto names)"),
    _option(
        (*_ON_FOLDS, *_ABLATION, *_OF_LISTS, *_AUTO_ROW, *_SAVINGS),
        "seeds",
        "how many, ≥ 1 (3)",
        whole(1, MOST_SEEDS),
        default=3,
    ),
    _option(
        (*_ON_FOLDS, *_ESTIMATES), "epochs", "of every run, ≥ 1 (40)", whole(1), default=40
    ),
    _option(
        _REGRET,
        "effort",
        "also train the grid that votes with more (less)",
        one_of("less", "more"),
        default="less",
    ),
    _option(
        (*_ON_FOLDS, *_ABLATION, *_ESTIMATES, *_SAVINGS),
        "report",
        "only print the tables of the lines that are there",
        SWITCH,
    ),
    _option(
        _REGRET,
        "out",
        f"{_LINES} (runs/regret.jsonl)",
        PATH,
        default=Path("runs/regret.jsonl"),
        metavar="FILE",
    ),
    _option(
        _SAVINGS,
        "datasets",
        "separated by commas (all)",
    ),
    _option(
        _SAVINGS,
        "out",
        f"{_LINES}, and runs in a folder beside it (runs/savings.jsonl)",
        PATH,
        default=Path("runs/savings.jsonl"),
        metavar="FILE",
    ),
    _option(
        _ABLATION,
        "out",
        f"{_LINES} (runs/ablation.jsonl)",
        PATH,
        default=Path("runs/ablation.jsonl"),
        metavar="FILE",
    ),
    _option(
        _AUTO_ROW,
        "out",
        f"{_LINES} (runs/auto-row.jsonl)",
        PATH,
        default=Path("runs/auto-row.jsonl"),
        metavar="FILE",
    ),
    _option(
        _EVIDENCE,
        "out",
        f"{_LINES} (runs/evidence.jsonl)",
        PATH,
        default=Path("runs/evidence.jsonl"),
        metavar="FILE",
    ),
    _option(
        _THEORY,
        "bound",
        "measure the excess risk beside Theorem 1's bound instead of the table of losses",
        SWITCH,
    ),
    _option(_THEORY, "write", "also into docs/theory.md of this checkout", SWITCH),
    _option(
        _PAGE,
        "out",
        "file of the page (default: docs/playground.html of this checkout)",
        PATH,
        metavar="FILE",
    ),
    _option(_PAGE, "train", "train anew what the page replays, in a minute", SWITCH),
    _option(_PICTURES, "out", "folder (default: docs/pictures of this checkout)", PATH),
    _option(
        _AUDITS,
        "datasets",
        "separated by commas, among digits, table, texts, embeddings and pictures "
        "(digits,table,texts)",
    ),
    _option(
        _AUDITS,
        "labels",
        "CIFAR-10_human.npy of CIFAR-10N, which embeddings and pictures need",
        PATH,
        metavar="FILE",
    ),
    _option(
        _FEW_IMAGES,
        "labels",
        "CIFAR-10_human.npy of CIFAR-10N",
        PATH,
        metavar="FILE",
        needed=True,
    ),
    _option(
        _FEW_IMAGES,
        "out",
        f"{_LINES} (runs/few-images.jsonl)",
        PATH,
        default=Path("runs/few-images.jsonl"),
        metavar="FILE",
    ),
    _option(
        _AUDITS,
        "workdir",
        "folder of the networks of pictures; what is in it is not trained again (runs/audits)",
        PATH,
        default=Path("runs/audits"),
    ),
    _option(
        _AUDITS,
        "out",
        f"{_LINES} (runs/audits.jsonl)",
        PATH,
        default=Path("runs/audits.jsonl"),
        metavar="FILE",
    ),
    _option(
        _FIRST_LIST,
        "out",
        f"{_LINES} (runs/first-list.jsonl)",
        PATH,
        default=Path("runs/first-list.jsonl"),
        metavar="FILE",
    ),
    _option(
        _ESTIMATES,
        "out",
        f"{_LINES} (runs/estimates.jsonl)",
        PATH,
        default=Path("runs/estimates.jsonl"),
        metavar="FILE",
    ),
    _option(
        _REVIEWS,
        "out",
        f"{_LINES} (runs/reviews.jsonl)",
        PATH,
        default=Path("runs/reviews.jsonl"),
        metavar="FILE",
    ),
    _option(
        _NEW_ROWS,
        "out",
        f"{_LINES} (runs/new-rows.jsonl)",
        PATH,
        default=Path("runs/new-rows.jsonl"),
        metavar="FILE",
    ),
)
"""In the order of the help."""


def own_options_of(verb: str) -> tuple[Option, ...]:
    """Return the options of a verb of the experiments' own in the order of its help."""
    return tuple(option for option in OPTIONS if verb in option.verbs)
