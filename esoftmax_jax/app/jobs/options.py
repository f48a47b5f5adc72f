"""The options of the application, each declared once.

The parser, the checks of arguments from Python, the ``train`` command that ``compare`` prints
and the page of options come from here. Nothing here needs JAX.
"""

import math
from pathlib import Path
from typing import get_args

from esoftmax_jax.app.augment.augment_spec import FORMS as AUGMENT_FORMS
from esoftmax_jax.app.data.names import DATASET_FORMS, INPUT_FORMS
from esoftmax_jax.app.engine.config import ComputeDtype
from esoftmax_jax.app.jobs.audit.options import AUDIT
from esoftmax_jax.app.jobs.option import Option
from esoftmax_jax.app.jobs.option_kinds import (
    PATH,
    RATE,
    SHARE,
    SWITCH,
    TEXT,
    WIDTH,
    YES_OR_NO,
    Check,
    Kind,
    a_callback,
    a_dataset,
    a_file_or_true,
    a_loss,
    a_mapping,
    number,
    one_of,
    some_kinds,
    some_names,
    whole,
)
from esoftmax_jax.app.labels.noise_spec import DEFAULT_NOISES, NoiseSpec, forms
from esoftmax_jax.app.methods.methods import AUTO, DEFAULT_LOSSES, METHODS, OWN_FORM
from esoftmax_jax.app.terminal.whole_numbers import MOST, MOST_SEEDS

FILE = Kind(Path)  # of which Python takes the content too
TRAINING, WITH_DATA = ("compare", "train"), ("compare", "train", "noise")


def _noise(verb: str, many: str, *defaults: NoiseSpec) -> Option:
    text = (
        f"{many} of {forms()}; default: the only column of --labels if that is given, the "
        f"labels as they came for data of your own, else {','.join(map(str, defaults))}"
    )
    return Option(name="noise", verbs=(verb,), help=text)


def _trained(
    name: str, kind: Kind, text: str, metavar: str | None = None, also_of: tuple[str, ...] = ()
) -> Option:
    """Return an option that is a field of every configuration; else the dataset's counts."""
    return Option(
        name=name,
        kind=kind,
        help=text,
        verbs=(*TRAINING, *also_of),
        metavar=metavar,
        shared=True,
        field=True,
    )


_SEVERAL = "several, separated by commas,"


def _of_columns(
    name: str, text: str, metavar: str = "NAMES", wrong: Check = some_names
) -> Option:
    verbs = (*WITH_DATA, "audit")
    return Option(name=name, help=text, verbs=verbs, metavar=metavar, shared=True, also=wrong)


_DATA = (
    Option(
        name="dataset",
        help=f"{DATASET_FORMS} (digits)",
        verbs=WITH_DATA,
        default="digits",
        shared=True,
        also=a_dataset,
    ),
    Option(
        name="data_dir",
        help="where TFDS's prepared data lies (ESOFTMAX_DATA_DIR, else TFDS's own directory)",
        verbs=(*WITH_DATA, "audit"),
        shared=True,
        also=PATH.wrong,
    ),
    Option(
        name="image_size",
        kind=whole(1),
        help="resize images of folder:, csv: and parquet:, ≥ 1 (default: as they are)",
        verbs=(*WITH_DATA, "audit"),
        metavar="PIXELS",
        shared=True,
    ),
    _noise("compare", _SEVERAL, *DEFAULT_NOISES),
    _noise("train", "one", DEFAULT_NOISES[0]),
    _noise("noise", _SEVERAL, DEFAULT_NOISES[0]),
    Option(
        name="corrections",
        kind=FILE,
        help="a reviewed list of `train --suspects`: its labels take the place of yours, and "
        "an example without one is left out; may be repeated",
        verbs=WITH_DATA,
        metavar="FILE",
        shared=True,
        repeated=True,
    ),
    Option(
        name="labels",
        kind=PATH,
        help="noisy labels from a file",
        verbs=WITH_DATA,
        metavar="FILE",
        shared=True,
    ),
    Option(
        name="literal_labels",
        kind=SWITCH,
        help="take the labels of your data as names of classes even if they look like missing "
        "values, numbers to be predicted, dates or several labels in one, or if a file has two",
        verbs=(*WITH_DATA, "audit"),
        shared=True,
    ),
    _of_columns(
        "columns",
        "the only columns of your table that are features, separated by commas (default: all "
        "that say something about a row)",
    ),
    _of_columns(
        "ignore", "columns of your table to pass over, separated by commas (default: none)"
    ),
    _of_columns(
        "kinds",
        "what columns of your table are, separated by commas, such as zip:category, of number, "
        "boolean, date, category and text (default: what they look like)",
        "NAME:KIND",
        some_kinds,
    ),
    Option(
        name="train_examples",
        kind=whole(2),
        help="keep the first so many training examples only, ≥ 2 (default: all)",
        verbs=WITH_DATA,
        shared=True,
        field=True,
    ),
    Option(
        name="imbalance",
        kind=number(1, math.inf, "a number ≥ 1", closed=True),
        help="keep ever fewer examples of later classes, of the last 1/RATIO, RATIO ≥ 1 "
        "(default: all)",
        verbs=WITH_DATA,
        metavar="RATIO",
        shared=True,
        field=True,
    ),
)

_TRAINING = (
    _trained("epochs", whole(1), "≥ 1 (default: the dataset's)", also_of=("audit",)),
    Option(
        name="learning_rate", kind=RATE, verbs=TRAINING, help="initial (default: the dataset's)"
    ),
    _trained("width", WIDTH, "factor on channels, > 0 (default: the dataset's)"),
    _trained(
        "augment",
        TEXT,
        f"none, or among {AUGMENT_FORMS}, separated by commas (default: the dataset's)",
        also_of=("audit",),
    ),
    _trained(
        "label_smoothing",
        SHARE,
        "of each label, spread over all classes, in (0, 1) (default: none)",
        "SHARE",
    ),
    _trained(
        "ema_decay",
        SHARE,
        "evaluate averaged parameters, in (0, 1), e.g. 0.999 (default: the last ones)",
        "DECAY",
    ),
    _trained("dtype", one_of(*get_args(ComputeDtype)), "of the computation (float32)"),
)

_COMPARE = (
    Option(
        name="losses",
        help=f"separated by commas, among {', '.join(METHODS)} or {OWN_FORM} of your own "
        f"({','.join(DEFAULT_LOSSES)})",
        verbs=("compare",),
        default=DEFAULT_LOSSES,
    ),
    Option(
        name="seeds",
        kind=whole(1, MOST_SEEDS),
        help="how many, ≥ 1 (5; 2 for a few images)",
        verbs=("compare",),
    ),
    Option(
        name="tune",
        kind=YES_OR_NO,
        help="choose rate and settings on a noisy hold-out set (default: for small data)",
        verbs=("compare",),
    ),
    Option(
        name="runs_at_once",
        kind=whole(1),
        help="how many a device computes by vmap (CPU: 1, accelerator: the dataset's)",
        verbs=("compare", "reproduce"),
        metavar="RUNS",
    ),
    Option(
        name="out",
        kind=PATH,
        help="folder for results (runs/compare-DATASET)",
        verbs=("compare",),
    ),
)

_TRAIN = (
    Option(
        name="loss",
        help=f"one of {', '.join(METHODS)} or {OWN_FORM} of your own, or {AUTO}, which chooses "
        f"settings and rate by folds of the noisy labels ({DEFAULT_LOSSES[-1]})",
        verbs=("train",),
        default=DEFAULT_LOSSES[-1],
        also=a_loss,
    ),
    Option(
        name="effort",
        kind=one_of("least", "less", "more"),
        help=f"of --loss {AUTO} and audit: 12, 25 or 245 runs (less; least where that is long)",
        verbs=("train", "audit"),
    ),
    Option(
        name="set",
        help="a constant of the loss, e.g. m=1e4, repeatable (default: the first that compare "
        "tries; for large image sets the paper's)",
        verbs=("train",),
        metavar="NAME=VALUE",
        repeated=True,
        argument="hyperparameters",
        also=a_mapping,
    ),
    Option(
        name="seed", kind=whole(0, MOST), help="≥ 0 (0)", verbs=("train", "noise"), default=0
    ),
    Option(
        name="workdir",
        kind=PATH,
        help="folder of the run (runs/train-DATASET)",
        verbs=("train",),
    ),
    Option(
        name="checkpoint_every",
        kind=whole(1),
        help="how many epochs lie between two checkpoints, ≥ 1 (1)",
        verbs=("train",),
        default=1,
        metavar="EPOCHS",
    ),
    Option(
        name="suspects",
        kind=PATH,
        help="write the labels as CSV, those that are probably wrong first",
        verbs=("train",),
        metavar="FILE",
        also=a_file_or_true,
    ),
)

_PREDICT = (
    Option(
        name="model",
        kind=FILE,
        help="--workdir of a finished run, or the folder of an audit",
        verbs=("predict",),
        metavar="DIR",
        needed=True,
    ),
    Option(name="inputs", help=f"a path, or {INPUT_FORMS}", verbs=("predict",), needed=True),
    Option(
        name="probabilities",
        kind=SWITCH,
        help="also write that of every class",
        verbs=("predict",),
    ),
    Option(
        name="out",
        kind=PATH,
        help="CSV file (predictions.csv)",
        verbs=("predict",),
        default=Path("predictions.csv"),
        metavar="FILE",
    ),
    Option(
        name="spreadsheet_safe",
        kind=SWITCH,
        help="put an apostrophe before names in the CSV that a spreadsheet takes for formulas "
        "(= + - @ at the start); train --corrections takes it away again",
        verbs=("audit", "train", "predict"),
    ),
)

_NOISE = (
    Option(
        name="statistics",
        kind=SWITCH,
        help="also tell which share of the wrong labels the image explains",
        verbs=("noise",),
    ),
    Option(
        name="out",
        kind=PATH,
        help="folder for labels (runs/noise-DATASET)",
        verbs=("noise",),
    ),
)

OPTIONS = (*AUDIT, *_DATA, *_TRAINING, *_COMPARE, *_TRAIN, *_PREDICT, *_NOISE)
"""In the order of the help."""

CHECKS: dict[str, Check] = {
    **{option.in_python: option.wrong for option in OPTIONS},
    "on_epoch": a_callback,  # Python alone has it
}
"""Argument → check."""

NEEDED = {option.in_python for option in OPTIONS if option.default is not None} - {
    option.in_python for option in OPTIONS if option.default is None
}
"""Arguments that None is no value of."""

SHARED = tuple(option for option in OPTIONS if option.shared)
FIELDS = tuple(option.name for option in OPTIONS if option.field)


def options_of(verb: str) -> tuple[Option, ...]:
    """Return the options of a verb in the order of its help."""
    return tuple(option for option in OPTIONS if verb in option.verbs)
