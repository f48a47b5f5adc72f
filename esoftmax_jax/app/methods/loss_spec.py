"""The loss of a run: its name, its hyperparameters, and what it computes."""

import dataclasses

Pairs = tuple[tuple[str, float], ...]
"""Names and values, sorted."""


@dataclasses.dataclass(frozen=True)
class LossSpec:
    """A loss with values for its hyperparameters.

    Attributes:
        name: of a method.
        hyperparameters: all numbers that the method takes.
        content_hash: of what a loss of one's own computes; None for one of the library's.
    """

    name: str
    hyperparameters: Pairs = ()
    content_hash: str | None = None

    def __str__(self) -> str:
        return self.name
