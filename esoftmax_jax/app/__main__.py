"""Entry point of ``esoftmax`` and of ``python -m esoftmax_jax.app``."""

import sys

from esoftmax_jax.app.cli.main import main
from esoftmax_jax.app.cli.startup import prepare_process


def command() -> None:
    """Run the command line of this process."""
    prepare_process()
    sys.exit(main())


if __name__ == "__main__":
    command()
