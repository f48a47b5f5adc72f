"""ε-softmax and symmetric losses for learning with wrong labels, in JAX.

``esoftmax_jax.losses`` has the losses, ``esoftmax_jax.noise`` makes labels wrong to order,
``esoftmax_jax.cleaning`` finds wrong labels, ``esoftmax_jax.estimate`` says how many there are,
``esoftmax_jax.training`` has a pure Optax step, ``esoftmax_jax.presets`` has published
hyperparameters and ``esoftmax_jax.theory`` says what a loss promises. The names of the first
five, but for ``get`` and ``names``, can also be imported from here:
``esoftmax_jax.cross_entropy`` is ``esoftmax_jax.losses.cross_entropy``. So can
``find_wrong_labels`` of the application, ``esoftmax_jax.app``.

``help(esoftmax_jax.losses)`` explains every loss, ``help(esoftmax_jax.cross_entropy)`` one, and
``esoftmax_jax.losses.names()`` lists the names that papers give them.
"""

import importlib
import sys
from typing import TYPE_CHECKING, Any

from esoftmax_jax._version import __version__ as __version__

if TYPE_CHECKING:
    from esoftmax_jax import cleaning, estimate, losses, noise, presets, theory, training
    from esoftmax_jax.cleaning import *  # noqa: F403
    from esoftmax_jax.estimate import *  # noqa: F403
    from esoftmax_jax.losses import *  # noqa: F403
    from esoftmax_jax.noise import *  # noqa: F403
    from esoftmax_jax.training import *  # noqa: F403

# The parts alone: ``help`` would show every function of the library.
__all__ = ["cleaning", "estimate", "losses", "noise", "presets", "theory", "training"]

_PARTS = (*__all__, "app")
# The one that imports Flax comes last.
_NAMES_ALSO_HERE = ("losses", "noise", "cleaning", "estimate", "training")
_ONLY_IN_LOSSES = ("get", "names")
_OF_THE_APPLICATION = ("find_wrong_labels",)


def __getattr__(name: str) -> Any:
    """Import a part when it is first asked for: ``import esoftmax_jax`` takes no time."""
    if name in _PARTS:
        return importlib.import_module(f"{__name__}.{name}")
    if name in _OF_THE_APPLICATION:
        return getattr(importlib.import_module(f"{__name__}.app"), name)
    if not name.startswith("_") and name not in _ONLY_IN_LOSSES:
        for part in _NAMES_ALSO_HERE:
            module = importlib.import_module(f"{__name__}.{part}")
            if name in module.__all__:
                return getattr(module, name)
    # With its name and object Python tells the name that is meant.
    text = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(text, name=name, obj=sys.modules[__name__])


def __dir__() -> list[str]:
    """Return the public names: the parts, and what can be imported from here too."""
    modules = [importlib.import_module(f"{__name__}.{part}") for part in _NAMES_ALSO_HERE]
    names = {name for module in modules for name in module.__all__}
    return sorted({"__version__", *_PARTS, *names, *_OF_THE_APPLICATION} - set(_ONLY_IN_LOSSES))
