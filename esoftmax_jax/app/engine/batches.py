"""Which examples a run trains on, and in which order.

Orders are drawn on the host: a sort of random numbers, which is how a device shuffles, took a
fifth of the time of small runs on a CPU, and runs that share a seed share their orders.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from esoftmax_jax.app.data.same_examples import Groups
from esoftmax_jax.app.engine.config import RunConfig

Rows = npt.NDArray[np.int32]


def split_holdout(
    config: RunConfig, count: int, groups: Groups | None = None
) -> tuple[Rows, Rows]:
    """Return the examples trained on, repeated to length ``count``, and those held out.

    Repeated, so that the number of steps stays the same. The split depends on the seed, the
    share and the groups alone. Examples of a group are held out together: a network would be
    asked for what it has learnt by heart.
    """
    order = np.random.default_rng([config.seed, 1]).permutation(count).astype(np.int32)
    number = round(config.holdout * count)
    if groups is not None and number:
        place = np.argsort(order)
        order = np.lexsort((place, place[groups])).astype(np.int32)
        while number < count and groups[order[number]] == groups[order[number - 1]]:
            number += 1
    held_out, kept = order[:number], order[number:]
    return np.resize(kept, count), held_out


def batch_orders(
    configs: Sequence[RunConfig], count: int, epochs: range, groups: Groups | None = None
) -> Rows:
    """Return the examples of every batch, (runs, epochs, steps, batch).

    An incomplete last batch is dropped. An epoch's order depends on the run's seed and on the
    epoch's number.
    """
    size = configs[0].batch_size
    steps = count // size
    drawn: dict[tuple[int, float], Rows] = {}
    for config in configs:
        if (config.seed, config.holdout) not in drawn:
            pool, _ = split_holdout(config, count, groups)
            orders = [
                np.random.default_rng([config.seed, 2, epoch]).permutation(pool)
                for epoch in epochs
            ]
            cut = np.stack(orders)[:, : steps * size]
            drawn[config.seed, config.holdout] = cut.reshape(len(epochs), steps, size)
    return np.stack([drawn[config.seed, config.holdout] for config in configs])
