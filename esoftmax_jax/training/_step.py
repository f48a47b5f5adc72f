"""One update and one evaluation, as pure functions of a state and a batch."""

import dataclasses
import functools
from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

import jax
import jax.numpy as jnp
import optax

from esoftmax_jax import _checks
from esoftmax_jax._types import Array, LossFunction
from esoftmax_jax.training import _arguments, _batch, _keys, _update, _weights
from esoftmax_jax.training._batch import Batch
from esoftmax_jax.training._metrics import Metrics
from esoftmax_jax.training._state import TrainState, check_state

Result = TypeVar("Result")


@dataclasses.dataclass(frozen=True)
class Step(Generic[Result]):
    """A pure function ``step(state, batch)`` and the device axis it was written for.

    Attributes:
        function: returns (state, metrics), metrics, or (state, metrics, logits).
        axis_name: None on one device and under ``jit`` with a mesh.
        returns_logits: whether the third of these comes, that of the device's own examples.
    """

    function: Callable[[TrainState, Batch], Result]
    axis_name: str | None
    returns_logits: bool = False

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
    loss_takes_key: bool = False,
) -> Step[tuple[TrainState, Metrics]]:
    r"""Make a pure training step: gradient of the mean loss, Optax update, batch statistics.

    The step minimises :math:`\sum_i w_i \ell_i / \sum_i w_i` with w the batch's "weights", 1
    without, over the examples that its "where" mask does not leave out (:func:`mean_loss`).
    With ``axis_name`` the sums run over all devices, so the result does not depend on
    how the batch is split (for batch normalisation, give the network the same axis name).

    The batch is a mapping with "inputs", an array (N, ...) or a pytree of them, "labels" and
    perhaps "where", (N,) booleans, and "weights", (N,) floating and ≥ 0; None is the same as
    none, and another entry is an error. Labels are integer classes (N,) or, for a
    loss such as ``losses.expected_loss`` makes, a floating distribution over the classes
    (N, K), as label smoothing and MixUp give. Such an example counts as correct where the
    largest logit is that of the largest probability.

    Args:
        apply_fn: ``apply_fn(variables, inputs, train=True, mutable=[...], rngs=...)`` that
            returns (logits, updated collections): Flax's ``Module.apply``. ``mutable`` and
            ``rngs`` are passed only if there are batch statistics or ``rng_names``; ``train``
            always is. For a module that has no such argument pass
            ``lambda variables, inputs, train, **options: model.apply(variables, inputs,
            **options)``.
        loss_fn: ``loss_fn(logits, labels, where=...)`` → one loss per example, not their mean.
            One without ``where`` serves batches that leave nobody out.
        tx: the Optax transformation. One that asks for them is also given ``value`` (the mean
            loss), ``grad`` and ``value_fn``: ``optax.contrib.reduce_on_plateau``,
            ``optax.lbfgs``.
        axis_name: the name of the mapped device axis under ``pmap`` or ``shard_map``; None on
            one device and under ``jit`` with a mesh.
        rng_names: streams such as "dropout" that ``apply_fn`` draws from; the state must then
            have a key.
        loss_takes_key: call the loss with ``key=`` as well, a typed key that is another one
            in every step (and on every device of ``axis_name``) and none of those of
            ``rng_names``, for losses that draw: ``losses.get("NLNL")``. The state must then
            have a key.

    Returns:
        ``step(state, batch) -> (state, metrics)``; metrics are those of the training batch.

    Raises:
        TypeError: ``apply_fn`` or ``loss_fn`` is no function, ``tx`` no transformation,
            ``rng_names`` a bare string; while tracing, a batch that is no mapping of arrays,
            labels that are neither integer classes nor a distribution, a transformation that
            needs other arguments.
        ValueError: while tracing, if the batch lacks an entry or has one that nothing reads,
            if the state lacks a key or is that of several devices, or if the shapes of logits,
            labels, mask, weights or losses do not fit.

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
    whole = make_train_step_with_logits(
        apply_fn,
        loss_fn,
        tx,
        axis_name=axis_name,
        rng_names=rng_names,
        loss_takes_key=loss_takes_key,
    )

    def step(state: TrainState, batch: Batch) -> tuple[TrainState, Metrics]:
        state, metrics, _ = whole(state, batch)
        return state, metrics

    return Step(step, axis_name)


def make_train_step_with_logits(
    apply_fn: Callable[..., Any],
    loss_fn: LossFunction,
    tx: optax.GradientTransformation,
    *,
    axis_name: str | None = None,
    rng_names: Sequence[str] = (),
    loss_takes_key: bool = False,
) -> Step[tuple[TrainState, Metrics, Array]]:
    """Make the step of :func:`make_train_step` that returns the logits of its batch as well.

    They are those that the loss was computed of, before the update. What a network says of
    each label while it learns tells which labels are wrong, see
    :meth:`esoftmax_jax.cleaning.TrainingDynamics.update`: no second pass is needed.

    Args:
        apply_fn: see :func:`make_train_step`, as the rest.
        loss_fn: see there.
        tx: see there.
        axis_name: see there. Each device returns the logits of its own examples;
            :func:`data_parallel` puts them together.
        rng_names: see there.
        loss_takes_key: see there.

    Returns:
        ``step(state, batch) -> (state, metrics, logits)``, logits as ``apply_fn`` returns them.

    Raises:
        TypeError: as :func:`make_train_step`.
        ValueError: likewise.

    Example:
        >>> import jax
        >>> import jax.numpy as jnp
        >>> import optax
        >>> from esoftmax_jax import cleaning, losses, training
        >>> tx = optax.sgd(0.5)
        >>> def apply_fn(variables, inputs, train):
        ...     return inputs @ variables["params"]
        >>> step = training.make_train_step_with_logits(apply_fn, losses.cross_entropy, tx)
        >>> @jax.jit
        ... def update(state, dynamics, batch, indices):
        ...     state, metrics, logits = step(state, batch)
        ...     return state, dynamics.update(logits, batch["labels"], indices=indices)
        >>> state = training.create_train_state({"params": jnp.eye(2)}, tx)
        >>> dynamics = cleaning.init_training_dynamics(num_examples=4, num_classes=2)
        >>> batch = {"inputs": jnp.eye(2), "labels": jnp.array([0, 0])}
        >>> state, dynamics = update(state, dynamics, batch, jnp.array([3, 1]))
        >>> print(dynamics.last_margins)
        [ 0. -1.  0.  1.]
    """
    _arguments.check_apply_function(apply_fn)
    _arguments.check_loss_function(loss_fn)
    _arguments.check_transformation(tx)
    names = _arguments.check_names(rng_names)
    _checks.check_flag("loss_takes_key", loss_takes_key)

    def forward(
        params: Any, state: TrainState, batch: Batch
    ) -> tuple[Array, tuple[Metrics, Array, Any]]:
        variables = {"params": params}
        options: dict[str, Any] = {}
        if state.batch_stats:
            variables["batch_stats"] = state.batch_stats
            options["mutable"] = ["batch_stats"]
        if names:
            key = _keys.step_key(state, f"rng_names={names}", axis_name)
            options["rngs"] = _keys.named_keys(key, names)
        output = apply_fn(variables, batch["inputs"], train=True, **options)
        logits, updated = _split_output(output) if state.batch_stats else (output, {})
        drawn: dict[str, Array] = {}
        if loss_takes_key:
            key = _keys.step_key(state, "loss_takes_key=True", axis_name)
            drawn["key"] = _keys.loss_key(key)
        losses = _losses(loss_fn, logits, batch, drawn)
        mean = _weights.mean_share(losses, batch.get("weights"), batch.get("where"), axis_name)
        metrics = _metrics(losses, logits, batch)
        return mean, (metrics, logits, updated.get("batch_stats", {}))

    def step(state: TrainState, batch: Batch) -> tuple[TrainState, Metrics, Array]:
        _batch.check_step_batch(batch)
        check_state(state)
        differentiate = jax.value_and_grad(forward, has_aux=True)
        (share, (metrics, logits, batch_stats)), gradients = differentiate(
            state.params, state, batch
        )
        gradients = _sum_over(gradients, axis_name)
        if axis_name is not None:
            batch_stats = jax.tree.map(functools.partial(_over_devices, axis_name), batch_stats)

        def mean_loss(params: Any) -> Array:
            if axis_name is None:
                return forward(params, state, batch)[0]
            everywhere = _update.share_of_all(params, axis_name)
            return _update.sum_of_shares(forward(everywhere, state, batch)[0], axis_name)

        value = _sum_over(share, axis_name)
        params, opt_state = _update.update(
            tx, gradients, state.opt_state, state.params, value, mean_loss
        )
        state = state.replace(
            step=state.step + 1,
            params=params,
            batch_stats=batch_stats,
            opt_state=opt_state,
        )
        return state, _total(metrics, axis_name), logits

    return Step(step, axis_name, returns_logits=True)


def make_eval_step(
    apply_fn: Callable[..., Any], loss_fn: LossFunction, *, axis_name: str | None = None
) -> Step[Metrics]:
    """Make a pure evaluation step whose metrics add up exactly over batches and devices.

    Args:
        apply_fn: ``apply_fn(variables, inputs, train=False)`` → logits. For a module that has
            no ``train`` pass ``lambda variables, inputs, train: model.apply(variables,
            inputs)``.
        loss_fn: ``loss_fn(logits, labels, where=...)`` → one loss per example, not their mean.
            It is given no key: evaluate with a loss that does not draw.
        axis_name: the name of the mapped device axis, see :func:`make_train_step`.

    Returns:
        ``step(state, batch) -> Metrics``, for the batches of :func:`make_train_step`; pad the
        last one with :func:`pad_batch`.

    Raises:
        TypeError: ``apply_fn`` or ``loss_fn`` is no function; while tracing, a batch that is no
            mapping of arrays, labels that are neither integer classes nor a distribution.
        ValueError: while tracing, if the batch lacks an entry or has one that nothing reads, if
            the state is that of several devices, or if the shapes of logits, labels, mask,
            weights or losses do not fit.

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
    _arguments.check_apply_function(apply_fn)
    _arguments.check_loss_function(loss_fn)

    def step(state: TrainState, batch: Batch) -> Metrics:
        _batch.check_step_batch(batch)
        check_state(state)
        variables = {"params": state.params}
        if state.batch_stats:
            variables["batch_stats"] = state.batch_stats
        logits = apply_fn(variables, batch["inputs"], train=False)
        losses = _losses(loss_fn, logits, batch, {})
        return _total(_metrics(losses, logits, batch), axis_name)

    return Step(step, axis_name)


def _sum_over(tree: Any, axis_name: str | None) -> Any:
    return tree if axis_name is None else jax.lax.psum(tree, axis_name)


def _total(metrics: Metrics, axis_name: str | None) -> Metrics:
    return metrics if axis_name is None else metrics.psum(axis_name)


def _split_output(output: Any) -> tuple[Array, Any]:
    if isinstance(output, (tuple, list)) and len(output) == 2:
        return output[0], output[1]
    raise TypeError(
        f"apply_fn: expected (logits, updated collections) because the state has batch "
        f"statistics, got {type(output).__name__}; pass mutable on to Module.apply"
    )


def _losses(
    loss_fn: LossFunction, logits: Array, batch: Batch, options: dict[str, Array]
) -> Array:
    """Apply the loss; what does not fit is named before the loss fails."""
    labels, where, weights = (batch.get(name) for name in ("labels", "where", "weights"))
    example_shape = _batch.check_logits(logits, labels)
    _checks.check_where(where, example_shape)
    _weights.check_weights(weights, example_shape, where)
    mask = _batch.mask_for(loss_fn, _weights.present(weights, where))
    losses = loss_fn(logits, labels, **mask, **options)
    todo = "do not average, the step does"
    _batch.check_losses("loss_fn", losses, example_shape, todo)
    return losses


def _metrics(losses: Array, logits: Array, batch: Batch) -> Metrics:
    where, weights = batch.get("where"), batch.get("weights")
    return Metrics.from_batch(losses, logits, batch["labels"], where, weights)


def _over_devices(axis_name: str, statistic: Array) -> Array:
    """Return the mean over devices of a statistic, of whole numbers the largest."""
    over: Any = jax.lax.pmean if jnp.issubdtype(statistic.dtype, jnp.floating) else jax.lax.pmax
    combined: Array = over(statistic, axis_name)
    return combined
