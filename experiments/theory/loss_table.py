"""The table of all losses: what the theory says of each.

    python -m experiments theory

Each loss has the first setting that ``compare`` tries. NLNL is its mean over the complementary
labels that it draws; the corrections get the matrix of 40 % symmetric noise.
"""

import math
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from esoftmax_jax import losses, theory
from esoftmax_jax.app.methods.methods import METHODS

NUM_CLASSES = 10
_PLACES = ((0.001, False), (0.1, False), (0.1, True), (0.9, True))
_RESIDUAL = 0.005  # from which it is told
_MORE: dict[str, tuple[str, dict[str, Any]]] = {
    "CE_eps (m=1e5)": ("CE_eps", {"m": 1e5}),
    "CE_eps (m=1e8)": ("CE_eps", {"m": 1e8}),
    "CE_eps (m=1e5, no floor)": ("CE_eps", {"m": 1e5, "min_prob": None}),
    "CE_eps+MAE (m=1e5, alpha=0.01, beta=5)": (
        "CE_eps+MAE",
        {"m": 1e5, "alpha": 0.01, "beta": 5.0},
    ),
}
COLUMNS = (
    "loss",
    "largest loss",
    "G",
    "order kept",
    "gate",
    *(f"w({p:g}{', predicted' if top else ''})" for p, top in _PLACES),
)

MakesLoss = Callable[[int], Any]


def mean_negative_learning(logits: jax.Array, labels: jax.Array) -> jax.Array:
    """Return NLNL's mean over the label that it draws: −Σ_{j≠y} log(1 − p_j) / (K − 1)."""
    classes = logits.shape[-1]
    probs = jax.nn.softmax(logits)
    # 1 − p_j as the sum of the others, which does not round to 0.
    others = probs @ (1 - jnp.eye(classes, dtype=probs.dtype))
    own = jax.nn.one_hot(labels, classes, dtype=probs.dtype)
    costs = jnp.where(own > 0, jnp.zeros_like(others), -jnp.log(others))
    return costs.sum(axis=-1) / (classes - 1)


def named_losses() -> dict[str, MakesLoss]:
    """Return every loss of the registry with its settings, and a few more settings."""
    named: dict[str, MakesLoss] = {}
    for name in losses.names():
        named |= _named(name)
    return named


def _named(name: str) -> dict[str, MakesLoss]:
    if name == "NLNL":
        return {"NLNL (mean)": lambda _: mean_negative_learning}
    if name in ("Forward", "Backward"):

        def corrected(classes: int) -> Any:
            rate = 0.4 / (classes - 1)
            matrix = np.where(np.eye(classes) > 0, 0.6, rate)
            return losses.get(name, transition_matrix=jnp.asarray(matrix, jnp.float32))

        return {name: corrected}
    settings = dict(METHODS[name].defaults)
    text = ", ".join(f"{key}={value:g}" for key, value in settings.items())
    found: dict[str, MakesLoss] = {
        f"{name} ({text})" if text else name: lambda _: losses.get(name, **settings)
    }
    for title, (of, more) in _MORE.items():
        if of == name:
            found[title] = lambda _, more=more: losses.get(name, **more)  # type: ignore[misc]
    return found


def row_of(title: str, make: MakesLoss) -> list[str]:
    """Return the cells of one loss."""
    loss = make(NUM_CLASSES)
    weights = [_weight(loss, *place) for place in _PLACES]
    of_probabilities = not _depends_on_a_constant(loss)
    gap = theory.symmetry_gap(loss, NUM_CLASSES)
    return [
        title,
        _number(theory.largest_loss(loss, NUM_CLASSES)),
        ("" if gap.exact else "≥ ") + _number(gap.lower),
        _kept(make(3)) if of_probabilities else "not of p alone",
        _number(theory.gate(loss, NUM_CLASSES)),
        *weights,
    ]


def table_of_losses(titles: Iterable[str] | None = None) -> Iterator[list[str]]:
    """Yield a row for each loss; all of them, or some."""
    named = named_losses()
    for title in named if titles is None else titles:
        yield row_of(title, named[title])


def _kept(loss: Any) -> str:
    found = theory.all_k_calibrated(loss)
    if found.target is None or found.minimizer is None:
        return "yes"
    if not found.attained:
        return "no minimiser"
    target, point = ([f"{x + 0.0:.2g}" for x in one] for one in (found.target, found.minimizer))
    return f"no: ({', '.join(target)}) → ({', '.join(point)})"


def _weight(loss: Any, probability: float, predicted: bool) -> str:
    found = theory.example_weight(loss, NUM_CLASSES, probability, predicted=predicted)
    share = float(found.residual)
    text = _number(float(found.weight))
    return f"{text} (r {share:.2f})" if share >= _RESIDUAL else text


def _depends_on_a_constant(loss: Any) -> bool:
    logits = np.linspace(-1, 1, NUM_CLASSES, dtype=np.float32)[None]
    labels = np.zeros(1, np.int32)
    first, second = (float(loss(jnp.asarray(logits + x), labels)[0]) for x in (0, 3))
    return abs(first - second) > 1e-4 * (1 + abs(first))


def _number(value: float) -> str:
    if math.isinf(value):
        return "∞"
    return f"{value:.3g}" if abs(value) > 1e-12 else "0"
