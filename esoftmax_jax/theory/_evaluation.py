"""Values and gradients of any loss, in double precision, in programs of one shape.

A loss is called with the same number of rows each time: what one function of this package has
compiled serves the others too.
"""

import functools
import sys
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

from esoftmax_jax._checks import check_num_classes
from esoftmax_jax._host_types import HostFloats, HostIntegers
from esoftmax_jax._types import LossFunction

ROWS = 1024
LEAST = 1e-30
"""Stands for the probability 0, whose logarithm not every loss can take."""
_DEPTHS = ((1e3, 1e4), (70.0, 700.0), (8.0, 80.0))
_GROWTH = 0.01
"""How much more, in proportion, a bounded loss may be at the greater depth."""


def check_loss(loss: Any, num_classes: Any) -> None:
    """Refuse what is no loss, and a number of classes that is none."""
    if not callable(loss):
        raise TypeError(
            f"loss: expected a function of logits and labels, got {loss!r}; a loss of the "
            f"library by its name is losses.get('CE')"
        )
    check_num_classes(num_classes)
    if of_library(loss):  # which looks at its hyperparameters where they are not traced
        jax.eval_shape(loss, np.zeros((1, num_classes), np.float32), np.zeros(1, np.int32))
        return
    inside = np.random.default_rng(0).normal(size=(1, num_classes))
    if not np.all(np.isfinite(losses_at(loss, inside))):
        raise ValueError("loss: expected finite values inside the simplex, got NaN or infinity")


def unbound(loss: LossFunction) -> tuple[LossFunction, dict[str, Any]]:
    """Return a function and the keywords that ``functools.partial`` has bound."""
    bound: dict[str, Any] = {}
    while isinstance(loss, functools.partial) and not loss.args:
        bound = {**loss.keywords, **bound}
        loss = loss.func
    return loss, bound


def logits_of(
    points: HostFloats, top: int | HostIntegers | None = None, *, least: float = LEAST
) -> HostFloats:
    """Return centred logits of probabilities (N, K), of which one class is the largest.

    Two classes that tie for the largest are parted by a hair: the ε-losses take both as
    predicted, on a set without volume.

    Args:
        points: rows that sum to 1.
        top: the class, or one for each row, that leads where it ties; the first if not given.
        least: what a probability of 0 is taken for.
    """
    logits = np.log(np.maximum(points, least))
    best = logits.argmax(axis=1) if top is None else np.broadcast_to(top, len(logits))
    rows = np.arange(len(logits))
    rest = logits.copy()
    rest[rows, best] = -np.inf
    tied = np.abs(logits[rows, best] - rest.max(axis=1)) < 1e-9
    logits[rows[tied], best[tied]] = rest.max(axis=1)[tied] + 1e-9
    centred: HostFloats = logits - logits.mean(axis=1, keepdims=True)
    return centred


def least_rest(loss: LossFunction, num_classes: int) -> float:
    """Return how near to 1 a probability may come: there the rest has half of its digits.

    1.5e-8 in double precision, 3.5e-4 of a loss that computes in single precision.
    """
    with jax.enable_x64(True):
        found = jax.eval_shape(loss, np.zeros((1, num_classes)), np.zeros(1, np.int32))
    return float(jnp.finfo(found.dtype).eps ** 0.5)  # type: ignore[no-untyped-call]


def losses_at(loss: LossFunction, logits: HostFloats) -> HostFloats:
    """Return the loss of every label, (N, K), at logits (N, K)."""
    number, classes = logits.shape
    places = np.arange(-(-number * classes // ROWS) * ROWS)
    places[number * classes :] = 0
    labels = (places % classes).astype(np.int32)
    # Rows are repeated by chunks: all of them would be N · K² numbers.
    values = [
        _values(loss, logits[places[i : i + ROWS] // classes], labels[i : i + ROWS]).astype(
            np.float64
        )
        for i in range(0, len(places), ROWS)
    ]
    return np.concatenate(values)[: number * classes].reshape(number, classes)


def gradients_at(loss: LossFunction, logits: HostFloats, labels: HostIntegers) -> HostFloats:
    """Return the gradient by the logits, (N, K), of the loss of one label each."""
    chunks = _chunks(logits, labels.astype(np.int32))
    found = np.concatenate([_gradients(loss, *chunk) for chunk in chunks])[: len(logits)]
    if np.any(np.isnan(found)):
        raise ValueError(
            "loss: expected a gradient at every point inside the simplex, got NaN; inside "
            "jnp.where the branch that is not taken must have a gradient too"
        )
    return found


def sums_at(loss: LossFunction, points: HostFloats) -> HostFloats:
    """Return Σ_k L(p, k) for probabilities (N, K)."""
    sums: HostFloats = losses_at(loss, logits_of(points)).sum(axis=1)
    return sums


def sum_gradients_at(loss: LossFunction, points: HostFloats) -> HostFloats:
    """Return the gradient of Σ_k L(p, k) by p, (N, K), inside the simplex."""
    number, classes = points.shape
    labels = np.tile(np.arange(classes), number)
    by_logit = gradients_at(loss, np.repeat(logits_of(points), classes, axis=0), labels)
    by_label = by_logit.reshape(number, classes, classes)
    by_point: HostFloats = by_label.sum(axis=1) / points
    return by_point


def grows_without_end(loss: LossFunction, num_classes: int) -> bool:
    """Whether the loss of some label goes on growing towards one-hot vectors."""
    one_hot = np.eye(num_classes)[: 256 // num_classes + 1]
    # Losses that multiply log p by 0 are NaN where p underflows: in double precision the
    # first depths, in single precision the second.
    for depths in _DEPTHS:
        at = [losses_at(loss, (one_hot - 1) * depth) for depth in depths]
        if not np.any(np.isnan(at)):
            break
    with np.errstate(invalid="ignore"):  # what is bounded has come to its end long before
        growing = np.abs(at[1]) > (1 + _GROWTH) * np.abs(at[0])
    return bool(np.any(growing | np.isinf(at[0])))


def _chunks(rows: HostFloats, labels: HostIntegers) -> list[tuple[HostFloats, HostIntegers]]:
    missing = -len(rows) % ROWS
    rows = np.concatenate([rows, np.zeros((missing, rows.shape[1]))])
    labels = np.concatenate([labels, np.zeros(missing, labels.dtype)])
    starts = range(0, len(rows), ROWS)
    return [(rows[i : i + ROWS], labels[i : i + ROWS]) for i in starts]


def _values(loss: LossFunction, logits: HostFloats, labels: HostIntegers) -> npt.NDArray[Any]:
    with jax.enable_x64(True):
        if of_library(loss):
            values = _both(loss, logits, labels)[0]
        else:
            values = loss(jnp.asarray(logits), jnp.asarray(labels))
    if np.shape(values) != (len(logits),):
        raise ValueError(
            f"loss: expected one value for each example, shape ({len(logits)},), got shape "
            f"{np.shape(values)}; average afterwards, not within the loss"
        )
    found = np.asarray(values)
    if not jnp.issubdtype(found.dtype, jnp.floating):
        raise TypeError(f"loss: expected real floating-point values, got {found.dtype}")
    return found


def _gradients(loss: LossFunction, logits: HostFloats, labels: HostIntegers) -> HostFloats:
    with jax.enable_x64(True):
        if of_library(loss):
            gradient = _both(loss, logits, labels)[1]
        else:
            where = jnp.asarray(labels)
            values, pull = jax.vjp(lambda z: loss(z, where), jnp.asarray(logits))
            (gradient,) = pull(jnp.ones_like(values))
    return np.asarray(gradient, dtype=np.float64)


def of_library(loss: LossFunction) -> bool:
    """Whether a loss is one of the library's own functions, with or without keywords bound."""
    function, _ = unbound(loss)
    module, name = (str(getattr(function, key, "")) for key in ("__module__", "__name__"))
    # A loss that wraps one of the library's has its name, and is another.
    return module.startswith("esoftmax_jax.losses.") and (
        getattr(sys.modules.get(module), name, None) is function
    )


def _both(loss: LossFunction, logits: HostFloats, labels: HostIntegers) -> tuple[Any, Any]:
    function, given = unbound(loss)
    static = (bool, int, np.bool_, np.integer)
    flags = {k: x for k, x in given.items() if x is None or isinstance(x, static)}
    # Arrays of NumPy would be taken for single precision by the compiled program.
    numbers = {k: x for k, x in given.items() if k not in flags}
    arrays = {k: x if isinstance(x, float) else jnp.asarray(x) for k, x in numbers.items()}
    return _program(function, tuple(flags.items()))(logits, labels, arrays)  # type: ignore[no-any-return]


@functools.lru_cache(maxsize=128)
def _program(function: LossFunction, flags: tuple[tuple[str, Any], ...]) -> Any:
    """Return value and gradient as one program, for all hyperparameters that are numbers."""

    def both(logits: Any, labels: Any, arrays: dict[str, Any]) -> tuple[Any, Any]:
        loss = functools.partial(function, **dict(flags), **arrays)
        values, pull = jax.vjp(lambda z: loss(z, labels), logits)
        return values, pull(jnp.ones_like(values))[0]

    return jax.jit(both)
