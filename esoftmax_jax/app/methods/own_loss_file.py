"""Losses of one's own: ``FILE.py:NAME`` on the command line, imported and looked over."""

import dataclasses
import functools
import hashlib
import importlib.util
import inspect
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from esoftmax_jax.app.files.regular_file import not_a_file
from esoftmax_jax.app.methods.neighbours import Neighbours
from esoftmax_jax.app.methods.own_loss import OwnLoss, described
from esoftmax_jax.app.terminal.messages import UsageError

_FORM = "FILE.py:NAME with a function NAME(logits, labels, *, constant=1.0, ...)"
_PASSED = ("axis", "where", "key")  # keyword arguments that are not constants


@dataclasses.dataclass(frozen=True)
class _Imported:
    module: ModuleType
    neighbours: Neighbours


def names_own_loss(text: str) -> bool:
    """Tell whether an option's text is of the form FILE.py:NAME."""
    return text.rpartition(":")[0].endswith(".py")


def read_own_loss(option: str, text: str) -> OwnLoss:
    """Import a file and make a method of one of its functions.

    Arguments with a floating-point default are its constants. ``NAME.candidates``, a sequence
    of dictionaries, has the settings that ``compare`` chooses among; without it that is the
    defaults alone. An argument ``key`` gets a fresh key in every step.

    Raises:
        UsageError: there is no such file or function, or it does not look like a loss.
    """
    file, _, name = text.rpartition(":")
    path = Path(file).expanduser()
    imported = _imported(option, path)
    module = imported.module
    function = getattr(module, name, None)
    if not callable(function):
        own = [n for n, f in vars(module).items() if callable(f) and _belongs(f, module, n)]
        raise UsageError(
            f"{option}: expected {_FORM}, got {text!r}, and {path} has "
            f"{'no' if function is None else 'something else as'} {name!r}; "
            f"its functions are {', '.join(own) or 'none'}"
        )
    constants, takes = _arguments(option, text, function)
    return OwnLoss(
        name=f"{path.name}:{name}",
        candidates=_candidates(option, text, function, constants),
        draws="key" in takes,
        function=function,
        takes=frozenset(takes),
        option=option,
        given=text,
        surroundings=imported.neighbours,
    )


def _imported(option: str, path: Path) -> _Imported:
    if wrong := not_a_file(path):
        raise UsageError(f"{option}: expected {_FORM}, got {wrong}")
    return _executed(option, path.resolve(), path.stat().st_mtime_ns, path)


@functools.cache
def _executed(option: str, resolved: Path, changed: int, path: Path) -> _Imported:
    """Execute a file, once for all losses in it until it changes."""
    digest = hashlib.sha256(f"{resolved}{changed}".encode()).hexdigest()[:8]
    module_name = f"own_loss_{digest}"
    spec = importlib.util.spec_from_file_location(module_name, resolved)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[module_name] = module  # as dataclasses in the file need it
    neighbours = Neighbours(resolved.parent)
    try:
        with neighbours():
            spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:  # whatever the user's code raises
        raise UsageError(
            f"{option}: expected a file that Python can import, got {path}: "
            f"{described(error, path)}; correct it"
        ) from None
    return _Imported(module, neighbours)


def _belongs(function: Any, module: ModuleType, name: str) -> bool:
    return not name.startswith("_") and getattr(function, "__module__", "") == module.__name__


def _arguments(
    option: str, text: str, function: Callable[..., Any]
) -> tuple[dict[str, float], set[str]]:
    """Return the constants with their defaults, and which of _PASSED the function takes."""
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        raise UsageError(
            f"{option}: expected {_FORM}, got {text!r}, whose arguments Python cannot tell"
        ) from None
    kinds = inspect.Parameter
    by_position = (kinds.POSITIONAL_ONLY, kinds.POSITIONAL_OR_KEYWORD)
    if [parameter.kind in by_position for parameter in parameters[:2]] != [True, True]:
        raise UsageError(
            f"{option}: expected {_FORM}, got {text!r}, which does not take two arguments "
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
                f"{parameter.name!r} of {text}; write {parameter.name}=1.0"
            )
        elif isinstance(parameter.default, float):
            constants[parameter.name] = parameter.default
    return constants, takes


def _candidates(
    option: str, text: str, function: Callable[..., Any], constants: dict[str, float]
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
            f"{option}: expected {text}.candidates as a list of dictionaries with numbers for "
            f"{', '.join(constants) or 'no constant at all'}, got {given!r}; a constant is an "
            "argument with a floating-point default"
        )
    return found
