"""``bench startup``: what a user waits for before anything is computed."""

import statistics
import subprocess
import sys
import time
from pathlib import Path

from esoftmax_jax.app.terminal.progress import ProgressBar
from experiments.bench.line import report

_PEER = "import jax"
_IMPORTS = (
    "import jax, optax",
    "import jax, esoftmax_jax",
    "import jax, esoftmax_jax.losses",
    "import jax, esoftmax_jax.training",
)
_APPLICATION = "-m esoftmax_jax.app"
_VERBS = ("--version", "--help", "compare --help", "train --help", "--no-such-option")


def bench_startup(*, repeats: int, json_path: Path | None) -> None:
    """Print how long fresh processes take: imports beyond ``import jax``, and answers.

    Each round starts every process once, in turn; from the time of an import, that of
    ``import jax`` in the same round is taken away.
    """
    commands = {text: ["-c", text] for text in ("pass", _PEER, *_IMPORTS)}
    commands |= {verb: [*_APPLICATION.split(), *verb.split()] for verb in _VERBS}
    for words in commands.values():  # the first writes files of bytecode
        _seconds(words)
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    with ProgressBar("bench startup", repeats, unit="rounds") as bar:
        for round_number in range(repeats):
            for name in list(commands)[:: 1 if round_number % 2 else -1]:
                seconds[name].append(_seconds(commands[name]))
            bar.advance(1, "")
    rows = {
        name: [one - peer for one, peer in zip(seconds[name], seconds[_PEER], strict=True)]
        for name in _IMPORTS
    }
    rows = {f"{name}, beyond jax": times for name, times in rows.items()}
    rows |= {name: seconds[name] for name in ("pass", _PEER)}
    rows |= {f"esoftmax {verb}": seconds[verb] for verb in _VERBS}
    figures = {}
    for name, times in rows.items():
        lower, median, upper = statistics.quantiles(times, n=4, method="inclusive")
        figures[name] = {"seconds": median, "lower_quartile": lower, "upper_quartile": upper}
    report(json_path, "startup", repeats=repeats, figures=figures)


def _seconds(words: list[str]) -> float:
    """Return how long a fresh Python takes to run; 2 is its answer to a wrong option."""
    began = time.perf_counter()
    ended = subprocess.run([sys.executable, *words], capture_output=True)
    taken = time.perf_counter() - began
    if ended.returncode not in (0, 2):
        raise RuntimeError(f"{words}: {ended.stderr.decode(errors='replace')}")
    return taken
