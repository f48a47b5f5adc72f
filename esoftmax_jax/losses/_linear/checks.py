"""What may enter the losses of a last layer; see :mod:`esoftmax_jax._checks`."""

import contextlib
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from esoftmax_jax._checks import check_array, check_floating


def check_layer(hidden: Any, kernel: Any, bias: Any, *, sharded: bool) -> None:
    """Check that hidden states, kernel and bias are floating and fit each other."""
    check_floating("hidden", hidden)
    if hidden.ndim < 1:
        raise ValueError(
            "hidden: expected shape (..., D), got a scalar; the last axis is the layer's input"
        )
    check_floating("kernel", kernel)
    width = hidden.shape[-1]
    if kernel.ndim != 2 or kernel.shape[0] != width:
        transposed = kernel.ndim == 2 and kernel.shape[1] == width
        hint = "; pass kernel.T" if transposed else " (an embedding table is passed as table.T)"
        raise ValueError(
            f"kernel: expected shape ({width}, K) for hidden of shape {hidden.shape}, got "
            f"{kernel.shape}{hint}"
        )
    num_classes = kernel.shape[1]
    if num_classes < 2 and not sharded:
        raise ValueError(
            f"kernel: expected at least 2 classes along axis 1, got {num_classes} "
            f"(shape {kernel.shape}); for one binary logit add a column of zeros"
        )
    if bias is None:
        return
    check_floating("bias", bias)
    if bias.shape != (num_classes,):
        raise ValueError(
            f"bias: expected shape ({num_classes},), one entry for each column of kernel, got "
            f"{bias.shape}"
        )


def check_token_labels(labels: Any, hidden: Any) -> None:
    """Check that labels are integer classes, one for each hidden state."""
    check_array("labels", labels)
    if not jnp.issubdtype(labels.dtype, jnp.integer):
        raise TypeError(
            f"labels: expected an integer dtype, got {labels.dtype}; for one-hot or soft "
            f"labels pass their argmax"
        )
    expected = hidden.shape[:-1]
    if labels.shape != expected:
        raise ValueError(
            f"labels: expected shape {expected} (hidden {hidden.shape} without its last "
            f"axis), got {labels.shape}"
        )


def checked_loss_dtype(loss_dtype: Any, hidden: Any) -> np.dtype:
    """Return the floating dtype of the losses, that of the hidden states if none is given."""
    if loss_dtype is None:
        loss_dtype = jax.dtypes.canonicalize_dtype(hidden.dtype)
    dtype: np.dtype | None = None
    with contextlib.suppress(TypeError):
        dtype = np.dtype(loss_dtype)
    if dtype is None or not jnp.issubdtype(dtype, jnp.floating):
        raise TypeError(
            f"loss_dtype: expected a floating dtype such as jnp.float32, got {loss_dtype!r}"
        )
    if jax.dtypes.canonicalize_dtype(dtype) != dtype:
        raise TypeError(
            f"loss_dtype: expected a dtype of at most 32 bits, got {dtype}; switch on "
            f"jax_enable_x64 or pass jnp.float32"
        )
    return dtype


def check_chunk_size(chunk_size: object) -> None:
    """Check a static number of classes per chunk."""
    if isinstance(chunk_size, bool) or not isinstance(chunk_size, (int, np.integer)):
        raise TypeError(f"chunk_size: expected a Python integer, got {chunk_size!r}")
    if chunk_size < 1:
        raise ValueError(f"chunk_size: expected at least 1 class, got {chunk_size}")


def check_axis_name(axis_name: object) -> None:
    """Check the name of a device axis, or a tuple of names."""
    names = axis_name if isinstance(axis_name, tuple) and axis_name else (axis_name,)
    if axis_name is not None and not all(isinstance(name, str) for name in names):
        raise TypeError(
            f"axis_name: expected the name of a shard_map axis, a tuple of names or None, got "
            f"{axis_name!r}"
        )
