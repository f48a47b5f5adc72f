"""Which examples a run trains on, and in which order.

Orders are drawn on the host: a sort of random numbers, which is how a device shuffles, took a
fifth of the time of small runs on a CPU, and runs that share a seed share their orders.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from esoftmax_jax.app.data.same_examples import Groups
from esoftmax_jax.app.engine.config import RunConfig
from esoftmax_jax.app.engine.folds import Classes, assign_folds

Rows = npt.NDArray[np.int32]


def split_holdout(
    config: RunConfig, labels: Classes, groups: Groups | None = None
) -> tuple[Rows, Rows]:
    """Return the examples trained on, repeated to as many as there are, and those held out.

    Repeated, so that the number of steps stays the same. A share depends on the seed, its size
    and the groups alone, a fold on the labels too. Examples of a group are held out together: a
    network would be asked for what it has memorised.
    """
    count = len(labels)
    order = np.random.default_rng([config.seed, 1]).permutation(count).astype(np.int32)
    if config.fold is not None:
        which, folds = config.fold
        own = assign_folds(labels, folds, config.seed, groups)[order] == which
        return np.resize(order[~own], count), order[own]
    number = round(config.holdout * count)
    if groups is not None and number:
        place = np.argsort(order)
        order = np.lexsort((place, place[groups])).astype(np.int32)
        while number < count and groups[order[number]] == groups[order[number - 1]]:
            number += 1
    held_out, kept = order[:number], order[number:]
    return np.resize(kept, count), held_out


def batch_orders(configs: Sequence[RunConfig], pools: Sequence[Rows], epochs: range) -> Rows:
    """Return the examples of every batch, (runs, epochs, steps, batch).

    Args:
        configs: of the runs.
        pools: the examples that each trains on, see ``split_holdout``.
        epochs: their numbers.

    An incomplete last batch is dropped. An epoch's order depends on the run's seed, on what it
    trains on and on the epoch's number.
    """
    size = configs[0].batch_size
    steps = len(pools[0]) // size
    drawn: dict[tuple[int, bytes], Rows] = {}
    found = []
    for config, pool in zip(configs, pools, strict=True):
        key = (config.seed, pool.tobytes())
        if key not in drawn:
            orders = [
                np.random.default_rng([config.seed, 2, epoch]).permutation(pool)
                for epoch in epochs
            ]
            cut = np.stack(orders)[:, : steps * size]
            drawn[key] = cut.reshape(len(epochs), steps, size)
        found.append(drawn[key])
    return np.stack(found)
