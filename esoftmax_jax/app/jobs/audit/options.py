"""The options of ``audit`` that no other verb has."""

from pathlib import Path

from esoftmax_jax.app.jobs.option import Option
from esoftmax_jax.app.jobs.option_kinds import PATH, Kind

_NUMBERS = Kind(Path)  # of which Python takes arrays and tables too

AUDIT = (
    Option(
        name="data",
        help="a folder of images, a file .csv, .parquet or .npz, or what --dataset takes",
        verbs=("audit",),
        metavar="DATA",
        positional=True,
    ),
    Option(
        name="probabilities",
        kind=_NUMBERS,
        help="out-of-fold probabilities of your own model, a row for each label and a column "
        "for each class: .npy, .npz, .csv or .parquet",
        verbs=("audit",),
        metavar="FILE",
    ),
    Option(
        name="features",
        kind=_NUMBERS,
        help="features or embeddings of the examples, likewise: what labels neighbours have is "
        "further evidence",
        verbs=("audit",),
        metavar="FILE",
    ),
    Option(
        name="out",
        kind=PATH,
        help="folder for report.html and suspects.csv (runs/audit-DATA)",
        verbs=("audit",),
        metavar="FOLDER",
    ),
)
