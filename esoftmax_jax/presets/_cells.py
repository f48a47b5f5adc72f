"""Which datasets, kinds of noise and rates the paper has, and what is said of any other."""

import numbers
from collections.abc import Iterable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from esoftmax_jax.spelling import did_you_mean

SYMMETRIC_RATES = (0.2, 0.4, 0.6, 0.8)
ASYMMETRIC_RATES = (0.1, 0.2, 0.3, 0.4)
INSTANCE_RATES = (0.2, 0.4, 0.6)
CELLS: dict[str, dict[str, tuple[float, ...]]] = {
    "cifar10": {
        "clean": (0.0,),
        "symmetric": SYMMETRIC_RATES,
        "asymmetric": ASYMMETRIC_RATES,
        "instance": INSTANCE_RATES,
    },
    "cifar100": {
        "clean": (0.0,),
        "symmetric": SYMMETRIC_RATES,
        "asymmetric": ASYMMETRIC_RATES,
        "instance": INSTANCE_RATES,
    },
    "cifar10n": dict.fromkeys(
        ("clean", "aggregate", "random1", "random2", "random3", "worst"), ()
    ),
    "cifar100n": dict.fromkeys(("clean", "noisy"), ()),
    "webvision": {"web": ()},
    "clothing1m": {"web": ()},
}
"""dataset → kind of noise → rates; no rates where the noise is what it is."""

RATE_TOLERANCE = 1e-6
"""What float32 and a product such as 3 * 0.2 are off by, and more."""


def check_cell(dataset: object, noise: object, rate: Any) -> float:
    """Check that a cell is in the paper; return its rate as it is listed, 0 where none is."""
    name = _known("dataset", dataset, CELLS)
    kinds = CELLS[name]
    kind = _known("noise", noise, kinds, f" for {name}")
    rates = kinds[kind]
    if rate is None and len(rates) <= 1:
        return rates[0] if rates else 0.0
    number = None if rate is None else _number(rate)
    for listed in rates:
        if number is not None and abs(number - listed) <= RATE_TOLERANCE:
            return listed
    expected = ", ".join(map(str, rates)) or "none"
    todo = "" if rates else "; leave it out"
    raise ValueError(f"rate: expected {expected} for {name} {kind}, got {rate!r}{todo}")


def _known(argument: str, name: object, names: Iterable[str], where: str = "") -> str:
    expected = f"{argument}: expected one of {', '.join(names)}{where}"
    if not isinstance(name, str):
        raise TypeError(f"{expected}, got {name!r}; pass a string")
    if name in names:
        return name
    raise ValueError(f"{expected}, got {name!r}{did_you_mean(name, names)}")


def _number(rate: Any) -> float:
    """Return a real number as a float, whoever's it is."""
    is_number = isinstance(rate, numbers.Real) and not isinstance(rate, bool)
    is_scalar = isinstance(rate, (jax.Array, np.ndarray)) and rate.ndim == 0
    is_real = is_scalar and any(
        jnp.issubdtype(rate.dtype, k) for k in (np.integer, np.floating)
    )
    if isinstance(rate, jax.core.Tracer) or not (is_number or is_real):
        raise TypeError(f"rate: expected a number or None, got {rate!r}; pass e.g. 0.4")
    return float(rate)
