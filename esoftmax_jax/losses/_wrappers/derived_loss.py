"""Losses that are made of losses: how they are called, and how they are pickled."""

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any, ParamSpec, TypeVar

from esoftmax_jax._types import Array
from esoftmax_jax.losses._class_axes import on_one_axis
from esoftmax_jax.losses._loss_function import (
    axis_by_position,
    gives_every_class,
    mark_every_class,
)

_Arguments = ParamSpec("_Arguments")
_Loss = TypeVar("_Loss")
_Parameter = inspect.Parameter
_FORMER_NAMES = {"label_distribution": "labels"}


def makes_a_loss(maker: Callable[_Arguments, _Loss]) -> Callable[_Arguments, _Loss]:
    """Let a function that returns a closure return what can be pickled as well.

    The closure is called with its arrays by position and, by name, with what the caller gave
    and nothing else: an ``axis`` or ``where`` that is not given is not passed on, so that it
    need not exist in the loss within.
    """

    @functools.wraps(maker)
    def make(*args: _Arguments.args, **kwargs: _Arguments.kwargs) -> _Loss:
        return DerivedLoss(maker(*args, **kwargs), make, args, kwargs)  # type: ignore[return-value, arg-type]

    return make


class DerivedLoss:
    """A loss that a function of this library made; its pickle is the call that made it."""

    __name__: str

    def __init__(
        self,
        function: Callable[..., Array],
        maker: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> None:
        functools.update_wrapper(self, function)
        self._function, self._made_by = function, (maker, args, kwargs)
        # What help shows of an object is its documentation alone.
        self.__doc__ = f"{self!r}{_signature(self) or '(...)'}\n\n{function.__doc__ or ''}"
        closure = inspect.signature(function, follow_wrapped=False).parameters
        self._arrays = tuple(name for name in ("logits", "labels") if name in closure)
        self._by_position = (*self._arrays, *_also_by_position(self))
        if gives_every_class(function):
            mark_every_class(self)

    def __call__(self, *args: Any, **given: Any) -> Array:
        """Return the losses."""
        for name in _FORMER_NAMES.keys() & given.keys():
            if args[1:] or _FORMER_NAMES[name] in given:
                raise TypeError(
                    f"{self.__name__}(): expected labels once, got them as {name} as well; "
                    "leave one out"
                )
            given[_FORMER_NAMES[name]] = given.pop(name)
        named = dict(zip(self._by_position, args, strict=False))
        if len(args) > len(self._by_position) or named.keys() & given.keys():
            raise TypeError(
                f"{self.__name__}(): expected {', '.join(self._by_position)} by position and "
                f"each argument once, got {len(args)} by position and {list(given)} by name"
            )
        given |= named
        missing = [name for name in self._arrays if name not in given]
        if missing:
            raise TypeError(f"{self.__name__}(): missing a required argument: {missing[0]!r}")
        arrays = tuple(given.pop(name) for name in self._arrays)
        if given.get("where", self) is None:
            del given["where"]
        if isinstance(given.get("axis"), tuple):
            return on_one_axis(self._function, arrays, given)
        return self._function(*arrays, **given)

    def __repr__(self) -> str:
        maker, args, kwargs = self._made_by
        given = [*map(_shown, args), *(f"{k}={_shown(x)}" for k, x in kwargs.items())]
        return f"{maker.__name__}({', '.join(given)})"

    def __reduce__(self) -> tuple[Any, ...]:
        return _made_again, self._made_by


def _shown(argument: Any) -> str:
    if isinstance(argument, tuple):
        return f"({', '.join(map(_shown, argument))})"
    if isinstance(argument, functools.partial):
        settings = (f"{name}={_shown(x)}" for name, x in argument.keywords.items())
        return f"partial({', '.join((_shown(argument.func), *settings))})"
    is_function = not isinstance(argument, DerivedLoss) and callable(argument)
    return str(getattr(argument, "__name__", argument)) if is_function else repr(argument)


def _made_again(
    maker: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    return maker(*args, **kwargs)


def _also_by_position(loss: Callable[..., Any]) -> list[str]:
    parameters = _parameters(loss)
    return [
        name
        for name in ("axis", "where")
        if name in parameters and parameters[name].kind is _Parameter.POSITIONAL_OR_KEYWORD
    ]


def derived_signature(
    *losses: Callable[..., Any], arrays: tuple[str, ...] = ("logits", "labels")
) -> inspect.Signature:
    """Return the signature of a loss that takes the hyperparameters of these losses."""
    known = {name: p for loss in losses for name, p in list(_parameters(loss).items())[2:]}
    names = [_Parameter(name, _Parameter.POSITIONAL_OR_KEYWORD) for name in arrays]
    axis = _Parameter("axis", _Parameter.KEYWORD_ONLY, default=-1)
    where = _Parameter("where", _Parameter.KEYWORD_ONLY, default=None)
    settings = [
        p.replace(kind=_Parameter.KEYWORD_ONLY)
        for name, p in known.items()
        if name not in ("axis", "where")
        and p.kind not in (_Parameter.VAR_KEYWORD, _Parameter.VAR_POSITIONAL)
    ]
    return axis_by_position(inspect.Signature([*names, *settings, axis, where]))


def _parameters(loss: Callable[..., Any]) -> Mapping[str, inspect.Parameter]:
    signature = _signature(loss)
    return {} if signature is None else signature.parameters


def _signature(loss: Callable[..., Any]) -> inspect.Signature | None:
    try:
        return inspect.signature(loss)
    except ValueError:  # not written in Python
        return None
