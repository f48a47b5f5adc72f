"""What may enter an estimate, and the one sentence that says why something may not."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from esoftmax_jax import _checks
from esoftmax_jax._host_types import HostFloats
from esoftmax_jax.cleaning import _evidence
from esoftmax_jax.cleaning._foreign_arrays import as_array

SHARE = _checks.Interval(low=0.0, high=1.0, low_open=True, optional=True)
ACCURACY = _checks.Interval(low=0.0, high=1.0, optional=True)
_RESAMPLES = _checks.Interval(low=2, integer=True)


def checked_probabilities(value: Any) -> HostFloats:
    """Return probabilities (N, K) in float64."""
    _refuse_traced("probabilities", value)
    return _evidence.checked_probabilities(value)


def checked_features(value: Any) -> HostFloats:
    """Return features (N, D) in float64 and of one scale, their mean removed."""
    array = _host_array("features", value)
    if not any(_checks.is_kind(array.dtype, kind) for kind in (float, int)):
        raise TypeError(
            f"features: expected numbers, got {array.dtype}; encode categories, for instance "
            "one-hot"
        )
    if array.ndim != 2 or not array.size:
        remedy = "flatten pictures with features.reshape(len(features), -1)"
        if array.ndim == 1:
            remedy = "pass a single one as features.reshape(-1, 1)"
        raise ValueError(f"features: expected shape (N, D), got {array.shape}; {remedy}")
    rows = array.astype(np.float64)
    unknown = ~np.isfinite(rows)
    if unknown.any():
        row, column = np.argwhere(unknown)[0].tolist()
        raise ValueError(
            f"features: expected finite numbers, got {rows[row, column]:g} in row {row} "
            f"({unknown.any(axis=1).sum()} such rows); fill them in, or leave the examples out"
        )
    rows /= np.abs(rows).max() or 1.0  # the largest floats have no square
    rows -= rows.mean(axis=0)
    largest = np.abs(rows).max()
    if largest < 1e-12:
        raise ValueError(
            "features: expected rows that differ, got the same row for every example; pass "
            "other features"
        )
    scaled: HostFloats = rows / largest
    return scaled


def checked_labels(
    value: Any, *, rows: int, source: str, num_classes: int | None, fewest: int
) -> NDArray[np.int64]:
    """Return labels (N,), one for each row and enough of each class."""
    array = _host_array("labels", value)
    if not _checks.is_kind(array.dtype, int):
        raise TypeError(
            f"labels: expected an integer dtype, got {array.dtype}; number the classes from 0, "
            "as np.unique(labels, return_inverse=True)[1] does"
        )
    if array.ndim != 1:
        raise ValueError(
            f"labels: expected shape (N,), one for each example, got {array.shape}; of "
            "one-hot labels pass the argmax, of several annotators one column"
        )
    if len(array) != rows:
        raise ValueError(
            f"{source}: expected one row for each of {len(array)} labels, got {rows}; leave "
            "out examples without a label in both"
        )
    size = max(int(array.max()) + 1, 2) if num_classes is None else num_classes
    outside = np.flatnonzero((array < 0) | (array >= size))
    if outside.size:
        raise ValueError(
            f"labels: expected classes in [0, {size}), got {array[outside[0]]} in row "
            f"{outside[0]} ({outside.size} outside in all); correct them, or leave the "
            "examples out"
        )
    labels: NDArray[np.int64] = array.astype(np.int64)
    # A number that is no class, such as an id, would make a long list of counts.
    counts = np.bincount(labels[labels <= len(labels)], minlength=min(size, len(labels) + 1))
    if counts.min() < fewest:
        scarce = int(counts.argmin())
        raise ValueError(
            f"labels: expected at least {fewest} of every class, got {counts[scarce]} of class "
            f"{scarce}; leave the class out, number the others from 0, or join it with another"
        )
    return labels


def check_options(*, share: Any, clean_accuracy: Any, resamples: Any, level: Any) -> None:
    """Check what both estimates take."""
    _checks.check_hyperparameter("share", share, SHARE)
    _checks.check_hyperparameter("clean_accuracy", clean_accuracy, ACCURACY)
    _checks.check_hyperparameter("resamples", resamples, _RESAMPLES)
    _checks.check_hyperparameter("level", level, _checks.OPEN_UNIT)


def generator(key: Any) -> np.random.Generator:
    """Return the random numbers of a seed or of a JAX key."""
    if isinstance(key, (int, np.integer)) and not isinstance(key, bool):
        if key < 0:
            raise ValueError(f"key: expected a seed of at least 0, got {key}")
        return np.random.default_rng(int(key))
    if not _checks.is_of_jax(key):
        raise TypeError(f"key: expected a seed or a key from jax.random.key(seed), got {key!r}")
    import jax

    _checks.check_key("key", key, 0)
    return np.random.default_rng(np.asarray(jax.random.key_data(key)))


def _host_array(name: str, value: Any) -> NDArray[Any]:
    _refuse_traced(name, value)
    return np.asarray(as_array(name, value))


def _refuse_traced(name: str, value: object) -> None:
    if _checks.is_traced(value):
        raise TypeError(
            f"{name}: expected known values, got a traced array; estimate outside of jax.jit"
        )
