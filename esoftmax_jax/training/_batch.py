"""What a batch is, and whether a network's and a loss's results fit it.

Shapes and dtypes are known while JAX traces, so these checks cost nothing at run time.
"""

import inspect
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import jax
import jax.numpy as jnp

from esoftmax_jax import _checks
from esoftmax_jax.spelling import closest

Batch: TypeAlias = Mapping[str, Any]
"""A mapping with "inputs", "labels" and perhaps "where" and "weights", N examples along every
first axis.

"inputs": an array (N, ...) or a pytree of them. "labels": integer classes (N,), or a floating
distribution over the classes (N, K), as label smoothing and MixUp give. "where": booleans (N,),
False where an example is left out; absent or None if all count. "weights": floating (N,) ≥ 0;
absent or None if all weigh 1.
"""

_ENTRIES = ("inputs", "labels", "where", "weights")
_EXPECTED = 'the entries "inputs", "labels" and perhaps "where" and "weights"'
_OTHER_NAMES = {
    **dict.fromkeys(("x", "image", "images", "input", "data", "features"), "inputs"),
    **dict.fromkeys(("y", "target", "targets", "class", "classes"), "labels"),
    **dict.fromkeys(("mask", "valid", "padding_mask"), "where"),
    **dict.fromkeys(("sample_weight", "sample_weights", "class_weight"), "weights"),
}


def check_entries(batch: Any, *needed: str) -> None:
    """Check that a batch is a mapping and has the entries that are needed."""
    if not isinstance(batch, Mapping):
        raise TypeError(
            f'batch: expected a mapping with "inputs", "labels" and perhaps "where" and '
            f'"weights", got {type(batch).__name__}; pass {{"inputs": inputs, '
            f'"labels": labels}}'
        )
    missing = [name for name in needed if name not in batch]
    if missing:
        raise ValueError(
            f"batch: expected {_EXPECTED}, got {list(batch)}; add {missing}{_meant(batch)}"
        )


def check_step_batch(batch: Any) -> None:
    """Check what a step reads of a batch, and that it has nothing else."""
    check_entries(batch, "inputs", "labels")
    unknown = [name for name in batch if name not in _ENTRIES]
    if unknown:
        raise ValueError(
            f"batch: expected {_EXPECTED}, got also {unknown}, which a step does not read; "
            f"remove them{_meant(batch)}"
        )
    check_arrays(batch)
    if not jax.tree.leaves(batch["inputs"]):
        raise TypeError(
            f"batch['inputs']: expected an array or a pytree of arrays, got "
            f"{batch['inputs']!r}; give the network something to see"
        )


def _meant(batch: Mapping[Any, Any]) -> str:
    """Return what entries under other names may be, as the end of a sentence, or nothing."""
    pairs = []
    for name in (str(name) for name in batch if name not in _ENTRIES):
        meant = closest(name, _ENTRIES, _OTHER_NAMES)
        if meant is not None:
            pairs.append(f"{meant!r} for {name!r}")
    return f"; did you mean {', '.join(pairs)}?" if pairs else ""


def check_arrays(batch: Batch) -> None:
    """Check that every entry is an array, or a pytree of arrays, with an axis of examples."""
    # As a pytree a list would be named by its first element only.
    if "labels" in batch:
        _checks.check_array("batch['labels']", batch["labels"])
    for name in ("where", "weights"):
        if batch.get(name) is not None:
            _checks.check_array(f"batch['{name}']", batch[name])
    for path, leaf in jax.tree.leaves_with_path(dict(batch)):
        name = f"batch{jax.tree_util.keystr(path)}"
        _checks.check_array(name, leaf)
        if leaf.ndim == 0:
            raise ValueError(
                f"{name}: expected an array with the examples along its first axis, got a "
                f"scalar; a batch of one example has shape (1, ...)"
            )


def is_distribution(labels: Any) -> bool:
    """Whether labels are probabilities of the classes and not classes."""
    return bool(jnp.issubdtype(labels.dtype, jnp.floating))


def check_logits(logits: Any, labels: Any) -> tuple[int, ...]:
    """Check that logits and labels belong together; return the shape of the examples."""
    if not hasattr(logits, "shape") or not hasattr(logits, "dtype"):
        raise TypeError(
            f"apply_fn: expected the logits, one array (N, K), got {type(logits).__name__}; "
            f"wrap it in a function that returns nothing else"
        )
    shape = tuple(logits.shape)
    soft = is_distribution(labels)
    hard = jnp.issubdtype(labels.dtype, jnp.integer)
    if soft and labels.shape == shape and len(shape) > 1:
        return shape[:-1]
    if hard and labels.shape == shape[:-1] and shape:
        return shape[:-1]
    error: type[Exception] = ValueError
    if len(shape) > 1 and labels.shape == shape[:-1]:
        error, todo = TypeError, "cast classes with labels.astype(jnp.int32)"
    elif len(shape) > 1 and labels.shape == shape:
        todo = "for one-hot labels pass their argmax"
    else:
        todo = "let apply_fn return logits (N, K), the classes along the last axis"
    raise error(
        f"labels: expected integer classes of shape {shape[:-1]} or a floating distribution of "
        f"shape {shape} for logits of shape {shape}, got {labels.dtype} of shape "
        f"{labels.shape}; {todo}"
    )


def check_losses(name: str, losses: Any, shape: tuple[int, ...], todo: str) -> None:
    """Check that there is one loss for each example."""
    expected = f"{name}: expected one loss per example, shape {shape}, got"
    if not hasattr(losses, "shape"):
        raise TypeError(f"{expected} {type(losses).__name__}; return the array of losses only")
    if losses.shape != shape:
        raise ValueError(f"{expected} shape {losses.shape}; {todo}")


def mask_for(loss: Callable[..., Any], present: Any) -> dict[str, Any]:
    """Return ``where`` as the options of a loss; of one that has no such argument none."""
    try:
        signature = inspect.signature(loss)
    except ValueError:  # of what is compiled Python knows none
        return {"where": present}
    kinds = [one.kind for one in signature.parameters.values()]
    if "where" in signature.parameters or inspect.Parameter.VAR_KEYWORD in kinds:
        return {"where": present}
    if present is not None:
        raise TypeError(
            f"loss_fn: expected an argument where, as the batch leaves examples out or weighs "
            f"them, got {signature}; add where=None and return 0 where it is False"
        )
    return {}


def with_narrow_labels(batch: Batch) -> dict[str, Any]:
    """Return the entries of a batch, its labels of 64 bits in NumPy's memory as int32."""
    entries = dict(batch)
    if "labels" in entries and not is_distribution(entries["labels"]):
        entries["labels"] = _checks.narrow_labels(entries["labels"])
    return entries
