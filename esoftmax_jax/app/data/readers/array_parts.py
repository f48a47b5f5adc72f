"""A data set out of arrays in memory, those of an archive or the user's own."""

import dataclasses
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from esoftmax_jax.app.data.checks import checked_ids, checked_images, checked_labels
from esoftmax_jax.app.data.feature_offsets import find_offsets, offset_note, without_offsets
from esoftmax_jax.app.data.label_text import listed_alike, same_looking
from esoftmax_jax.app.data.parts import (
    Parts,
    RawExamples,
    divided,
    held_out_fifth,
    sentences,
)
from esoftmax_jax.app.data.readers.archive_labels import numbered_from_0
from esoftmax_jax.app.data.readers.wide_images import arrays_to_bytes
from esoftmax_jax.app.data.telling_columns import warn_of_telling_columns
from esoftmax_jax.app.files.arrays import Array
from esoftmax_jax.app.terminal.messages import UsageError


def parts_of_arrays(
    arrays: Mapping[str, Array],
    called: Mapping[str, str],
    origin: str,
    *,
    literal_labels: bool = False,
    notes: Sequence[str] = (),
    feature_names: tuple[str, ...] = (),
) -> Parts:
    """Make a data set of arrays; where it has no test set, a fifth becomes it.

    Labels may be one-hot, names or truth values, or number classes from 1, without
    ``class_names``.

    Args:
        arrays: ``train_images`` and ``train_labels``, and if you like ``test_images`` with
            ``test_labels``, ``train_clean_labels``, ``class_names`` and ``train_ids``.
        called: what their names are for the user.
        origin: what to call the whole in a message.
        literal_labels: as in ``load_dataset``.
        notes: on what was read.
        feature_names: of the columns of a frame of numbers.
    """
    arrays, called = dict(arrays), dict(called)
    names, further = arrays.pop("class_names", None), list[str]()
    class_names = None if names is None else _class_names(names, origin)
    if names is None:
        labels = {key: array for key, array in arrays.items() if key.endswith("labels")}
        where = {key: f"{origin}: {called[key]}" for key in labels}
        labels, class_names, further = numbered_from_0(labels, where, literal=literal_labels)
        arrays |= labels
    ids = arrays.pop("train_ids", None)
    arrays, value_range, said, warnings = arrays_to_bytes(arrays)
    notes = [*said, *further, *notes]
    warnings = [*warnings, *_telling(arrays, feature_names)]
    offsets = find_offsets(arrays["train_images"])
    places = [f"column {place}" for place in range(len(offsets))]
    notes += offset_note(offsets, feature_names or places)
    arrays |= {
        key: without_offsets(array, offsets)
        for key, array in arrays.items()
        if key.endswith("images")
    }
    train = RawExamples(
        arrays["train_images"], arrays["train_labels"], arrays.get("train_clean_labels"), ids
    )
    tested = "test_labels" in arrays
    test = RawExamples(arrays["test_images"], arrays["test_labels"]) if tested else train
    parts = Parts(
        train=train,
        test=test.trusted(),
        class_names=class_names,
        called=called,
        note=sentences([*(f"warning: {text}" for text in warnings), *notes]),
        feature_names=feature_names,
        feature_offsets=offsets,
        warnings=tuple(warnings),
        value_range=value_range,
    )
    return parts if tested else _divided(parts, origin, notes)


def _telling(arrays: Mapping[str, Array], names: Sequence[str]) -> list[str]:
    """Return a warning of columns of features from which labels can be read."""
    features, labels = arrays["train_images"], arrays["train_labels"]
    if features.ndim != 2 or labels.ndim != 1:
        return []
    called = names or list(map(str, range(features.shape[1])))
    return warn_of_telling_columns(zip(called, features.T, strict=True), labels.tolist())


def _divided(parts: Parts, origin: str, notes: Sequence[str]) -> Parts:
    """Hold out a fifth of the training set, once it is known to be one."""

    def where(key: str) -> str:
        return f"{origin}: {parts.called[key]}"

    def labels(array: Array, key: str) -> Array:
        return checked_labels(array, where(key), rows=len(images), num_classes=None)

    train = parts.train
    images = checked_images(train.images, where("train_images"))
    observed, truth = labels(train.observed, "train_labels"), None
    if train.truth is not None:
        truth = labels(train.truth, "train_clean_labels")
    ids = np.arange(len(images))
    if train.ids is not None:
        ids = checked_ids(train.ids, where("train_ids"), rows=len(images))
    examples = RawExamples(images, observed, truth, ids, sources=ids.astype(str))
    test = held_out_fifth(examples.reference)
    if not test.any():
        raise UsageError(
            f"{origin}: expected at least 3 examples of a class to hold out a fifth, got "
            "fewer; add examples, or the arrays test_images and test_labels"
        )
    rest = divided(
        examples,
        test,
        (),
        held_out=True,
        notes=notes,
        feature_names=parts.feature_names,
        feature_offsets=parts.feature_offsets,
        warnings=parts.warnings,
        value_range=parts.value_range,
    )
    return dataclasses.replace(
        rest,
        class_names=parts.class_names,
        source_ids=ids,
        # The test set's labels are some of the same arrays.
        called=parts.called
        | {key.replace("train", "test"): name for key, name in parts.called.items()},
    )


def _class_names(names: Array, origin: str) -> tuple[str, ...]:
    where = f"{origin}: class_names"
    if names.ndim != 1 or names.dtype.kind != "U":
        raise UsageError(
            f"{where}: expected strings, shape (K,), got {names.dtype} of shape "
            f"{names.shape}; write numpy.array([NAME, ...])"
        )
    listed: list[str] = names.tolist()
    name, count = Counter(listed).most_common(1)[0] if listed else ("", 0)
    if count > 1:
        raise UsageError(
            f"{where}: expected distinct names, got {name!r} {count} times; rename the others"
        )
    if alike := listed_alike(same_looking(listed)):
        raise UsageError(
            f"{where}: expected names that look different, got {alike}; rename one of them"
        )
    return tuple(listed)
