"""Losses as options name them: by the papers' names, or as a function in a Python file."""

import math
from typing import Any

from esoftmax_jax.app.methods.methods import METHODS, OWN_FORM, method_named, register
from esoftmax_jax.app.methods.own_loss import OwnLoss
from esoftmax_jax.app.methods.own_loss_file import names_own_loss, read_own_loss
from esoftmax_jax.app.terminal.messages import UsageError
from esoftmax_jax.spelling import did_you_mean, spelled


def find_method(option: str, text: str) -> str:
    """Return the name of a loss as ``method_named`` takes it.

    ``CE_ε`` may be written as in the paper. Of ``FILE.py:NAME`` the file's own name remains.

    Raises:
        UsageError: there is no such loss, or the file's function does not look like one.
    """
    if names_own_loss(text):
        return _registered(read_own_loss(option, text))
    known = spelled(text)
    if known not in METHODS:
        several = option == "--losses"
        raise UsageError(
            f"{option}: expected {'names among' if several else 'one of'} "
            f"{', '.join(METHODS)} or {OWN_FORM}, got {text!r}{did_you_mean(text, METHODS)}"
            f"{'; separate several by commas' if several else ''}"
        )
    return known


def _registered(method: OwnLoss) -> str:
    """Register a loss of the user's, unless another file of that name has one so called."""
    try:
        other = method_named(method.name)
    except KeyError:
        other = method
    assert isinstance(other, OwnLoss)
    if other.path.resolve() != method.path.resolve():
        raise UsageError(
            f"{method.option}: expected files of different names, got {other.given} and "
            f"{method.given}, which results could not tell apart; rename one"
        )
    register(method)
    return method.name


def check_settings(name: str, settings: dict[str, float]) -> None:
    """Let the loss itself refuse values outside its range."""
    try:
        method_named(name).loss(**settings)
    except (TypeError, ValueError) as error:
        raise UsageError(f"--set: {error}") from None


def option_name(name: str) -> str:
    """Return what names a loss on a command line."""
    method = method_named(name)
    return method.given if isinstance(method, OwnLoss) else name


def hyperparameter(loss: str, name: str, value: Any) -> float:
    """Return the value of one of a loss's constants, given as a number or as text."""
    allowed = method_named(loss).parameters
    if name not in allowed or value is None:
        expected = f"NAME=VALUE with NAME among {', '.join(allowed) or 'none at all'}"
        given = name if value is None else f"{name}={value}"
        meant = did_you_mean(name, allowed)
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
