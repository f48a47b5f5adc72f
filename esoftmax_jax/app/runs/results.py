"""One JSON line per run: appended whole, read back to skip what is done."""

from pathlib import Path

from esoftmax_jax.app.engine.finished_run import Run
from esoftmax_jax.app.files.json_file import parse_json
from esoftmax_jax.app.files.line_file import whole_lines
from esoftmax_jax.app.files.regular_file import regular
from esoftmax_jax.app.methods.find import as_given
from esoftmax_jax.app.methods.methods import METHODS, Methods
from esoftmax_jax.app.terminal.messages import UsageError

_REMEDY = "remove the line or choose another --out"


def read_results(path: Path, methods: Methods = METHODS) -> dict[str, Run]:
    """Return the runs in a file by the identity of their configuration.

    A last line that is not whole (the machine went down while writing) is passed over; the
    file is left as it is. ``methods`` say what ``train`` takes for the losses.
    """
    if not path.exists():
        return {}
    try:
        content = regular(path).read_bytes()
    except OSError as error:
        raise UsageError(
            f"{path}: expected a file of results that can be read, got an error "
            f"({error.strerror}); choose another --out"
        ) from None
    losses, found = as_given(methods), dict[str, Run]()
    for number, line in enumerate(whole_lines(content), 1):
        values = parse_json(line, str(path), _REMEDY, line=number, finite=False)
        try:
            run = Run.from_json(values, losses)
        except ValueError as error:
            raise UsageError(
                f"{path}, line {number}: expected a result, got something else ({error}); "
                f"{_REMEDY}"
            ) from None
        found[run.config.identity] = run
    return found
