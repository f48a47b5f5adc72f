"""Theorem 1 met in practice: the excess risk of global minimisers beside the bound.

    python -m experiments theory --bound

There is one input for each class, so the noisy risk separates over inputs, and at each its
minimiser over all outputs is known: in closed form for CE_ε, by a search over the simplex for
CE_ε+MAE with three classes. What it costs on the clean label is the excess risk.
"""

import math
from collections.abc import Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from esoftmax_jax import losses, theory
from experiments.lines import Row

MIN_PROB = 1e-8
MS = (0.0, *(10.0**power for power in range(10)))
NOISES = (
    ("symmetric", 0.2),
    ("symmetric", 0.4),
    ("symmetric", 0.8),
    ("pairwise", 0.2),
    ("pairwise", 0.4),
)
_WEIGHTS = {"alpha": 0.01, "beta": 5.0}


def matrix_of(noise: str, rate: float, num_classes: int) -> np.ndarray[Any, np.dtype[Any]]:
    """Return the transition matrix of symmetric noise, or of flips to the next class."""
    eye = np.eye(num_classes)
    if noise == "pairwise":
        return (1 - rate) * eye + rate * np.roll(eye, 1, axis=1)
    return np.where(eye > 0, 1 - rate, rate / (num_classes - 1))


def measure() -> Iterator[Row]:
    """Yield a row for each loss, noise and m."""
    for noise, rate in NOISES:
        for m in MS:
            yield measure_one("CE_eps", 10, noise, rate, m, MIN_PROB)
            yield measure_one("CE_eps", 10, noise, rate, m, None)
            if rate < 0.6:  # at which right labels lead among three classes, too
                yield measure_one("CE_eps+MAE", 3, noise, rate, m, MIN_PROB)


def measure_one(
    name: str, num_classes: int, noise: str, rate: float, m: float, min_prob: float | None
) -> Row:
    """Minimise the noisy risk at every input; return the clean risk beside the bounds."""
    matrix = matrix_of(noise, rate, num_classes)
    weights = _WEIGHTS if name.endswith("+MAE") else {}
    loss = losses.get(name, m=m, min_prob=min_prob, **weights)
    # Row after row the same problem: classes are renamed.
    found = (
        theory.risk_minimizer(loss, matrix[0])
        if weights
        else theory.epsilon_softmax_minimizer(matrix[0], m=m, min_prob=min_prob)
    ).probabilities
    row: Row = {
        "loss": name,
        "num_classes": num_classes,
        "noise": noise,
        "rate": rate,
        "m": m,
        "min_prob": min_prob,
        "label_probability": float(found[0]),
        "predicted": bool(found[0] >= found.max() - 1e-9),
        "excess_risk": _clean_risk(loss, found),
        **_bounds(loss, matrix, num_classes),
    }
    return row


def _clean_risk(loss: Any, probabilities: np.ndarray[Any, np.dtype[Any]]) -> float:
    with jax.enable_x64(True):
        logits = jnp.log(jnp.maximum(jnp.asarray(probabilities)[None], 1e-30))
        return float(loss(logits, jnp.zeros(1, jnp.int32))[0]) + 0.0  # not −0


def _bounds(loss: Any, matrix: np.ndarray[Any, np.dtype[Any]], num_classes: int) -> Row:
    try:
        found = theory.excess_risk_bound(loss, matrix, num_classes)
    except ValueError as refused:
        return {"bound": None, "tighter": None, "largest_loss": None, "refused": str(refused)}
    return {
        "bound": found.bound,
        "tighter": found.tighter,
        "largest_loss": found.largest_loss,
        "refused": None,
    }


COLUMNS = ("noise", "m", "excess risk", "bound", "tighter", "p_y")


def table_rows(rows: list[Row]) -> Iterator[list[str]]:
    """Yield the rows of the table: CE_ε with its floor, ten classes."""
    for row in rows:
        if row["loss"] == "CE_eps" and row["min_prob"] is not None:
            yield [
                f"{row['noise']}:{row['rate']:g}",
                f"{row['m']:g}",
                f"{row['excess_risk']:.3g}",
                *(_told(row, name) for name in ("bound", "tighter")),
                f"{row['label_probability']:.3g}",
            ]


def _told(row: Row, name: str) -> str:
    value = row[name]
    if value is None or math.isinf(value):
        return "∞"
    return f"{value:.3g}" + (" (says nothing)" if value >= row["largest_loss"] else "")
