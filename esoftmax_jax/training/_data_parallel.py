"""The same step on many devices: under pmap, under shard_map, or under jit with a mesh."""

import dataclasses
import functools
from collections.abc import Callable, Sequence
from typing import Any, Literal, TypeAlias, get_args

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from esoftmax_jax import _checks
from esoftmax_jax._types import Array
from esoftmax_jax.training import _batch, _weights
from esoftmax_jax.training._batch import Batch
from esoftmax_jax.training._state import TrainState
from esoftmax_jax.training._step import Step

Backend: TypeAlias = Literal["pmap", "shard_map", "jit"]


@dataclasses.dataclass(frozen=True)
class DataParallel:
    """A step that runs on several devices; made by :func:`data_parallel`."""

    devices: tuple[jax.Device, ...]
    backend: Backend
    _compiled: Callable[..., Any]
    _mesh: Mesh

    def __call__(self, state: Any, batch: Batch) -> Any:
        """Run one step on a batch of the usual, global form (N, ...).

        Args:
            state: what :meth:`replicate` or an earlier call returned. A training step may
                reuse its memory: go on with the returned state.
            batch: the whole batch; arrays and pytrees of arrays, with N along every first
                axis, divisible by the number of devices.

        Returns:
            What the step returns: (state, metrics) for training, metrics for evaluation;
            logits, if it returns them, are those of the whole batch.

        Raises:
            TypeError: the batch is no mapping, or something in it is no array.
            ValueError: N is not divisible by the number of devices; weights that do not fit,
                or are negative (in NumPy's arrays; those on a device are not waited for); a
                state that lies on one device, or on other ones.
        """
        self._check_replicated(state)
        if isinstance(state, TrainState) and np.ndim(state.step) > 1:
            raise ValueError(
                f"state: expected one that was replicated once, got one that was "
                f"{np.ndim(state.step)} times; call state = parallel.unreplicate(state) first"
            )
        split = self._split(batch)
        if self.backend != "pmap":
            return self._compiled(state, split)
        result = self._compiled(state, split)
        # psum left the same metrics on every device; the state stays where it is.
        if not isinstance(result, tuple):
            return _first(result)
        state, metrics, *logits = result
        return state, _first(metrics), *(x.reshape(-1, *x.shape[2:]) for x in logits)

    def replicate(self, state: Any) -> Any:
        """Copy a state of one device to all of them."""
        if self.backend == "pmap":
            split = NamedSharding(self._mesh, self._split_spec)
            return jax.device_put(_stacked(state, len(self.devices)), split)
        return jax.device_put(state, NamedSharding(self._mesh, PartitionSpec()))

    def unreplicate(self, state: Any) -> Any:
        """Return one device's copy of a state, to evaluate or to save it."""
        self._check_replicated(state)
        if self.backend == "pmap":
            state = _first(state)
        return jax.device_put(state, self.devices[0])

    def _check_replicated(self, state: Any) -> None:
        for leaf in jax.tree.leaves(state):
            if self.backend == "pmap":
                fits = np.shape(leaf)[:1] == (len(self.devices),)
            else:  # JAX copies what it may, but nothing that was put on a device by choice
                fits = not getattr(leaf, "committed", False)
                fits = fits or leaf.sharding.device_set == set(self.devices)
            if not fits:
                raise ValueError(
                    f"state: expected one that lies on all {len(self.devices)} devices, as "
                    f"replicate or an earlier call returned it, got another; call state = "
                    f"parallel.replicate(state) first"
                )

    @property
    def _split_spec(self) -> PartitionSpec:
        return PartitionSpec(self._mesh.axis_names[0])

    def _split(self, batch: Batch) -> Any:
        _batch.check_entries(batch)
        _batch.check_arrays(batch)
        _check_weights(batch)
        entries, count = _batch.with_narrow_labels(batch), len(self.devices)
        for path, value in jax.tree.leaves_with_path(entries):
            if value.shape[0] % count:
                raise ValueError(
                    f"batch{jax.tree_util.keystr(path)}: expected a number of examples "
                    f"divisible by {count} devices, got {value.shape[0]}; use another batch "
                    f"size, or pad_batch(batch, multiple_of={count}) for evaluation"
                )
        if self.backend == "pmap":
            entries = jax.tree.map(
                lambda x: x.reshape(count, x.shape[0] // count, *x.shape[1:]), entries
            )
        return jax.device_put(entries, NamedSharding(self._mesh, self._split_spec))


def data_parallel(
    step: Step[Any],
    *,
    backend: Backend = "pmap",
    devices: Sequence[jax.Device] | None = None,
    donate_state: bool = False,
) -> DataParallel:
    """Run a step on several devices, each with its part of the batch.

    Gradients, batch statistics and metrics are combined over all devices inside the step, so
    one device and eight give the same parameters to rounding.

    Args:
        step: from :func:`make_train_step` or :func:`make_eval_step`. For "pmap" and
            "shard_map" it is made with an ``axis_name``, for "jit" without.
        backend: "pmap"; "shard_map", the same program per device on a mesh; or "jit", where
            the compiler splits the global program.
        devices: default: all devices of this process.
        donate_state: let a training step write the new state into the memory of the old one,
            which must not be used afterwards. Not for evaluation.

    Returns:
        A callable ``(state, batch) -> ...`` with ``replicate`` and ``unreplicate``.

    Raises:
        TypeError: ``step`` is not a :class:`Step`.
        ValueError: unknown backend, no devices, or an ``axis_name`` that does not fit it.

    Example:
        >>> import jax
        >>> import jax.numpy as jnp
        >>> import optax
        >>> from esoftmax_jax import losses, training
        >>> tx = optax.sgd(0.1)
        >>> def apply_fn(variables, inputs, train):
        ...     return inputs * variables["params"]
        >>> step = training.make_train_step(
        ...     apply_fn, losses.cross_entropy, tx, axis_name="devices"
        ... )
        >>> parallel = training.data_parallel(step, backend="pmap")
        >>> state = parallel.replicate(training.create_train_state({"params": jnp.ones(3)}, tx))
        >>> batch = {"inputs": jnp.ones((16, 3)), "labels": jnp.zeros(16, jnp.int32)}
        >>> state, metrics = parallel(state, batch)
        >>> print(metrics.count, parallel.unreplicate(state).step)
        16 1
    """
    if not isinstance(step, Step):
        raise TypeError(
            f"step: expected what make_train_step or make_eval_step returns, got "
            f"{type(step).__name__}; wrap your own function as Step(function, axis_name)"
        )
    if backend not in get_args(Backend):
        raise ValueError(f"backend: expected one of {get_args(Backend)}, got {backend!r}")
    if (step.axis_name is None) != (backend == "jit"):
        needed = "no axis_name" if backend == "jit" else 'an axis_name, e.g. "devices"'
        raise ValueError(
            f"step: expected a step made with {needed} for backend {backend!r}, got one with "
            f"axis_name={step.axis_name!r}; make it again"
        )
    chosen = tuple(jax.local_devices() if devices is None else devices)
    if not chosen:
        raise ValueError("devices: expected at least one device, got none")
    mesh = Mesh(np.array(chosen), (step.axis_name or "devices",))
    split, whole = PartitionSpec(mesh.axis_names[0]), PartitionSpec()
    donate = (0,) if donate_state else ()
    returned: Any = (whole, whole, split) if step.returns_logits else whole
    if backend == "pmap":
        compiled = jax.pmap(
            step, axis_name=step.axis_name, devices=chosen, donate_argnums=donate
        )
    elif backend == "shard_map":
        # check_vma=False: the step itself sums its gradients, as under pmap.
        mapped = jax.shard_map(
            step.function,
            mesh=mesh,
            in_specs=(whole, split),
            out_specs=returned,
            check_vma=False,
        )
        compiled = jax.jit(mapped, donate_argnums=donate)
    else:
        compiled = jax.jit(
            step,
            in_shardings=(NamedSharding(mesh, whole), NamedSharding(mesh, split)),
            out_shardings=jax.tree.map(lambda spec: NamedSharding(mesh, spec), returned),
            donate_argnums=donate,
        )
    return DataParallel(chosen, backend, compiled, mesh)


def _check_weights(batch: Batch) -> None:
    """Check weights before they are split: by their whole shape, and what is in the host's."""
    labels, weights, where = (batch.get(name) for name in ("labels", "weights", "where"))
    if labels is None or weights is None:
        return
    examples = labels.shape[:-1] if _batch.is_distribution(labels) else labels.shape
    _weights.check_shape(weights, examples)
    if not isinstance(weights, jax.Array) and not isinstance(where, jax.Array):
        _weights.check_weights(weights, examples, where)


@functools.partial(jax.jit, static_argnums=1)
def _stacked(tree: Any, count: int) -> Any:
    """Repeat everything along a new first axis, in one program."""
    return jax.tree.map(lambda x: jnp.broadcast_to(x, (count, *x.shape)), tree)


@jax.jit
def _first(tree: Any) -> Any:
    """Take the first device's copy of everything."""
    return jax.tree.map(lambda x: x[0], tree)


def pad_batch(batch: Batch, *, multiple_of: int) -> dict[str, Any]:
    """Pad a batch with masked examples until its size is a multiple of a number.

    Padding has ``where`` False: it adds nothing to losses or metrics. (It does enter batch
    normalisation, so pad for evaluation only.) Its label is −1, in an unsigned dtype the
    largest number there is (255 for uint8), even where that is a class; of a distribution over
    the classes, all zeros. Everything else is padded with 0.

    Args:
        batch: a mapping with "inputs", "labels" and perhaps "where" and "weights"; arrays and
            pytrees of arrays, with the same N along every first axis. Floating labels are
            distributions, (N, K). A "where" of None is the same as none.
        multiple_of: ≥ 1, the number that is to divide the size.

    Returns:
        The batch with a "where" entry, of size ⌈N / multiple_of⌉ · multiple_of.

    Raises:
        TypeError: ``multiple_of`` is no Python integer; the batch is no mapping, or something
            in it is no array; a mask that is not boolean.
        ValueError: ``multiple_of`` < 1; no labels; entries of different sizes.

    Example:
        >>> import jax.numpy as jnp
        >>> from esoftmax_jax.training import pad_batch
        >>> batch = {"inputs": jnp.ones((3, 2)), "labels": jnp.array([0, 1, 0])}
        >>> padded = pad_batch(batch, multiple_of=4)
        >>> print(padded["labels"], padded["where"])
        [ 0  1  0 -1] [ True  True  True False]
    """
    _checks.check_hyperparameter("multiple_of", multiple_of, _checks.POSITIVE_INTEGER)
    _batch.check_entries(batch, "labels")
    _batch.check_arrays(batch)
    labels, where = batch["labels"], batch.get("where")
    soft = _batch.is_distribution(labels)
    if soft and labels.ndim < 2:
        raise TypeError(
            f"batch['labels']: expected integer classes (N,) or a floating distribution over "
            f"the classes (N, K), got {labels.dtype} of shape {labels.shape}; cast classes "
            f"with labels.astype(jnp.int32)"
        )
    example_shape = labels.shape[:-1] if soft else labels.shape
    _checks.check_where(where, example_shape)
    size = labels.shape[0]
    for path, value in jax.tree.leaves_with_path(dict(batch)):
        if value.shape[0] != size:
            raise ValueError(
                f"batch{jax.tree_util.keystr(path)}: expected {size} examples, as many as "
                f"labels, got {value.shape[0]}; give every entry the same first axis"
            )

    def padded(value: Any, fill: int) -> Array:
        array = jnp.asarray(value)  # numpy's float64 may be float32 here
        shape = (-size % multiple_of, *array.shape[1:])
        return jnp.concatenate([array, jnp.full(shape, fill, array.dtype)])

    fill = {} if soft else {"labels": -1}
    entries = _batch.with_narrow_labels(batch)
    entries["where"] = jnp.ones(example_shape, bool) if where is None else where
    return {
        name: jax.tree.map(functools.partial(padded, fill=fill.get(name, 0)), entry)
        for name, entry in entries.items()
    }
