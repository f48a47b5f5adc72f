"""The losses that can be named on the command line, with the settings that are tried."""

import dataclasses
from collections.abc import Hashable, Iterable, Mapping
from typing import Any

import esoftmax_jax


@dataclasses.dataclass(frozen=True)
class Method:
    """A loss that runs can name.

    Attributes:
        name: in the library's registry.
        candidates: the settings among which a noisy hold-out set chooses on small data.
        flags: hyperparameters that no run changes.
        draws: whether the loss takes a key, another one for every step.
    """

    name: str
    candidates: tuple[dict[str, float], ...]
    flags: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    draws: bool = False

    @property
    def parameters(self) -> tuple[str, ...]:
        """Names of the numeric hyperparameters, sorted."""
        return tuple(sorted(self.candidates[0]))

    @property
    def defaults(self) -> tuple[tuple[str, float], ...]:
        """The first settings, as a configuration has them."""
        return tuple(sorted(self.candidates[0].items()))

    def loss(self, **settings: Any) -> Any:
        """Return the loss with its hyperparameters bound; settings may be traced."""
        return esoftmax_jax.losses.get(self.name, **self.flags, **settings)

    def content_hash(self, num_classes: int, batch_size: int) -> str | None:
        """Return a hash of what is computed where the name does not decide it."""
        del num_classes, batch_size
        return None

    def key(self, num_classes: int, batch_size: int) -> Hashable:
        """Return what two losses have in common that compute the same in a program."""
        del num_classes, batch_size
        return self.name, self.parameters, tuple(sorted(self.flags.items())), self.draws


# What held-out labels choose among on small data; the first is the published setting for
# CIFAR-10 where there is one.
_CANDIDATES: dict[str, tuple[dict[str, float], ...]] = {
    "CE": ({},),
    "FL": ({"gamma": 0.5}, {"gamma": 1.0}, {"gamma": 2.0}),
    "CE_tau": ({"tau": 0.5}, {"tau": 0.3}, {"tau": 0.7}),
    "MAE": ({},),
    "MSE": ({},),
    "GCE": ({"q": 0.5}, {"q": 0.7}, {"q": 0.9}),
    "RCE": ({},),
    "SCE": (
        {"alpha": 0.1, "beta": 1.0},
        {"alpha": 1.0, "beta": 1.0},
        {"alpha": 6.0, "beta": 0.1},
    ),
    "NCE": ({},),
    "NFL": ({"gamma": 0.5},),
    "AGCE": ({"a": 0.6, "q": 0.6}, {"a": 6.0, "q": 1.5}),
    "AUL": ({"a": 6.3, "q": 1.5}, {"a": 5.5, "q": 3.0}),
    "AEL": ({"a": 2.5}, {"a": 5.0}),
    "CE+LC": ({"delta": 1.0}, {"delta": 1.5}, {"delta": 2.5}),
    "LDR-KL": ({"lam": 10.0, "threshold": 0.1}, {"lam": 1.0, "threshold": 0.1}),
    "NNCE": ({},),
    "NNFL": ({"gamma": 0.5},),
    "CE_eps": ({"m": 1e3}, {"m": 1e4}),
    "FL_eps": ({"gamma": 0.1, "m": 1e3}, {"gamma": 0.1, "m": 1e4}),
    "CE_eps+MAE": (
        {"alpha": 0.1, "beta": 1.0, "m": 1e4},
        {"alpha": 0.1, "beta": 2.0, "m": 1e4},
        {"alpha": 0.01, "beta": 5.0, "m": 1e5},
    ),
    "FL_eps+MAE": (
        {"alpha": 0.1, "beta": 1.0, "gamma": 0.1, "m": 1e4},
        {"alpha": 0.1, "beta": 2.0, "gamma": 0.1, "m": 1e4},
        {"alpha": 0.01, "beta": 5.0, "gamma": 0.1, "m": 1e5},
    ),
    "AMSE": ({"a": 30.0}, {"a": 5.0}),
    "VCE": ({"a": 0.1}, {"a": 1.0}),
    "VEL": ({"a": 0.5}, {"a": 2.5}),
    "VMSE": ({"a": 1.5}, {"a": 5.0}),
    "PHuber-CE": ({"tau": 2.0}, {"tau": 10.0}),
    "Taylor-CE": ({},),
    "JS": ({"pi": 0.1}, {"pi": 0.5}, {"pi": 0.9}),
    "Bi-Tempered": ({"t1": 0.8, "t2": 1.2}, {"t1": 0.5, "t2": 1.4}),
    "DFT": ({},),
    "CE_tau+MAE": (
        {"alpha": 0.1, "beta": 1.0, "tau": 0.5},
        {"alpha": 0.1, "beta": 2.0, "tau": 0.5},
    ),
    "NCE+MAE": ({"alpha": 1.0, "beta": 0.5}, {"alpha": 1.0, "beta": 1.0}),
    "NCE+RCE": ({"alpha": 1.0, "beta": 1.0}, {"alpha": 10.0, "beta": 0.1}),
    "NFL+MAE": ({"alpha": 1.0, "beta": 0.5, "gamma": 0.5},),
    "NFL+RCE": ({"alpha": 1.0, "beta": 1.0, "gamma": 0.5},),
    "NCE+AGCE": (
        {"a": 6.0, "alpha": 1.0, "beta": 4.0, "q": 1.5},
        {"a": 1.8, "alpha": 10.0, "beta": 0.1, "q": 3.0},
    ),
    "NCE+AUL": ({"a": 6.3, "alpha": 1.0, "beta": 4.0, "q": 1.5},),
    "NCE+AEL": ({"a": 5.0, "alpha": 1.0, "beta": 4.0}, {"a": 1.5, "alpha": 10.0, "beta": 0.1}),
    "ANL-CE": ({"alpha": 5.0, "beta": 5.0}, {"alpha": 10.0, "beta": 1.0}),
    "ANL-FL": ({"alpha": 5.0, "beta": 5.0, "gamma": 0.5},),
    "JAL-CE": ({"a": 30.0, "alpha": 1.0, "beta": 1.0}, {"a": 20.0, "alpha": 5.0, "beta": 1.0}),
    "JAL-FL": ({"a": 30.0, "alpha": 1.0, "beta": 1.0, "gamma": 0.5},),
}
# What the ε-softmax authors' code does otherwise than this library by default.
_FOCAL = ("FL", "FL_eps", "FL_eps+MAE", "NFL", "NFL+MAE", "NFL+RCE")
_CODE_FLAGS: dict[str, dict[str, Any]] = {
    "GCE": {"min_prob": 1e-8},
    **{name: {"stop_modulator_gradient": True} for name in _FOCAL},
}
METHODS: Mapping[str, Method] = (
    {name: Method(name, settings) for name, settings in _CANDIDATES.items()}
    | {
        f"{name}@code": Method(name, _CANDIDATES[name], flags)
        for name, flags in _CODE_FLAGS.items()
    }
    | {
        name: Method("NLNL", ({},), {"num_complementary": count}, draws=True)
        for name, count in {"NLNL": 1, "NLNL@110": 110}.items()
    }
)
"""Name as in the papers → loss: all of the library's but those that need a matrix or a memory.

``NAME@code`` is NAME as the ε-softmax authors' code computes it: GCE floored at 1e-8, focal
losses whose modulating factor is a constant in the derivative. ``NLNL@110`` draws 110
complementary labels for an example, as published for CIFAR-100, instead of one.
"""

Methods = Mapping[str, Method]
"""Losses by name, such as METHODS or those of a comparison with the user's own among them."""


def selected(names: Iterable[str], methods: Methods = METHODS) -> dict[str, Method]:
    """Return some losses of several, by name."""
    return {name: methods[name] for name in names}


def number_of_settings(methods: Methods) -> int:
    """Return how long a vector of hyperparameters must be to serve all of the losses."""
    return max(1, *(len(method.parameters) for method in methods.values()))


DEFAULT_LOSSES = ("CE", "GCE", "SCE", "MAE", "CE_eps+MAE")
"""Compared where nobody says which; a single run takes the last."""

AUTO = "auto"
"""In the place of a loss: settings and rate are chosen by folds of the noisy labels."""

OWN_FORM = "FILE.py:NAME"
