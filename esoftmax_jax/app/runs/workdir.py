"""The folder of one run: it belongs to a configuration, from its first use on."""

import json
from pathlib import Path

from esoftmax_jax.app.engine.config import RunConfig
from esoftmax_jax.app.files.json_file import read_json
from esoftmax_jax.app.files.outputs import check_folder, create_folder
from esoftmax_jax.app.runs.folder_names import MODEL, REPORT, TRAINING
from esoftmax_jax.app.runs.model_file import model_config
from esoftmax_jax.app.terminal.messages import UsageError
from esoftmax_jax.whole_file import write_whole

_REMEDY = "choose another --workdir"
_FILES = ("config.json", "results.jsonl")
_CONTENT = {
    "data_hash": "other images or labels",
    "loss_hash": "another computation of the loss",
}


def check_workdir(workdir: Path, config: RunConfig, *others: RunConfig) -> None:
    """Check that a folder is new or belongs to this configuration; write nothing.

    ``others`` are those of the same command, whose network may lie there too.

    Raises:
        UsageError: it belongs to another, or cannot be used.
    """
    check_folder("--workdir", workdir, _FILES)
    path = workdir / "config.json"
    if (workdir / REPORT).exists() and (workdir / TRAINING / "config.json").exists():
        raise UsageError(
            f"--workdir: expected a new folder or one of this run, got {workdir}, which is an "
            f"audit's; its run is in {workdir / TRAINING}"
        )
    try:
        found = [read_json(path, _REMEDY)] if path.exists() else []
        if (of_model := model_config(workdir)) is not None:
            path = workdir / MODEL
            found.append(of_model)
        for content in found:
            stored = RunConfig.from_json(content)
            if stored not in others:
                _check_same(workdir, stored, config)
    except OSError as error:
        raise UsageError(
            f"--workdir: expected a folder that can be read, got {workdir} "
            f"({error.strerror}); choose another"
        ) from None
    except UsageError:
        raise
    except ValueError as error:
        raise UsageError(
            f"{path}: expected the configuration of a run, got something else ({error}); "
            f"{_REMEDY}"
        ) from None


def _check_same(workdir: Path, stored: RunConfig, config: RunConfig) -> None:
    if stored != config:
        old, new = stored.to_json(), config.to_json()
        differing = ", ".join(
            _CONTENT.get(name, f"{name}={old.get(name)}")
            for name in dict.fromkeys([*old, *new])
            if old.get(name) != new.get(name)
        )
        raise UsageError(
            f"--workdir: expected a new folder or one of this run, got {workdir}, whose run "
            f"has {differing}; choose another, or give the same options to go on"
        )


def claim_workdir(workdir: Path, config: RunConfig) -> None:
    """Create the folder, and write the configuration into it if it is new."""
    create_folder("--workdir", workdir, _FILES)
    path = workdir / "config.json"
    if path.exists():
        return
    try:
        write_whole(path, json.dumps(config.to_json(), indent=2, allow_nan=False))
    except OSError as error:
        raise UsageError(
            f"--workdir: expected a folder that can be written, got {workdir} "
            f"({error.strerror}); choose another"
        ) from None
