"""What is said before a long command starts: what will run, about how long, what shortens it.

The time is told from counted operations and the rate of a matrix product, without compiling
the network, and from what such programs took to compile: right within a factor of about 2,
which is enough to decide whether to wait.
"""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence

import jax

from esoftmax_jax.app.data.dataset import Dataset
from esoftmax_jax.app.data.names import RESIZED
from esoftmax_jax.app.engine.config import NetworkName, RunConfig
from esoftmax_jax.app.engine.matrix_peak import quick_rate
from esoftmax_jax.app.engine.network_choice import make_network
from esoftmax_jax.app.engine.one_run import EVAL_BATCH
from esoftmax_jax.app.engine.operations import forward_counts
from esoftmax_jax.app.terminal.console import make_console
from esoftmax_jax.app.terminal.number_text import counted
from esoftmax_jax.app.terminal.progress import duration

LONG = 60.0  # seconds; what takes less needs no announcement
# What is done to an output of a convolution (copies, normalisation, activation) takes as long
# as so many operations of a large product: fits narrow and wide networks on CPUs.
OUTPUT_OPERATIONS = 500
_STEP_SECONDS = 1e-4  # around each step, however small it is
_SLOWEST_RATE = 5e9  # operations per second; what is short at it is not timed
_SMALL_SIDE, _SMALL_WIDTH = 32, 0.25
_HOURS = 3600.0  # from which on fewer examples are the remedy
_FEWEST_EXAMPLES = 1000  # that are offered
# Seconds that all programs of a run take to compile, on two cores that do _MEASURED_AT
# operations per second; a slower processor compiles slower, an accelerator does not compile.
COMPILATION: Mapping[NetworkName, float] = {
    "mlp": 5.0,
    "gradient_mlp": 10.0,
    "mnist_cnn": 10.0,
    "eight_layer_cnn": 40.0,
    "resnet34": 100.0,
}
_MEASURED_AT = 1.5e11


@dataclasses.dataclass(frozen=True)
class Work:
    """What runs cost, whatever computes it.

    Attributes:
        operations: of all runs, outputs of convolutions counted as ``OUTPUT_OPERATIONS``.
        steps: of all runs, those over the test set too.
    """

    operations: float
    steps: int

    def seconds(self, rate: float, devices: int) -> float:
        """Return how long it takes at so many operations per second of all devices."""
        return self.operations / rate + _STEP_SECONDS * self.steps / devices


def work_of(configs: Iterable[RunConfig], dataset: Dataset) -> Work:
    """Count what runs cost that differ in no more than loss, noise, rate and seed."""
    configs = list(configs)
    if not configs:
        return Work(0, 0)
    config = configs[0]
    train, test = len(dataset.train), len(dataset.test)
    # Any form of convolution has the same layers; this one is traced in no time.
    network = make_network(config, dataset.num_classes, "lax")
    operations, outputs = forward_counts(network, (1, *dataset.train.images.shape[1:]))
    steps = train // config.batch_size
    # The gradient takes twice as long as the network itself.
    passes = 3 * steps * config.batch_size + test
    epochs = sum(one.epochs for one in configs)
    each = operations + OUTPUT_OPERATIONS * outputs
    return Work(epochs * passes * each, epochs * (steps - (-test // EVAL_BATCH)))


@dataclasses.dataclass(frozen=True)
class Forecast:
    """How long runs take here, about.

    Attributes:
        running: seconds once compiled; 0: too few to be looked at.
        compiling: seconds before that.
    """

    running: float = 0.0
    compiling: float = 0.0

    @property
    def seconds(self) -> float:
        """Both."""
        return self.running + self.compiling

    def __str__(self) -> str:
        text = f"about {duration(self.seconds, digits=0)} here"
        compiling = duration(max(1.0, self.compiling), digits=0)
        return f"{text}, {compiling} of it to compile"


def seconds_here(
    configs: Sequence[RunConfig], dataset: Dataset, devices: int, programs: int = 1
) -> Forecast:
    """Return about how long runs take on so many of the devices here.

    Args:
        configs: of all runs.
        dataset: already cut to ``train_examples``.
        devices: how many are used.
        programs: how many are compiled for them.
    """
    work = work_of(configs, dataset)
    if not configs:
        return Forecast()
    compiling = programs * COMPILATION[configs[0].network]
    if work.seconds(_SLOWEST_RATE, devices) + compiling < LONG:
        return Forecast()
    rate = quick_rate(devices, configs[0].dtype)
    if jax.default_backend() == "cpu":
        compiling *= max(1.0, _MEASURED_AT / rate)
    return Forecast(work.seconds(rate, devices), compiling)


def announce_comparison(
    tuning: Sequence[RunConfig],
    final: Sequence[RunConfig],
    dataset: Dataset,
    *,
    seeds: int,
    losses: int,
) -> None:
    """Say on standard error what a comparison will run, if that takes long.

    Args:
        tuning: the runs that choose rates and settings and are missing.
        final: the missing runs of the table.
        dataset: already cut to ``train_examples``.
        seeds: of each row of the table.
        losses: how many are compared.
    """
    runs = [*tuning, *final]
    if not runs:
        return
    devices = min(jax.local_device_count(), len(runs))
    forecast = seconds_here(runs, dataset, devices, programs=2 if tuning and final else 1)
    shorter = [
        *(["--seeds 2"] if seeds > 2 else []),
        *(["--losses CE,CE_eps+MAE"] if losses > 2 else []),
        *(["--no-tune"] if tuning else []),
    ]
    what = _counted(len(final), runs[0].epochs)
    if tuning:
        what = f"{what} after {len(tuning)} that choose rates and settings"
    shorter += [*_shorter_runs(runs[0], dataset), *_fewer_examples(forecast, dataset)]
    _announce(what, forecast, shorter)


def announce_run(config: RunConfig, dataset: Dataset, forecast: Forecast, epochs: int) -> None:
    """Say on standard error what is left of a run, if that takes long.

    Args:
        config: of the run.
        dataset: already cut to ``train_examples``.
        forecast: of the whole run.
        epochs: how many are left.
    """
    what = f"{counted(epochs, 'epoch')} of {config.loss}"
    left = dataclasses.replace(forecast, running=forecast.running * epochs / config.epochs)
    _announce(what, left, [*_shorter_runs(config, dataset), *_fewer_examples(left, dataset)])


def announce_folds(
    missing: Sequence[RunConfig],
    dataset: Dataset,
    what: str,
    *,
    later: int,
    shorter: Sequence[str],
) -> None:
    """Say on standard error which runs on folds are missing and how long they take.

    Args:
        missing: the runs; nothing is said without any.
        dataset: already cut to ``train_examples``.
        what: says what they are for.
        later: how many runs of what is chosen follow.
        shorter: options with which fewer do.
    """
    if not missing:
        return
    runs = [*missing, *[missing[0]] * later]
    forecast = seconds_here(runs, dataset, min(jax.local_device_count(), len(missing)))
    what = f"{what}: {_counted(len(runs), runs[0].epochs)}"
    if forecast.seconds >= LONG:
        _announce(what, forecast, [*shorter, *_shorter_runs(missing[0], dataset)])
        return
    known = "" if forecast.compiling else ", once compiled"
    text = f"{what}: less than {duration(LONG, digits=0)} here{known}"
    make_console(stderr=True, soft_wrap=True).print(text)


def _announce(what: str, forecast: Forecast, shorter: Sequence[str]) -> None:
    if forecast.seconds < LONG:
        return
    text = f"{what}: {forecast}"
    if shorter:
        text += f"; shorter: {', '.join(shorter)}"
    make_console(stderr=True, soft_wrap=True).print(text)


def _counted(runs: int, epochs: int) -> str:
    return f"{counted(runs, 'run')} of {counted(epochs, 'epoch')}"


def _shorter_runs(config: RunConfig, dataset: Dataset) -> list[str]:
    """Return the options that make each run shorter."""
    found = [f"--epochs {config.epochs // 2}"] if config.epochs > 1 else []
    shape = dataset.train.images.shape[1:]
    if len(shape) == 3 and dataset.name.startswith(RESIZED) and min(shape[:2]) > _SMALL_SIDE:
        found.append(f"--image-size {max(_SMALL_SIDE, min(shape[:2]) // 2)}")
    if config.network in ("eight_layer_cnn", "resnet34") and config.width > _SMALL_WIDTH:
        found.append(f"--width {_SMALL_WIDTH:g}")
    return found


def _fewer_examples(forecast: Forecast, dataset: Dataset) -> list[str]:
    """Return the option with which an hour becomes some minutes."""
    fewer = len(dataset.train) // 10
    if forecast.seconds < _HOURS or fewer < _FEWEST_EXAMPLES:
        return []
    return [f"--train-examples {fewer}"]
