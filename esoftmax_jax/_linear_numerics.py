"""A linear layer's softmax, streamed over chunks of classes.

With K classes, N tokens and chunks of C classes, the largest array here has N × C entries:
the logits of one chunk. Forward keeps three numbers per token. Backward computes each chunk's
logits again and writes that chunk's columns of the kernel's gradient in place.

The derivative is a ``custom_vjp``. A ``custom_jvp`` would allow forward mode, but JAX would
transpose its scan by adding a full kernel-sized array for every chunk.
"""

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
_Residuals: TypeAlias = tuple[Array, Array, Array | None, Array, Array]


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
        *_vary_together(
            hidden.reshape(-1, hidden.shape[-1]),
            kernel,
            bias,
            classes.reshape(-1) - first_class,
        ),
        chunk_size,
    )
    maximum, total, label_logit = (x.reshape(labels.shape) for x in statistics)
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


def _stream_classes(
    hidden: Array, kernel: Array, bias: Array | None, labels: Array, chunk_size: int
) -> _Statistics:
    """Return max z, Σ_k exp(z_k − max z) and z_y of every token; z_y = 0 if y is no class.

    The maximum counts as a constant: whatever it is, log p_y is the same.
    """
    dtype = compute_dtype(hidden, kernel)

    def add_chunk(carry: _Statistics, start: Array, size: int) -> _Statistics:
        maximum, total, label_logit = carry
        logits = _chunk_logits(hidden, kernel, bias, start, size)
        new_maximum = jax.lax.stop_gradient(jnp.maximum(maximum, jnp.max(logits, axis=1)))
        shift = _finite(new_maximum)
        terms = jnp.exp(logits - shift[:, None])
        total = total * jnp.exp(maximum - shift) + jnp.sum(terms, axis=1)
        # Picked from the chunk, so that a predicted label equals the maximum to the bit.
        place = labels - start
        picked = jnp.take_along_axis(logits, jnp.clip(place, 0, size - 1)[:, None], axis=1)
        inside = (place >= 0) & (place < size)
        return new_maximum, total, jnp.where(inside, picked[:, 0], label_logit)

    zeros = jnp.zeros(labels.shape, dtype)
    nothing = (zeros - jnp.inf, zeros, zeros)
    return _fold_chunks(add_chunk, nothing, kernel.shape[1], chunk_size)


_class_statistics = jax.custom_vjp(_stream_classes, nondiff_argnums=(4,))


def _class_statistics_forward(
    hidden: Array, kernel: Array, bias: Array | None, labels: Array, chunk_size: int
) -> tuple[_Statistics, _Residuals]:
    statistics = _stream_classes(hidden, kernel, bias, labels, chunk_size)
    return statistics, (hidden, kernel, bias, labels, statistics[0])


def _class_statistics_backward(
    chunk_size: int, residuals: _Residuals, cotangents: _Statistics
) -> tuple[Array, Array, Array | None, None]:
    # d total = Σ_k exp(z_k − max z) dz_k and d z_y = dz_y.
    hidden, kernel, bias, labels, maximum = residuals
    _, total_bar, label_bar = cotangents
    dtype = compute_dtype(hidden, kernel)
    factors = operand_dtype(hidden, kernel)
    shift = _finite(maximum)

    def add_chunk(
        carry: tuple[Array, Array, Array | None], start: Array, size: int
    ) -> tuple[Array, Array, Array | None]:
        hidden_bar, kernel_bar, bias_bar = carry
        logits = _chunk_logits(hidden, kernel, bias, start, size)
        is_label = _numerics.class_is(logits.shape, labels - start, 1)
        logits_bar = jnp.exp(logits - shift[:, None]) * total_bar[:, None]
        logits_bar += jnp.where(is_label, label_bar[:, None], 0)
        if bias_bar is not None:
            update = jnp.sum(logits_bar, axis=0).astype(bias_bar.dtype)
            bias_bar = jax.lax.dynamic_update_slice(bias_bar, update, (start,))
        logits_bar = logits_bar.astype(factors)
        columns = _columns(kernel, start, size).astype(factors)
        hidden_bar += _contract(logits_bar, columns, (1, 1), dtype)
        update = _contract(hidden.astype(factors), logits_bar, (0, 0), dtype)
        kernel_bar = jax.lax.dynamic_update_slice(
            kernel_bar, update.astype(kernel.dtype), (jnp.zeros_like(start), start)
        )
        return hidden_bar, kernel_bar, bias_bar

    zeros = (
        jnp.zeros(hidden.shape, dtype),
        jnp.zeros(kernel.shape, kernel.dtype),
        None if bias is None else jnp.zeros(bias.shape, bias.dtype),
    )
    hidden_bar, kernel_bar, bias_bar = _fold_chunks(
        add_chunk, zeros, kernel.shape[1], chunk_size
    )
    return hidden_bar.astype(hidden.dtype), kernel_bar, bias_bar, None


_class_statistics.defvjp(_class_statistics_forward, _class_statistics_backward)


def _fold_chunks(
    add_chunk: Callable[[_Carry, Array, int], _Carry],
    carry: _Carry,
    num_classes: int,
    chunk_size: int,
) -> _Carry:
    """Return the carry after add_chunk(carry, start, size) for every chunk.

    The odd-sized chunk comes first and outside of the scan. The scan's carry then has the
    device axes (under ``shard_map``) that the results have. Rematerialised, so that a second
    derivative stores no chunk either.
    """
    step = jax.checkpoint(add_chunk, static_argnums=(2,), prevent_cse=False)
    size = min(num_classes, num_classes % chunk_size or chunk_size)
    carry = step(carry, jnp.int32(0), size)
    if size == num_classes:
        return carry
    starts = jnp.arange(size, num_classes, chunk_size, dtype=jnp.int32)
    return jax.lax.scan(lambda c, start: (step(c, start, chunk_size), None), carry, starts)[0]


def _chunk_logits(
    hidden: Array, kernel: Array, bias: Array | None, start: Array, size: int
) -> Array:
    dtype, factors = compute_dtype(hidden, kernel), operand_dtype(hidden, kernel)
    columns = _columns(kernel, start, size).astype(factors)
    logits = _contract(hidden.astype(factors), columns, (1, 0), dtype)
    if bias is None:
        return logits
    return logits + jax.lax.dynamic_slice(bias, (start,), (size,)).astype(dtype)


def _columns(kernel: Array, start: Array, size: int) -> Array:
    start_indices = (jnp.zeros_like(start), start)
    return jax.lax.dynamic_slice(kernel, start_indices, (kernel.shape[0], size))


def _contract(left: Array, right: Array, axes: tuple[int, int], dtype: jnp.dtype) -> Array:
    dimensions = (((axes[0],), (axes[1],)), ((), ()))
    return jax.lax.dot_general(left, right, dimensions, preferred_element_type=dtype)


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
