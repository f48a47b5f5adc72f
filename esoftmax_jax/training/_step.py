"""One update and one evaluation, as pure functions of a state and a batch."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, TypeAlias, TypeVar

import jax
import jax.numpy as jnp
import optax

from esoftmax_jax._types import Array, LossFunction
from esoftmax_jax.training._metrics import Metrics
from esoftmax_jax.training._state import TrainState

Batch: TypeAlias = Mapping[str, Array]
"""A mapping with "inputs" (N, ...), "labels" (N,) and perhaps "where" (N,) booleans."""

Result = TypeVar("Result")


@dataclasses.dataclass(frozen=True)
class Step(Generic[Result]):
    """A pure function ``step(state, batch)`` and the device axis it was written for."""

    function: Callable[[TrainState, Batch], Result]
    axis_name: str | None

    def __call__(self, state: TrainState, batch: Batch) -> Result:
        """Run the step; nothing is compiled here (wrap it in ``jax.jit`` or scan it)."""
        return self.function(state, batch)


def make_train_step(
    apply_fn: Callable[..., Any],
    loss_fn: LossFunction,
    tx: optax.GradientTransformation,
    *,
    axis_name: str | None = None,
    rng_names: Sequence[str] = (),
) -> Step[tuple[TrainState, Metrics]]:
    r"""Make a pure training step: gradient of the mean loss, Optax update, batch statistics.

    The step minimises :math:`\sum_i w_i \ell_i / \sum_i w_i` with w the batch's "where"
    mask. With ``axis_name`` the sums run over all devices, so the result does not depend on
    how the batch is split (for batch normalisation, give the network the same axis name).

    Args:
        apply_fn: ``apply_fn(variables, inputs, train=True, mutable=[...], rngs=...)`` that
            returns (logits, updated collections): Flax's ``Module.apply``. ``mutable`` and
            ``rngs`` are passed only if there are batch statistics or ``rng_names``.
        loss_fn: ``loss_fn(logits, labels, where=...)`` → one loss per example.
        tx: the Optax transformation.
        axis_name: the name of the mapped device axis under ``pmap`` or ``shard_map``; None on
            one device and under ``jit`` with a mesh.
        rng_names: streams such as "dropout" that ``apply_fn`` draws from; the state must then
            have a key.

    Returns:
        ``step(state, batch) -> (state, metrics)``; metrics are those of the training batch.

    Raises:
        ValueError: while tracing, if the batch lacks an entry or the state a key.

    Example:
        >>> import jax
        >>> import jax.numpy as jnp
        >>> import optax
        >>> from esoftmax_jax import losses
        >>> from esoftmax_jax.training import create_train_state, make_train_step
        >>> def apply_fn(variables, inputs, train):
        ...     return inputs @ variables["params"]["w"]
        >>> tx = optax.sgd(0.5)
        >>> state = create_train_state({"params": {"w": jnp.zeros((2, 3))}}, tx)
        >>> step = jax.jit(make_train_step(apply_fn, losses.mean_absolute_error, tx))
        >>> batch = {"inputs": jnp.ones((4, 2)), "labels": jnp.array([0, 0, 0, 1])}
        >>> state, metrics = step(state, batch)
        >>> print(jnp.array_str(state.params["w"], precision=3))
        [[ 0.139 -0.028 -0.111]
         [ 0.139 -0.028 -0.111]]
    """

    def forward(
        params: Any, state: TrainState, batch: Batch
    ) -> tuple[Array, tuple[Metrics, Any]]:
        variables = {"params": params}
        options: dict[str, Any] = {}
        if state.batch_stats:
            variables["batch_stats"] = state.batch_stats
            options["mutable"] = ["batch_stats"]
        if rng_names:
            options["rngs"] = _step_keys(state, rng_names, axis_name)
        output = apply_fn(variables, batch["inputs"], train=True, **options)
        logits, updated = output if state.batch_stats else (output, {})
        where = batch.get("where")
        losses = loss_fn(logits, batch["labels"], where=where)
        metrics = Metrics.from_batch(losses, logits, batch["labels"], where)
        count = _sum_over(metrics.count, axis_name)
        # A batch with nothing in it leaves the parameters as they are instead of NaN.
        mean = metrics.loss_sum / jnp.maximum(count, 1).astype(jnp.float32)
        return mean, (metrics, updated.get("batch_stats", {}))

    def step(state: TrainState, batch: Batch) -> tuple[TrainState, Metrics]:
        _check_batch(batch)
        differentiate = jax.grad(forward, has_aux=True)
        gradients, (metrics, batch_stats) = differentiate(state.params, state, batch)
        gradients = _sum_over(gradients, axis_name)
        if axis_name is not None:
            batch_stats = jax.lax.pmean(batch_stats, axis_name)
        updates, opt_state = tx.update(gradients, state.opt_state, state.params)
        state = state.replace(
            step=state.step + 1,
            params=optax.apply_updates(state.params, updates),
            batch_stats=batch_stats,
            opt_state=opt_state,
        )
        return state, _sum_over(metrics, axis_name)

    return Step(step, axis_name)


def make_eval_step(
    apply_fn: Callable[..., Any], loss_fn: LossFunction, *, axis_name: str | None = None
) -> Step[Metrics]:
    """Make a pure evaluation step whose metrics add up exactly over batches and devices.

    Args:
        apply_fn: ``apply_fn(variables, inputs, train=False)`` → logits.
        loss_fn: ``loss_fn(logits, labels, where=...)`` → one loss per example.
        axis_name: the name of the mapped device axis, see :func:`make_train_step`.

    Returns:
        ``step(state, batch) -> Metrics``; pad the last batch with :func:`pad_batch`.

    Raises:
        ValueError: while tracing, if the batch lacks an entry.

    Example:
        >>> import jax.numpy as jnp
        >>> import optax
        >>> from esoftmax_jax import losses
        >>> from esoftmax_jax.training import create_train_state, make_eval_step
        >>> step = make_eval_step(lambda v, x, train: x * v["params"], losses.cross_entropy)
        >>> state = create_train_state({"params": jnp.ones(3)}, optax.sgd(0.1))
        >>> print(step(state, {"inputs": jnp.eye(3), "labels": jnp.array([0, 1, 1])}).correct)
        2
    """

    def step(state: TrainState, batch: Batch) -> Metrics:
        _check_batch(batch)
        variables = {"params": state.params}
        if state.batch_stats:
            variables["batch_stats"] = state.batch_stats
        logits = apply_fn(variables, batch["inputs"], train=False)
        where = batch.get("where")
        losses = loss_fn(logits, batch["labels"], where=where)
        metrics = Metrics.from_batch(losses, logits, batch["labels"], where)
        total: Metrics = _sum_over(metrics, axis_name)
        return total

    return Step(step, axis_name)


def _sum_over(tree: Any, axis_name: str | None) -> Any:
    return tree if axis_name is None else jax.lax.psum(tree, axis_name)


def _check_batch(batch: Batch) -> None:
    missing = [name for name in ("inputs", "labels") if name not in batch]
    if missing:
        raise ValueError(
            f'batch: expected the entries "inputs", "labels" and perhaps "where", got '
            f"{sorted(batch)}; add {missing}"
        )


def _step_keys(
    state: TrainState, names: Sequence[str], axis_name: str | None
) -> dict[str, Array]:
    if state.key is None:
        raise ValueError(
            f"state.key: expected a PRNG key because rng_names={tuple(names)}, got None; "
            f"pass key=jax.random.key(seed) to create_train_state"
        )
    key = jax.random.fold_in(state.key, state.step)
    if axis_name is not None:
        key = jax.random.fold_in(key, jax.lax.axis_index(axis_name))
    return dict(zip(names, jax.random.split(key, len(names)), strict=True))
