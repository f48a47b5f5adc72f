"""Functions as Python calls them: every argument by name, and messages that name arguments."""

import functools
import inspect
import re
import typing
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from esoftmax_jax.app.jobs.option_kinds import YES_OR_NO
from esoftmax_jax.app.jobs.options import OPTIONS
from esoftmax_jax.app.terminal.messages import UsageError
from esoftmax_jax.spelling import did_you_mean

# Options that are called otherwise in Python.
_RENAMED = {option.name: option.in_python for option in OPTIONS} | {
    f"no_{option.name}": f"{option.name}=False"
    for option in OPTIONS
    if option.kind is YES_OR_NO
}


def from_python(found: Any) -> Any:
    """Return a function as Python calls it; what is no function stays as it is."""
    return found if isinstance(found, type) else _called(found)


def _called(function: Callable[..., Any]) -> Callable[..., Any]:
    signature = _signature(function)

    @functools.wraps(function)
    def call(*args: Any, **options: Any) -> Any:
        _check_names(function.__name__, signature, args, options)
        plain = {name: _plain(value) for name, value in options.items()}
        try:
            return function(*map(_plain, args), **plain)
        except UsageError as error:
            raise UsageError(in_python(str(error))) from None

    call.__signature__ = signature  # type: ignore[attr-defined]
    call.__doc__ = _documented(function.__doc__ or "", signature)
    return call


def _check_names(
    name: str, signature: inspect.Signature, args: Sequence[Any], options: Mapping[str, Any]
) -> None:
    """Check that arguments exist, each once; an option's name is a hint to its argument."""
    try:
        signature.bind(*args, **options)
    except TypeError as error:
        known = signature.parameters
        unknown = next((one for one in options if one not in known), None)
        meant = "" if unknown is None else did_you_mean(unknown, known, _RENAMED)
        raise TypeError(f"{name}: {error}{meant}") from None


def _plain(value: Any) -> Any:
    """Return a number of NumPy's or JAX's as one of Python's, which configurations keep."""
    if getattr(value, "shape", None) != () or not hasattr(value, "item"):
        return value
    number = value.item()
    # The digits that were written: 0.1 of 32 bits is not that of 64.
    return float(str(value)) if isinstance(number, float) else number


def _signature(function: Callable[..., Any]) -> inspect.Signature:
    """Return the signature with the options of a typed dictionary as arguments, None each."""
    signature = inspect.signature(function)
    found: list[inspect.Parameter] = []
    for one in signature.parameters.values():
        if one.kind is not inspect.Parameter.VAR_KEYWORD:
            found.append(one)
            continue
        (options,) = typing.get_args(one.annotation)
        for name, hint in typing.get_type_hints(options).items():
            kind = inspect.Parameter.KEYWORD_ONLY
            found.append(inspect.Parameter(name, kind, default=None, annotation=hint))
    return signature.replace(parameters=found)


def _documented(text: str, signature: inspect.Signature) -> str:
    """Return a docstring in which the options of typed dictionaries are explained."""
    from esoftmax_jax.app.jobs.arguments import DataOptions, TrainingOptions

    explained = [
        (options.__doc__ or "").partition("Attributes:\n")[2].rstrip()
        for options in (DataOptions, TrainingOptions)
        if options.__annotations__.keys() <= signature.parameters.keys()
    ]
    return re.sub(r"(?m)^ +\*\*options:.*$", lambda _: "\n".join(explained), text)


def in_python(text: str) -> str:
    """Return a message of the command line with the names that arguments have in Python.

    ``--learning-rate`` is ``learning_rate``, ```train --suspects``` is ``train(suspects=...)``.
    """
    text = re.sub(r"^DATA:", "data:", text)
    text = re.sub(r"`(\w+) --([a-z][a-z-]*)`", r"`\1(--\2=...)`", text)
    return re.sub(r"(?<![\w-])--([a-z][a-z-]*)", lambda found: _name(found[1]), text)


def _name(option: str) -> str:
    name = option.replace("-", "_")
    return _RENAMED.get(name, name)
