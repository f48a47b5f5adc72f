"""How the labels of each kind of noise are drawn or read: one function a kind.

Each takes a specification, the data and a key, and returns the labels of the training examples;
``open_set`` returns rows of foreign images instead. ``noise_kinds`` says which kind has which.
"""

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

from esoftmax_jax import noise
from esoftmax_jax.app.augment.augment_spec import SHIFT_AND_FLIP
from esoftmax_jax.app.augment.stages import augment, check_augmentation
from esoftmax_jax.app.data.dataset import Dataset
from esoftmax_jax.app.files.arrays import Array, ClassNumbers
from esoftmax_jax.app.labels.noise_spec import NoiseSpec
from esoftmax_jax.app.terminal.messages import UsageError

Draw = Callable[[NoiseSpec, Dataset, jax.Array], Any]


def normalised_features(dataset: Dataset) -> npt.NDArray[np.float32]:
    """Return the training images as rows of float32, (N, D), normalised as for training."""
    return _as_rows(dataset, dataset.train.images)


def _as_rows(dataset: Dataset, images: Array) -> npt.NDArray[np.float32]:
    features: npt.NDArray[np.float32] = dataset.normalised(images)
    return features.reshape(len(features), -1)


def _start(dataset: Dataset) -> jax.Array:
    """Return the labels that noise is added to: the right ones, where these are known."""
    return jnp.asarray(dataset.train.labels.reference)


def _common(dataset: Dataset) -> dict[str, Any]:
    return {"num_classes": dataset.num_classes, "example_ids": dataset.train.ids}


def symmetric(spec: NoiseSpec, dataset: Dataset, key: jax.Array) -> Any:
    counts = np.bincount(dataset.train.labels.reference, minlength=dataset.num_classes)
    # As noise.symmetric_noise counts: whole examples, of the rate that the digits spell.
    number = Fraction(str(spec.rate)) * int(counts.sum()) / dataset.num_classes
    too_few = counts.min() < math.floor(number)
    return noise.symmetric_noise(
        key,
        _start(dataset),
        rate=spec.rate,
        per_class="proportional" if too_few else "equal",
        **_common(dataset),
    )


def _class_map(dataset: Dataset) -> Any:
    return dataset.class_map or _pairwise_map(dataset)


def _pairwise_map(dataset: Dataset) -> Any:
    return noise.pairwise_class_map(dataset.num_classes)


def _with_features(draw: Callable[..., Any], features: Callable[[Dataset], Any]) -> Draw:
    def run(spec: NoiseSpec, dataset: Dataset, key: jax.Array) -> Any:
        labels = _start(dataset)
        return draw(key, labels, features(dataset), rate=spec.rate, **_common(dataset))

    return run


def _view_features(dataset: Dataset) -> npt.NDArray[np.float32]:
    """Return one shifted and mirrored view of each image, as rows.

    The labels that were published with the ε-softmax paper were drawn from the images as its
    training transforms them, so that the image explains less of them. All seeds share their
    views, as they share their images.
    """
    ids = jnp.asarray(dataset.train.ids.astype(np.uint32))
    keys = jax.vmap(lambda one: jax.random.fold_in(jax.random.key(0), one))(ids)
    view = jax.jit(augment, static_argnums=0)
    images = dataset.train.images
    check_augmentation(SHIFT_AND_FLIP, images)
    return _as_rows(dataset, np.asarray(view(SHIFT_AND_FLIP, keys, jnp.asarray(images))))


def annotators(spec: NoiseSpec, dataset: Dataset, key: jax.Array) -> Any:
    classes = dataset.num_classes
    matrix = np.full((classes, classes), spec.rate / (classes - 1))
    np.fill_diagonal(matrix, 1 - spec.rate)
    drawing, voting = jax.random.split(key)
    annotations = noise.annotator_labels(
        drawing,
        _start(dataset),
        matrices=np.stack([matrix] * spec.annotators),
        example_ids=dataset.train.ids,
    )
    return noise.majority_vote(voting, annotations, **_common(dataset))


def matrix(spec: NoiseSpec, dataset: Dataset, key: jax.Array) -> Any:
    assert spec.matrix is not None, "read with the options"
    return noise.transition_matrix_noise(
        key,
        _start(dataset),
        matrix=spec.matrix.values,
        example_ids=dataset.train.ids,
    )


def matched(spec: NoiseSpec, dataset: Dataset, key: jax.Array) -> Any:
    observed = noise.transition_matrix(
        dataset.train.labels.reference,
        from_columns(spec, dataset, key),
        num_classes=dataset.num_classes,
    )
    return noise.transition_matrix_noise(
        key,
        _start(dataset),
        matrix=np.asarray(observed),
        example_ids=dataset.train.ids,
    )


def _plain(draw: Callable[..., Any], **options: Any) -> Draw:
    def run(spec: NoiseSpec, dataset: Dataset, key: jax.Array) -> Any:
        given = {name: value(dataset) for name, value in options.items()}
        labels = _start(dataset)
        return draw(key, labels, rate=spec.rate, **_common(dataset), **given)

    return run


bernoulli_symmetric = _plain(noise.bernoulli_symmetric_noise)
resampled_symmetric = _plain(noise.resampled_symmetric_noise)
pairwise = _plain(noise.asymmetric_noise, class_map=_pairwise_map)
asymmetric = _plain(noise.asymmetric_noise, class_map=_class_map)
sequential_asymmetric = _plain(noise.sequential_asymmetric_noise, class_map=_class_map)
instance = _with_features(noise.instance_dependent_noise, normalised_features)
instance_of_views = _with_features(noise.instance_dependent_noise, _view_features)
part = _with_features(noise.part_dependent_noise, normalised_features)


def from_columns(spec: NoiseSpec, dataset: Dataset, _: jax.Array) -> ClassNumbers:
    """Find the labels in the file that was given, else among those the dataset brings."""
    ours: dict[str, Any] = {"id": dataset.train.ids, **dataset.label_columns}
    columns = ours if dataset.label_file is None else dataset.label_file.columns
    if not noise.noisy_columns(columns):
        raise UsageError(
            f"--noise {spec}: expected a file of labels, got none; pass --labels FILE (.npy, "
            ".npz, .json, .csv) or a dataset that brings its own"
        )
    names = noise.noisy_columns(columns)
    if not spec.source and len(names) > 1:
        raise UsageError(
            f"--noise {spec}: expected a column, because the labels have several, got none; "
            f"write {spec}:COLUMN with COLUMN among {', '.join(names)}"
        )
    try:
        labels: ClassNumbers = noise.match_labels(
            columns,
            spec.source or None,
            clean_labels=dataset.train.labels.reference,
            num_classes=dataset.num_classes,
            example_ids=dataset.train.ids,
        )
    except ValueError as error:
        # What the function could be told instead is no option here.
        raise ValueError(str(error).removesuffix(" (check_order=False accepts them)")) from None
    return labels


def given(spec: NoiseSpec, dataset: Dataset, _: jax.Array) -> ClassNumbers:
    if not dataset.train.labels.paired:
        raise UsageError(
            f"--noise {spec}: expected a dataset with clean labels beside those given, got "
            f"{dataset.name}; without clean labels, --noise none trains on the labels as given"
        )
    return dataset.train.labels.observed


def open_set(spec: NoiseSpec, dataset: Dataset, key: jax.Array) -> ClassNumbers:
    assert dataset.foreign_images is not None, "loaded with the options"
    drawn = noise.open_set_replacements(
        key,
        _start(dataset),
        rate=spec.rate,
        num_foreign=len(dataset.foreign_images),
        **_common(dataset),
    )
    return np.asarray(drawn, np.int32)
