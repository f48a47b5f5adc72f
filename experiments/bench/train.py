"""``bench train``: images per second of the compiled epoch, and share of the device's peak."""

import dataclasses
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast, get_args

import jax
import numpy as np

from esoftmax_jax.app.data.dataset import Dataset
from esoftmax_jax.app.data.examples import Examples
from esoftmax_jax.app.data.labels import Labels
from esoftmax_jax.app.engine.config import ComputeDtype, NetworkName, RunConfig
from esoftmax_jax.app.engine.group import Group, make_group
from esoftmax_jax.app.engine.matrix_peak import matrix_peak
from esoftmax_jax.app.engine.network_choice import make_network
from esoftmax_jax.app.engine.operations import step_operations
from esoftmax_jax.app.engine.program import make_program
from esoftmax_jax.app.labels.noise_spec import NoiseSpec
from esoftmax_jax.app.methods.methods import selected
from esoftmax_jax.app.runs.recipes import make_config
from esoftmax_jax.app.terminal.messages import UsageError
from esoftmax_jax.app.terminal.names import names
from esoftmax_jax.app.terminal.progress import ProgressBar
from esoftmax_jax.spelling import did_you_mean
from experiments.bench.line import report
from experiments.bench.torch_peer import check_torch, describe_torch, torch_epoch

BATCH_SIZE = 128
NUM_CLASSES = 10

Figures = dict[str, Any]
"""What was measured of a network, as plain JSON values."""


@dataclasses.dataclass(frozen=True)
class _Case:
    """A network to time.

    Attributes:
        dataset: whose recipe is used.
        shape: of an image.
        share: of the steps; large networks make fewer.
        width: factor on the network's channels.
    """

    title: str
    dataset: str
    shape: tuple[int, ...]
    share: float
    width: float = 1.0


CASES: dict[NetworkName, _Case] = {
    "mnist_cnn": _Case("MNIST CNN", "mnist", (28, 28, 1), 1.0),
    "eight_layer_cnn": _Case("8-layer CNN", "cifar10", (32, 32, 3), 0.2),
    "resnet34": _Case("ResNet-34", "cifar10", (32, 32, 3), 0.05),
}


def bench_train(
    *,
    steps: int,
    repeats: int,
    json_path: Path | None,
    dtype: ComputeDtype | None = "float32",
    networks: str | Sequence[str] | None = None,
    peer: bool = False,
) -> None:
    """Time epochs of random images through the program that the experiments use.

    Args:
        steps: per epoch, of the smallest network.
        repeats: epochs that are timed, after one that is compiled and timed by itself.
        json_path: one line for each dtype is appended to this file.
        dtype: of the networks' computation; None: float32, on an accelerator bfloat16 too.
        networks: names from ``CASES``, or a text of some that commas divide; None: all.
        peer: whether PyTorch trains the same networks in turn, see ``torch_epoch``.

    Raises:
        UsageError: if a name is unknown, or PyTorch is not there.
    """
    if peer:
        check_torch("--peer")
    chosen = _choose(networks)
    dtypes = (dtype,) if dtype is not None else _dtypes()
    total = (repeats + 1) * len(chosen) * len(dtypes)
    with ProgressBar("bench train", total, unit="epochs") as bar:
        measured = {one: _measure(chosen, steps, repeats, one, bar, peer) for one in dtypes}
    for one, (peak, figures) in measured.items():
        report(
            json_path,
            "train",
            dtype=one,
            repeats=repeats,
            matrix_peak=round(peak),
            figures=figures,
            **({"peer": describe_torch()} if peer else {}),
        )


def _choose(networks: str | Sequence[str] | None) -> dict[NetworkName, _Case]:
    if networks is None:
        return CASES
    chosen = names("--networks", networks)
    for name in chosen:
        if name not in CASES:
            raise UsageError(
                f"--networks: expected names among {', '.join(CASES)}, got {name!r}"
                f"{did_you_mean(name, CASES)}; separate several by commas"
            )
    return {name: case for name, case in CASES.items() if name in chosen}


def _dtypes() -> tuple[ComputeDtype, ...]:
    """Return what is worth timing: few CPUs compute faster in bfloat16."""
    if jax.default_backend() == "cpu":
        return ("float32",)
    return cast(tuple[ComputeDtype, ...], get_args(ComputeDtype))


def _measure(
    cases: dict[NetworkName, _Case],
    steps: int,
    repeats: int,
    dtype: ComputeDtype,
    bar: ProgressBar,
    peer: bool,
) -> tuple[float, dict[str, Figures]]:
    """Return the device's matrix peak, in operations per second, and each network's figures."""
    # Before every network, because the rest of the machine may be busy now and then.
    peak, figures = 0.0, {}
    for network, case in cases.items():
        peak = max(peak, matrix_peak(dtype))
        figures[case.title] = _time_network(network, case, steps, repeats, dtype, bar, peer)
    for figure in figures.values():
        figure["peak_share"] = round(figure["operations_per_second"] / peak, 4)
    return peak, figures


def _time_network(
    network: NetworkName,
    case: _Case,
    steps: int,
    repeats: int,
    dtype: ComputeDtype,
    bar: ProgressBar,
    peer: bool,
) -> Figures:
    count = max(2, round(steps * case.share))
    config, dataset = _task(case, count, epochs=repeats + 1)
    config = dataclasses.replace(config, network=network, width=case.width, dtype=dtype)
    model = make_network(config, NUM_CLASSES)
    operations = step_operations(model, (BATCH_SIZE, *case.shape))
    began = time.perf_counter()
    group = _group(config, dataset)
    group.advance(1)
    first = time.perf_counter() - began
    bar.advance(1, case.title)
    peers = _torch_epochs(network, dataset, dtype) if peer else {}
    for epoch in peers.values():
        epoch()
    rates: list[float] = []
    peer_rates: dict[str, list[float]] = {name: [] for name in peers}
    for _ in range(repeats):
        rates.append(_rate_of(lambda: group.advance(1), count))
        for name, epoch in peers.items():
            peer_rates[name].append(_rate_of(epoch, count))
        bar.advance(1, case.title)
    rate = statistics.median(rates)
    return {
        "images_per_second": round(rate, 1),
        "lowest": round(min(rates), 1),
        "highest": round(max(rates), 1),
        "operations_per_step": operations,
        "operations_per_second": round(rate / BATCH_SIZE * operations),
        "first_epoch_seconds": round(first, 2),
        "batch_size": BATCH_SIZE,
        "steps": count,
        "peers": {name: _beside(rates, theirs) for name, theirs in peer_rates.items()},
    }


def _torch_epochs(
    network: NetworkName, dataset: Dataset, dtype: ComputeDtype
) -> dict[str, Callable[[], float]]:
    return {
        name: torch_epoch(
            network,
            dataset.train.images,
            dataset.train.labels.observed,
            batch_size=BATCH_SIZE,
            dtype=dtype,
            channels_last=channels_last,
        )
        for name, channels_last in (("PyTorch", False), ("PyTorch, channels_last", True))
    }


def _rate_of(epoch: Callable[[], Any], steps: int) -> float:
    """Return the images a second of an epoch."""
    began = time.perf_counter()
    epoch()
    return steps * BATCH_SIZE / (time.perf_counter() - began)


def _beside(ours: list[float], theirs: list[float]) -> Figures:
    """Return a peer's rates, and how many times as fast ours are, epoch by epoch."""
    ratios = [mine / peer for mine, peer in zip(ours, theirs, strict=True)]
    return {
        "images_per_second": round(statistics.median(theirs), 1),
        "ratio": round(statistics.median(ratios), 3),
        "ratio_lowest": round(min(ratios), 3),
        "ratio_highest": round(max(ratios), 3),
    }


def _task(case: _Case, steps: int, *, epochs: int) -> tuple[RunConfig, Dataset]:
    """Make random images in the form of a dataset, a whole number of batches."""
    rng = np.random.default_rng(0)

    def examples(count: int) -> Examples:
        images = rng.integers(0, 256, (count, *case.shape), dtype=np.uint8)
        return Examples(images, Labels.right(rng.integers(0, NUM_CLASSES, count, np.int32)))

    dataset = Dataset(
        name=case.dataset,
        train=examples(steps * BATCH_SIZE),
        # The test set is evaluated in every epoch; one image costs nothing.
        test=examples(1),
        num_classes=NUM_CLASSES,
        class_map=None,
        note="",
        mean=(0.5,) * case.shape[-1],
        std=(0.25,) * case.shape[-1],
    )
    config = make_config(dataset, NoiseSpec("none"), "CE_eps+MAE", epochs=epochs)
    return dataclasses.replace(config, batch_size=BATCH_SIZE), dataset


def _group(config: RunConfig, dataset: Dataset) -> Group:
    methods = selected([config.loss.name])
    program = make_program(config, dataset, methods, num_devices=1)
    return make_group(program, [config], dataset)
