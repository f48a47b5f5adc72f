"""The noise of labels among classes of which some may have no label."""

import dataclasses

import numpy as np
import numpy.typing as npt

from esoftmax_jax import estimate
from esoftmax_jax.app.audits.examples import AuditedExamples
from esoftmax_jax.app.terminal.messages import UsageError

_FEWEST = 2  # labels of a class


def estimated_noise(
    probabilities: npt.NDArray[np.float64], examples: AuditedExamples
) -> estimate.NoiseEstimate:
    """Estimate how many labels are wrong by the confident joint.

    Of a class without a label nothing can be estimated: its share is 0, and its row of the
    transition matrix says that its labels would be right.

    Raises:
        UsageError: the probabilities agree with the labels by chance at best, or a class has
            too few labels.
    """
    names = examples.class_names
    counts = np.bincount(examples.labels, minlength=len(names))
    scarce = np.flatnonzero((counts > 0) & (counts < _FEWEST))
    if scarce.size:
        raise UsageError(
            f"{examples.name}: labels: expected at least {_FEWEST} of every class, got "
            f"{counts[scarce[0]]} of class {scarce[0]}, {names[scarce[0]]!r}; leave the class "
            "out, or join it with another"
        )
    present = np.flatnonzero(counts)
    chances = probabilities[:, present]
    sums = chances.sum(axis=1, keepdims=True)
    # A row that is sure of a class without labels says nothing of the others.
    chances = np.where(sums > 0, chances, 1) / np.where(sums > 0, sums, len(present))
    try:
        found = estimate.confident_joint(chances, np.searchsorted(present, examples.labels))
    except ValueError as error:
        raise UsageError(f"{examples.name}: {error}") from error
    return found if len(present) == len(names) else _among_all(found, present, len(names))


def _among_all(
    found: estimate.NoiseEstimate, present: npt.NDArray[np.int64], count: int
) -> estimate.NoiseEstimate:
    matrix, prior = np.eye(count), np.zeros(count)
    matrix[np.ix_(present, present)], prior[present] = found.matrix, found.prior
    for array in (matrix, prior):
        array.setflags(write=False)
    return dataclasses.replace(found, matrix=matrix, prior=prior)
