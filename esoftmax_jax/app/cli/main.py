"""The command ``esoftmax``."""

import argparse
from collections.abc import Callable, Sequence

from esoftmax_jax.app.cli.parser import make_parser
from esoftmax_jax.app.terminal.exit_codes import exit_code_of


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a verb of the application and return the exit code, see ``exit_code_of``."""
    return run_verb(lambda: make_parser("esoftmax")[0], arguments)


def run_verb(
    make: Callable[[], argparse.ArgumentParser], arguments: Sequence[str] | None
) -> int:
    """Run the verb that a parser finds in arguments and return the exit code."""

    def run() -> None:
        options = make().parse_args(arguments)
        options.run(options)

    return exit_code_of(run)
