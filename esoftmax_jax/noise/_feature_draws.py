"""Wrong labels that the features decide: the checks of features, and the draw."""

import dataclasses
import math
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from esoftmax_jax._checks import check_unmasked
from esoftmax_jax._types import Array, ArrayLike
from esoftmax_jax.noise import _checks

# Examples that are multiplied at a time: few enough to be cheap where a class has only a
# hundred flips, many enough to keep a matrix product busy.
_CHUNK = 256

# Rows that are checked at a time, to bound the memory of the check.
_CHECKED_ROWS = 4096


@dataclasses.dataclass(frozen=True, eq=False)
class Examples:
    """Labels (N,), features (N, D) and ids (N,), checked and on the host."""

    labels: _checks.HostIntegers
    features: np.ndarray
    ids: _checks.HostIntegers
    num_classes: int


def checked_examples(
    labels: object, features: object, *, num_classes: int, example_ids: object
) -> Examples:
    """Returns the examples, each of them with a label, features and an id of its own."""
    host_labels = _checks.checked_labels(labels, num_classes=num_classes, will_be_flipped=True)
    num_examples = host_labels.size
    return Examples(
        labels=host_labels,
        ids=_checks.checked_example_ids(example_ids, num_examples=num_examples),
        features=_checked_features(features, num_examples=num_examples),
        num_classes=num_classes,
    )


def draw_wrong_labels(
    key: Array, examples: Examples, flipped: np.ndarray
) -> _checks.HostIntegers:
    """Returns, for each flipped example, a class drawn from softmax(x · W_y) without y.

    The entries of the other examples mean nothing. Classes are visited one after the other,
    so that no more than one matrix W_y is needed at a time.
    """
    weights_key, targets_key = jax.random.split(key)
    # A product may round a row differently at another place of the matrix. In the order of
    # (class, id) every example has a place of its own, whatever the order of the data.
    order = np.lexsort((examples.ids, examples.labels))
    order = order[flipped[order]]
    present, starts = np.unique(examples.labels[order], return_index=True)
    stops = [*starts[1:], order.size][: present.size]
    drawn: list[tuple[np.ndarray, jax.Array]] = []
    num_features = examples.features.shape[1]
    for class_number, start, stop in zip(present, starts, stops, strict=True):
        label = np.int32(class_number)
        weights = _class_weights(weights_key, label, (num_features, examples.num_classes))
        for first in range(start, stop, _CHUNK):
            rows = order[first : min(first + _CHUNK, stop)]
            # Padded to one shape, so that one program serves every class and every rate.
            features = np.zeros((_CHUNK, num_features), np.float32)
            features[: rows.size] = _in_float32(examples.features[rows])
            ids = np.zeros(_CHUNK, np.uint32)
            ids[: rows.size] = examples.ids[rows]
            drawn.append(
                (rows, _sample_other_class(targets_key, weights, features, ids, label))
            )
    targets = np.zeros(flipped.shape, np.int32)
    # Only now, so that the host gathers rows while the device still multiplies.
    for rows, chosen in drawn:
        targets[rows] = np.asarray(chosen)[: rows.size]
    return targets


def _checked_features(features: object, *, num_examples: int) -> np.ndarray:
    """Returns concrete floating-point features on the host, in shape (N, D)."""
    _checks.refuse_tracer(features, name="features", task="sorts examples")
    if not isinstance(features, jax.Array | np.ndarray):
        raise TypeError(
            f"features must be a floating-point array, got {type(features).__name__}; pass a "
            "JAX or NumPy array"
        )
    check_unmasked("features", features)
    if not jnp.issubdtype(features.dtype, jnp.floating):
        raise TypeError(
            f"features must have a floating-point dtype, got {features.dtype}; normalise them "
            "first, for example (images / 255 - mean) / std"
        )
    if features.ndim < 2 or features.shape[0] != num_examples or 0 in features.shape:
        raise ValueError(
            f"features must have shape ({num_examples}, ...), one row of at least one feature "
            f"per label, got shape {features.shape}; pass the features of the same examples "
            "in the same order"
        )
    array = np.asarray(features)
    rows = array.reshape(num_examples, math.prod(array.shape[1:]))
    for start in range(0, num_examples, _CHECKED_ROWS):
        # In float32, in which they will be multiplied: 1e300 is not finite there.
        finite = np.isfinite(_in_float32(rows[start : start + _CHECKED_ROWS])).all(axis=1)
        if not finite.all():
            index = start + int(np.argmin(finite))
            raise ValueError(
                f"features must be finite in float32, got NaN or infinity in row {index}; "
                "correct the data, or the constants of its normalisation"
            )
    return rows


def _in_float32(values: np.ndarray) -> np.ndarray:
    # What does not fit becomes infinite, which the check reports in its own words.
    with np.errstate(over="ignore"):
        return values.astype(np.float32, copy=False)


@partial(jax.jit, static_argnames="shape")
def _class_weights(key: Array, label: ArrayLike, shape: tuple[int, int]) -> Array:
    return jax.random.normal(jax.random.fold_in(key, label), shape, jnp.float32)


@jax.jit
def _sample_other_class(
    key: Array,
    weights: Array,
    features: ArrayLike,
    example_ids: ArrayLike,
    label: ArrayLike,
) -> Array:
    # At the precision that the accelerator would choose, logits as wide as √D would be off
    # by whole units.
    logits = jnp.matmul(features, weights, precision=jax.lax.Precision.HIGHEST)
    gumbels = jax.vmap(
        lambda example_id: jax.random.gumbel(
            jax.random.fold_in(key, example_id), weights.shape[1:], jnp.float32
        )
    )(example_ids)
    # The largest of logit plus Gumbel noise is a draw from the softmax. Products of huge
    # features overflow; made finite, all of them beat the −∞ of the true class.
    scores = jnp.nan_to_num(logits) + gumbels
    is_true_class = jnp.arange(weights.shape[1], dtype=jnp.int32) == label
    return jnp.argmax(jnp.where(is_true_class, -jnp.inf, scores), axis=1).astype(jnp.int32)
