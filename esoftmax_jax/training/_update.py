"""One update of the parameters by an Optax transformation, whatever it asks for."""

import functools
import inspect
import re
from collections.abc import Callable
from typing import Any

import jax
import optax

from esoftmax_jax._types import Array


def update(
    tx: optax.GradientTransformation,
    gradients: Any,
    opt_state: Any,
    params: Any,
    value: Array,
    value_fn: Callable[[Any], Array],
) -> tuple[Any, Any]:
    """Return new parameters and the transformation's new state.

    Args:
        tx: plain, or one that also takes ``value``, ``grad`` or ``value_fn``, as
            ``optax.contrib.reduce_on_plateau`` and ``optax.lbfgs`` do.
        gradients: of the mean loss over all devices.
        opt_state: the state of ``tx``.
        params: the parameters.
        value: the mean loss over all devices.
        value_fn: the same as a function of the parameters.
    """
    extra = _accepted(tx, value=value, grad=gradients, value_fn=value_fn)
    try:
        updates, opt_state = tx.update(gradients, opt_state, params, **extra)
    except TypeError as error:
        if not re.search(r"missing \d+ required keyword-only argument", str(error)):
            raise
        wanted = ", ".join(re.findall(r"'(\w+)'", str(error)))
        raise TypeError(
            f"tx: expected a transformation that needs no more than value, grad and value_fn, "
            f"got one that needs {wanted}; call its update in a step of your own"
        ) from error
    return optax.apply_updates(params, updates), opt_state


def _accepted(tx: optax.GradientTransformation, **extra: Any) -> dict[str, Any]:
    """Return those arguments that a transformation, or ``optax.MultiSteps``, can be given."""
    parameters = inspect.signature(tx.update).parameters
    if any(one.kind is inspect.Parameter.VAR_KEYWORD for one in parameters.values()):
        return extra
    return {name: one for name, one in extra.items() if name in parameters}


# Derivatives inside a mapped function are those of one device alone: a function of the
# parameters that a line search may differentiate has to add them up by itself.


@functools.partial(jax.custom_vjp, nondiff_argnums=(1,))
def share_of_all(params: Any, axis_name: str) -> Any:
    """Return the parameters; their gradient is summed over the devices of an axis."""
    del axis_name
    return params


share_of_all.defvjp(
    lambda params, _: (params, None),
    lambda axis_name, _, gradient: (jax.lax.psum(gradient, axis_name),),
)


@functools.partial(jax.custom_vjp, nondiff_argnums=(1,))
def sum_of_shares(share: Array, axis_name: str) -> Array:
    """Return the sum over the devices of an axis; each share's gradient is that of the sum."""
    total: Array = jax.lax.psum(share, axis_name)
    return total


sum_of_shares.defvjp(
    lambda share, axis_name: (jax.lax.psum(share, axis_name), None),
    lambda _, __, gradient: (gradient,),
)
