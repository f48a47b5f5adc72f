"""The command line: options in, one line and exit code 2 for what is wrong with them."""

from collections.abc import Sequence

from esoftmax_jax.app.cli.parser import _parser
from esoftmax_jax.app.terminal.endings import exit_code_of


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a verb and return the exit code, see ``exit_code_of``."""

    def run() -> None:
        options = _parser().parse_args(arguments)
        options.run(options)

    return exit_code_of(run)
