"""``bench sweep``: many small runs as one program, one after the other, and as processes."""

import itertools
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import jax

from esoftmax_jax.app.data.dataset import Dataset
from esoftmax_jax.app.data.load import load_dataset
from esoftmax_jax.app.engine.config import RunConfig
from esoftmax_jax.app.engine.group import grouped, make_group
from esoftmax_jax.app.engine.program import forget_programs, make_program
from esoftmax_jax.app.labels.noise_spec import NoiseSpec
from esoftmax_jax.app.methods.methods import METHODS, selected
from esoftmax_jax.app.runs.recipes import make_config
from esoftmax_jax.app.runs.run_all import Layout
from esoftmax_jax.app.terminal.progress import ProgressBar
from experiments.bench.line import report

LOSSES = ("CE", "GCE", "SCE", "CE_eps+MAE")
NOISES = (
    *(NoiseSpec("symmetric", rate) for rate in (0.2, 0.4, 0.6)),
    NoiseSpec("pairwise", 0.4),
)
RATES = (0.01, 0.1)
EPOCHS = 30
# Whole processes take seconds each; so many are measured, and their mean multiplied.
PROCESSES = 4


def bench_sweep(*, runs: int, repeats: int, json_path: Path | None) -> None:
    """Time a sweep over losses, noises, rates and seeds on digits, compilation included.

    - one program: all runs share it, split over the devices, one after the other on each;
    - one program, vmap: the same, but all of a device's runs at once;
    - sequential: the same program for one run at a time, compiled once;
    - processes: ``train`` in a process for each run, two at a time; a few are measured and
      their time multiplied.
    """
    dataset = load_dataset("digits")
    configs = _configs(dataset, runs)
    devices = jax.local_device_count()
    share = -(-runs // devices)
    layouts = {
        "one program": Layout(devices, devices * share, at_once=1),
        "one program, vmap": Layout(devices, devices * share, at_once=share),
        "sequential": Layout(devices=1, together=1, at_once=1),
    }
    seconds: dict[str, list[float]] = {name: [] for name in (*layouts, "processes")}
    compiled: dict[str, list[float]] = {name: [] for name in layouts}
    with ProgressBar("bench sweep", repeats * (len(layouts) + 1), "measurements") as bar:
        for turn in range(repeats):
            # In rotating order, so that a busy moment does not always meet the same one.
            names = [*layouts]
            for name in names[turn % len(names) :] + names[: turn % len(names)]:
                first, again = _timed(dataset, configs, layouts[name])
                seconds[name].append(first)
                compiled[name].append(again)
                bar.advance(1, f"{name} {first:.1f} s")
            seconds["processes"].append(_processes(configs) * runs / PROCESSES)
            bar.advance(1, f"processes {seconds['processes'][-1]:.0f} s")
    report(
        json_path,
        "sweep",
        runs=runs,
        repeats=repeats,
        epochs=EPOCHS,
        processes_measured=PROCESSES,
        seconds=seconds,
        seconds_compiled=compiled,
    )


def _configs(dataset: Dataset, runs: int) -> list[RunConfig]:
    kinds = itertools.product(range(runs), LOSSES, NOISES, RATES)
    return [
        make_config(
            dataset,
            noise,
            loss,
            seed=seed,
            learning_rate=rate,
            hyperparameters=METHODS[loss].defaults,
            epochs=EPOCHS,
        )
        for seed, loss, noise, rate in itertools.islice(kinds, runs)
    ]


def _timed(
    dataset: Dataset, configs: Sequence[RunConfig], layout: Layout
) -> tuple[float, float]:
    """Return the seconds of a sweep, and of the same once more."""
    # Nothing compiled before may help, in memory or on disk.
    jax.clear_caches()
    forget_programs()
    jax.config.update("jax_enable_compilation_cache", False)
    program = make_program(
        configs[0], dataset, selected(LOSSES), layout.devices, at_once=layout.at_once
    )
    seconds = []
    for _ in range(2):
        began = time.perf_counter()
        for members, _ in grouped(configs, layout.together):
            group = make_group(program, members, dataset, epochs_together=EPOCHS)
            group.advance(EPOCHS)
            group.results()
        seconds.append(time.perf_counter() - began)
    return seconds[0], seconds[1]


def _processes(configs: Sequence[RunConfig]) -> float:
    """Time PROCESSES whole processes, as many at once as there are devices."""
    with tempfile.TemporaryDirectory() as folder:
        commands = [
            _command(config, Path(folder) / str(number))
            for number, config in enumerate(configs[:PROCESSES])
        ]
        began = time.perf_counter()
        at_once = jax.local_device_count()
        for start in range(0, PROCESSES, at_once):
            running = [
                subprocess.Popen(
                    command,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    env={**os.environ, "JAX_ENABLE_COMPILATION_CACHE": "false"},
                )
                for command in commands[start : start + at_once]
            ]
            codes = [process.wait() for process in running]
            if any(codes):
                raise RuntimeError(f"a process of the sweep failed with exit code {max(codes)}")
        return time.perf_counter() - began


def _command(config: RunConfig, workdir: Path) -> list[str]:
    command = [sys.executable, "-m", "experiments", "train", "--dataset", "digits"]
    command += ["--noise", str(config.noise), "--loss", config.loss.name]
    command += ["--seed", str(config.seed), "--epochs", str(EPOCHS)]
    command += ["--learning-rate", str(config.learning_rate)]
    # No checkpoint but the last: what is compared is training.
    return [*command, "--checkpoint-every", str(EPOCHS), "--workdir", str(workdir)]
