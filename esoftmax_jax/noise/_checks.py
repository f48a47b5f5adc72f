"""Checks at the door of the label-noise functions, one message for each mistake."""

import math
import numbers
from collections.abc import Sequence
from fractions import Fraction

import chex
import jax
import jax.numpy as jnp
import numpy as np

from esoftmax_jax._checks import check_unmasked
from esoftmax_jax._host_types import HostFloats as HostFloats
from esoftmax_jax._host_types import HostIntegers as HostIntegers
from esoftmax_jax._types import Array
from esoftmax_jax._types import Labels as Labels
from esoftmax_jax._types import Matrix as Matrix

_MAX_EXAMPLE_ID = 2**32 - 1

# Wide enough for rows that were printed with four decimals, too narrow for counts.
_ROW_SUM_TOLERANCE = 1e-4

# Number of dimensions → the shape that is expected, and what to do if it is another one.
_SHAPES = {
    1: ("(N,)", "pass one integer per example, for one-hot labels their argmax"),
    2: ("(N, A)", "pass one row per example, with one label of each annotator"),
}


def checked_key(key: object, *, concrete: bool = False) -> Array:
    """Returns a typed key for a new-style or an old-style PRNG key.

    ``concrete`` refuses a traced one, where the host needs what is drawn.
    """
    if concrete:
        refuse_tracer(key, name="key", task="draws")
    remedy = "make one with jax.random.key(seed)"
    if not isinstance(key, jax.Array | np.ndarray):
        raise TypeError(f"key must be one PRNG key, got {type(key).__name__}; {remedy}")
    if jnp.issubdtype(key.dtype, jax.dtypes.prng_key):
        # A typed key array never is a NumPy array.
        assert isinstance(key, jax.Array)
        if key.shape != ():
            raise TypeError(
                f"key must be one PRNG key, got an array of keys of shape {key.shape}; "
                "pass one of them, for example key[0]"
            )
        return key
    old_style_shape = jax.eval_shape(jax.random.PRNGKey, 0).shape
    if key.dtype != np.uint32 or key.shape != old_style_shape:
        raise TypeError(
            f"key must be one PRNG key (typed, or uint32 of shape {old_style_shape}), got "
            f"an array of dtype {key.dtype} and shape {key.shape}; {remedy}"
        )
    typed_key: Array = jax.random.wrap_key_data(jnp.asarray(key))
    return typed_key


def checked_num_classes(num_classes: object) -> int:
    """Returns the number of classes as an int of at least two."""
    if isinstance(num_classes, bool) or not isinstance(num_classes, numbers.Integral):
        raise TypeError(
            f"num_classes must be an int, got {num_classes!r} "
            f"({type(num_classes).__name__}); pass the number of classes K"
        )
    if num_classes < 2:
        raise ValueError(
            f"num_classes must be at least 2, got {num_classes}; with fewer classes there "
            "is no other class that a label could wrongly name"
        )
    return int(num_classes)


def checked_rate(rate: object) -> Fraction:
    """Returns the rate as the exact fraction that its decimal digits spell."""
    if isinstance(rate, bool | np.bool_) or not isinstance(rate, numbers.Real):
        raise TypeError(
            f"rate must be a number in [0, 1], got {type(rate).__name__}; pass a Python "
            "float, for example float(rate)"
        )
    if not math.isfinite(rate) or not 0 <= float(rate) <= 1:
        raise ValueError(
            f"rate must lie in [0, 1], got {rate}; pass the share of labels to flip, "
            "0.4 for 40 %"
        )
    # The digits, not the binary value: the float 0.29 lies just below 29/100, and
    # flooring its multiples would lose an example. NumPy scalars print their own digits.
    return Fraction(str(rate))


def refuse_tracer(values: object, *, name: str, task: str) -> None:
    """Raises if values are traced; ``task`` says what is done with them on the host."""
    if isinstance(values, jax.core.Tracer):
        raise TypeError(
            f"{name} must be a concrete array, got a tracer of {values.aval}; call the "
            f"function outside jax.jit and jax.vmap, because it {task} on the host"
        )


def host_integers(values: object, *, name: str, dimensions: int = 1) -> HostIntegers:
    """Returns a concrete integer array of so many dimensions on the host."""
    refuse_tracer(values, name=name, task="counts labels")
    if not isinstance(values, jax.Array | np.ndarray | Sequence) or isinstance(values, str):
        raise TypeError(
            f"{name} must be an integer array, got {type(values).__name__}; pass a JAX or "
            "NumPy array"
        )
    if isinstance(values, jax.Array) and jnp.issubdtype(values.dtype, jax.dtypes.prng_key):
        raise TypeError(
            f"{name} must be an integer array, got PRNG keys; check the order of arguments"
        )
    check_unmasked(name, values)
    expected_shape, remedy = _SHAPES[dimensions]
    try:
        array = np.asarray(values)
    except ValueError:
        raise ValueError(
            f"{name} must have shape {expected_shape}, got rows of different lengths; {remedy}"
        ) from None
    chex.assert_rank(
        array,
        dimensions,
        custom_message=(
            f"{name} must have shape {expected_shape}, got shape {array.shape}; {remedy}"
        ),
        include_default_message=False,
        exception_type=ValueError,
    )
    # Before the dtype: an empty list has the dtype float64 by accident.
    if array.size == 0:
        raise ValueError(
            f"{name} must not be empty, got shape {array.shape}; pass at least one value"
        )
    if not np.issubdtype(array.dtype, np.integer):
        raise TypeError(
            f"{name} must have an integer dtype, got {array.dtype}; convert with "
            ".astype('int32')"
        )
    return array


def checked_labels(
    labels: object,
    *,
    num_classes: int,
    name: str = "labels",
    dimensions: int = 1,
    will_be_flipped: bool = False,
) -> HostIntegers:
    """Returns labels on the host, every one of them a class in [0, num_classes)."""
    array = host_integers(labels, name=name, dimensions=dimensions)
    outside = np.argwhere((array < 0) | (array >= num_classes)).tolist()
    if outside:
        index = tuple(outside[0])
        raise ValueError(
            f"{name} must lie in [0, {num_classes}), got {array[index]} at index "
            f"{', '.join(map(str, index))} ({len(outside)} outside in all); correct the "
            "labels or num_classes"
        )
    # Labels of int8 may all be below 128 while a target of 150 could not be written.
    if will_be_flipped and num_classes - 1 > np.iinfo(array.dtype).max:
        raise ValueError(
            f"{name} of dtype {array.dtype} cannot hold every class below num_classes="
            f"{num_classes}; convert with .astype('int32')"
        )
    return array


def checked_example_ids(example_ids: object, *, num_examples: int) -> HostIntegers:
    """Returns unique uint32 ids, by default each example's position."""
    if example_ids is None:
        return np.arange(num_examples, dtype=np.uint32)
    array = host_integers(example_ids, name="example_ids")
    if array.shape != (num_examples,):
        raise ValueError(
            f"example_ids must have the shape of labels, ({num_examples},), got "
            f"{array.shape}; pass one id per label"
        )
    outside = np.flatnonzero((array < 0) | (array > _MAX_EXAMPLE_ID))
    if outside.size:
        index = outside[0]
        # Larger ids would wrap to 32 bits, and two examples would share their bits.
        raise ValueError(
            f"example_ids must lie in [0, 2**32), got {array[index]} at index {index}; "
            "number the examples from 0"
        )
    unique, counts = np.unique(array, return_counts=True)
    if unique.size != num_examples:
        repeated = unique[counts > 1][0]
        first, second = np.flatnonzero(array == repeated)[:2]
        raise ValueError(
            f"example_ids must be unique, got {repeated} at index {first} and at index "
            f"{second}; give each example its own id"
        )
    return array.astype(np.uint32)


def checked_transition_matrix(matrix: object, *, name: str = "matrix") -> HostFloats:
    """Returns the matrix in float64 with rows that sum to 1, but for rows of zeros."""
    refuse_tracer(matrix, name=name, task="draws")
    if not isinstance(matrix, jax.Array | np.ndarray | Sequence) or isinstance(matrix, str):
        raise TypeError(
            f"{name} must be an array of shape (K, K), got {type(matrix).__name__}; pass the "
            "probability of every noisy class for every clean class"
        )
    check_unmasked(name, matrix)
    try:
        array = np.asarray(matrix)
    except ValueError:
        raise ValueError(
            f"{name} must have shape (K, K), got rows of different lengths; pass one row of K "
            "probabilities for each of the K classes"
        ) from None
    if array.ndim != 2 or array.shape[0] != array.shape[1] or array.shape[0] < 2:
        raise ValueError(
            f"{name} must have shape (K, K) with K of at least 2, got shape {array.shape}; "
            "pass one row of K probabilities for each of the K classes"
        )
    # JAX's hierarchy knows bfloat16 as a float, NumPy's does not.
    if not any(jnp.issubdtype(array.dtype, kind) for kind in (np.floating, np.integer)):
        raise TypeError(
            f"{name} must have a floating-point dtype, got {array.dtype}; convert with "
            ".astype('float64')"
        )
    shares = array.astype(np.float64)
    wrong = np.argwhere(~(np.isfinite(shares) & (shares >= 0))).tolist()
    if wrong:
        row, column = wrong[0]
        raise ValueError(
            f"{name} must not be negative, infinite or NaN, got {shares[row, column]} at "
            f"[{row}, {column}]; pass probabilities"
        )
    sums = shares.sum(axis=1)
    off = np.flatnonzero((sums != 0) & (np.abs(sums - 1) > _ROW_SUM_TOLERANCE))
    if off.size:
        raise ValueError(
            f"{name} must have rows that sum to 1, got {sums[off[0]]:.6g} in row {off[0]}; "
            "divide every row by its sum"
        )
    normalized: HostFloats = shares / np.where(sums == 0, 1, sums)[:, None]
    return normalized


def check_rows_in_use(
    shares: HostFloats, counts: HostIntegers, *, name: str = "matrix"
) -> None:
    """Raises if a class that labels name has a row of zeros, which says nothing."""
    empty = np.flatnonzero((counts > 0) & ~shares.any(axis=1))
    if empty.size:
        label = empty[0]
        raise ValueError(
            f"{name} must have a row that sums to 1 for every class that a label names, got "
            f"zeros in row {label} and {counts[label]} labels {label}; give that row its "
            "probabilities, 1 on the diagonal to keep the labels"
        )
