"""Metrics that add up: sums and counts, never means of means."""

import functools
from typing import Any, Self

import jax
import jax.numpy as jnp

from esoftmax_jax import _checks
from esoftmax_jax._types import Array
from esoftmax_jax.training import _batch, _sums, _weights


def _sum(index: int, doc: str) -> Any:
    return property(lambda self: _sums.value(self._words[index]), doc=doc)


@functools.partial(jax.jit, inline=True)
def _quotient(total: Any, weight: Any) -> Array:
    return _sums.rounded(total) / _sums.rounded(weight)


_NAMES = ("loss_sum", "correct", "count", "weight_sum", "correct_weight")


@jax.tree_util.register_pytree_with_keys_class
class Metrics:
    r"""Sums over examples, so that any batch size, padding or device count gives the same mean.

    With weights w the loss is :math:`\sum_i w_i \ell_i / \sum_i w_i` and the accuracy
    :math:`\sum_i w_i [\hat y_i = y_i] / \sum_i w_i`; without, every w is 1. Sums have two
    words, with or without ``jax_enable_x64``: counts are exact up to 2⁵³ examples, other sums
    keep twice the digits of float32. A pytree; ``jax.lax.psum`` of it, or a sum over an axis of
    steps or devices, is the sum of all (of at most 1024 at a time).

    Attributes:
        loss_sum: Σ w ℓ.
        correct: examples whose largest logit is the label's (first of tied maxima); a label
            that is a distribution over the classes is its largest probability's.
        count: examples that were not left out, by the mask or by a weight of 0.
        weight_sum: Σ w.
        correct_weight: Σ w over the correct examples.

        All are NumPy's int64 and float64. In a program that JAX traces they are what it has
        there, int32 and float32 unless 64 bits are switched on: at most 2³¹ − 1, rounded.

    Example:
        >>> from esoftmax_jax.training import Metrics
        >>> first = Metrics.empty().replace(loss_sum=3.0, correct=2, count=4)
        >>> print(first.merge(first).accuracy)
        0.5
    """

    def __init__(
        self,
        loss_sum: Any,
        correct: Any,
        count: Any,
        *,
        weight_sum: Any = None,
        correct_weight: Any = None,
    ) -> None:
        """Take sums as numbers or arrays; without weights every example weighs 1."""
        correct, count = _sums.whole("correct", correct), _sums.whole("count", count)
        self._words = (
            _sums.real(loss_sum, "loss_sum"),
            correct,
            count,
            _sums.unweighted(count)
            if weight_sum is None
            else _sums.real(weight_sum, "weight_sum"),
            _sums.unweighted(correct)
            if correct_weight is None
            else _sums.real(correct_weight, "correct_weight"),
        )

    @classmethod
    def empty(cls) -> Self:
        """Return the metrics of no examples, the neutral element of :meth:`merge`."""
        return cls(0.0, 0, 0)

    @classmethod
    def from_batch(
        cls,
        losses: Array,
        logits: Array,
        labels: Array,
        where: Array | None,
        weights: Array | None = None,
    ) -> Self:
        """Add up one batch.

        Args:
            losses: one for each example, (N,).
            logits: (N, K).
            labels: integer classes (N,), or a floating distribution over the classes (N, K).
            where: booleans (N,), False where an example is left out; None if all count.
            weights: floating (N,) ≥ 0, 0 where an example is left out; None if all weigh 1.

        Returns:
            The sums over the batch.

        Raises:
            TypeError: labels of a dtype that does not fit their shape, a mask that is not
                boolean, weights that are not floating.
            ValueError: shapes that do not fit, negative weights.
        """
        example_shape = _batch.check_logits(logits, labels)
        _batch.check_losses("losses", losses, example_shape, "do not average them")
        _checks.check_where(where, example_shape)
        _weights.check_weights(weights, example_shape, where)
        present = _weights.present(weights, where)
        # In int32 and not in the labels' dtype, where class 256 may be class 0.
        hard = not _batch.is_distribution(labels)
        given = _checks.narrow_labels(labels) if hard else jnp.argmax(labels, axis=-1)
        classes = given.astype(jnp.int32) if given.dtype.itemsize < 4 else given
        predicted = jnp.argmax(logits, axis=-1).astype(jnp.int32)
        # What is no class may become one in 32 bits; of NaN none is the largest.
        known = (
            ~jnp.isnan(jnp.max(logits, axis=-1)) & (classes >= 0) & (classes < logits.shape[-1])
        )
        correct = (predicted == classes.astype(jnp.int32)) & known
        present = jnp.ones_like(correct) if present is None else present
        correct = correct & present
        loss_sum = _sums.sum_real(_weights.weighted(losses, weights, present))
        counts = [jnp.sum(x, dtype=jnp.uint32) for x in (correct, present)]
        if weights is None:
            return cls(loss_sum, *counts)
        weight_sum, correct_weight = (
            _sums.sum_real(jnp.where(x, weights, 0)) for x in (present, correct)
        )
        return cls(loss_sum, *counts, weight_sum=weight_sum, correct_weight=correct_weight)

    def merge(self, other: "Metrics") -> Self:
        """Return the metrics of both sets of examples together."""
        _checks.check_state("other", other, Metrics, "Metrics.empty()")
        return self._made(map(_sums.add, self._words, other._words))

    def psum(self, axis_name: str) -> Self:
        """Return the metrics of all devices of a mapped axis together."""
        return self._made(map(_sums.carry, jax.lax.psum(self._words, axis_name)))

    def replace(self, **changes: Any) -> Self:
        """Return a copy with other sums; new counts without new weights weigh 1 each."""
        sums = dict(zip(_NAMES, self._words, strict=True)) | changes
        for counted, weight in (("count", "weight_sum"), ("correct", "correct_weight")):
            if counted in changes and weight not in changes:
                del sums[weight]
        return type(self)(**sums)

    loss_sum = _sum(0, "Σ w ℓ.")
    correct = _sum(1, "Examples classified correctly.")
    count = _sum(2, "Examples that were not left out.")
    weight_sum = _sum(3, "Σ w.")
    correct_weight = _sum(4, "Σ w over the correct examples.")

    @property
    def loss(self) -> Array:
        """Mean loss; NaN for no examples."""
        return self._mean(0)

    @property
    def accuracy(self) -> Array:
        """Share of examples (of their weight) classified correctly; NaN for no examples."""
        return self._mean(4)

    def _mean(self, index: int) -> Array:
        mean: Array = _quotient(self._words[index], self._words[3])
        return mean

    def __repr__(self) -> str:
        """Show the sums."""
        named = zip(_NAMES, self._words, strict=True)
        return f"Metrics({', '.join(f'{name}={words}' for name, words in named)})"

    @classmethod
    def _made(cls, words: Any) -> Self:
        new = object.__new__(cls)
        new._words = tuple(words)
        return new

    def tree_flatten_with_keys(self) -> tuple[Any, None]:
        """Name the sums for JAX."""
        return tuple(
            (jax.tree_util.GetAttrKey(name), words)
            for name, words in zip(_NAMES, self._words, strict=True)
        ), None

    @classmethod
    def tree_unflatten(cls, _: None, words: Any) -> Self:
        """Put together what JAX took apart, whatever it has put in its place."""
        return cls._made(words)
