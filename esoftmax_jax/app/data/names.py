"""What data sets are called, and which are one's own."""

from pathlib import Path

BUNDLED = ("digits", "breast_cancer", "wine")

PREPARED = ("mnist", "cifar10", "cifar100", "fashion_mnist")

_OTHERS = tuple(name for name in BUNDLED if name != "digits")

_NAMES = ("digits", *PREPARED, *_OTHERS, "tfds:NAME", "npz:PATH", "folder:PATH", "csv:PATH")

RESIZED = ("folder:", "csv:", "parquet:")
"""What specifications of image files begin with, which can be brought to one size."""

TABLES = ("csv", "parquet")

OWN_FILES = ("npz", "folder", "csv", "parquet")

IN_MEMORY = "arrays"
"""What a data set made of arrays in memory is called."""

DATASET_FORMS = f"{', '.join(_NAMES)} or parquet:PATH"
"""What ``load_dataset`` takes, for messages and help."""


def is_own(spec: str) -> bool:
    """Tell whether a specification names files or arrays of the user's own."""
    return spec == IN_MEMORY or spec.partition(":")[0] in OWN_FILES


INPUT_FORMS = "folder:PATH, csv:PATH, parquet:PATH or npz:PATH"

ENDINGS = {
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".npz": "npz",
}
"""Ending of a file → the word before its path."""


def kind_of_path(path: Path) -> str | None:
    """Return the word before a path of one's own data: a folder's, or by its ending."""
    return "folder" if path.is_dir() else ENDINGS.get(path.suffix.lower())
