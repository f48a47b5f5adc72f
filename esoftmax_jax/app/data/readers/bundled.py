"""The data sets that come with scikit-learn."""

import numpy as np

from esoftmax_jax.app.data.parts import Parts, RawExamples, divided, held_out_fifth
from esoftmax_jax.app.terminal.messages import INSTALL, UsageError


def read_bundled(name: str) -> Parts:
    """Return a set of scikit-learn with a fixed fifth of each class as its test set.

    ``digits`` are 8×8 images as float32 in 0..1; ``breast_cancer`` and ``wine`` are tables of
    30 and 13 measurements.
    """
    try:
        import sklearn.datasets
    except ImportError as error:
        raise UsageError(
            f"{name} comes with scikit-learn, which is not installed; {INSTALL}"
        ) from error
    bunch = getattr(sklearn.datasets, f"load_{name}")()
    rows = bunch.images[..., np.newaxis] / 16 if name == "digits" else bunch.data
    names = (str(target) for target in bunch.target_names)
    sources = np.arange(len(rows)).astype(str)
    examples = RawExamples(rows, bunch.target, truth=bunch.target, sources=sources)
    return divided(examples, held_out_fifth(bunch.target), names, held_out=False)
