"""Labels and noise models that the tests of noise share."""

import io
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest

from esoftmax_jax.noise import (
    annotator_labels,
    asymmetric_noise,
    bernoulli_symmetric_noise,
    describe_noise,
    instance_dependent_noise,
    majority_vote,
    part_dependent_noise,
    resampled_symmetric_noise,
    sequential_asymmetric_noise,
    symmetric_noise,
    transition_matrix_noise,
)

KEY = jax.random.key(7)


def balanced(num_classes: int, per_class: int, seed: int = 0) -> np.ndarray:
    labels = np.repeat(np.arange(num_classes, dtype=np.int32), per_class)
    return np.random.default_rng(seed).permutation(labels)


def unbalanced() -> np.ndarray:
    labels = np.repeat(np.arange(4, dtype=np.int32), [7, 100, 33, 1])
    return np.random.default_rng(1).permutation(labels)


def flips_per_class(clean: np.ndarray, noisy: Any, num_classes: int) -> list[int]:
    changed = clean[np.asarray(noisy) != clean]
    return [int((changed == label).sum()) for label in range(num_classes)]


def counted(clean: Any, noisy: Any, num_classes: int) -> np.ndarray:
    return describe_noise(clean, noisy, num_classes=num_classes).counts


def chi_square(observed: Any, expected: Any) -> float:
    return float(((observed - expected) ** 2 / expected).sum())


MANY = balanced(5, 4000)

# Every class is confused with some others, to unequal shares.
CONFUSION = 0.6 * np.eye(10) + 0.3 * np.eye(10)[(np.arange(10) + 3) % 10] + 0.01


def annotated_thrice(key: jax.Array, labels: Any, **kwargs: Any) -> jax.Array:
    annotations = annotator_labels(key, labels, matrices=[CONFUSION] * 3, **kwargs)
    return majority_vote(key, annotations, num_classes=10, **kwargs)


def with_features(noise: Callable[..., jax.Array]) -> Callable[..., jax.Array]:
    """Gives every example twelve features that its id decides."""

    def draw(key: jax.Array, labels: Any, **kwargs: Any) -> jax.Array:
        ids = np.ravel(kwargs.get("example_ids", np.arange(np.size(labels))))
        features = np.cos(np.outer(ids, np.sqrt(np.arange(2, 14)))).astype(np.float32)
        return noise(key, labels, features, num_classes=10, rate=0.3, **kwargs)

    return draw


# Whatever makes labels of ten classes wrong; the contract tests run for every line.
NOISE_MODELS: dict[str, Callable[..., jax.Array]] = {
    "symmetric": partial(symmetric_noise, num_classes=10, rate=0.3),
    "bernoulli": partial(bernoulli_symmetric_noise, num_classes=10, rate=0.3),
    "resampled": partial(resampled_symmetric_noise, num_classes=10, rate=0.3),
    "asymmetric": partial(asymmetric_noise, class_map="cifar10", rate=0.3),
    "sequential": partial(sequential_asymmetric_noise, class_map="cifar10", rate=0.3),
    "matrix exact": partial(transition_matrix_noise, matrix=CONFUSION),
    "matrix independent": partial(
        transition_matrix_noise, matrix=CONFUSION, counts="independent"
    ),
    "majority of three": annotated_thrice,
    "instance": with_features(instance_dependent_noise),
    "part": with_features(part_dependent_noise),
}

every_model = pytest.mark.parametrize("draw", NOISE_MODELS.values(), ids=NOISE_MODELS)


def write_npy_of_pickle(path: Path, content: bytes) -> Path:
    """Write an object array's header and then any pickle at all."""
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"descr": "|O", "fortran_order": False, "shape": ()}
    )
    path.write_bytes(header.getvalue() + content)
    return path
