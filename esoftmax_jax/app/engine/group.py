"""Training runs that share shapes, advanced together, with their curves and results."""

import dataclasses
import time
from collections.abc import Iterator, Sequence
from typing import Any

import jax
import numpy as np
import numpy.typing as npt

from esoftmax_jax.app.data.dataset import Dataset
from esoftmax_jax.app.engine.batches import Rows, batch_orders, split_holdout
from esoftmax_jax.app.engine.config import RunConfig
from esoftmax_jax.app.engine.environment import environment, today
from esoftmax_jax.app.engine.finished_run import CURVES, Run
from esoftmax_jax.app.engine.folds import same_examples
from esoftmax_jax.app.engine.one_run import Data, Runs
from esoftmax_jax.app.engine.optimizer import RunState, WatchedState
from esoftmax_jax.app.engine.placement import place
from esoftmax_jax.app.engine.program import Program
from esoftmax_jax.app.files.arrays import ClassNumbers
from esoftmax_jax.app.labels.noisy_labels import NoisyTraining, apply_noise
from esoftmax_jax.app.methods.find import as_given
from esoftmax_jax.app.methods.loss_spec import LossSpec
from esoftmax_jax.app.methods.methods import Methods, number_of_settings


@dataclasses.dataclass(eq=False)
class Group:
    """Runs that are advanced together by one program.

    Attributes:
        states: one state per run, stacked.
        curves: name → (runs, epochs), NaN for epochs to come.
        holdouts: the examples that each run does not train on.
        pools: those that it does, see ``split_holdout``.
        epoch: epochs done.
    """

    program: Program
    configs: tuple[RunConfig, ...]
    dataset: Dataset
    noisy: list[NoisyTraining]
    holdouts: list[Rows]
    pools: list[Rows]
    runs: Runs
    data: Data
    states: RunState
    curves: dict[str, npt.NDArray[np.float32]]
    epoch: int = 0
    seconds: float = 0.0

    def advance(self, epochs: int) -> None:
        """Train for so many epochs (fewer if the runs end before)."""
        began = time.perf_counter()
        until = min(self.epoch + epochs, self.configs[0].epochs)
        to_do = range(self.epoch, until)
        orders = batch_orders(self.configs, self.pools, to_do)
        orders = place(orders, self.program.devices, split=True)
        numbers = place(np.array(to_do, np.int32), self.program.devices, split=False)
        self.states, metrics = self.program.advance(
            self.states, self.runs, self.data, numbers, orders
        )
        done = slice(self.epoch, until)
        # A loss of one's own may hide what the network says after the last update: NaN.
        hidden = np.isnan(np.asarray(metrics.test.loss))
        self.curves["train_loss"][:, done] = np.where(hidden, np.nan, metrics.train.loss)
        self.curves["train_accuracy"][:, done] = np.asarray(metrics.train.accuracy)
        self.curves["test_accuracy"][:, done] = np.asarray(metrics.test.accuracy)
        self.epoch = until
        self.seconds += time.perf_counter() - began

    @property
    def finished(self) -> bool:
        """Whether every epoch is done."""
        return self.epoch == self.configs[0].epochs

    def latest(self) -> str:
        """Describe the last epoch for a progress line."""
        last = {name: curve[:, self.epoch - 1].mean() for name, curve in self.curves.items()}
        return f"loss {last['train_loss']:.3f} test {100 * last['test_accuracy']:.1f} %"

    def results(self) -> list[Run]:
        """Describe the finished runs."""
        by_image = np.asarray(self.program.predict(self.states, self.data.train_images))
        rows = np.asarray(self.runs.image_rows)
        return [self._result(i, by_image[i][rows[i]]) for i in range(len(self.configs))]

    def logits(self, *, test: bool = False) -> npt.NDArray[np.float32]:
        """Return each run's logits of its training images, or of the test images."""
        images = self.data.test_images if test else self.data.train_images
        logits = np.asarray(self.program.logits(self.states, images))
        if test:
            return logits
        rows = np.asarray(self.runs.image_rows)
        return np.stack([of_run[rows[run]] for run, of_run in enumerate(logits)])

    def training_evidence(self) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """Return what each run said of each label when it was trained on it, both (R, N).

        The mean margin, and the share of epochs in which the label was not predicted; NaN
        where a run was not trained on it, or does not watch.
        """
        if not isinstance(self.states, WatchedState):
            nothing = np.full((len(self.configs), len(self.dataset.train)), np.nan, np.float32)
            return nothing, nothing
        found = jax.tree.map(np.asarray, self.states.dynamics)
        updates = np.where(found.updates > 0, found.updates, np.nan).astype(np.float32)
        return found.margin_sums.sum(axis=1) / updates, found.disagreements / updates

    def _result(self, index: int, predicted: ClassNumbers) -> Run:
        noisy, held_out = self.noisy[index], self.holdouts[index]
        trained_wrong = noisy.labels.wrong
        trained_wrong[held_out] = False
        given_back = predicted == noisy.labels.observed
        memorized = given_back[trained_wrong]
        curve = self.curves["test_accuracy"][index]
        config, noise = self.configs[index], noisy.record
        return Run(
            config=config,
            loss=as_given(self.program.methods)[config.loss.name],
            test_accuracy=float(curve[-1]),
            best_accuracy=float(curve.max()),
            best_epoch=int(curve.argmax()) + 1,
            noise_rate=noise.rate,
            noise_hash=noise.labels_hash,
            noise=noise,
            memorized=float(memorized.mean()) if memorized.size else None,
            holdout_accuracy=float(given_back[held_out].mean()) if held_out.size else None,
            curves={name: _rounded(values[index]) for name, values in self.curves.items()},
            seconds=round(self.seconds, 3),
            runs_together=len(self.configs),
            dataset_note=self.dataset.note,
            environment={**environment(), "date": today()},
        )


def make_group(
    program: Program,
    configs: Sequence[RunConfig],
    dataset: Dataset,
    *,
    epochs_together: int | None = None,
) -> Group:
    """Draw the labels of each run and start it.

    Args:
        program: made for configurations like these and for their losses.
        configs: as many as fill the program's devices evenly.
        dataset: already cut to ``train_examples``.
        epochs_together: how many epochs the first call is to advance; the program is then
            compiled for it while labels are drawn.
    """
    count = len(dataset.train)
    data = _data(dataset)
    settings = number_of_settings(program.methods)
    if epochs_together is not None:
        shapes = _run_shapes(len(configs), count, settings)
        program.prepare(shapes, data, min(epochs_together, configs[0].epochs))
    # Runs that differ in loss or settings share their labels: draw each set once.
    drawn = {
        (noise, seed): apply_noise(noise, dataset, seed)
        for noise, seed in {(c.noise, c.seed) for c in configs}
    }
    noisy = [drawn[c.noise, c.seed] for c in configs]
    names = list(program.methods)
    splits = _splits(configs, noisy, dataset)
    # NumPy until all is placed: every operation of JAX is a program to compile.
    arrays: dict[str, Any] = {
        "seed": np.array([_seed(c) for c in configs], np.int32),
        "labels": np.stack([one.labels.observed for one in noisy]),
        "image_rows": np.stack([_image_rows(one, count) for one in noisy]),
        "loss_index": np.array([names.index(c.loss.name) for c in configs], np.int32),
        "settings": np.stack([_settings(c.loss, program.methods, settings) for c in configs]),
        "learning_rate": np.array([c.learning_rate for c in configs], np.float32),
    }
    runs = Runs(**place(arrays, program.devices, split=True))
    shape = (len(configs), configs[0].epochs)
    return Group(
        program=program,
        configs=tuple(configs),
        dataset=dataset,
        noisy=noisy,
        holdouts=[held_out for _, held_out in splits],
        pools=[pool for pool, _ in splits],
        runs=runs,
        data=place(data, program.devices, split=False),
        states=program.start(runs.seed),
        curves={name: np.full(shape, np.nan, np.float32) for name in CURVES},
    )


def _splits(
    configs: Sequence[RunConfig], noisy: Sequence[NoisyTraining], dataset: Dataset
) -> list[tuple[Rows, Rows]]:
    """Return what each run trains on and what is held out, in shared arrays."""
    groups = same_examples(dataset) if any(c.holdout or c.fold for c in configs) else None
    found: dict[Any, tuple[Rows, Rows]] = {}
    for config, one in zip(configs, noisy, strict=True):
        key = _split_key(config)
        if key not in found:
            found[key] = split_holdout(config, one.labels.observed, groups)
    return [found[_split_key(config)] for config in configs]


def _split_key(config: RunConfig) -> Any:
    return config.noise, config.seed, config.holdout, config.fold


def _seed(config: RunConfig) -> int:
    """Return the seed of initialisation and augmentation: each network of a fold has its own.

    They share their labels, and an average gains by networks that differ.
    """
    if config.fold is None:
        return config.seed
    which, _ = config.fold
    return int(np.random.default_rng([config.seed, 4, which]).integers(2**31 - 1))


def _data(dataset: Dataset) -> Data:
    images = dataset.train.images
    if dataset.foreign_images is not None:
        images = np.concatenate([images, dataset.foreign_images])
    arrays: dict[str, Any] = {
        "train_images": images,
        "test_images": dataset.test.images,
        "test_labels": dataset.test.labels.reference,
    }
    return Data(**arrays)


def _run_shapes(runs: int, examples: int, settings: int) -> Runs:
    """Return the shapes and types of what differs between runs."""

    def shape(dtype: Any, *axes: int) -> Any:
        return jax.ShapeDtypeStruct((runs, *axes), dtype)

    return Runs(
        seed=shape(np.int32),
        labels=shape(np.int32, examples),
        image_rows=shape(np.int32, examples),
        loss_index=shape(np.int32),
        settings=shape(np.float32, settings),
        learning_rate=shape(np.float32),
    )


def grouped(configs: Sequence[RunConfig], size: int) -> Iterator[tuple[list[RunConfig], int]]:
    """Yield groups of one size and how many of each count.

    The last group is filled up with repetitions, because another size would be another
    program to compile.
    """
    for start in range(0, len(configs), size):
        group = list(configs[start : start + size])
        real = len(group)
        yield group + [group[-1]] * (size - real), real


def _image_rows(noisy: NoisyTraining, count: int) -> ClassNumbers:
    """Return where each example's image lies: own images first, foreign ones after them."""
    own = np.arange(count, dtype=np.int32)
    if noisy.foreign is None:
        return own
    return np.where(noisy.foreign >= 0, count + noisy.foreign, own).astype(np.int32)


def _settings(loss: LossSpec, methods: Methods, length: int) -> npt.NDArray[np.float32]:
    values = dict(loss.hyperparameters)
    ordered = [values[name] for name in methods[loss.name].parameters]
    return np.array(ordered + [0.0] * (length - len(ordered)), np.float32)


def _rounded(values: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """Return numbers of six digits; NaN for what a run that diverged has instead of them."""
    rounded = [round(value, 6) if np.isfinite(value) else np.nan for value in values.tolist()]
    return np.array(rounded)
