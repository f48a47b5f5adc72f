"""L1 weight decay, which Optax does not have."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import optax

from esoftmax_jax import _checks


def add_l1_weight_decay(
    weight_decay: float, mask: Any | Callable[[Any], Any] | None = None
) -> optax.GradientTransformation:
    r"""Add the derivative of an L1 penalty on the parameters to the updates.

    .. math:: g \leftarrow g + \lambda \, \mathrm{sign}(w)

    The L1 counterpart of ``optax.add_decayed_weights``. Active negative loss and joint
    asymmetric loss are trained with it: 5e-5 (CIFAR-10), 5e-7 and 5e-6 (CIFAR-100). A
    parameter that is exactly 0 receives no decay.

    Args:
        weight_decay: λ ≥ 0.
        mask: a tree of booleans, or a function from parameters to one; decay where True.

    Returns:
        A stateless Optax transformation; put it before the optimiser.

    Raises:
        TypeError: ``weight_decay`` is no number.
        ValueError: ``weight_decay`` is negative; from ``update``, if it is called without
            parameters.

    Example:
        >>> import jax.numpy as jnp
        >>> import optax
        >>> from esoftmax_jax.training import add_l1_weight_decay
        >>> tx = optax.chain(add_l1_weight_decay(0.1), optax.sgd(1.0))
        >>> params = jnp.array([2.0, 0.0, -3.0])
        >>> updates, _ = tx.update(jnp.zeros(3), tx.init(params), params)
        >>> print(updates)
        [-0.1 -0.   0.1]

    Reference:
        Tibshirani, "Regression Shrinkage and Selection via the Lasso", 1996; its use here: Ye
        et al., NeurIPS 2023 (active negative loss).
    """
    _checks.check_hyperparameter("weight_decay", weight_decay, _checks.NON_NEGATIVE)

    def update(
        updates: optax.Updates, state: optax.EmptyState, params: optax.Params | None = None
    ) -> tuple[optax.Updates, optax.EmptyState]:
        if params is None:
            raise ValueError(
                "add_l1_weight_decay: expected parameters; call update(updates, state, params)"
            )
        decayed = jax.tree.map(
            lambda g, p: g + (weight_decay * jnp.sign(p)).astype(g.dtype), updates, params
        )
        return decayed, state

    transformation = optax.GradientTransformation(lambda _: optax.EmptyState(), update)
    return transformation if mask is None else optax.masked(transformation, mask)
