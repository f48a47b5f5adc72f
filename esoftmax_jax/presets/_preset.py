"""One row of one cell: a loss by its name, and constants that nobody can change."""

import copy
import dataclasses
import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from esoftmax_jax import losses
from esoftmax_jax._types import Array
from esoftmax_jax.presets._gate_warning import GateWarning, gate_warning


class Hyperparameters(Mapping[str, Any]):
    """A read-only mapping that, unlike ``MappingProxyType``, can be hashed and pickled.

    Its deep copy is a plain dict, so ``dataclasses.asdict`` of what holds it gives one.
    """

    __slots__ = ("_values",)
    _values: dict[str, Any]

    def __init__(self, values: Mapping[str, Any]) -> None:
        object.__setattr__(self, "_values", dict(values))

    def __getitem__(self, name: str) -> Any:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __hash__(self) -> int:
        # Equal mappings may have their entries in any order.
        return hash(frozenset(self._values.items()))

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"hyperparameters: cannot set {name}; change a dict(...) of them")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(
            f"hyperparameters: cannot delete {name}; change a dict(...) of them"
        )

    def __or__(self, other: Mapping[str, Any]) -> dict[str, Any]:
        return {**self._values, **other} if isinstance(other, Mapping) else NotImplemented

    def __ror__(self, other: Mapping[str, Any]) -> dict[str, Any]:
        return {**other, **self._values} if isinstance(other, Mapping) else NotImplemented

    def __repr__(self) -> str:
        return f"Hyperparameters({self._values})"

    def __reduce__(self) -> tuple[type["Hyperparameters"], tuple[dict[str, Any]]]:
        return Hyperparameters, (self._values,)

    def __deepcopy__(self, memo: dict[int, Any]) -> dict[str, Any]:
        return copy.deepcopy(self._values, memo)

    def copy(self) -> dict[str, Any]:
        """Return a plain dict that may be changed."""
        return dict(self._values)


@dataclasses.dataclass(frozen=True)
class Preset:
    """A loss by its name in the registry and the hyperparameters of one cell of a table."""

    loss_name: str
    hyperparameters: Mapping[str, Any]
    table: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "hyperparameters", Hyperparameters(self.hyperparameters))

    def __deepcopy__(self, memo: object) -> "Preset":
        # Nothing in it can change, and its hyperparameters would come out as a dict.
        return self

    def loss(self, num_classes: int | None = None) -> Callable[..., Array]:
        """Return the loss with its hyperparameters bound (NLNL's key is given at the call).

        Given the number of classes of other data than the paper's, it warns (``GateWarning``)
        where an ε-softmax loss would have next to no gradient at first.
        """
        if num_classes is not None:
            sentence = gate_warning(self.loss_name, self.hyperparameters, num_classes)
            if sentence is not None:
                warnings.warn(sentence, GateWarning, stacklevel=2)
        return losses.get(self.loss_name, **self.hyperparameters)
