"""The list of labels that are probably wrong, worst first, by a network trained on them."""

import csv
import dataclasses
import shutil
import tempfile
from pathlib import Path

import numpy as np
import numpy.typing as npt
from sklearn.metrics import roc_auc_score

from experiments._datasets import Dataset
from experiments._errors import UsageError
from experiments._labelled import Labelled
from experiments._margin_history import Margins

COLUMNS = ("rank", "example", "part", "id", "label", "suggestion", "margin", "clean_label")


@dataclasses.dataclass(frozen=True, eq=False)
class Suspects:
    """Labelled examples in the order of their margins, lowest first.

    Attributes:
        labelled: the examples.
        suggestions: int (N,), the likeliest other class.
        margins: float32 (N,), the label's logit minus the largest other one, a mean over
            epochs.
    """

    labelled: Labelled
    suggestions: npt.NDArray[np.int64]
    margins: npt.NDArray[np.float32]

    @property
    def count(self) -> int:
        """How many labels the network would rather replace."""
        return int(np.sum(self.margins < 0))


def rank_suspects(labelled: Labelled, margins: Margins) -> Suspects:
    """Put examples in the order of how little the network agreed with their labels."""
    order = np.argsort(margins.mean, kind="stable")
    return Suspects(labelled.take(order), margins.suggestions[order], margins.mean[order])


def check_suspects_file(option: str, path: Path | None, workdir: Path) -> None:
    """Check that a list can be written there, over nothing but an older list; None passes.

    ``workdir`` need not exist yet.
    """
    if path is None:
        return
    wanted = f"{option}: expected a new file, or an older list, in a folder that can be written"
    try:
        if path.exists() and not (path.is_file() and _is_list(path)):
            raise UsageError(f"{wanted}, got {path}, which is something else; choose another")
        folder = path.resolve().parent
        if folder != workdir.resolve() or folder.exists():
            with tempfile.TemporaryFile(dir=folder):
                pass
    except OSError as error:
        raise UsageError(f"{wanted}, got {path} ({error.strerror}); choose another") from None


def _is_list(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4096).split(b"\r\n")[0] == ",".join(COLUMNS).encode()


def write_suspects(path: Path, suspects: Suspects, class_names: tuple[str, ...]) -> None:
    """Write one row per example as CSV; the file is there whole or not at all."""
    path = path.resolve()  # what a link points at, not the link
    temporary = path.with_name(f".{path.name}.tmp")
    one = suspects.labelled
    try:
        # Names of files need not be text.
        with temporary.open(
            "w", encoding="utf-8", newline="", errors="surrogateescape"
        ) as file:
            writer = csv.writer(file)
            writer.writerow(COLUMNS)
            for row in range(len(one.labels)):
                clean = one.clean[row]
                writer.writerow(
                    [
                        row + 1,
                        one.sources[row],
                        one.parts[row],
                        one.ids[row] if one.ids[row] >= 0 else "",
                        class_names[one.labels[row]],
                        class_names[suspects.suggestions[row]],
                        f"{suspects.margins[row]:.6g}",
                        class_names[clean] if clean >= 0 else "",
                    ]
                )
        if path.exists():
            shutil.copymode(path, temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def describe_suspects(suspects: Suspects, dataset: Dataset) -> str:
    """Say how many labels are suspect and, where that is known, how many of them are wrong."""
    total, one = len(suspects.margins), suspects.labelled
    text = (
        f"{suspects.count} of {total} labels ({100 * suspects.count / total:.1f} %) are "
        "suspect: the network preferred another class"
    )
    known, suspect = one.known, suspects.margins < 0
    wrong = int(one.wrong.sum())
    if not 0 < wrong < known.sum():
        return f"{text}."
    found, judged = int((one.wrong & suspect).sum()), int((known & suspect).sum())
    precision = "–" if not judged else f"{100 * found / judged:.1f} %"
    # Of a wrong and a right label, how often the wrong one has the lower margin.
    ranked = roc_auc_score(one.wrong[known], -suspects.margins[known])
    part = "" if known.all() else f"of those among the {known.sum()} training labels "
    counted = "" if dataset.clean_labels else ", counting only what --noise changed"
    return (
        f"{text}; {part}{precision} are wrong{counted}, and they are "
        f"{100 * found / wrong:.1f} % of the {wrong} wrong ones (area under the ROC curve "
        f"{ranked:.3f})."
    )
