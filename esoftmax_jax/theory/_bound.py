"""A number that is known exactly, within bounds, or from below alone."""

import dataclasses
import math

_ROUNDING = 1e-9


@dataclasses.dataclass(frozen=True)
class Bound:
    """A largest value: what was found, what cannot be exceeded, and how that is known.

    Attributes:
        lower: a value that is reached at some point; ∞ where there is no largest.
        upper: a value that is exceeded nowhere; ∞ where nothing is known.
        reason: how ``upper`` is known, in one sentence.
    """

    lower: float
    upper: float
    reason: str

    @property
    def exact(self) -> bool:
        """Whether both agree, to rounding."""
        if math.isinf(self.upper):
            return math.isinf(self.lower)
        return self.upper - self.lower <= _ROUNDING * max(1.0, self.upper)

    @property
    def kind(self) -> str:
        """``exact``, ``between`` or ``lower bound only``."""
        if self.exact:
            return "exact"
        return "lower bound only" if math.isinf(self.upper) else "between"

    def __str__(self) -> str:
        if self.exact:
            return f"{self.lower:.6g} ({self.reason})"
        if math.isinf(self.upper):
            return f"≥ {self.lower:.6g} ({self.reason})"
        return f"{self.lower:.6g} to {self.upper:.6g} ({self.reason})"
