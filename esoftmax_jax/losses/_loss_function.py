"""The decorator that gives every loss the same signature, checks and guarantees."""

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

import jax
import jax.numpy as jnp

from esoftmax_jax import _checks, _numerics, _sharding
from esoftmax_jax._types import Array
from esoftmax_jax.losses._class_axes import on_one_axis

_Function = TypeVar("_Function", bound=Callable[..., Any])
_Check = Callable[[str, Any, int], None]
_Preparation = Callable[[Any, Any], Any]


class _EveryClass:
    """Stands for the labels where a loss is wanted for every label that is possible."""

    def __repr__(self) -> str:
        return "every class"


EVERY_CLASS: Final = _EveryClass()


def loss_function(
    *,
    static: tuple[str, ...] = (),
    arrays: Mapping[str, _Check] | None = None,
    prepared: Mapping[str, _Preparation] | None = None,
    every_class: bool = True,
    **intervals: _checks.Interval,
) -> Callable[[_Function], _Function]:
    """Turn the arithmetic of one loss into a public loss.

    The decorated body receives clean arguments and contains only its formula: logits in at
    least float32, ``axis`` counted from the front, hyperparameters as arrays of the logits'
    dtype. It need not look at ``where``. Around it, this decorator

    * checks types, shapes and concrete hyperparameter values, before anything is computed;
    * makes one axis of classes of several (a tuple as ``axis``), and lets ``axis`` and
      ``where`` be given by position where no hyperparameter could be mistaken for them;
    * gives classes that ``where`` leaves out, if it has the logits' shape, a logit of −inf;
    * replaces masked logits and labels by harmless ones on the way in (so that NaN or −100
      cannot reach a gradient) and masked losses by exactly 0 on the way out;
    * compiles, with ``inline=True``, so that nothing of it remains in a caller's program.

    A body may also be asked for the losses of all K labels at once: it then receives
    ``labels=None``, and everything that it gets from ``_numerics`` has an axis of classes
    (of length 1 for what does not depend on the label). The same formula serves both.

    Args:
        static: names of flags (Python booleans) that are part of the program.
        arrays: for each further array argument, the function that checks it.
        prepared: for some of them, what is made of it, given the dtype of the computation.
            That happens before the program: of known values it costs the program nothing.
        every_class: whether the body can serve all labels at once.
        **intervals: for each numeric hyperparameter, the values it may take.

    Returns:
        The decorator.
    """
    checks, preparations = dict(arrays or {}), dict(prepared or {})
    integers = [name for name, interval in intervals.items() if interval.integer]
    numbers = [name for name in intervals if name not in integers]

    def decorate(body: _Function) -> _Function:
        signature = axis_by_position(inspect.signature(body))

        @functools.partial(jax.jit, static_argnames=("axis", *static, *integers), inline=True)
        def compiled(
            logits: Array,
            labels: Array | None,
            *,
            axis: int,
            where: Array | None,
            **options: Any,
        ) -> Array:
            dtype = _numerics.compute_dtype(logits.dtype)
            examples = logits.shape[:axis] + logits.shape[axis + 1 :]
            layout = _sharding.layout_of(logits)
            _sharding.check_class_axis(layout, axis)
            clean = logits.astype(dtype)
            if where is not None and where.ndim == logits.ndim:
                where = _sharding.split_as(where, logits, axis)
                clean = jnp.where(where, clean, -jnp.inf)
                where = jnp.any(where, axis=axis)
            layout = _sharding.without_axis(layout, axis)
            labels = None if labels is None else _sharding.laid_out(labels, layout)
            where = None if where is None else _sharding.laid_out(where, layout)
            for name in numbers:
                if options[name] is None:
                    continue
                value = jnp.asarray(options[name]).astype(dtype)
                if value.ndim:
                    value = _sharding.laid_out(jnp.broadcast_to(value, examples), layout)
                    value = jnp.expand_dims(value, axis) if labels is None else value
                options[name] = value
            for name in checks:
                if jnp.issubdtype(options[name].dtype, jnp.floating):
                    options[name] = options[name].astype(dtype)
            if where is not None:
                clean = jnp.where(jnp.expand_dims(where, axis), clean, 0)
                labels = None if labels is None else jnp.where(where, labels, 0)
            losses: Array = body(clean, labels, axis=axis, **options)
            if where is not None:
                mask = jnp.expand_dims(where, axis) if labels is None else where
                losses = jnp.where(mask, losses, 0)
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
            if isinstance(axis, tuple):
                options |= {"axis": axis, "where": where}
                return on_one_axis(loss, (logits, labels), options)
            axis = _checks.check_logits(logits, axis)
            if labels is EVERY_CLASS:
                labels = None
            else:
                _checks.check_labels(labels, logits, axis)
                labels = _numerics.narrow_labels(labels)
            examples = logits.shape[:axis] + logits.shape[axis + 1 :]
            _checks.check_where(where, examples, logits.shape)
            dtype = _numerics.compute_dtype(logits.dtype)
            for name, interval in intervals.items():
                _checks.check_hyperparameter(name, options[name], interval, examples, dtype)
            for name, check in checks.items():
                check(name, options[name], logits.shape[axis])
            for name in static:
                _checks.check_flag(name, options[name])
            for name, prepare in preparations.items():
                options[name] = prepare(options[name], dtype)
            result: Array = compiled(logits, labels, axis=axis, where=where, **options)
            return result

        loss.__signature__ = signature  # type: ignore[attr-defined]
        if every_class:
            mark_every_class(loss)
        return loss  # type: ignore[return-value]

    return decorate


def axis_by_position(signature: inspect.Signature) -> inspect.Signature:
    """Let ``axis`` and ``where`` be given by position, as in optax, if nothing else can be."""
    parameters = signature.parameters
    if not parameters.keys() <= {"logits", "labels", "axis", "where"}:
        return signature
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    return signature.replace(parameters=[p.replace(kind=kind) for p in parameters.values()])


def mark_every_class(loss: Callable[..., Any]) -> None:
    """Say that ``loss(logits, EVERY_CLASS)`` is understood.

    The mark is the function itself: ``functools.wraps``, ``jax.jit`` and the like copy
    attributes to functions that do not understand it.
    """
    loss.every_class_of = loss  # type: ignore[attr-defined]


def gives_every_class(loss: object) -> bool:
    """Whether ``loss(logits, EVERY_CLASS)`` is understood."""
    while isinstance(loss, functools.partial):
        loss = loss.func
    return getattr(loss, "every_class_of", None) is loss
