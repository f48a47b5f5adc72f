"""Parts of a dataset's training examples, with all that belongs to them."""

import dataclasses

import jax
import numpy as np
import numpy.typing as npt

from esoftmax_jax import noise
from esoftmax_jax.app.data.dataset import Dataset
from esoftmax_jax.app.terminal.messages import UsageError


def first_examples(dataset: Dataset, count: int | None) -> Dataset:
    """Return a dataset with the first so many training examples; None: all.

    Raises:
        UsageError: there are fewer.
    """
    if count is None:
        return dataset
    if count > len(dataset.train):
        raise UsageError(
            f"--train-examples: expected at most the {len(dataset.train)} of "
            f"{dataset.name}, got {count}"
        )
    return take_rows(dataset, np.arange(count))


def first_test_examples(dataset: Dataset, count: int | None) -> Dataset:
    """Return a dataset with at most the first so many test examples; None: all."""
    if count is None:
        return dataset
    return dataclasses.replace(dataset, test=dataset.test.take(slice(count)))


def long_tailed(dataset: Dataset, imbalance: float | None) -> Dataset:
    """Return a dataset whose largest class has ``imbalance`` times the smallest; None: all."""
    if imbalance is None:
        return dataset
    # One key for all seeds: they differ in their noise, not in their examples.
    try:
        kept = noise.long_tailed_examples(
            jax.random.key(0),
            dataset.train.labels.reference,
            num_classes=dataset.num_classes,
            imbalance=imbalance,
            example_ids=dataset.train.ids,
        )
    except ValueError as error:
        raise UsageError(f"--imbalance: {error}") from error
    return take_rows(dataset, np.asarray(kept))


def take_rows(dataset: Dataset, rows: npt.NDArray[np.integer]) -> Dataset:
    """Return a dataset with these training examples."""
    return dataclasses.replace(dataset, train=dataset.train.take(rows))
