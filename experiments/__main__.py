"""Entry point of ``python -m experiments``."""

import sys

from esoftmax_jax.app.cli.startup import prepare_process

prepare_process()

from experiments.cli import main  # noqa: E402

if __name__ == "__main__":
    sys.exit(main())
