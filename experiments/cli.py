"""The command of the experiments: the application's verbs, published tables, measurements."""

import argparse

from esoftmax_jax.app.cli.values import listed
from esoftmax_jax.app.data.label_file import read_labels
from esoftmax_jax.app.methods.find import own_losses


def _reproduce(options: argparse.Namespace) -> None:
    from experiments.reproduce.reproduce import RESULTS, ReproduceOptions, reproduce

    reproduce(
        ReproduceOptions(
            table=options.table,
            dataset=options.dataset,
            cells=() if options.cells is None else tuple(listed("--cells", options.cells)),
            extra_losses=own_losses(options.extra_losses),
            seeds=options.seeds,
            scale=options.scale,
            data_dir=options.data_dir,
            label_file=None if options.labels is None else read_labels(options.labels),
            dtype=options.dtype,
            runs_at_once=options.runs_at_once,
            plan=options.plan,
            out=options.out or RESULTS,
        )
    )
