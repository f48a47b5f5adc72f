"""What may enter a public function, and the one sentence that says why something may not.

Shapes and dtypes are known while JAX traces, so these checks cost nothing at run time.
Values are only checked where they are concrete: a traced hyperparameter passes.
"""

import dataclasses
import math
from typing import Any

import numpy as np

from esoftmax_jax._array_kinds import assert_shape, assert_type, widest_float
from esoftmax_jax._array_kinds import check_unmasked as check_unmasked
from esoftmax_jax._array_kinds import is_kind as is_kind
from esoftmax_jax._array_kinds import is_of_jax as is_of_jax
from esoftmax_jax._array_kinds import is_traced as is_traced
from esoftmax_jax._array_kinds import narrow_labels as narrow_labels
from esoftmax_jax._array_kinds import require as require


@dataclasses.dataclass(frozen=True)
class Interval:
    """The finite numbers a hyperparameter may take; bounds are closed unless said open."""

    low: float = -math.inf
    high: float = math.inf
    low_open: bool = False
    high_open: bool = False
    optional: bool = False  # whether None is allowed as well
    integer: bool = False  # a Python integer, part of the program (never traced)

    def contains(self, values: np.ndarray) -> bool:
        """Whether every value is finite and inside."""
        above = values > self.low if self.low_open else values >= self.low
        below = values < self.high if self.high_open else values <= self.high
        return bool(np.all(np.isfinite(values) & above & below))

    def __str__(self) -> str:
        left = "(" if self.low_open or math.isinf(self.low) else "["
        right = ")" if self.high_open or math.isinf(self.high) else "]"
        alternative = " or None" if self.optional else ""
        return f"in {left}{self.low:g}, {self.high:g}{right}{alternative}"


NON_NEGATIVE = Interval(low=0.0)
POSITIVE = Interval(low=0.0, low_open=True)
ABOVE_ONE = Interval(low=1.0, low_open=True)
OPEN_UNIT = Interval(low=0.0, high=1.0, low_open=True, high_open=True)
POSITIVE_INTEGER = Interval(low=1, integer=True)
REAL = Interval()
PROBABILITY_FLOOR = Interval(low=0.0, high=1.0, low_open=True, high_open=True, optional=True)


def check_array(name: str, value: object) -> None:
    """Refuse lists, scalars and objects: they would be converted silently."""
    if not (isinstance(value, np.ndarray) or is_of_jax(value)):
        raise TypeError(
            f"{name}: expected a jax or numpy array, got {type(value).__name__}; "
            f"convert it with jnp.asarray"
        )
    check_unmasked(name, value)


def check_logits(logits: Any, axis: object) -> int:
    """Check the logits and their class axis; return the axis counted from the front."""
    check_array("logits", logits)
    require(
        assert_type,
        logits,
        float,
        error=TypeError,
        message=f"logits: expected a floating dtype, got {logits.dtype}; "
        f"cast them with logits.astype(jnp.float32)",
    )
    if isinstance(axis, tuple):  # what takes several has made one of them before
        raise TypeError(f"axis: expected an integer, one axis of classes, got {axis!r}")
    if isinstance(axis, bool) or not isinstance(axis, (int, np.integer)):
        raise TypeError(
            f"axis: expected an integer or a tuple of them, got {axis!r}; under jax.jit "
            f"name it in static_argnames"
        )
    if not -logits.ndim <= axis < logits.ndim:
        raise ValueError(
            f"axis: expected an axis of logits of shape {logits.shape}, got {axis}; "
            f"logits need one axis of classes"
        )
    positive_axis: int = int(axis) % logits.ndim
    num_classes = logits.shape[positive_axis]
    if num_classes < 2:
        raise ValueError(
            f"logits: expected at least 2 classes along axis {axis}, got {num_classes} "
            f"(shape {logits.shape}); for one binary logit z pass "
            f"jnp.stack([jnp.zeros_like(z), z], axis=-1)"
        )
    return positive_axis


def check_labels(labels: Any, logits: Any, axis: int) -> None:
    """Check that labels are integer classes, one for each row of logits."""
    check_array("labels", labels)
    todo = "cast classes with labels.astype(int)"
    if labels.shape == logits.shape:
        todo = "for one-hot labels pass their argmax, for soft ones use expected_loss(loss)"
    require(
        assert_type,
        labels,
        int,
        error=TypeError,
        message=f"labels: expected an integer dtype, got {labels.dtype}; {todo}",
    )
    expected = logits.shape[:axis] + logits.shape[axis + 1 :]
    require(
        assert_shape,
        labels,
        expected,
        error=ValueError,
        message=f"labels: expected shape {expected} (logits {logits.shape} without "
        f"axis {axis}), got {labels.shape}{_shape_hint(labels.shape, logits.shape, expected)}",
    )


def _shape_hint(labels: tuple[Any, ...], logits: tuple[Any, ...], expected: Any) -> str:
    """Return what to do about labels of another shape than the expected one."""
    if labels == expected:
        return ""
    if labels == logits:
        return "; one-hot labels? pass their argmax"
    for axis in range(len(logits)):
        if labels == logits[:axis] + logits[axis + 1 :]:
            return "; classes along another axis? name it by axis="
    return ""


def check_class_axes(logits: Any, axes: tuple[Any, ...]) -> tuple[int, ...]:
    """Check several axes of classes; return them counted from the front."""
    check_floating("logits", logits)
    if not all(isinstance(x, (int, np.integer)) and not isinstance(x, bool) for x in axes):
        raise TypeError(f"axis: expected integers, got {axes!r}")
    inside = [int(x) % logits.ndim for x in axes if -logits.ndim <= x < logits.ndim]
    if not axes or len(set(inside)) != len(axes):
        raise ValueError(
            f"axis: expected different axes of logits of shape {logits.shape}, got {axes}"
        )
    return tuple(inside)


def check_where(
    where: Any, example_shape: tuple[int, ...], class_shape: tuple[int, ...] | None = None
) -> None:
    """Check that the mask has one boolean for each example, or for each of its classes."""
    if where is None:
        return
    check_array("where", where)
    require(
        assert_type,
        where,
        bool,
        error=TypeError,
        message=f"where: expected a boolean mask, got {where.dtype}; pass mask > 0, and "
        f"multiply the losses for weights that are not 0 or 1",
    )
    if class_shape is not None and where.shape == class_shape:
        return
    classes = f"or {class_shape}, one for each class" if class_shape else "not for each class"
    require(
        assert_shape,
        where,
        example_shape,
        error=ValueError,
        message=f"where: expected shape {example_shape}, one entry for each example "
        f"({classes}), got {where.shape}",
    )


def check_floating(name: str, value: Any) -> None:
    """Check a floating array of any shape."""
    check_array(name, value)
    require(
        assert_type,
        value,
        float,
        error=TypeError,
        message=f"{name}: expected a floating dtype, got {value.dtype}; cast it with "
        f"{name}.astype(jnp.float32)",
    )


def check_distribution(name: str, value: Any, shape: tuple[int, ...]) -> None:
    """Check one floating weight for each class of each example."""
    check_array(name, value)
    require(
        assert_type,
        value,
        float,
        error=TypeError,
        message=f"{name}: expected a floating dtype, got {value.dtype}; for integer labels "
        f"call the loss itself, or pass jax.nn.one_hot(labels, num_classes)",
    )
    require(
        assert_shape,
        value,
        shape,
        error=ValueError,
        message=f"{name}: expected the shape of the logits {shape}, got {value.shape}",
    )


def check_integers(name: str, value: Any, shape: tuple[int, ...]) -> None:
    """Check an integer for each example."""
    check_array(name, value)
    require(
        assert_type,
        value,
        int,
        error=TypeError,
        message=f"{name}: expected an integer dtype, got {value.dtype}",
    )
    require(
        assert_shape,
        value,
        shape,
        error=ValueError,
        message=f"{name}: expected shape {shape}, one for each example, got {value.shape}",
    )


def check_memory(name: str, value: Any, shape: tuple[int, ...]) -> None:
    """Check that a (num_examples, K) memory fits logits of (batch, K)."""
    if len(shape) != 2:
        raise ValueError(f"logits: expected shape (batch, K), got {shape}")
    check_array(name, value)
    if value.ndim != 2 or value.shape[1] != shape[1]:
        raise ValueError(
            f"{name}: expected shape (num_examples, {shape[1]}) for logits of {shape}, got "
            f"{value.shape}"
        )


def check_state(name: str, value: object, kind: type, made_by: str) -> None:
    """Check a state that a function of this library makes."""
    if not isinstance(value, kind):
        raise TypeError(
            f"{name}: expected a {kind.__name__}, got {type(value).__name__}; start with "
            f"{made_by} and go on with what the last call returned"
        )


def check_hyperparameter(
    name: str,
    value: Any,
    interval: Interval,
    example_shape: tuple[int, ...] | None = (),
    dtype: Any = None,
) -> None:
    """Check a number, or an array of numbers that broadcasts against the examples.

    Without a shape of examples the array may have any. The number must lie in the interval as
    it is and as what it becomes in ``dtype``, that of the computation, or JAX's widest where it
    is not known yet.
    """
    if value is None and interval.optional:
        return
    if interval.integer:
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
            raise TypeError(f"{name}: expected a Python integer, got {value!r}")
        if not interval.low <= value <= interval.high:
            raise ValueError(f"{name}: expected an integer {interval}, got {value}")
        return
    is_number = isinstance(value, (int, float, np.number)) and not isinstance(value, bool)
    is_array = isinstance(value, np.ndarray) or is_of_jax(value)
    is_numeric = is_array and np.dtype(value.dtype).kind in "iufV"  # V: bfloat16 and float8
    if not (is_number or is_numeric):
        came = f"an array of {value.dtype}" if is_array else f"{value!r}"
        raise TypeError(f"{name}: expected a real number or an array of them, got {came}")
    shape = np.shape(value)
    if example_shape is not None and not _broadcasts(shape, example_shape):
        raise ValueError(
            f"{name}: expected a scalar or a shape that broadcasts to the examples' "
            f"{example_shape}, got shape {shape}"
        )
    if is_traced(value):
        return
    try:
        values = np.asarray(value, dtype=np.float64)
    except OverflowError:
        raise ValueError(
            f"{name}: expected a finite value {interval}, got an integer of "
            f"{value.bit_length()} bits, which no float can hold; choose a less extreme one"
        ) from None
    if not interval.contains(values):
        raise ValueError(f"{name}: expected a finite value {interval}, got {value}")
    dtype = np.dtype(widest_float() if dtype is None else dtype)
    computed = _as_computed(values, dtype)
    if not interval.contains(computed):
        raise ValueError(
            f"{name}: expected a finite value {interval}, got {value}, which is {computed} in "
            f"{dtype}; choose a less extreme one"
        )


def _broadcasts(shape: tuple[int, ...], example_shape: tuple[int, ...]) -> bool:
    """Whether an array of this shape takes that one; dimensions may be symbolic."""
    trailing = example_shape[len(example_shape) - len(shape) :]
    return len(shape) <= len(example_shape) and all(
        size in (1, other) for size, other in zip(shape, trailing, strict=True)
    )


def _as_computed(values: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """Return numbers as a program sees them: XLA takes what is below the normal range as 0."""
    with np.errstate(over="ignore", under="ignore"):
        rounded = values.astype(dtype)
    normal = np.abs(rounded) >= np.finfo(dtype).tiny
    return np.where(normal | np.isnan(rounded), rounded, 0).astype(dtype)


def check_flag(name: str, value: object) -> None:
    """Check a Python boolean that selects the program."""
    if not isinstance(value, bool):
        raise TypeError(f"{name}: expected True or False, got {value!r}")


def check_key(name: str, value: Any, num_classes: int) -> None:
    """Check one typed random key; ``num_classes`` is not looked at."""
    del num_classes
    import jax
    import jax.numpy as jnp

    if not (isinstance(value, jax.Array) and jnp.issubdtype(value.dtype, jax.dtypes.prng_key)):
        raise TypeError(
            f"{name}: expected a key from jax.random.key(seed), got {value!r}; "
            f"an old key becomes one by jax.random.wrap_key_data(key)"
        )
    if value.shape != ():
        raise ValueError(f"{name}: expected one key, got keys of shape {value.shape}")


def check_num_classes(num_classes: object) -> None:
    """Check a static number of classes."""
    if isinstance(num_classes, bool) or not isinstance(num_classes, (int, np.integer)):
        raise TypeError(f"num_classes: expected an integer, got {num_classes!r}")
    if num_classes < 2:
        raise ValueError(f"num_classes: expected at least 2, got {num_classes}")
