"""Losses as options name them: by the papers' names, or as a function in a Python file."""

from pathlib import Path

from experiments._closest import did_you_mean, spelled
from experiments._errors import UsageError
from experiments._methods import METHODS, method_named, register
from experiments._own_loss import OwnLoss
from experiments._own_loss_file import names_own_loss, read_own_loss

OWN_FORM = "FILE.py:NAME"


def check_method(option: str, text: str) -> str:
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
        register(method)
        return method.name
    assert isinstance(other, OwnLoss)
    if _file(other) != _file(method):
        raise UsageError(
            f"{method.option}: expected files of different names, got {other.given} and "
            f"{method.given}, which results could not tell apart; rename one"
        )
    return method.name


def _file(method: OwnLoss) -> Path:
    return Path(method.given.rpartition(":")[0]).expanduser().resolve()


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
