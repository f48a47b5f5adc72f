"""A function as a loss: its arguments looked over, its constants found."""

import contextlib
import functools
import inspect
from collections.abc import Mapping
from typing import Any

from esoftmax_jax.app.methods.own_loss import Function, OwnLoss, Surroundings
from esoftmax_jax.app.terminal.messages import UsageError

_FORM = "a function of (logits, labels, *, constant=1.0, ...)"
_LARGEST = 3.4e38  # of float32
_PASSED = ("axis", "where", "key")  # keyword arguments that are not constants


def own_loss_of(option: str, function: Function) -> OwnLoss:
    """Make a method of a function, whose qualified name results have.

    Raises:
        UsageError: it does not look like a loss.
    """
    return make_own_loss(
        option,
        function,
        name=_qualified_name(function),
        given=function,
        form=_FORM,
        surroundings=contextlib.nullcontext,
    )


def make_own_loss(
    option: str,
    function: Function,
    *,
    name: str,
    given: str | Function,
    form: str,
    surroundings: Surroundings,
) -> OwnLoss:
    """Make a method of a function.

    Arguments with a floating-point default are its constants. ``function.candidates``, a
    sequence of dictionaries, has the settings that ``compare`` chooses among; without it that
    is the defaults alone. An argument ``key`` gets a fresh key in every step.

    Args:
        option: that named the loss, for messages.
        function: the loss.
        name: that results have.
        given: what it was named by.
        form: what was expected there, for messages.
        surroundings: see ``OwnLoss``.

    Raises:
        UsageError: it does not look like a loss.
    """
    called = given if isinstance(given, str) else name
    constants, takes = _arguments(option, called, form, function)
    return OwnLoss(
        name=name,
        candidates=_candidates(option, called, function, constants),
        draws="key" in takes,
        function=function,
        takes=frozenset(takes),
        option=option,
        given=given,
        surroundings=surroundings,
    )


def _qualified_name(function: Function) -> str:
    named: Any = function
    while isinstance(named, functools.partial):
        named = named.func
    if not hasattr(named, "__qualname__"):  # an object that can be called
        named = type(named)
    return f"{named.__module__}.{named.__qualname__}"


def _arguments(
    option: str, called: str, form: str, function: Function
) -> tuple[dict[str, float], set[str]]:
    """Return the constants with their defaults, and which of _PASSED the function takes."""
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        raise UsageError(
            f"{option}: expected {form}, got {called!r}, whose arguments Python cannot tell"
        ) from None
    kinds = inspect.Parameter
    by_position = (kinds.POSITIONAL_ONLY, kinds.POSITIONAL_OR_KEYWORD)
    if [parameter.kind in by_position for parameter in parameters[:2]] != [True, True]:
        raise UsageError(
            f"{option}: expected {form}, got {called!r}, which does not take two arguments "
            "by position"
        )
    constants: dict[str, float] = {}
    takes: set[str] = set()
    for parameter in parameters[2:]:
        if parameter.kind in (kinds.VAR_KEYWORD, kinds.VAR_POSITIONAL):
            continue
        if parameter.name in _PASSED:
            takes.add(parameter.name)
        elif parameter.default is parameter.empty:
            raise UsageError(
                f"{option}: expected a default for every constant, got none for "
                f"{parameter.name!r} of {called}; write {parameter.name}=1.0"
            )
        elif isinstance(parameter.default, float):
            constants[parameter.name] = float(parameter.default)
    check_constants(option, called, constants)
    return constants, takes


def check_constants(option: str, called: str, constants: Mapping[str, float]) -> None:
    """Check numbers for constants: neither files nor float32 have infinite ones.

    Raises:
        UsageError: naming the first that is too large, infinite or NaN.
    """
    for name, value in constants.items():
        if not abs(value) <= _LARGEST:
            raise UsageError(
                f"{option}: expected constants that are finite in float32, got {name}={value} "
                f"for {called}; take a number that is large enough to do the same"
            )


def _candidates(
    option: str, called: str, function: Function, constants: dict[str, float]
) -> tuple[dict[str, float], ...]:
    given = getattr(function, "candidates", None)
    if given is None:
        return (constants,)
    try:
        found = tuple(
            constants | {str(name): float(value) for name, value in dict(one).items()}
            for one in given
        )
    except (TypeError, ValueError):
        found = ()
    if not found or any(set(one) != set(constants) for one in found):
        raise UsageError(
            f"{option}: expected {called}.candidates as a list of dictionaries with "
            f"numbers for {', '.join(constants) or 'no constant at all'}, got {given!r}; a "
            "constant is an argument with a floating-point default"
        )
    for one in found:
        check_constants(option, f"{called}.candidates", one)
    # Each once: what was found for it would count twice.
    return tuple(one for place, one in enumerate(found) if one not in found[:place])
