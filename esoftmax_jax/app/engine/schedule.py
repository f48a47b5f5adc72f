"""The learning rate over a run, as text and as a value."""

import dataclasses
import math

from esoftmax_jax.app.terminal.messages import UsageError
from esoftmax_jax.app.terminal.number_text import number_text


@dataclasses.dataclass(frozen=True)
class Schedule:
    """Cosine to 0, or steps; one value for each epoch either way.

    Attributes:
        steps: the epochs from which on the rate is smaller; none: cosine.
        factor: on the rate at each of them.
    """

    steps: tuple[float, ...] = ()
    factor: float = 1.0

    def __str__(self) -> str:
        if not self.steps:
            return "cosine"
        return ":".join(["step", *map(number_text, (*self.steps, self.factor))])


COSINE = Schedule()


def parse_schedule(text: str) -> Schedule:
    """Read ``cosine`` or ``step:EPOCH:...:FACTOR``.

    Raises:
        UsageError: for any other text.
    """
    kind, *numbers = text.split(":")
    if kind == "cosine" and not numbers:
        return COSINE
    try:
        *steps, factor = (float(number) for number in numbers)
    except ValueError:
        steps, factor = [], 0.0
    good = steps and all(map(math.isfinite, steps)) and 0 < factor < 1
    if kind != "step" or not good:
        raise UsageError(
            f"schedule: expected cosine or step:EPOCH:...:FACTOR with FACTOR in (0, 1), got "
            f"{text!r}; e.g. step:60:0.1"
        )
    return Schedule(tuple(steps), factor)
