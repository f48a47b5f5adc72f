"""The ``--augment`` option: what is done to the images of a training batch."""

import dataclasses

from esoftmax_jax.app.terminal.messages import UsageError
from esoftmax_jax.app.terminal.number_text import number_text
from esoftmax_jax.spelling import did_you_mean

MAX_MAGNITUDE = 10.0

STAGES = ("shift", "flip", "rotate", "randaugment", "mixup")
"""In the order in which they are applied, whatever the order in which they are named."""


@dataclasses.dataclass(frozen=True)
class _Number:
    """A number behind a stage's name."""

    name: str
    default: float
    low: float
    high: float
    whole: bool


_NUMBERS: dict[str, tuple[_Number, ...]] = {
    "shift": (_Number("PIXELS", 4, 1, 128, whole=True),),
    "flip": (),
    "rotate": (_Number("DEGREES", 20.0, 1, 180, whole=False),),
    "randaugment": (
        _Number("OPERATIONS", 3, 1, 20, whole=True),
        _Number("MAGNITUDE", 5.0, 0, MAX_MAGNITUDE, whole=False),
    ),
    "mixup": (_Number("ALPHA", 1.0, 0.01, 100, whole=False),),
}

FORMS = ", ".join(
    name + "".join(f"[:{number.name}]" for number in numbers)
    for name, numbers in _NUMBERS.items()
)
"""What may be written, for a help text."""


@dataclasses.dataclass(frozen=True)
class AugmentationSpec:
    """Parsed form of ``none``, or of some of ``STAGES`` with their numbers.

    Attributes:
        shift: the largest shift in pixels; 0: none.
        flip: whether images are mirrored at random.
        rotate: the largest angle in degrees; 0: none.
        rand_augment: number of operations and magnitude; None: none.
        mixup: α of the Beta distribution; 0: none. It is not done by ``augment``.
    """

    shift: int = 0
    flip: bool = False
    rotate: float = 0.0
    rand_augment: tuple[int, float] | None = None
    mixup: float = 0.0

    def __str__(self) -> str:
        """Return the canonical text, with every number: it outlives a change of defaults."""
        written = {
            "shift": (self.shift,) if self.shift else None,
            "flip": () if self.flip else None,
            "rotate": (self.rotate,) if self.rotate else None,
            "randaugment": self.rand_augment,
            "mixup": (self.mixup,) if self.mixup else None,
        }
        parts = [
            ":".join([name, *map(number_text, numbers)])
            for name, numbers in written.items()
            if numbers is not None
        ]
        return ",".join(parts) or "none"


NO_AUGMENTATION = AugmentationSpec()
SHIFT_AND_FLIP = AugmentationSpec(shift=4, flip=True)
"""Of the published protocols for CIFAR-10."""


def parse_augmentation(text: str) -> AugmentationSpec:
    """Read ``none`` or stages separated by commas, e.g. ``shift:4,flip,randaugment:3:5``.

    Numbers that are left out are 4 pixels, 20 degrees, 3 operations of magnitude 5, α = 1.

    Raises:
        UsageError: in one line, if the text is anything else.
    """
    found: dict[str, list[float]] = {}
    for part in [] if text.strip() == "none" else text.split(","):
        name, *written = part.strip().split(":")
        if name not in STAGES or len(written) > len(_NUMBERS[name]):
            raise UsageError(
                f"--augment: expected none or some of {FORMS}, got "
                f"{part.strip()!r}{did_you_mean(name, STAGES) or '; e.g. shift:4,flip'}"
            )
        if name in found:
            raise UsageError(f"--augment: expected {name} once, got {text!r}; name it once")
        numbers = _NUMBERS[name]
        found[name] = [_read(name, *pair) for pair in zip(numbers, written, strict=False)]
        found[name] += [number.default for number in numbers[len(written) :]]
    operations, magnitude = found.get("randaugment", (0, 0.0))
    return AugmentationSpec(
        shift=int(found.get("shift", [0])[0]),
        flip="flip" in found,
        rotate=found.get("rotate", [0.0])[0],
        rand_augment=(int(operations), magnitude) if "randaugment" in found else None,
        mixup=found.get("mixup", [0.0])[0],
    )


def _read(stage: str, number: _Number, text: str) -> float:
    try:
        value: float = int(text) if number.whole else float(text)
    except ValueError:
        value = float("nan")
    if not number.low <= value <= number.high:
        kind = "a whole number" if number.whole else "a number"
        raise UsageError(
            f"--augment: expected {number.name} of {stage} to be {kind} from {number.low:g} "
            f"to {number.high:g}, got {text!r}; e.g. {number_text(number.default)}"
        )
    return value
