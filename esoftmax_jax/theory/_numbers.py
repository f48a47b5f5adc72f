"""What is taken for probabilities."""

import numpy as np

from esoftmax_jax._checks import check_unmasked
from esoftmax_jax._host_types import HostFloats, Numbers


def probability_numbers(name: str, values: Numbers) -> HostFloats:
    """Return numbers in float64, of any shape.

    Raises:
        TypeError: some are none: texts are names of classes, even "1".
        ValueError: rows differ in length, or some are masked.
    """
    check_unmasked(name, values)
    try:
        given = np.asarray(values)
    except ValueError:
        raise ValueError(
            f"{name}: expected rows of one length, got {values!r}; give each class a number"
        ) from None
    for one in given.ravel().tolist() if given.dtype.kind not in "biufV" else ():
        try:
            if isinstance(one, str | bytes | complex):
                raise TypeError
            float(one)
        except TypeError:
            raise TypeError(
                f"{name}: expected numbers, got {one!r}; pass the probability of each class, "
                "such as [0.9, 0.1]"
            ) from None
    return given.astype(np.float64)
