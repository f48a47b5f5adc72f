"""The ``--noise`` option: how the training labels become wrong, as text and as a value."""

import dataclasses
import re
from typing import TYPE_CHECKING

from esoftmax_jax.app.labels.noise_kinds import (
    COLUMN,
    KINDS,
    NOTHING,
    PATH,
    RATE,
    RATE_AND_COUNT,
    RATE_AND_DATASET,
)
from esoftmax_jax.app.terminal.messages import UsageError
from esoftmax_jax.app.terminal.number_text import number_text
from esoftmax_jax.spelling import did_you_mean

if TYPE_CHECKING:
    from esoftmax_jax.app.labels.matrix_file import MatrixFile

DEFAULT_ANNOTATORS = 3


@dataclasses.dataclass(frozen=True)
class NoiseSpec:
    """A kind of noise with its rate, or with the column or file that it is taken from.

    Attributes:
        kind: one of KINDS.
        rate: share of labels, in [0, 1]; 0 where the kind has none.
        source: column of the label file, path of the matrix, or dataset of the foreign
            images; "" where there is none.
        annotators: how many vote.
        matrix: what was read from the path; the name alone makes two specifications the same.
    """

    kind: str
    rate: float = 0.0
    source: str = ""
    annotators: int = 0
    matrix: "MatrixFile | None" = dataclasses.field(default=None, compare=False, repr=False)

    def __str__(self) -> str:
        parts = [self.kind]
        if KINDS[self.kind].takes.startswith(RATE):
            parts.append(number_text(self.rate))
        if self.source:
            parts.append(self.source)
        if self.annotators:
            parts.append(str(self.annotators))
        return ":".join(parts)

    @property
    def reads_columns(self) -> bool:
        """Whether a column of a label file is asked for."""
        return KINDS[self.kind].takes == COLUMN

    @property
    def from_file(self) -> bool:
        """Whether the labels come from outside, so that no seed changes them."""
        return KINDS[self.kind].from_outside


DEFAULT_NOISES = (NoiseSpec("symmetric", 0.6), NoiseSpec("pairwise", 0.4))
"""What is drawn where labels are right and no noise is asked for; of one run the first."""


def forms() -> str:
    """Return all forms of the option, for help and messages."""
    return ", ".join(
        f"{name}:{kind.takes}" if kind.takes else name for name, kind in KINDS.items()
    )


def parse_noise(text: str) -> NoiseSpec:
    """Read a noise specification.

    Raises:
        UsageError: an unknown kind, or something else after the colon than the kind takes.
    """
    kind, colon, value = text.partition(":")
    if kind not in KINDS:
        meant = did_you_mean(kind, KINDS)
        raise UsageError(
            f"--noise: expected {forms()}; got {text!r}{meant or '; e.g. symmetric:0.6'}"
        )
    takes = KINDS[kind].takes
    # A file with a single column of labels needs no name for it.
    if takes == COLUMN and (value or not colon):
        return NoiseSpec(kind, source=value)
    if takes == PATH and value:
        return NoiseSpec(kind, source=value)
    if takes == NOTHING and not colon:
        return NoiseSpec(kind)
    if takes.startswith(RATE) and colon:
        rate_text, second, rest = value.partition(":")
        if takes == RATE and not second:
            return NoiseSpec(kind, _rate(rate_text, text))
        if takes == RATE_AND_DATASET and rest:
            return NoiseSpec(kind, _rate(rate_text, text), rest)
        if takes == RATE_AND_COUNT:
            annotators = _count(rest, text) if second else DEFAULT_ANNOTATORS
            return NoiseSpec(kind, _rate(rate_text, text), annotators=annotators)
    example = f"; e.g. {kind}:0.4" if takes == RATE else ""
    raise UsageError(f"--noise: expected {_expected(kind)}, got {text!r}{example}")


def _expected(kind: str) -> str:
    takes = KINDS[kind].takes
    described = {
        RATE: " with R in [0, 1]",
        RATE_AND_COUNT: " with R in [0, 1] and a whole number of ANNOTATORS ≥ 1",
        RATE_AND_DATASET: " with R in [0, 1] and the dataset of the foreign images",
        COLUMN: " with a column of the label file",
        PATH: " with the file of a transition matrix",
        NOTHING: " alone",
    }
    return f"{kind}:{takes}{described[takes]}" if takes else f"{kind}{described[takes]}"


def _rate(value: str, text: str) -> float:
    try:
        rate = float(value)
    except ValueError:
        rate = float("nan")
    if not 0 <= rate <= 1:
        kind = text.partition(":")[0]
        raise UsageError(f"--noise: expected {_expected(kind)}, got {text!r}; e.g. {kind}:0.4")
    return rate


def _count(value: str, text: str) -> int:
    # Python refuses thousands of digits with a message of its own.
    if not re.fullmatch("0{0,91}[1-9][0-9]{0,8}", value):
        kind = text.partition(":")[0]
        raise UsageError(f"--noise: expected {_expected(kind)}, got {text!r}")
    return int(value)
