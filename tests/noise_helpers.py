"""Labels and draws that the tests of noise share."""

from typing import Any

import jax
import numpy as np
import pytest

from esoftmax_jax.noise import (
    asymmetric_noise,
    symmetric_noise,
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


def draw(kind: str, key: jax.Array, labels: Any, **kwargs: Any) -> jax.Array:
    if kind == "symmetric":
        return symmetric_noise(key, labels, num_classes=10, rate=0.3, **kwargs)
    return asymmetric_noise(key, labels, class_map="cifar10", rate=0.3, **kwargs)


both_kinds = pytest.mark.parametrize("kind", ["symmetric", "asymmetric"])
