"""The decorator that gives every loss the same signature, checks and guarantees."""

import functools
import inspect
from collections.abc import Callable
from typing import Any, TypeVar

import jax
import jax.numpy as jnp

from esoftmax_jax import _checks, _numerics
from esoftmax_jax._types import Array

_Function = TypeVar("_Function", bound=Callable[..., Any])


def loss_function(
    *, static: tuple[str, ...] = (), **intervals: _checks.Interval
) -> Callable[[_Function], _Function]:
    """Turn the arithmetic of one loss into a public loss.

    The decorated body receives clean arguments and contains only its formula: logits in at
    least float32, ``axis`` counted from the front, hyperparameters as arrays of the logits'
    dtype. It need not look at ``where``. Around it, this decorator

    * checks types, shapes and concrete hyperparameter values, before anything is computed;
    * replaces masked logits and labels by harmless ones on the way in (so that NaN or −100
      cannot reach a gradient) and masked losses by exactly 0 on the way out;
    * compiles, with ``inline=True``, so that nothing of it remains in a caller's program.

    Args:
        static: names of flags (Python booleans) that are part of the program.
        **intervals: for each numeric hyperparameter, the values it may take.

    Returns:
        The decorator.
    """

    def decorate(body: _Function) -> _Function:
        signature = inspect.signature(body)

        @functools.partial(jax.jit, static_argnames=("axis", *static), inline=True)
        def compiled(
            logits: Array, labels: Array, *, axis: int, where: Array | None, **options: Any
        ) -> Array:
            dtype = _numerics.compute_dtype(logits.dtype)
            for name in intervals:
                if options[name] is not None:
                    options[name] = jnp.asarray(options[name]).astype(dtype)
            clean = logits.astype(dtype)
            if where is not None:
                clean = jnp.where(jnp.expand_dims(where, axis), clean, 0)
                labels = jnp.where(where, labels, 0)
            losses: Array = body(clean, labels, axis=axis, **options)
            if where is not None:
                losses = jnp.where(where, losses, 0)
            result: Array = losses.astype(logits.dtype)
            return result

        @functools.wraps(body)
        def loss(*args: Any, **kwargs: Any) -> Array:
            try:
                bound = signature.bind(*args, **kwargs)
            except TypeError as error:
                raise TypeError(f"{body.__name__}(): {error}") from None
            bound.apply_defaults()
            options = dict(bound.arguments)
            logits, labels = options.pop("logits"), options.pop("labels")
            axis, where = options.pop("axis"), options.pop("where")
            axis = _checks.check_logits(logits, axis)
            _checks.check_labels(labels, logits, axis)
            _checks.check_where(where, labels.shape)
            for name, interval in intervals.items():
                _checks.check_hyperparameter(name, options[name], interval, labels.shape)
            for name in static:
                _checks.check_flag(name, options[name])
            result: Array = compiled(logits, labels, axis=axis, where=where, **options)
            return result

        return loss  # type: ignore[return-value]

    return decorate
