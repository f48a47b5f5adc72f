"""Everything that a training run carries from one step to the next."""

from collections.abc import Mapping
from typing import Any

import flax.struct
import jax
import jax.numpy as jnp
import optax

from esoftmax_jax._types import Array
from esoftmax_jax.training import _arguments


class TrainState(flax.struct.PyTreeNode):
    """Parameters, batch statistics, optimiser state, step count and random key.

    A pytree of arrays and nothing else, so it can be mapped, donated and written to disk.

    Attributes:
        step: int32 scalar, updates done so far.
        params: the network's parameters.
        batch_stats: running statistics of batch normalisation; empty if there is none.
        opt_state: the state of the Optax transformation.
        key: a PRNG key for dropout, losses that draw and the like, or None; each step folds
            ``step`` into it, so a resumed run draws what an uninterrupted one would have drawn.
    """

    step: Array
    params: Any
    batch_stats: Any
    opt_state: Any
    key: Array | None = None


def create_train_state(
    variables: Mapping[str, Any],
    tx: optax.GradientTransformation,
    *,
    key: Array | None = None,
) -> TrainState:
    """Start a run from the variables that ``Module.init`` returns.

    Args:
        variables: with "params" and, where the network has them, "batch_stats".
        tx: the Optax transformation that the steps will use.
        key: a key from ``jax.random.key`` (or, as before, an array of uint32) for layers and
            losses that draw random numbers, or None.

    Returns:
        The state at step 0.

    Raises:
        TypeError: ``tx`` is no transformation or ``key`` no key; NNX variables that are no
            parameters.
        ValueError: ``variables`` has no "params", or collections that a step would lose;
            several keys.

    Example:
        >>> import jax.numpy as jnp
        >>> import optax
        >>> from esoftmax_jax.training import create_train_state
        >>> state = create_train_state({"params": {"w": jnp.ones(3)}}, optax.sgd(0.1))
        >>> int(state.step), state.batch_stats
        (0, {})
    """
    if not isinstance(variables, Mapping) or "params" not in variables:
        remedy = "pass what Module.init returns"
        if _arguments.is_nnx_state(variables) or any(
            map(_arguments.is_nnx, jax.tree.leaves(variables, is_leaf=_arguments.is_nnx))
        ):
            remedy = _arguments.NNX_REMEDY
        raise ValueError(
            f'variables: expected a mapping with "params", got {_describe(variables)}; {remedy}'
        )
    unknown = sorted(set(variables) - {"params", "batch_stats"})
    if unknown:
        raise ValueError(
            f'variables: expected the collections "params" and "batch_stats", got also '
            f"{unknown}, which a step would not carry on; remove them"
        )
    _arguments.check_transformation(tx)
    if key is not None:
        _arguments.check_key(key)
    _arguments.check_parameters(variables["params"])
    params = jax.tree.map(jnp.asarray, variables["params"])
    return TrainState(
        step=jnp.zeros((), jnp.int32),
        params=params,
        batch_stats=jax.tree.map(jnp.asarray, variables.get("batch_stats", {})),
        opt_state=tx.init(params),
        key=key,
    )


def check_state(state: Any) -> None:
    """Check for the state of one device, as every device of a step sees it."""
    if not isinstance(state, TrainState):
        raise TypeError(
            f"state: expected a TrainState, got {type(state).__name__}; start with "
            f"create_train_state(variables, tx) and go on with what the last step returned"
        )
    if jnp.ndim(state.step):
        raise ValueError(
            f"state: expected the state of one device, got one of {len(state.step)}; call "
            f"state = parallel.unreplicate(state) first"
        )


def _describe(variables: object) -> str:
    if isinstance(variables, Mapping):
        return f"a mapping with {sorted(map(str, variables))}"
    return type(variables).__name__
