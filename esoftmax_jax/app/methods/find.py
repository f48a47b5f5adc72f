"""Losses as options name them: by the papers' names, in a Python file, or as a function."""

import math
from collections.abc import Iterable
from typing import Any

from esoftmax_jax.app.methods.methods import METHODS, OWN_FORM, Method, Methods
from esoftmax_jax.app.methods.own_loss import Function, OwnLoss
from esoftmax_jax.app.methods.own_loss_file import names_own_loss, read_own_loss
from esoftmax_jax.app.methods.own_loss_function import check_constants, own_loss_of
from esoftmax_jax.app.terminal.messages import UsageError
from esoftmax_jax.spelling import did_you_mean, spelled


def find_method(option: str, given: str | Function) -> tuple[str, Method]:
    """Return a loss and the name that results have for it.

    ``CE_ε`` may be written as in the paper. Of ``FILE.py:NAME`` the file's own name remains,
    of a function its qualified name.

    Raises:
        UsageError: there is no such loss, or the function does not look like one.
    """
    if not isinstance(given, str):
        own = own_loss_of(option, given)
        return own.name, own
    if names_own_loss(given):
        own = read_own_loss(option, given)
        return own.name, own
    known = spelled(given)
    if known not in METHODS:
        several = option == "--losses"
        raise UsageError(
            f"{option}: expected {'names among' if several else 'one of'} "
            f"{', '.join(METHODS)} or {OWN_FORM}, got {given!r}{did_you_mean(given, METHODS)}"
            f"{'; separate several by commas' if several else ''}"
        )
    return known, METHODS[known]


def find_methods(option: str, given: Iterable[str | Function]) -> dict[str, Method]:
    """Return losses by the names that results have for them, each once.

    Raises:
        UsageError: see ``find_method``; or two losses would have one name.
    """
    found: dict[str, Method] = {}
    for one in given:
        name, method = find_method(option, one)
        _check_same(found.setdefault(name, method), method)
    return found


def _check_same(known: Method, method: Method) -> None:
    """Refuse another loss of the user's under a name that one has already."""
    if not isinstance(known, OwnLoss) or not isinstance(method, OwnLoss):
        return
    if known.source != method.source:
        kind = "files" if isinstance(method.given, str) else "functions"
        raise UsageError(
            f"{method.option}: expected {kind} of different names, got {known.called} and "
            f"{method.called}, which results could not tell apart; rename one"
        )


def check_settings(method: Method, settings: dict[str, float]) -> None:
    """Let the loss itself refuse values outside its range; one of the user's may not."""
    if isinstance(method, OwnLoss):
        check_constants("--set", method.called, settings)
    try:
        method.loss(**settings)
    except (TypeError, ValueError) as error:
        raise UsageError(f"--set: {error}") from None


def as_given(methods: Methods) -> dict[str, str | Function]:
    """Return, by name, what ``find_method`` takes for losses: of a function, the function."""
    return {
        name: method.given if isinstance(method, OwnLoss) else name
        for name, method in methods.items()
    }


def hyperparameter(loss: str, method: Method, name: str, value: Any) -> float:
    """Return the value of one of a loss's constants, given as a number or as text."""
    allowed = method.parameters
    if name not in allowed or value is None:
        expected = f"NAME=VALUE with NAME among {', '.join(allowed) or 'none at all'}"
        given = name if value is None else f"{name}={value}"
        meant = f"; write {name}=NUMBER" if name in allowed else did_you_mean(name, allowed)
        raise UsageError(f"--set: expected {expected} for {loss}, got {given!r}{meant}")
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number):
        raise UsageError(
            f"--set: expected a number as the value of {name}, got {value!r}; e.g. {name}=0.5"
        )
    return number
