"""Losses built from losses."""

from collections.abc import Callable, Sequence
from typing import Any

import jax.numpy as jnp

from esoftmax_jax import _checks, _numerics
from esoftmax_jax._types import Array, ArrayInput, Loss, Scalar
from esoftmax_jax.losses._loss_function import (
    EVERY_CLASS,
    gives_every_class,
    mark_every_class,
)


def weighted_sum(*terms: tuple[Scalar, Callable[..., Any]]) -> Loss:
    r"""Build the loss :math:`\sum_i w_i \ell_i` from pairs (weight, loss).

    Bind hyperparameters with ``functools.partial``. Weights may be traced arrays. Under
    ``jit`` the terms share their pass over the logits.

    Args:
        *terms: pairs of a weight ≥ 0 (a scalar) and a loss with the signature
            ``loss(logits, labels, *, axis, where)``.

    Returns:
        A loss with that same signature.

    Raises:
        TypeError: a term is no pair, a weight no number or a loss not callable.
        ValueError: there is no term, or a weight is negative.

    Example:
        >>> import functools
        >>> import jax.numpy as jnp
        >>> from esoftmax_jax import losses
        >>> nce_and_rce = losses.weighted_sum(
        ...     (1.0, losses.normalized_cross_entropy),
        ...     (0.1, functools.partial(losses.reverse_cross_entropy, min_target=1e-4)),
        ... )
        >>> losses = nce_and_rce(jnp.array([[2.0, 0.0, -1.0]]), jnp.array([0]))
        >>> print(jnp.array_str(losses, precision=4))
        [0.1747]

    Reference:
        Ma et al., "Normalized Loss Functions for Deep Learning with Noisy Labels", ICML 2020,
        equation 9 (active passive loss).
    """
    if not terms:
        raise ValueError("weighted_sum: expected at least one (weight, loss) pair, got none")
    for position, term in enumerate(terms):
        if not (isinstance(term, tuple) and len(term) == 2 and callable(term[1])):
            raise TypeError(
                f"weighted_sum: expected (weight, loss) pairs, got {term!r} as term "
                f"{position}; write weighted_sum((1.0, first_loss), (0.5, second_loss))"
            )
        _checks.check_hyperparameter(
            f"weight of term {position}", term[0], _checks.NON_NEGATIVE
        )

    def loss(
        logits: ArrayInput,
        labels: ArrayInput,
        *,
        axis: int = -1,
        where: ArrayInput | None = None,
    ) -> Array:
        """Return the weighted sum of the terms, one value for each example."""
        return sum_of_terms(terms, logits, labels, axis, where)

    if all(gives_every_class(term) for _, term in terms):
        mark_every_class(loss)
    return loss


def sum_of_terms(
    terms: Sequence[tuple[Any, Callable[..., Any]]],
    logits: ArrayInput,
    labels: Any,
    axis: int,
    where: ArrayInput | None,
    names: Sequence[str] = (),
) -> Array:
    """Return Σ w ℓ; the weights are scalars or have one value for each example.

    ``names`` are what errors call the weights.
    """
    positive_axis = _checks.check_logits(logits, axis)
    # Half precision is left once, at the end, and not by every term.
    wide = _numerics.widened(logits)
    examples = wide.shape[:positive_axis] + wide.shape[positive_axis + 1 :]
    total = jnp.zeros((), wide.dtype)
    for position, (weight, term) in enumerate(terms):
        name = names[position] if names else f"weight of term {position}"
        _checks.check_hyperparameter(name, weight, _checks.NON_NEGATIVE, examples, wide.dtype)
        factor = jnp.asarray(weight).astype(wide.dtype)
        if labels is EVERY_CLASS and factor.ndim:
            factor = jnp.expand_dims(jnp.broadcast_to(factor, examples), positive_axis)
        total = total + factor * term(wide, labels, axis=axis, where=where)
    return total.astype(jnp.asarray(logits).dtype)
