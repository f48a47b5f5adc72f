"""What a network thinks of every label while it trains, gathered update by update."""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from esoftmax_jax import _checks, _numerics, _sharding
from esoftmax_jax._host_types import AnyArray
from esoftmax_jax._types import Array, ArrayInput
from esoftmax_jax.cleaning._foreign_arrays import as_array
from esoftmax_jax.cleaning._margins import label_margins, suggested_labels
from esoftmax_jax.cleaning._ranking import LabelRanking, rank_labels


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True, eq=False)
class TrainingDynamics:
    """Evidence about the label of each of N examples, from :func:`init_training_dynamics`.

    It is a pytree of arrays with fixed shapes: it goes through ``jit`` and ``scan``, and into
    checkpoints. All of it takes 4K + 28 bytes per example.

    Attributes:
        updates: int32 (N,), how often each example was seen.
        disagreements: int32 (N,), how often its margin was below 0: its label was not
            predicted.
        last_margins: float32 (N,), the margin of its last update; 0 before the first.
        margin_sums: float32 (2, N), the sum of margins and what its rounding left out.
        probability_sums: float32 (2, N), the same of the probabilities of the label.
        votes: int32 (N, K), how often each class was the likeliest other one.
    """

    updates: Array
    disagreements: Array
    last_margins: Array
    margin_sums: Array
    probability_sums: Array
    votes: Array

    @property
    def mean_margins(self) -> Array:
        """Float32 (N,): the area under the margin, AUM; NaN for an example not yet seen.

        Sums are compensated: the error is that of a few roundings to float32, however many
        updates there were.
        """
        return jnp.sum(self.margin_sums, axis=0) / self.updates.astype(jnp.float32)

    @property
    def mean_probabilities(self) -> Array:
        """Float32 (N,): mean softmax probability of the label; NaN where not yet seen."""
        return jnp.sum(self.probability_sums, axis=0) / self.updates.astype(jnp.float32)

    @property
    def suggestions(self) -> Array:
        """int32 (N,): the class that was most often the likeliest other one; −1 if not seen.

        Of classes with as many votes it is the lowest.
        """
        most = jnp.argmax(self.votes, axis=1).astype(jnp.int32)
        return jnp.where(self.updates > 0, most, -1)

    def update(
        self,
        logits: AnyArray,
        labels: AnyArray,
        *,
        indices: AnyArray | None = None,
        where: AnyArray | None = None,
    ) -> "TrainingDynamics":
        r"""Return the evidence with that of one mini-batch, or of one epoch, added.

        .. math:: \mathrm{AUM} = \frac 1 T \sum_{t=1}^T \bigl(z_y^{(t)} -
                  \max_{k \ne y} z_k^{(t)}\bigr)

        The logits are those that training computes anyway, or those of an evaluation after
        each epoch. Stop before the network memorises wrong labels, or use a robust loss.

        Args:
            logits: floating (B, K) of any framework; computed in at least float32, kept in
                float32.
            labels: integer classes (B,). Inside ``jit``, where values are unknown, one outside
                [0, K) makes the example's means NaN.
            indices: integers (B,), each example's place in [0, N); without them B must be N
                and the order the same in every update. An index may occur twice.
            where: booleans (B,), False for padding, which is left out.

        Returns:
            The new evidence; this one stays as it is.

        Raises:
            TypeError: an argument of the wrong type or dtype.
            ValueError: a shape that does not fit, a label outside [0, K), or an index outside
                [0, N). Inside ``jit``, where values are unknown, such an index is left out.

        Example:
            >>> import numpy as np
            >>> from esoftmax_jax import cleaning
            >>> dynamics = cleaning.init_training_dynamics(num_examples=3, num_classes=2)
            >>> logits = np.array([[2.0, 0.0], [3.0, 0.0]], np.float32)
            >>> labels = np.array([0, 1])
            >>> dynamics = dynamics.update(logits, labels, indices=np.array([2, 0]))
            >>> print(dynamics.mean_margins)
            [-3. nan  2.]
            >>> print(dynamics.suggestions)
            [ 0 -1  1]

        Reference:
            Pleiss et al., "Identifying Mislabeled Data using the Area Under the Margin
            Ranking", NeurIPS 2020, equation 2; for mean probabilities Swayamdipta et al.,
            "Dataset Cartography", EMNLP 2020.
        """
        logits, labels = as_array("logits", logits), as_array("labels", labels)
        axis = _checks.check_logits(logits, -1)
        num_examples, num_classes = self.votes.shape
        if logits.ndim != 2 or logits.shape[1] != num_classes:
            raise ValueError(
                f"logits: expected shape (batch, {num_classes}), got {logits.shape}"
            )
        _checks.check_labels(labels, logits, axis)
        if where is not None:
            where = as_array("where", where)
            _checks.check_where(where, labels.shape)
        rows = self._rows(indices, labels.shape, where)
        _check_classes(labels, where, num_classes)
        if where is not None:
            rows = jnp.where(jnp.asarray(where), rows, num_examples)
        new: TrainingDynamics = _updated(self, logits, _numerics.narrow_labels(labels), rows)
        return new

    def ranking(self) -> LabelRanking:
        """Return the examples by their mean margins, the most suspicious first.

        It is :func:`rank_labels` of ``mean_margins`` and ``suggestions``, in NumPy's memory.
        An example without a margin, because it was not seen or its logits were NaN, comes last.
        """
        return rank_labels(self.mean_margins, self.suggestions)

    def _rows(self, indices: Any, shape: tuple[int, ...], where: AnyArray | None) -> Array:
        """Return each example's place, N for one that is outside."""
        num_examples = self.updates.shape[0]
        if indices is None:
            if shape != (num_examples,):
                raise ValueError(
                    f"logits: expected {num_examples} rows, one for each example, got "
                    f"{shape[0]}; for mini-batches pass indices="
                )
            return jnp.arange(num_examples, dtype=jnp.int32)
        indices = as_array("indices", indices)
        _checks.check_integers("indices", indices, shape)
        if not _checks.is_traced(indices) and not _checks.is_traced(where):
            values = np.asarray(indices)
            kept = True if where is None else np.asarray(where)
            outside = values[((values < 0) | (values >= num_examples)) & kept]
            if outside.size:
                raise ValueError(
                    f"indices: expected places in [0, {num_examples}), got {outside[0]}; mask "
                    "padding by where="
                )
        return _numerics.safe_labels(indices, num_examples)[0]


def _check_classes(labels: AnyArray, where: AnyArray | None, num_classes: int) -> None:
    """Refuse a label that is known and no class; it would rank as one beyond doubt."""
    if _checks.is_traced(labels) or _checks.is_traced(where):
        return
    values = np.asarray(labels)
    outside = values[
        ((values < 0) | (values >= num_classes))
        & (True if where is None else np.asarray(where))
    ]
    if outside.size:
        raise ValueError(
            f"labels: expected classes in [0, {num_classes}), got {outside[0]}; mask such "
            "examples by where="
        )


def init_training_dynamics(num_examples: int, num_classes: int) -> TrainingDynamics:
    """Return evidence about no example yet.

    Args:
        num_examples: N, the size of the training set.
        num_classes: K ≥ 2.

    Returns:
        What :meth:`TrainingDynamics.update` adds to.

    Raises:
        TypeError: a size is no integer.
        ValueError: a size is too small.

    Example:
        >>> from esoftmax_jax import cleaning
        >>> cleaning.init_training_dynamics(1000, 10).votes.shape
        (1000, 10)
    """
    _checks.check_hyperparameter("num_examples", num_examples, _checks.POSITIVE_INTEGER)
    _checks.check_num_classes(num_classes)
    return TrainingDynamics(
        updates=jnp.zeros(num_examples, jnp.int32),
        disagreements=jnp.zeros(num_examples, jnp.int32),
        last_margins=jnp.zeros(num_examples, jnp.float32),  # NaN would stop jax_debug_nans
        margin_sums=jnp.zeros((2, num_examples), jnp.float32),
        probability_sums=jnp.zeros((2, num_examples), jnp.float32),
        votes=jnp.zeros((num_examples, num_classes), jnp.int32),
    )


@jax.jit
def _updated(
    before: TrainingDynamics, logits: ArrayInput, labels: ArrayInput, rows: Array
) -> TrainingDynamics:
    """Add the evidence of a mini-batch; a row outside is left out."""
    # On a mesh with explicit axes an example's place may be on any device.
    logits, labels, rows = (_sharding.laid_out(x, None) for x in (logits, labels, rows))
    scores = _numerics.widened(logits)
    margins = label_margins(scores, labels).astype(jnp.float32)
    log_probs = _numerics.label_log_prob(scores, labels, 1)
    suggestions = suggested_labels(scores, labels)

    def counted(counts: Array, values: Array) -> Array:
        return counts.at[rows].add(values.astype(counts.dtype), mode="drop")

    return TrainingDynamics(
        updates=counted(before.updates, jnp.ones_like(rows)),
        disagreements=counted(before.disagreements, margins < 0),
        last_margins=before.last_margins.at[rows].set(margins, mode="drop"),
        margin_sums=_accumulated(before.margin_sums, rows, margins),
        probability_sums=_accumulated(before.probability_sums, rows, jnp.exp(log_probs)),
        votes=before.votes.at[rows, suggestions].add(1, mode="drop"),
    )


def _accumulated(sums: Array, rows: Array, values: Array) -> Array:
    """Add to compensated sums (Neumaier 1974); infinite ones have nothing left out."""
    total, left_out = sums
    # Summed first, so that a row that occurs twice counts twice.
    added = jnp.zeros_like(total).at[rows].add(values.astype(total.dtype), mode="drop")
    new = total + added
    rounded = new - total
    error = (total - (new - rounded)) + (added - rounded)
    return jnp.stack([new, left_out + jnp.where(jnp.isfinite(new), error, 0)])
