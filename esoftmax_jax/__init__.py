"""ε-softmax and symmetric losses for learning with wrong labels, in JAX.

``esoftmax_jax.losses`` has the losses, ``esoftmax_jax.noise`` makes labels wrong to order,
``esoftmax_jax.training`` has a pure Optax training step and ``esoftmax_jax.presets`` has
published hyperparameters. The names of the first three, but for ``get`` and ``names``, can also
be imported from here.
"""

from esoftmax_jax import losses, noise, presets, training
from esoftmax_jax._version import __version__
from esoftmax_jax.losses import *  # noqa: F403
from esoftmax_jax.losses import __all__ as _losses_names
from esoftmax_jax.noise import *  # noqa: F403
from esoftmax_jax.noise import __all__ as _noise_names
from esoftmax_jax.training import *  # noqa: F403
from esoftmax_jax.training import __all__ as _training_names

__all__ = ["__version__", "losses", "noise", "presets", "training"]
__all__ += _losses_names + _noise_names + _training_names

# Good names inside ``losses`` only.
for _name in ("get", "names"):
    __all__.remove(_name)
    del globals()[_name]
