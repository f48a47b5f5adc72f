"""The ``--noise`` option: which labels are made wrong, and how many."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

from esoftmax_jax import noise
from experiments._datasets import Dataset
from experiments._errors import UsageError

KINDS = ("none", "symmetric", "asymmetric", "pairwise")
Labels = npt.NDArray[np.int32]


@dataclasses.dataclass(frozen=True)
class NoiseSpec:
    """Parsed form of ``none``, ``symmetric:R``, ``asymmetric:R`` or ``pairwise:R``."""

    kind: str
    rate: float

    def __str__(self) -> str:
        return self.kind if self.kind == "none" else f"{self.kind}:{self.rate:g}"


def parse_noise(text: str) -> NoiseSpec:
    """Read a noise specification."""
    kind, _, rate_text = text.partition(":")
    expected = "none, symmetric:R, asymmetric:R or pairwise:R with R in [0, 1]"
    if kind not in KINDS or (kind == "none") != (rate_text == ""):
        raise UsageError(f"--noise: expected {expected}, got {text!r}; e.g. symmetric:0.6")
    if kind == "none":
        return NoiseSpec("none", 0.0)
    try:
        rate = float(rate_text)
    except ValueError:
        rate = float("nan")
    if not 0 <= rate <= 1:
        raise UsageError(f"--noise: expected {expected}, got {text!r}; e.g. {kind}:0.4")
    return NoiseSpec(kind, rate)


def apply_noise(spec: NoiseSpec, dataset: Dataset, seed: int) -> Labels:
    """Draw noisy training labels; the seed alone decides them.

    ``symmetric`` flips the same number in every class, as the paper does, unless a class has
    too few examples for that; then it flips the same share of each. ``asymmetric`` uses the
    dataset's published class map. A dataset that has none gets ``pairwise``, class k to k + 1.
    """
    clean = dataset.train_labels
    if spec.kind == "none":
        return clean
    # A stream of its own: the same labels whatever else the run draws from its seed.
    key = jax.random.fold_in(jax.random.key(seed), 0x6E6F)
    labels = jnp.asarray(clean)
    classes = dataset.num_classes
    try:
        if spec.kind == "symmetric":
            noisy = noise.symmetric_noise(
                key,
                labels,
                num_classes=classes,
                rate=spec.rate,
                per_class="proportional" if _too_few(spec, dataset) else "equal",
            )
        else:
            named = spec.kind == "asymmetric" and dataset.class_map is not None
            mapping = dataset.class_map if named else noise.pairwise_class_map(classes)
            assert mapping is not None
            noisy = noise.asymmetric_noise(
                key, labels, class_map=mapping, num_classes=classes, rate=spec.rate
            )
    except ValueError as error:
        raise UsageError(f"--noise {spec}: {error}") from error
    return np.asarray(noisy, np.int32)


def _too_few(spec: NoiseSpec, dataset: Dataset) -> bool:
    """Whether some class has fewer examples than the equal count per class would flip."""
    counts = np.bincount(dataset.train_labels, minlength=dataset.num_classes)
    return bool(counts.min() < spec.rate * counts.sum() / dataset.num_classes)
