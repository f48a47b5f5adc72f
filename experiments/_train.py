"""``train``: one run of one loss, with checkpoints, interruptible at any moment."""

import json
from pathlib import Path
from typing import Any

from rich.console import Console

from experiments._checkpoints import Checkpoints
from experiments._config import RunConfig
from experiments._datasets import Dataset
from experiments._errors import UsageError
from experiments._program import make_program
from experiments._progress import ProgressBar
from experiments._results import append_line, create_folder, diverged, read_results
from experiments._runner import make_group


def train(
    config: RunConfig, dataset: Dataset, workdir: Path, *, checkpoint_every: int = 1
) -> dict[str, Any]:
    """Run what is left of a run and return its result.

    The folder holds ``config.json``, ``checkpoints/`` (Orbax) and, at the end, one line in
    ``results.jsonl``. A run that was interrupted goes on after its last checkpoint and ends
    with the same numbers, bit for bit, as one that was not.

    Raises:
        UsageError: the folder belongs to another configuration, or is no folder.
    """
    _claim(workdir, config)
    console = Console(soft_wrap=True)
    results_path = workdir / "results.jsonl"
    done = read_results(results_path)
    if config.identity in done:
        console.print(f"this run is finished: {results_path}")
        return done[config.identity]
    names = [config.loss]
    program = make_program(config, dataset, names, num_devices=1)
    group = make_group(program, [config], dataset, names, epochs_together=checkpoint_every)
    with Checkpoints(workdir / "checkpoints") as checkpoints:
        checkpoints.restore(group)
        if group.epoch:
            console.print(f"going on after epoch {group.epoch}")
        with ProgressBar(f"{config.loss} on {config.dataset}", config.epochs) as bar:
            if group.epoch:
                bar.skip(group.epoch, group.latest())
            while not group.finished:
                step = min(checkpoint_every, config.epochs - group.epoch)
                group.advance(step)
                checkpoints.save(group)
                bar.advance(step, group.latest())
    (result,) = group.results()
    append_line(results_path, result)
    rate = result["noise_rate"]
    share = "rate unknown: no clean labels" if rate is None else f"realised {100 * rate:.2f} %"
    ended = "DIVERGED, " if diverged(result) else ""
    console.print(
        f"{config.loss}, {config.dataset}, noise {config.noise} ({share}), seed "
        f"{config.seed}: {ended}test accuracy "
        f"{100 * result['last_accuracy']:.2f} % in the last of {config.epochs} epochs, best "
        f"{100 * result['best_accuracy']:.2f} % (epoch {result['best_epoch']})",
        highlight=False,
    )
    if dataset.note:
        console.print(f"Data: {dataset.note}", highlight=False)
    console.print(f"wrote {results_path}", highlight=False)
    return result


def _claim(workdir: Path, config: RunConfig) -> None:
    """Create the folder, or check that it belongs to this configuration."""
    create_folder("--workdir", workdir, ("config.json", "results.jsonl"))
    path = workdir / "config.json"
    try:
        if path.exists():
            stored = RunConfig.from_json(json.loads(path.read_text(encoding="utf-8")))
        else:
            temporary = path.with_suffix(".tmp")
            temporary.write_text(json.dumps(config.to_json(), indent=2), encoding="utf-8")
            temporary.replace(path)
            stored = config
    except OSError as error:
        raise UsageError(
            f"--workdir: expected a folder that can be written, got {workdir} "
            f"({error.strerror}); choose another"
        ) from None
    except (ValueError, KeyError, TypeError):
        raise UsageError(
            f"{path}: expected the configuration of a run as JSON, got something else; choose "
            f"another --workdir"
        ) from None
    if stored != config:
        old, new = stored.to_json(), config.to_json()
        differing = ", ".join(
            "other images or labels" if k == "data_hash" else f"{k}={old.get(k)}"
            for k in dict.fromkeys([*old, *new])
            if old.get(k) != new.get(k)
        )
        raise UsageError(
            f"--workdir: expected a new folder or one of this run, got {workdir}, whose run "
            f"has {differing}; choose another, or give the same options to go on"
        )
