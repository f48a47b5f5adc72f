"""Metrics that add up: sums and counts, never means of means."""

import flax.struct
import jax
import jax.numpy as jnp

from esoftmax_jax import _checks
from esoftmax_jax._types import Array
from esoftmax_jax.training import _batch


class Metrics(flax.struct.PyTreeNode):
    """Sums over examples, so that any batch size, padding or device count gives the same mean.

    Attributes:
        loss_sum: float32, sum of the losses.
        correct: int32, examples whose largest logit is the label's (first of tied maxima); a
            label that is a distribution over the classes is its largest probability's.
        count: int32, examples that were not masked.

    Example:
        >>> from esoftmax_jax.training import Metrics
        >>> first = Metrics.empty().replace(loss_sum=3.0, correct=2, count=4)
        >>> print(first.merge(first).accuracy)
        0.5
    """

    loss_sum: Array
    correct: Array
    count: Array

    @classmethod
    def empty(cls) -> "Metrics":
        """Return the metrics of no examples, the neutral element of :meth:`merge`."""
        return cls(
            loss_sum=jnp.zeros((), jnp.float32),
            correct=jnp.zeros((), jnp.int32),
            count=jnp.zeros((), jnp.int32),
        )

    @classmethod
    def from_batch(
        cls, losses: Array, logits: Array, labels: Array, where: Array | None
    ) -> "Metrics":
        """Add up one batch.

        Args:
            losses: one for each example, (N,).
            logits: (N, K).
            labels: integer classes (N,), or a floating distribution over the classes (N, K).
            where: booleans (N,), False where an example is left out; None if all count.

        Returns:
            The sums over the batch.

        Raises:
            TypeError: labels of a dtype that does not fit their shape, a mask that is not
                boolean.
            ValueError: shapes that do not fit.
        """
        example_shape = _batch.check_logits(logits, labels)
        _batch.check_losses("losses", losses, example_shape, "do not average them")
        _checks.check_where(where, example_shape)
        # In int32 and not in the labels' dtype, where class 256 may be class 0.
        classes = jnp.argmax(labels, axis=-1) if _batch.is_distribution(labels) else labels
        predicted = jnp.argmax(logits, axis=-1).astype(jnp.int32)
        correct = predicted == classes.astype(jnp.int32)
        present = jnp.ones_like(correct) if where is None else where
        return cls(
            loss_sum=jnp.sum(losses.astype(jnp.float32), where=present),
            correct=jnp.sum(correct & present, dtype=jnp.int32),
            count=jnp.sum(present, dtype=jnp.int32),
        )

    def merge(self, other: "Metrics") -> "Metrics":
        """Return the metrics of both sets of examples together."""
        merged: Metrics = jax.tree.map(lambda a, b: a + b, self, other)
        return merged

    @property
    def loss(self) -> Array:
        """Mean loss; NaN for no examples."""
        return jnp.asarray(self.loss_sum) / jnp.asarray(self.count).astype(jnp.float32)

    @property
    def accuracy(self) -> Array:
        """Share of examples classified correctly, in [0, 1]; NaN for no examples."""
        count = jnp.asarray(self.count).astype(jnp.float32)
        return jnp.asarray(self.correct).astype(jnp.float32) / count
