"""How a command ends: its exit code, and one line for whatever stopped it."""

import contextlib
import os
import re
import signal
import sys
from collections.abc import Callable

from esoftmax_jax.app.terminal.messages import UsageError, missing_package, readable
from esoftmax_jax.app.terminal.signals import interruptible

# What XLA says: on accelerators, and on a CPU.
_NO_MEMORY = re.compile("RESOURCE_EXHAUSTED[: ]*|(?=Out of memory)")


def exit_code_of(run: Callable[[], None]) -> int:
    """Run a command and return its exit code.

    0; 2 for wrong input, or a file that cannot be read or written; 130 if interrupted by
    SIGINT, 143 by SIGTERM; 141 if what reads the output has gone away.
    """
    with contextlib.ExitStack() as stack:
        if sys.stdout is None:  # closed by whoever started the process
            nowhere = stack.enter_context(open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123
            stack.enter_context(contextlib.redirect_stdout(nowhere))
        _replace_what_cannot_be_written()
        came = stack.enter_context(interruptible())
        try:
            run()
            sys.stdout.flush()  # here, where an error still has a message
        except UsageError as error:
            return _wrong(str(error))
        except ModuleNotFoundError as error:
            return _wrong(missing_package(error.name))
        except KeyboardInterrupt:
            print("interrupted; the same command goes on from here", file=sys.stderr)
            return 143 if signal.SIGTERM in came else 130
        except BrokenPipeError:
            _discard_output()
            return 141
        except SystemExit as error:
            # What rich makes of a closed pipe; argparse ends with --help in this way.
            if not isinstance(error.__context__, BrokenPipeError):
                raise
            return 141
        except MemoryError as error:
            return _too_large(str(error))
        except RecursionError:
            return _wrong("expected plain input, got something nested too deep; simplify it")
        except RuntimeError as error:
            if (found := _NO_MEMORY.search(str(error))) is None:
                raise
            return _too_large(str(error)[found.end() :])
        except OSError as error:
            _discard_output()
            place = "standard output" if error.filename is None else str(error.filename)
            return _wrong(
                f"{place}: expected a place that can be read and written, got an error "
                f"({error.strerror or error}); change its permissions, make room or choose "
                "another"
            )
    return 0


def _replace_what_cannot_be_written() -> None:
    """Let a character that a terminal or a log lacks be a question mark, not an error."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError, ValueError):  # a stream of somebody's own
            stream.reconfigure(errors="replace")  # type: ignore[union-attr]


def _too_large(figure: str) -> int:
    figure = f" ({figure.partition(chr(10))[0][:160]})" if figure else ""
    return _wrong(
        f"expected input that fits into memory, got more{figure}; leave out what is not "
        "needed, or take a machine with more memory"
    )


def _wrong(message: str) -> int:
    print(f"error: {readable(' '.join(message.split()))}", file=sys.stderr)
    return 2


def _discard_output() -> None:
    """Point standard output nowhere, so that its rest cannot fail when Python ends."""
    with contextlib.suppress(OSError, ValueError):  # ValueError: one without a descriptor
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
