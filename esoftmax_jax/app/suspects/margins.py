"""How little a network agreed with labels."""

import dataclasses

import numpy as np
import numpy.typing as npt


@dataclasses.dataclass(frozen=True, eq=False)
class Margins:
    """What a network thought of the labels, averaged over epochs.

    Attributes:
        mean: float32 (N,), mean margin.
        suggestions: int (N,), the class that was most often the likeliest other one.
        epochs: how many epochs were looked at.
    """

    mean: npt.NDArray[np.float32]
    suggestions: npt.NDArray[np.int64]
    epochs: int
