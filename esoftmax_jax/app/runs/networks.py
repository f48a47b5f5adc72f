"""A trained network, or several whose probabilities are averaged, as a function of inputs."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax.traverse_util import flatten_dict, unflatten_dict
from jax import export

from esoftmax_jax.app.data.dataset import Dataset
from esoftmax_jax.app.engine.config import RunConfig
from esoftmax_jax.app.engine.group import Group
from esoftmax_jax.app.engine.network_choice import make_network
from esoftmax_jax.app.files.arrays import Array

Variables = Mapping[str, Array]
"""Parameters and statistics of a network by their place in it: ``params/dense0/bias``."""

_PATHS = "jax_hlo_source_file_canonicalization_regex"  # of source files, what to leave out
_PLATFORMS = ("cpu", "cuda", "rocm", "tpu")


@dataclasses.dataclass(frozen=True, eq=False)
class Networks:
    """One network, or several of one shape that are one model together.

    Attributes:
        config: of the run, or of one of them: it decides the shape.
        dataset: decides classes, inputs and how these are normalised.
        members: the variables of each network.
    """

    config: RunConfig
    dataset: Dataset
    members: tuple[Variables, ...]

    @classmethod
    def of(cls, group: Group) -> "Networks":
        """Return the networks of a group's runs."""
        members = tuple(variables_of(group, run) for run in range(len(group.configs)))
        return cls(group.configs[0], group.dataset, members)

    @property
    def arrays(self) -> dict[str, Array]:
        """The variables by name; of several networks with a leading axis of members."""
        if len(self.members) == 1:
            return dict(self.members[0])
        return {name: np.stack([one[name] for one in self.members]) for name in self.members[0]}

    def logits(self, inputs: jax.Array) -> jax.Array:
        """Return float32 (N, K) of inputs as they came; of several, see ``averaged``."""
        found = self._of_members(inputs)
        return found[0] if len(self.members) == 1 else averaged(found)

    def votes(self, inputs: jax.Array) -> jax.Array:
        """Return float32 (N, K), which share of the networks takes each class for likeliest.

        One that takes several for equally likely votes for each.
        """
        found = self._of_members(inputs)
        return (found == found.max(axis=-1, keepdims=True)).astype(jnp.float32).mean(axis=0)

    def _of_members(self, inputs: jax.Array) -> jax.Array:
        """Return the logits of each network, float32 (members, N, K)."""
        # In a convolution that every device has; the variables are the same for all.
        network = make_network(self.config, self.dataset.num_classes, "lax")
        images = self.dataset.normalised(inputs)

        def of_member(variables: Variables) -> jax.Array:
            tree = _tree(variables)
            found: jax.Array = network.apply(tree, images, train=False)
            return found.astype(jnp.float32)

        return jnp.stack([of_member(one) for one in self.members])

    def exported(
        self, function: Callable[[jax.Array], jax.Array] | None = None
    ) -> export.Exported:
        """Return ``logits``, or ``votes``, for any number of inputs, to be written."""
        (count,) = export.symbolic_shape("n")
        images = self.dataset.train.images
        example = jax.ShapeDtypeStruct((count, *images.shape[1:]), images.dtype)
        before = getattr(jax.config, _PATHS)
        jax.config.update(_PATHS, ".*")  # the function is the same wherever this code lies
        try:
            return export.export(jax.jit(function or self.logits), platforms=_PLATFORMS)(
                example
            )
        finally:
            jax.config.update(_PATHS, before)


def averaged(logits: jax.Array) -> jax.Array:
    """Return the log of the mean softmax, (N, K) out of (members, N, K).

    Its softmax is that mean again: it stands for the logits of one network.
    """
    parts = jax.nn.log_softmax(logits, axis=-1)
    largest = parts.max(axis=0)
    return largest + jnp.log(jnp.exp(parts - largest).mean(axis=0))


def variables_of(group: Group, run: int) -> dict[str, Array]:
    """Return the parameters and statistics of one of a group's runs, those evaluated."""
    state = jax.tree.map(lambda x: np.asarray(x)[run], group.states).evaluated()
    tree = {"params": state.params, "batch_stats": state.batch_stats}
    return {"/".join(key): np.asarray(value) for key, value in flatten_dict(tree).items()}


def _tree(variables: Variables) -> dict[str, Any]:
    named = {tuple(name.split("/")): jnp.asarray(value) for name, value in variables.items()}
    return {"batch_stats": {}, **unflatten_dict(named)}
