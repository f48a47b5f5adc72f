"""Numbers so large that float32 does not tell them apart: what is subtracted before."""

from collections.abc import Sequence

import numpy as np

from esoftmax_jax.app.files.arrays import Array

_KEPT = 0.95  # of the different values of a column


def find_offsets(features: Array) -> tuple[float, ...]:
    """Return what to subtract from each column of features before they become float32.

    That is the median of a column of which float32 would make many values equal, such as times
    in seconds, and 0 of others.

    Args:
        features: (N, D); of anything else than float64 nothing is lost.

    Returns:
        D numbers, or none where all are 0.
    """
    if features.dtype != np.float64 or features.ndim != 2:
        return ()
    offsets = [_offset(column) for column in features.T]
    return tuple(offsets) if any(offsets) else ()


def _offset(column: Array) -> float:
    if not len(column) or not np.isfinite(column).all():
        return 0.0
    median = float(np.median(column))
    told_apart = _told_apart(column)
    if told_apart >= _KEPT * len(np.unique(column)):
        return 0.0
    return median if _told_apart(column - median) > told_apart else 0.0


def _told_apart(column: Array) -> int:
    with np.errstate(over="ignore"):
        return len(np.unique(column.astype(np.float32)))


def without_offsets(features: Array, offsets: Sequence[float]) -> Array:
    """Return features less the offsets, float32; others, or without offsets, as they are."""
    if not offsets or features.shape[1:] != (len(offsets),):
        return features
    with np.errstate(over="ignore"):
        less: Array = features.astype(np.float64) - np.array(offsets)
        return less.astype(np.float32)


def offset_note(offsets: Sequence[float], names: Sequence[str]) -> list[str]:
    """Say of which columns something is subtracted."""
    called = [repr(name) for name, offset in zip(names, offsets, strict=False) if offset]
    if not called:
        return []
    return [
        f"the median is subtracted from {', '.join(called)}, as float32 does not tell numbers "
        "as large as there apart"
    ]
