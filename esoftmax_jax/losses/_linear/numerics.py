"""A linear layer's softmax, streamed over chunks of classes.

With K classes, N tokens and chunks of C classes, the largest arrays here have N × C entries:
the logits of one chunk. Forward keeps three numbers per token. Backward computes each chunk's
logits again and adds that chunk's columns of the kernel's gradient in place.
"""

import functools
from collections.abc import Callable
from typing import Any, TypeAlias, TypeVar

import jax
import jax.numpy as jnp
import numpy as np

from esoftmax_jax import _numerics
from esoftmax_jax._types import Array, ArrayInput

CHUNK_SIZE = 2048
"""Classes per chunk unless said otherwise."""

AxisName: TypeAlias = str | tuple[str, ...]
_Carry = TypeVar("_Carry")
_Statistics: TypeAlias = tuple[Array, Array, Array]


def label_log_prob_and_predicted(
    hidden: ArrayInput,
    kernel: ArrayInput,
    labels: ArrayInput,
    bias: ArrayInput | None,
    where: ArrayInput | None,
    chunk_size: int,
    axis_name: AxisName | None,
) -> tuple[Array, Array]:
    """Return log p_y and whether z_y ≥ max z, for z = hidden @ kernel + bias.

    The result is in at least float32. log p_y is NaN, and so is its gradient, for a label
    outside [0, K); a token masked by ``where`` has log p_y = 0 and no gradient. With
    ``axis_name``, each device on that axis holds the next K / devices columns.
    """
    num_classes = kernel.shape[1]
    first_class = jnp.int32(0)
    if axis_name is not None:
        first_class = jax.lax.axis_index(axis_name) * num_classes
        num_classes *= jax.lax.axis_size(axis_name)
    classes, valid = _numerics.safe_labels(labels, num_classes)
    if where is not None:
        hidden = jnp.where(where[..., None], hidden, 0)
        classes = jnp.where(where, classes, num_classes)
    statistics = _class_statistics(
        *_vary_together(hidden, kernel, bias, classes - first_class), chunk_size
    )
    maximum, total, label_logit = statistics
    maximum = jax.lax.stop_gradient(maximum)
    if axis_name is not None:
        local_maximum, maximum = maximum, jax.lax.pmax(maximum, axis_name)
        total = jax.lax.psum(total * jnp.exp(local_maximum - _finite(maximum)), axis_name)
        # Every device but the one that has the class adds 0, which changes no bit.
        label_logit = jax.lax.psum(label_logit, axis_name)
    log_prob = (label_logit - maximum) - jnp.log(total)
    predicted = label_logit >= maximum
    if where is not None:
        valid |= ~where
        log_prob = jnp.where(where, log_prob, 0)
    # A product, because a selected constant would have gradient 0.
    return log_prob * jnp.where(valid, 1, jnp.nan).astype(log_prob.dtype), predicted


@functools.partial(jax.custom_jvp, nondiff_argnums=(4,))
def _class_statistics(
    hidden: Array, kernel: Array, bias: Array | None, labels: Array, chunk_size: int
) -> _Statistics:
    """Return max z, Σ_k exp(z_k − max z) and z_y of every token; z_y = 0 if y is no class.

    The maximum counts as a constant: whatever it is, log p_y is the same.
    """
    dtype = compute_dtype(hidden, kernel)

    def add_chunk(carry: _Statistics, start: Array, size: int) -> _Statistics:
        maximum, total, label_logit = carry
        logits = _chunk_logits(hidden, kernel, bias, start, size)
        new_maximum = jnp.maximum(maximum, jnp.max(logits, axis=-1))
        shift = _finite(new_maximum)
        terms = jnp.exp(logits - shift[..., None])
        total = total * jnp.exp(maximum - shift) + jnp.sum(terms, axis=-1)
        # Picked from the chunk, so that a predicted label equals the maximum to the bit.
        place = labels - start
        near = jnp.clip(place, 0, size - 1)[..., None]
        picked = jnp.take_along_axis(logits, near, axis=-1).squeeze(-1)
        inside = (place >= 0) & (place < size)
        return new_maximum, total, jnp.where(inside, picked, label_logit)

    zeros = _zeros_like(labels, dtype)
    nothing = (zeros - jnp.inf, zeros, zeros)
    return _fold_chunks(add_chunk, nothing, kernel.shape[1], chunk_size)


@_class_statistics.defjvp
def _class_statistics_jvp(
    chunk_size: int, primals: tuple[Any, ...], tangents: tuple[Any, ...]
) -> tuple[_Statistics, _Statistics]:
    hidden, kernel, bias, labels = primals
    statistics = _class_statistics(hidden, kernel, bias, labels, chunk_size)
    shift, label_logits = (
        jax.lax.stop_gradient(x) for x in (_finite(statistics[0]), statistics[2])
    )
    factors = operand_dtype(hidden, kernel)

    def sums(hidden: Array, kernel: Array, bias: Array | None) -> tuple[Array, Array]:
        """Return the other two statistics, which are plain sums once the maximum is known."""
        # Widened, so that chunks add to its gradient in that precision.
        hidden = hidden.astype(shift.dtype)

        def add_chunk(
            carry: tuple[Array, Array], start: Array, size: int
        ) -> tuple[Array, Array]:
            total, label_logit = carry
            logits = _chunk_logits(hidden.astype(factors), kernel, bias, start, size)
            is_label = _numerics.class_is(logits.shape, labels - start, labels.ndim)
            label_logit += jnp.sum(jnp.where(is_label, logits, 0), axis=-1)
            # The same product may round differently here. Where p_y is nearly 1, its share in
            # the gradient, 1 − p_y, would be that rounding.
            as_before = jnp.where(is_label, label_logits[..., None], logits)
            terms = jnp.exp(_replaced(logits, as_before) - shift[..., None])
            return total + jnp.sum(terms, axis=-1), label_logit

        zeros = _zeros_like(labels, shift.dtype)
        return _fold_chunks(add_chunk, (zeros, zeros), kernel.shape[1], chunk_size)

    _, (total_dot, label_dot) = jax.jvp(sums, (hidden, kernel, bias), tangents[:3])
    return statistics, (jnp.zeros_like(shift), total_dot, label_dot)


@jax.custom_jvp
def _replaced(values: Array, others: Array) -> Array:
    """Return the other values, with the derivative of these."""
    del values
    return others


@_replaced.defjvp
def _replaced_jvp(
    primals: tuple[Array, Array], tangents: tuple[Array, Array]
) -> tuple[Array, Array]:
    return _replaced(*primals), tangents[0]


def _fold_chunks(
    add_chunk: Callable[[_Carry, Array, int], _Carry],
    carry: _Carry,
    num_classes: int,
    chunk_size: int,
) -> _Carry:
    """Return the carry after add_chunk(carry, start, size) for every chunk.

    The odd-sized chunk comes first. Rematerialised, so that no derivative stores a chunk.
    """
    step = jax.checkpoint(add_chunk, static_argnums=(2,), prevent_cse=False)
    chunk_size = min(chunk_size, num_classes)
    odd_size = num_classes % chunk_size
    if odd_size:
        carry = step(carry, jnp.int32(0), odd_size)
    starts = jnp.arange(odd_size, num_classes, chunk_size, dtype=jnp.int32)
    return jax.lax.scan(lambda c, start: (step(c, start, chunk_size), None), carry, starts)[0]


def _chunk_logits(
    hidden: Array, kernel: Array, bias: Array | None, start: Array, size: int
) -> Array:
    dtype, factors = compute_dtype(hidden, kernel), operand_dtype(hidden, kernel)
    corner = (jnp.zeros_like(start), start)
    columns = jax.lax.dynamic_slice(kernel, corner, (kernel.shape[0], size))
    logits = _product(hidden.astype(factors), columns.astype(factors))
    if bias is None:
        return logits
    offsets = jax.lax.dynamic_slice(bias, (start,), (size,)).astype(dtype)
    return logits + jnp.expand_dims(offsets, range(logits.ndim - 1))


@jax.custom_jvp
def _product(left: Array, right: Array) -> Array:
    """Return left @ right in at least float32."""
    dtype = _numerics.compute_dtype(left.dtype)
    return jnp.matmul(left, right, preferred_element_type=dtype)


@_product.defjvp
def _product_jvp(
    primals: tuple[Array, Array], tangents: tuple[Array, Array]
) -> tuple[Array, Array]:
    # In the operands' dtype, so that the products of the gradient multiply half precision too.
    (left, right), (left_dot, right_dot) = primals, tangents
    product = _product(left, right)
    return product, (left_dot @ right + left @ right_dot).astype(product.dtype)


def operand_dtype(hidden: Array, kernel: Array) -> jnp.dtype:
    """Return the dtype that matrices are multiplied in: their own, or one that holds both."""
    if hidden.dtype == kernel.dtype:
        return jnp.dtype(hidden.dtype)
    widened = (np.promote_types(x.dtype, np.float32) for x in (hidden, kernel))
    return np.promote_types(*widened)


def compute_dtype(hidden: Array, kernel: Array) -> jnp.dtype:
    return _numerics.compute_dtype(operand_dtype(hidden, kernel))


def _finite(maximum: Array) -> Array:
    """Replace a maximum of −inf, that of masked classes only, by 0: −inf − (−inf) is NaN."""
    return jnp.where(maximum == -jnp.inf, 0, maximum)


def _vary_together(*arrays: ArrayInput | None) -> tuple[Any, ...]:
    """Mark all arrays as different on every device axis on which any of them is.

    Inside ``shard_map`` JAX tracks this and sums the gradient of what is the same on all
    devices. It cannot do so within a hand-written derivative, but at this cast it does.
    """
    axes = [_varying_axes(x) for x in arrays]
    union = frozenset[Any]().union(*axes)
    return tuple(_vary(x, union - own) for x, own in zip(arrays, axes, strict=True))


def _zeros_like(labels: Array, dtype: jnp.dtype) -> Array:
    zeros = jnp.zeros_like(labels, dtype=dtype)
    result: Array = _vary(zeros, _varying_axes(labels) - _varying_axes(zeros))
    return result


def _varying_axes(x: ArrayInput | None) -> frozenset[Any]:
    # JAX 0.10 renamed the attribute.
    if x is None:
        return frozenset()
    aval: Any = jax.typeof(x)
    varying = aval.manual_axis_type.varying if hasattr(aval, "manual_axis_type") else aval.vma
    return frozenset(varying)


def _vary(x: ArrayInput | None, axes: frozenset[Any]) -> Any:
    if x is None or not axes:
        return x
    names = tuple(sorted(axes, key=str))
    if hasattr(jax.lax, "pcast"):
        return jax.lax.pcast(x, names, to="varying")
    return jax.lax.pvary(x, names)  # type: ignore[attr-defined]  # before JAX 0.9
