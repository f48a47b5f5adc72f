"""ε-softmax and symmetric losses for learning with wrong labels, in JAX.

``esoftmax_jax.losses`` has the losses, ``esoftmax_jax.noise`` makes labels wrong to order,
``esoftmax_jax.training`` has a pure Optax training step and ``esoftmax_jax.presets`` has
published hyperparameters. The names of the first three, but for ``get`` and ``names``, can also
be imported from here: ``esoftmax_jax.cross_entropy`` is ``esoftmax_jax.losses.cross_entropy``.

``help(esoftmax_jax.losses)`` explains every loss, ``help(esoftmax_jax.cross_entropy)`` one, and
``esoftmax_jax.losses.names()`` lists the names that papers give them.
"""

from esoftmax_jax import losses, noise, presets, training  # noqa: F401
from esoftmax_jax._version import __version__ as __version__
from esoftmax_jax.losses import *  # noqa: F403
from esoftmax_jax.noise import *  # noqa: F403
from esoftmax_jax.training import *  # noqa: F403

# Good names inside ``losses`` only. There is no ``__all__`` here: ``help`` would show every
# function of the library, and a star imports the same names without it.
del get, names  # noqa: F821
