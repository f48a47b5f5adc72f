"""What may be given to the makers of steps and states; refused before anything is traced."""

import inspect
import sys
from collections.abc import Sequence
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np


def check_transformation(tx: object) -> None:
    """Check that there is something to initialise and to update with, as Optax has it."""
    if not (callable(getattr(tx, "init", None)) and callable(getattr(tx, "update", None))):
        came = getattr(tx, "__name__", "a function") if callable(tx) else repr(tx)
        raise TypeError(
            f"tx: expected an Optax transformation, got {came}; pass what an optimiser's "
            f"function returns, e.g. optax.sgd(0.1)"
        )


NNX_REMEDY = (
    "for NNX take `graphdef, params = nnx.split(model, nnx.Param)`, start with "
    'create_train_state({"params": params}, tx) and pass lambda variables, inputs, train: '
    'nnx.merge(graphdef, variables["params"])(inputs); a model with batch statistics or '
    "dropout needs a step of your own"
)


def is_nnx(value: object) -> bool:
    """Whether something is a network of Flax's NNX, which need not have been imported."""
    nnx = sys.modules.get("flax.nnx")
    if nnx is None:
        return False
    is_class = isinstance(value, type) and issubclass(value, nnx.Module)
    return is_class or isinstance(value, (nnx.Module, nnx.GraphDef))


def is_nnx_state(value: object) -> bool:
    """Whether something is the variables of an NNX network."""
    nnx = sys.modules.get("flax.nnx")
    return nnx is not None and isinstance(value, nnx.State)


def check_parameters(params: Any) -> None:
    """Refuse what NNX keeps beside parameters: a step would train it, or never update it."""
    nnx = sys.modules.get("flax.nnx")
    if nnx is None:
        return
    kinds = (nnx.Module, nnx.Variable)
    leaves = jax.tree.leaves(params, is_leaf=lambda x: isinstance(x, kinds))
    others = (x for x in leaves if isinstance(x, kinds) and not isinstance(x, nnx.Param))
    names = sorted({type(x).__name__ for x in others})
    if names:
        raise TypeError(
            f"variables['params']: expected parameters alone, got also {', '.join(names)} of "
            f"NNX; {NNX_REMEDY}"
        )


def check_apply_function(apply_fn: object) -> None:
    """Check for a function; a Flax module can be called, but not with variables."""
    name = "apply_fn: expected a function of variables and inputs, got"
    owner = getattr(apply_fn, "__self__", apply_fn)
    if is_nnx(owner):
        of = owner.__name__ if isinstance(owner, type) else type(owner).__name__
        raise TypeError(f"{name} the NNX module {of}; {NNX_REMEDY}")
    if isinstance(apply_fn, nn.Module):
        raise TypeError(
            f"{name} the module {type(apply_fn).__name__}; pass its method, model.apply"
        )
    if isinstance(apply_fn, type):
        raise TypeError(
            f"{name} the class {apply_fn.__name__}; make a module of it and pass its method, "
            f"{apply_fn.__name__}(...).apply"
        )
    if inspect.isfunction(apply_fn) and next(iter(_parameters(apply_fn)), "") == "self":
        raise TypeError(
            f"{name} {apply_fn.__qualname__} of a class; make a module and pass its method, "
            f"model.apply"
        )
    check_function("apply_fn", apply_fn, "Flax's Module.apply or a function like it")


def _parameters(function: Any) -> Any:
    return inspect.signature(function).parameters


def check_loss_function(loss_fn: object) -> None:
    """Check for a function; most often it is the loss's name that is given instead."""
    check_function("loss_fn", loss_fn, "a loss, e.g. losses.get(name, ...)")


def check_function(name: str, value: object, instead: str) -> None:
    """Check that a value can be called."""
    if not callable(value):
        raise TypeError(f"{name}: expected a function, got {value!r}; pass {instead}")


def check_names(rng_names: Sequence[str]) -> tuple[str, ...]:
    """Return the names; a bare string would be taken letter by letter."""
    if isinstance(rng_names, str):
        raise TypeError(
            f"rng_names: expected a sequence of names, got the string {rng_names!r}; pass "
            f'rng_names=("{rng_names}",)'
        )
    if not isinstance(rng_names, Sequence) or not all(isinstance(n, str) for n in rng_names):
        raise TypeError(
            f"rng_names: expected a sequence of names, got {rng_names!r}; pass e.g. "
            f'rng_names=("dropout",)'
        )
    return tuple(rng_names)


def check_key(key: Any) -> None:
    """Check one random key, typed or, as JAX had them before, an array of uint32."""
    is_array = isinstance(key, (jax.Array, np.ndarray))
    is_typed = is_array and jnp.issubdtype(key.dtype, jax.dtypes.prng_key)
    if not is_typed and not (is_array and key.dtype == np.uint32 and key.ndim > 0):
        came = f"an array of {key.dtype}, shape {key.shape}" if is_array else repr(key)
        raise TypeError(
            f"key: expected a key from jax.random.key(seed), got {came}; pass e.g. "
            f"key=jax.random.key(0)"
        )
    keys_shape = key.shape if is_typed else key.shape[:-1]
    if keys_shape != ():
        raise ValueError(
            f"key: expected one key, got keys of shape {keys_shape}; give each state its "
            f"own, or make the states under jax.vmap"
        )
