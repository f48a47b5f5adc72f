"""``find_wrong_labels``: two arrays in, evidence about each label out."""

import sys
from typing import Any

from esoftmax_jax.app.audits.own_arrays import OwnArray
from esoftmax_jax.app.data.columns.choice import DeclaredKinds, Names
from esoftmax_jax.app.jobs.arguments import Effort
from esoftmax_jax.app.jobs.audit.audit import audit
from esoftmax_jax.app.terminal.console import speaking, warn
from esoftmax_jax.app.terminal.messages import UsageError


def find_wrong_labels(
    data: Any,
    labels: Any,
    *,
    probabilities: OwnArray = None,
    features: OwnArray = None,
    epochs: int | None = None,
    augment: str | None = None,
    effort: Effort | None = None,
    literal_labels: bool = False,
    columns: Names = None,
    ignore: Names = None,
    kinds: DeclaredKinds = None,
    verbose: bool = False,
) -> Any:
    """Say of each label how probably it is wrong, and which class it would rather be.

    It is ``audit`` of arrays, whose ``table`` comes back; nothing is written. With
    probabilities of your own model that takes a second. Without, networks are trained on folds
    of the labels, and each judges the labels that it has not seen, which takes minutes.

    Args:
        data: features (N, D), images (N, H, W) or (N, H, W, C), texts (N,), or a table of
            pandas with columns of any kind. With ``probabilities`` it may be anything, or None.
        labels: (N,) of any kind.
        probabilities: out-of-fold probabilities (N, K), such as those of ``cross_val_predict``.
        features: (N, D) by which examples that are alike are near, such as embeddings: the
            labels of neighbours are evidence beside the probabilities.
        epochs: of the training; None: by the kind of the data.
        augment: what is done to images that are trained on, such as ``"shift"`` for letters,
            which ``flip`` would make others of; None: by their size.
        effort: of the training, see ``auto``.
        literal_labels: takes labels as classes whatever they look like, such as −1.
        columns: of a table that is trained on: the only columns that are features.
        ignore: of a table that is trained on: columns that are passed over.
        kinds: of a table that is trained on: kinds of columns by name, such as
            ``{"zip": "category"}``.
        verbose: whether to print progress and what was found.

    Returns:
        Arrays (N,) by column, in the order of the examples; of labels or data of pandas a
        ``pandas.DataFrame`` with their index:
        ``example``, ``label``, ``prediction``, ``suggestion`` (the likeliest other class),
        ``self_confidence`` (the probability of the label), ``margin`` (that minus the largest
        other one), ``score`` (the lower the more suspicious), ``probability_wrong``
        (NaN, and a warning says why, where the noise cannot be estimated), ``suspect`` (the
        first, as many as another class was predicted for) and ``rank`` (1 for the worst).

    Raises:
        UsageError: what came does not fit.

    Example:
        >>> import numpy as np
        >>> from esoftmax_jax.app import find_wrong_labels
        >>> labels = np.array(["cat", "dog"] * 20)
        >>> probabilities = np.where(labels[:, None] == ["cat", "dog"], 0.8, 0.2)
        >>> labels[7] = "cat"  # which is wrong
        >>> found = find_wrong_labels(None, labels, probabilities=probabilities)
        >>> np.flatnonzero(found["suspect"]), found["suggestion"][7]
        (array([7]), 'dog')
    """
    if labels is None:
        raise UsageError("labels: expected one for each example, got None; pass them")
    found = audit(
        data,
        labels=labels,
        probabilities=probabilities,
        features=features,
        epochs=epochs,
        augment=augment,
        effort=effort,
        literal_labels=literal_labels,
        columns=columns,
        ignore=ignore,
        kinds=kinds,
        verbose=verbose,
    )
    if found.noise.refused and not verbose:  # audit has printed it
        with speaking(False):
            warn([f"no estimate of the noise rate: {found.noise.refused}"])
    table = found.table
    given = next((one for one in (labels, data) if hasattr(one, "iloc")), None)
    pandas = sys.modules.get("pandas")  # there if what came is of it
    return table if given is None or not pandas else pandas.DataFrame(table, index=given.index)
