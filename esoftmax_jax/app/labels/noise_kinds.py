"""The kinds of noise that can be named: all that has to be said of one, in one place."""

import dataclasses
from typing import Final, Literal

# What follows the colon.
RATE: Final = "R"
RATE_AND_COUNT: Final = "R[:ANNOTATORS]"
RATE_AND_DATASET: Final = "R:DATASET"
COLUMN: Final = "COLUMN"
PATH: Final = "PATH"
NOTHING: Final = ""


@dataclasses.dataclass(frozen=True, kw_only=True)
class NoiseKind:
    """One kind of noise. No field has a default: a new kind has to say everything.

    Attributes:
        takes: what follows the colon.
        draw: the function of ``draws`` that makes the labels; None: they stay.
        replaces: what becomes wrong.
        resembles: the published noise whose hyperparameters are the nearest.
        from_outside: whether the labels come from a file or the data set, so that no seed
            changes them.
    """

    takes: Literal["R", "R[:ANNOTATORS]", "R:DATASET", "COLUMN", "PATH", ""]
    draw: str | None
    replaces: Literal["labels", "images"]
    resembles: Literal["clean", "symmetric", "asymmetric", "instance", "human"]
    from_outside: bool


def _drawn(
    draw: str,
    resembles: Literal["symmetric", "asymmetric", "instance"],
    takes: Literal["R", "R[:ANNOTATORS]", "PATH"] = "R",
) -> NoiseKind:
    """Return a kind whose labels a seed decides."""
    return NoiseKind(
        takes=takes, draw=draw, replaces="labels", resembles=resembles, from_outside=False
    )


def _people(draw: str, takes: Literal["COLUMN", ""], *, from_outside: bool = True) -> NoiseKind:
    """Return a kind whose labels people gave, or are drawn as people err."""
    return NoiseKind(
        takes=takes, draw=draw, replaces="labels", resembles="human", from_outside=from_outside
    )


KINDS = {
    "none": NoiseKind(
        takes=NOTHING, draw=None, replaces="labels", resembles="clean", from_outside=False
    ),
    "symmetric": _drawn("symmetric", "symmetric"),
    "symmetric-bernoulli": _drawn("bernoulli_symmetric", "symmetric"),
    "symmetric-resampled": _drawn("resampled_symmetric", "symmetric"),
    "pairwise": _drawn("pairwise", "asymmetric"),
    "asymmetric": _drawn("asymmetric", "asymmetric"),
    "asymmetric-sequential": _drawn("sequential_asymmetric", "asymmetric"),
    "instance": _drawn("instance", "instance"),
    "instance-views": _drawn("instance_of_views", "instance"),
    "part": _drawn("part", "instance"),
    "annotators": _drawn("annotators", "symmetric", RATE_AND_COUNT),
    "open-set": NoiseKind(
        takes=RATE_AND_DATASET,
        draw="open_set",
        replaces="images",
        resembles="symmetric",
        from_outside=False,
    ),
    "matrix": _drawn("matrix", "asymmetric", PATH),
    "matched": _people("matched", COLUMN, from_outside=False),
    "human": _people("from_columns", COLUMN),
    "labels": _people("from_columns", COLUMN),
    "given": _people("given", NOTHING),
}
"""Name in ``--noise`` → kind."""
