"""Losses of one's own: ``FILE.py:NAME`` on the command line, imported and looked over."""

import dataclasses
import functools
import hashlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from esoftmax_jax.app.files.regular_file import not_a_file
from esoftmax_jax.app.methods.own_loss import OwnLoss, described
from esoftmax_jax.app.methods.own_loss_function import make_own_loss
from esoftmax_jax.app.methods.sibling_modules import SiblingModules
from esoftmax_jax.app.terminal.messages import UsageError

_FORM = "FILE.py:NAME with a function NAME(logits, labels, *, constant=1.0, ...)"


@dataclasses.dataclass(frozen=True)
class _Imported:
    module: ModuleType
    siblings: SiblingModules


def names_own_loss(text: str) -> bool:
    """Tell whether an option's text is of the form FILE.py:NAME."""
    return text.rpartition(":")[0].endswith(".py")


def read_own_loss(option: str, text: str) -> OwnLoss:
    """Import a file and make a method of one of its functions.

    See ``make_own_loss`` for what it may look like.

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
    return make_own_loss(
        option,
        function,
        name=f"{path.name}:{name}",
        given=text,
        form=_FORM,
        surroundings=imported.siblings,
    )


def _imported(option: str, path: Path) -> _Imported:
    if wrong := not_a_file(path):
        raise UsageError(f"{option}: expected {_FORM}, got {wrong}")
    wanted = option, path.resolve(), path.stat().st_mtime_ns, path
    found = _executed(*wanted)
    if found.siblings.changed():
        _executed.cache_clear()
        found = _executed(*wanted)
    return found


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
    siblings = SiblingModules(resolved.parent)
    try:
        with siblings():
            spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:  # whatever the user's code raises
        raise UsageError(
            f"{option}: expected a file that Python can import, got {path}: "
            f"{described(error, path)}; correct it"
        ) from None
    return _Imported(module, siblings)


def _belongs(function: Any, module: ModuleType, name: str) -> bool:
    return not name.startswith("_") and getattr(function, "__module__", "") == module.__name__
