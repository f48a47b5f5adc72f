"""Folds: every example is held out of the training of one network, and asked of that one."""

from collections import Counter

import numpy as np
import numpy.typing as npt

from esoftmax_jax.app.data.dataset import Dataset
from esoftmax_jax.app.data.names import is_own
from esoftmax_jax.app.data.same_examples import Groups, same_content

Classes = npt.NDArray[np.int32]


def assign_folds(
    labels: Classes, folds: int, seed: int, groups: Groups | None = None
) -> npt.NDArray[np.int32]:
    """Return the fold of each example, int32 (N,), in [0, folds).

    Each class is spread evenly, and so are all examples. Those of a group, which are the same,
    lie in one fold: a network would be asked for what it has memorised. They count for
    the label of the first. The same seed gives the same folds.
    """
    rng = np.random.default_rng([seed, 3])
    first = np.arange(len(labels)) if groups is None else groups
    sizes = Counter(first.tolist())
    order = rng.permutation(len(labels))
    order = order[first[order] == order]  # the first of each group alone
    order = order[np.argsort(labels[order], kind="stable")]
    in_all, found = [0] * folds, np.zeros(len(labels), np.int32)
    in_class: dict[int, list[int]] = {}
    for place, label in zip(order.tolist(), labels[order].tolist(), strict=True):
        own = in_class.setdefault(label, [0] * folds)
        fold = min(range(folds), key=lambda one: (own[one], in_all[one]))
        own[fold] += sizes[place]
        in_all[fold] += sizes[place]
        found[place] = fold
    return found[first]


def same_examples(dataset: Dataset) -> Groups | None:
    """Tell which examples of one's own data are the same, if few enough are.

    Where most have a twin, as in a table of few different numbers, each stands for itself.
    """
    if not is_own(dataset.name):
        return None
    groups = same_content(dataset.train.images)
    return groups if 2 * len(np.unique(groups)) >= len(groups) else None


def fewest_examples(
    labels: Classes, num_classes: int, groups: Groups | None = None
) -> tuple[int, int]:
    """Return the class with the fewest examples, and how many; the same ones count once."""
    first = np.arange(len(labels)) if groups is None else groups
    _, different = np.unique(np.stack([first, labels]), axis=1)
    counts = np.bincount(different, minlength=num_classes)
    return int(counts.argmin()), int(counts.min())
