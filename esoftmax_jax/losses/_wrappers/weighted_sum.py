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
from esoftmax_jax.losses._wrappers.derived_loss import derived_signature, makes_a_loss
from esoftmax_jax.losses._wrappers.label_kinds import with_labels_of_its_kind


@makes_a_loss
def weighted_sum(*terms: tuple[Scalar, Callable[..., Any]]) -> Loss:
    r"""Build the loss :math:`\sum_i w_i \ell_i` from pairs (weight, loss).

    Bind hyperparameters with ``functools.partial``. Weights may be traced arrays. Under
    ``jit`` the terms share their pass over the logits.

    Args:
        *terms: pairs of a weight ≥ 0 (a scalar) and ``loss(logits, labels)``, which needs the
            arguments ``axis`` and ``where`` only where they are given.

    Returns:
        ``loss(logits, labels, axis=-1, where=None)``.

    Raises:
        TypeError: a term is no pair, a weight no number or a loss not callable; from the loss,
            terms of integer labels beside terms of one-hot labels.
        ValueError: there is no term, or a weight is negative; from the loss, terms of which
            one gives a loss for each example and another one for each class.

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

    def loss(logits: ArrayInput, labels: ArrayInput, **given: Any) -> Array:
        """Return the weighted sum of the terms, one value for each example."""
        _refuse_settings(given)
        return sum_of_terms("weighted_sum", terms, logits, labels, given)

    loss.__signature__ = derived_signature()  # type: ignore[attr-defined]
    if all(gives_every_class(term) for _, term in terms):
        mark_every_class(loss)
    return loss


def _refuse_settings(given: dict[str, Any]) -> None:
    unknown = [name for name in given if name not in ("axis", "where")]
    if unknown:
        raise TypeError(
            f"weighted_sum: expected no hyperparameters, got {', '.join(unknown)}; bind "
            f"them to their term with functools.partial"
        )


def sum_of_terms(
    name: str,
    terms: Sequence[tuple[Any, Callable[..., Any]]],
    logits: ArrayInput,
    labels: Any,
    given: dict[str, Any],
    weight_names: Sequence[str] = (),
) -> Array:
    """Return Σ w ℓ; the weights are scalars or have one value for each example.

    ``given`` is what was given of ``axis`` and ``where``; ``weight_names`` are what errors call
    the weights.
    """
    positive_axis = _checks.check_logits(logits, given.get("axis", -1))
    # Half precision is left once, at the end, and not by every term.
    wide = _numerics.widened(logits)
    examples = wide.shape[:positive_axis] + wide.shape[positive_axis + 1 :]
    total, shape = jnp.zeros((), wide.dtype), None
    for position, (weight, term) in enumerate(terms):
        weight_name = weight_names[position] if weight_names else f"weight of term {position}"
        _checks.check_hyperparameter(
            weight_name, weight, _checks.NON_NEGATIVE, examples, wide.dtype
        )
        factor = jnp.asarray(weight).astype(wide.dtype)
        if labels is EVERY_CLASS and factor.ndim:
            factor = jnp.expand_dims(jnp.broadcast_to(factor, examples), positive_axis)
        values = with_labels_of_its_kind(name, term, wide, labels, given)
        if shape not in (None, values.shape):
            averaged = min(len(shape), values.ndim) < len(examples)
            todo = "average after the sum, not within a term"
            if not averaged:
                todo = "a sum over classes makes one for each example of one for each class"
            raise ValueError(
                f"{name}: expected losses of one shape, got {shape} and {values.shape}; {todo}"
            )
        # A term of weight 0 is none, also where it is infinite; NaN still marks a wrong label.
        counted = jnp.where((factor == 0) & jnp.isinf(values), 0, values)
        total, shape = total + factor * counted, values.shape
    return total.astype(jnp.asarray(logits).dtype)
