"""A loss that a traced index chooses, so that all losses share one program."""

from collections.abc import Iterable
from typing import Any

import jax
import optax

from esoftmax_jax import losses
from esoftmax_jax.app.methods.methods import Method


def switching_loss(
    methods: Iterable[Method],
    index: jax.Array,
    settings: jax.Array,
    label_smoothing: float = 0.0,
) -> Any:
    """Return the loss chosen by a traced index, so that all losses share one program.

    Args:
        methods: the losses that the program contains.
        index: int scalar, which of them this run uses.
        settings: (H,), its hyperparameters in the order of ``Method.parameters``.
        label_smoothing: share of each label that is spread evenly over all classes.

    Returns:
        ``loss(logits, labels, *, where, key)``; the key may be left out where no loss draws.
    """

    def branch(method: Method) -> Any:
        def run(
            logits: jax.Array,
            labels: jax.Array,
            where: jax.Array | None,
            key: jax.Array | None,
        ) -> jax.Array:
            given = {n: settings[i] for i, n in enumerate(method.parameters)}
            loss = method.loss(**given, **({"key": key} if method.draws else {}))
            values: jax.Array
            if label_smoothing:
                spread = jax.nn.one_hot(labels, logits.shape[-1], dtype=logits.dtype)
                smooth = optax.smooth_labels(spread, label_smoothing)
                values = losses.expected_loss(loss)(logits, smooth, where=where)
            else:
                values = loss(logits, labels, where=where)
            return values

        return run

    branches = [branch(method) for method in methods]

    def loss(
        logits: jax.Array,
        labels: jax.Array,
        *,
        where: jax.Array | None = None,
        key: jax.Array | None = None,
    ) -> jax.Array:
        values: jax.Array = jax.lax.switch(index, branches, logits, labels, where, key)
        return values

    return loss
