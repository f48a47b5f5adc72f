"""From a noise specification to the labels, and perhaps images, that a run trains on."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

from esoftmax_jax import noise
from esoftmax_jax.app.augment.augment_spec import AugmentationSpec
from esoftmax_jax.app.augment.stages import augment, check_augmentation
from esoftmax_jax.app.data.dataset import Dataset
from esoftmax_jax.app.labels.matrix_file import read_matrix
from esoftmax_jax.app.labels.noise_spec import NoiseSpec
from esoftmax_jax.app.terminal.messages import UsageError

Labels = npt.NDArray[np.int32]


@dataclasses.dataclass(frozen=True, eq=False)
class NoisyTraining:
    """What a run trains on.

    Attributes:
        labels: int32 (N,), the labels.
        foreign: int32 (N,), the row of the foreign image that takes the place of an example's
            own, −1 where it keeps its own; None if all do.
        report: realised rate, transitions and hash of the labels.
        known: whether wrong labels can be counted; otherwise ``report`` has only zeros.
    """

    labels: Labels
    foreign: Labels | None
    report: noise.NoiseReport
    known: bool = True

    @property
    def foreign_rate(self) -> float:
        """Share of examples whose image belongs to none of the classes."""
        return 0.0 if self.foreign is None else float(np.mean(self.foreign >= 0))

    def wrong(self, clean: Labels) -> npt.NDArray[np.bool_]:
        """Mark the examples whose label does not say what they show."""
        differing: npt.NDArray[np.bool_] = self.labels != clean
        return differing if self.foreign is None else differing | (self.foreign >= 0)

    def to_json(self) -> dict[str, Any]:
        """Return what every result keeps of its noise."""
        values = self.report.to_json()
        if not self.known:
            values |= {"num_wrong": None, "rate": None, "counts": None}
        return (
            values if self.foreign is None else {**values, "open_set_rate": self.foreign_rate}
        )


def apply_noise(spec: NoiseSpec, dataset: Dataset, seed: int) -> NoisyTraining:
    """Draw or read the training labels; the seed and the examples' ids decide a draw.

    ``symmetric`` flips the same number in every class, as the paper does, unless a class has
    too few examples for that; then it flips the same share of each. ``asymmetric`` uses the
    dataset's published class map. A dataset that has none gets ``pairwise``, class k to k + 1.

    Raises:
        UsageError: the dataset, or a file, does not fit the noise.
    """
    # A stream of its own: the same labels whatever else the run draws from its seed.
    key = jax.random.fold_in(jax.random.key(seed), 0x6E6F)
    labels, foreign = dataset.train_labels, None
    try:
        if spec.kind == "open-set":
            foreign = _open_set(spec, dataset, key)
        elif spec.kind in _FROM_OUTSIDE:
            labels = _FROM_OUTSIDE[spec.kind](spec, dataset, key)
        elif spec.kind != "none":
            labels = np.asarray(
                _DRAWN[spec.kind](spec, dataset, key, _common(dataset)), np.int32
            )
        # In the order of the ids, so that the hash does not depend on how a set is stored.
        order = np.argsort(dataset.train_ids)
        report = noise.describe_noise(
            dataset.train_labels[order], labels[order], num_classes=dataset.num_classes
        )
    except UsageError:
        raise
    except (ValueError, TypeError) as error:
        raise UsageError(f"--noise {spec}: {error}") from error
    known = dataset.clean_labels or spec.kind != "none"
    return NoisyTraining(labels, foreign, report, known)


def what_counts_as_wrong(dataset: Dataset) -> str:
    """Return a sentence for data whose own labels may be wrong, or nothing."""
    if dataset.clean_labels:
        return ""
    return (
        f"Rate of wrong labels unknown: no clean labels in {dataset.name}; labels that are "
        "changed on purpose are counted from its own."
    )


def normalised_features(dataset: Dataset) -> npt.NDArray[np.float32]:
    """Return the training images as rows of float32, (N, D), normalised as for training."""
    features: npt.NDArray[np.float32] = dataset.normalised(dataset.train_images)
    return features.reshape(len(features), -1)


def _common(dataset: Dataset) -> dict[str, Any]:
    return {"num_classes": dataset.num_classes, "example_ids": dataset.train_ids}


def _symmetric(spec: NoiseSpec, dataset: Dataset, key: jax.Array, common: Any) -> Any:
    counts = np.bincount(dataset.train_labels, minlength=dataset.num_classes)
    too_few = counts.min() < spec.rate * counts.sum() / dataset.num_classes
    return noise.symmetric_noise(
        key,
        jnp.asarray(dataset.train_labels),
        rate=spec.rate,
        per_class="proportional" if too_few else "equal",
        **common,
    )


def _class_map(dataset: Dataset) -> Any:
    return dataset.class_map or _pairwise_map(dataset)


def _pairwise_map(dataset: Dataset) -> Any:
    return noise.pairwise_class_map(dataset.num_classes)


def _with_features(
    draw: Callable[..., Any], features: Callable[[Dataset], Any]
) -> Callable[..., Any]:
    def run(spec: NoiseSpec, dataset: Dataset, key: jax.Array, common: Any) -> Any:
        labels = jnp.asarray(dataset.train_labels)
        return draw(key, labels, features(dataset), rate=spec.rate, **common)

    return run


def _view_features(dataset: Dataset) -> npt.NDArray[np.float32]:
    """Return one shifted and mirrored view of each image, as rows.

    The labels that were published with the ε-softmax paper were drawn from the images as its
    training transforms them, so that the image explains less of them. All seeds share their
    views, as they share their images.
    """
    ids = jnp.asarray(dataset.train_ids.astype(np.uint32))
    keys = jax.vmap(lambda one: jax.random.fold_in(jax.random.key(0), one))(ids)
    view = jax.jit(augment, static_argnums=0)
    spec = AugmentationSpec(shift=4, flip=True)
    check_augmentation(spec, dataset.train_images)
    views = np.asarray(view(spec, keys, jnp.asarray(dataset.train_images)))
    return normalised_features(dataclasses.replace(dataset, train_images=views))


def _annotators(spec: NoiseSpec, dataset: Dataset, key: jax.Array, common: Any) -> Any:
    classes = dataset.num_classes
    matrix = np.full((classes, classes), spec.rate / (classes - 1))
    np.fill_diagonal(matrix, 1 - spec.rate)
    drawing, voting = jax.random.split(key)
    annotations = noise.annotator_labels(
        drawing,
        jnp.asarray(dataset.train_labels),
        matrices=np.stack([matrix] * spec.annotators),
        example_ids=dataset.train_ids,
    )
    return noise.majority_vote(voting, annotations, **common)


def _matrix(spec: NoiseSpec, dataset: Dataset, key: jax.Array, _: Any) -> Any:
    return noise.transition_matrix_noise(
        key,
        jnp.asarray(dataset.train_labels),
        matrix=read_matrix(Path(spec.source), dataset.num_classes),
        example_ids=dataset.train_ids,
    )


def _matched(spec: NoiseSpec, dataset: Dataset, key: jax.Array, _: Any) -> Any:
    observed = noise.transition_matrix(
        dataset.train_labels, _from_columns(spec, dataset, key), num_classes=dataset.num_classes
    )
    return noise.transition_matrix_noise(
        key,
        jnp.asarray(dataset.train_labels),
        matrix=np.asarray(observed),
        example_ids=dataset.train_ids,
    )


def _plain(draw: Callable[..., Any], **options: Any) -> Callable[..., Any]:
    def run(spec: NoiseSpec, dataset: Dataset, key: jax.Array, common: Any) -> Any:
        given = {name: value(dataset) for name, value in options.items()}
        labels = jnp.asarray(dataset.train_labels)
        return draw(key, labels, rate=spec.rate, **common, **given)

    return run


_DRAWN: dict[str, Callable[..., Any]] = {
    "symmetric": _symmetric,
    "symmetric-bernoulli": _plain(noise.bernoulli_symmetric_noise),
    "symmetric-resampled": _plain(noise.resampled_symmetric_noise),
    "pairwise": _plain(noise.asymmetric_noise, class_map=_pairwise_map),
    "asymmetric": _plain(noise.asymmetric_noise, class_map=_class_map),
    "asymmetric-sequential": _plain(noise.sequential_asymmetric_noise, class_map=_class_map),
    "instance": _with_features(noise.instance_dependent_noise, normalised_features),
    "instance-views": _with_features(noise.instance_dependent_noise, _view_features),
    "part": _with_features(noise.part_dependent_noise, normalised_features),
    "annotators": _annotators,
    "matrix": _matrix,
    "matched": _matched,
}


def _from_columns(spec: NoiseSpec, dataset: Dataset, _: jax.Array) -> Labels:
    """Find the labels in the file that was given, else among those the dataset brings."""
    ours: dict[str, Any] = {"id": dataset.train_ids, **dataset.label_sets}
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
        labels: Labels = noise.match_labels(
            columns,
            spec.source or None,
            clean_labels=dataset.train_labels,
            num_classes=dataset.num_classes,
            example_ids=dataset.train_ids,
        )
    except ValueError as error:
        # What the function could be told instead is no option here.
        raise ValueError(str(error).removesuffix(" (check_order=False accepts them)")) from None
    return labels


def _given(spec: NoiseSpec, dataset: Dataset, _: jax.Array) -> Labels:
    if "given" not in dataset.label_sets:
        raise UsageError(
            f"--noise {spec}: expected a dataset with clean labels beside those given, got "
            f"{dataset.name}; without clean labels, --noise none trains on the labels as given"
        )
    return dataset.label_sets["given"]


_FROM_OUTSIDE = {"human": _from_columns, "labels": _from_columns, "given": _given}


def _open_set(spec: NoiseSpec, dataset: Dataset, key: jax.Array) -> Labels:
    assert dataset.foreign_images is not None, "loaded with the options"
    drawn = noise.open_set_replacements(
        key,
        jnp.asarray(dataset.train_labels),
        rate=spec.rate,
        num_foreign=len(dataset.foreign_images),
        **_common(dataset),
    )
    return np.asarray(drawn, np.int32)
