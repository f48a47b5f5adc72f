"""The decorator that gives the losses of a last layer their checks and guarantees."""

import functools
import inspect
from collections.abc import Callable
from typing import Any, TypeVar

import jax
import jax.numpy as jnp
import numpy as np

from esoftmax_jax import _checks, _numerics, _sharding
from esoftmax_jax._types import Array
from esoftmax_jax.losses._linear import checks as _linear_checks
from esoftmax_jax.losses._linear import numerics

_Function = TypeVar("_Function", bound=Callable[..., Any])


def linear_loss_function(
    **intervals: _checks.Interval,
) -> Callable[[_Function], _Function]:
    """Turn the arithmetic of one loss into a public loss of (hidden, kernel, labels).

    As ``loss_function`` does, this checks arguments before anything is computed, gives the
    body its hyperparameters as arrays, sets masked losses to exactly 0, returns
    ``loss_dtype`` and compiles with ``inline=True``. The body passes ``where`` on, since what
    it masks (the hidden states) is not what the formula sees (log p_y).

    Args:
        **intervals: for each numeric hyperparameter, the values it may take.

    Returns:
        The decorator.
    """

    def decorate(body: _Function) -> _Function:
        signature = inspect.signature(body)

        @functools.partial(
            jax.jit, static_argnames=("chunk_size", "axis_name", "loss_dtype"), inline=True
        )
        def compiled(
            hidden: Array,
            kernel: Array,
            labels: Array,
            *,
            where: Array | None,
            bias: Array | None,
            loss_dtype: np.dtype,
            **options: Any,
        ) -> Array:
            dtype = numerics.compute_dtype(hidden, kernel)
            layout = _sharding.layout_of(hidden)
            _sharding.check_layer_layout(layout, _sharding.layout_of(kernel))
            kernel = _sharding.whole(kernel, layout)
            bias = None if bias is None else _sharding.whole(bias, layout)
            layout = _sharding.without_axis(layout, hidden.ndim - 1)
            labels = _sharding.laid_out(labels, layout)
            where = None if where is None else _sharding.laid_out(where, layout)
            for name in intervals:
                if options[name] is not None:
                    value = jnp.asarray(options[name]).astype(dtype)
                    if value.ndim:
                        value = jnp.broadcast_to(value, labels.shape)
                        value = _sharding.laid_out(value, layout)
                    options[name] = value
            losses: Array = body(hidden, kernel, labels, bias=bias, where=where, **options)
            if where is not None:
                losses = jnp.where(where, losses, 0)
            result: Array = losses.astype(loss_dtype)
            return result

        @functools.wraps(body)
        def loss(*args: Any, **kwargs: Any) -> Array:
            try:
                bound = signature.bind(*args, **kwargs)
            except TypeError as error:
                raise TypeError(f"{body.__name__}(): {error}") from None
            bound.apply_defaults()
            options = dict(bound.arguments)
            hidden, kernel = options.pop("hidden"), options.pop("kernel")
            labels = options.pop("labels")
            axis_name = options["axis_name"]
            _linear_checks.check_axis_name(axis_name)
            given = options.pop("loss_dtype")
            _linear_checks.check_layer(
                hidden, kernel, options["bias"], sharded=axis_name is not None
            )
            _linear_checks.check_token_labels(labels, hidden)
            _checks.check_where(options["where"], labels.shape)
            dtype = numerics.compute_dtype(hidden, kernel)
            for name, interval in intervals.items():
                _checks.check_hyperparameter(name, options[name], interval, labels.shape, dtype)
            _linear_checks.check_chunk_size(options["chunk_size"])
            labels = _numerics.narrow_labels(labels)
            loss_dtype = _linear_checks.checked_loss_dtype(given, hidden)
            result: Array = compiled(hidden, kernel, labels, loss_dtype=loss_dtype, **options)
            return result

        return loss  # type: ignore[return-value]

    return decorate
