"""What a training run leaves, as a value and as text."""

import dataclasses
import functools
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from rich.console import Console

from esoftmax_jax.app.data.dataset import Dataset
from esoftmax_jax.app.engine.finished_run import Run
from esoftmax_jax.app.runs.model_file import Model
from esoftmax_jax.app.runs.report import AS_THEY_CAME, noise_name
from esoftmax_jax.app.suspects.suspect_list import Suspects, describe_suspects
from esoftmax_jax.app.terminal.messages import UsageError
from esoftmax_jax.app.terminal.number_text import counted
from esoftmax_jax.app.terminal.short_repr import short_repr

# A gap between training and test accuracy that calls for a warning.
_BY_HEART = 0.15


@dataclasses.dataclass(frozen=True, eq=False)
class Trained:
    """A finished run and its network.

    Attributes:
        dataset: as it was trained on.
        run: accuracies, curves and configuration.
        network: what returns the network; None if the run diverged, or if its last checkpoint
            is gone.
        suspects: all labels, the worst first; None if they were not asked for or the run
            diverged.
    """

    dataset: Dataset
    run: Run
    network: Callable[[], Model] | None
    suspects: "SuspectLabels | None" = None

    def __repr__(self) -> str:
        run = self.run
        return short_repr(
            self,
            dataset=self.dataset.name,
            loss=str(run.config.loss),
            noise=str(run.config.noise),
            test_accuracy=run.test_accuracy,
            suspects=self.suspects and self.suspects.count,
        )

    def __getstate__(self) -> dict[str, Any]:
        """Return what is pickled: the network itself in the place of what returns it."""
        kept = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        if self.network is not None:
            kept["network"] = functools.partial(_itself, self.model)
        return kept

    @functools.cached_property
    def model(self) -> Model:
        """The network, which ``predict`` takes.

        Raises:
            UsageError: there is none, or its files cannot be read.
        """
        if self.network is None:
            raise UsageError(
                "model: expected a run that did not diverge, with its last checkpoint, got "
                f"one of {self.run.config.loss} without; train again, e.g. at a lower "
                "--learning-rate"
            )
        return self.network()


def _itself(model: Model) -> Model:
    return model


@dataclasses.dataclass(frozen=True, eq=False)
class SuspectLabels(Mapping[str, Any]):
    """Labels in the order of how little a network agreed with them, the worst first.

    As a mapping it is its ``columns``, which ``correct`` takes back.

    Attributes:
        ranked: examples, suggestions and margins.
        class_names: in the order of the class numbers.
        epochs: over how many epochs the margins are means.
    """

    ranked: Suspects
    class_names: tuple[str, ...]
    epochs: int

    def __repr__(self) -> str:
        return short_repr(
            self, labels=len(self.ranked.margins), suspect=self.count, epochs=self.epochs
        )

    @property
    def count(self) -> int:
        """How many labels the network would rather replace."""
        return self.ranked.count

    @property
    def columns(self) -> dict[str, Any]:
        """The list that ``train --suspects`` writes, as arrays by column, made anew.

        ``pandas.DataFrame(suspects.columns)`` is the list.
        """
        return self.ranked.columns(self.class_names)

    def __getitem__(self, name: str) -> Any:
        return self.columns[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.columns)

    def __len__(self) -> int:
        return len(self.columns)

    __eq__, __hash__ = object.__eq__, object.__hash__  # arrays have no equality to compare by


def print_run(console: Console, run: Run, dataset: Dataset) -> None:
    """Print what a run has come to."""
    config, rate = run.config, run.wrong_rate
    name = noise_name(config.noise, not dataset.train.labels.known)
    name = name if name == AS_THEY_CAME else f"noise {name}"
    share = "rate unknown: no clean labels" if rate is None else f"realised {100 * rate:.2f} %"
    ended = "DIVERGED, " if run.diverged else ""
    console.print(
        f"{config.loss}, {config.dataset}, {name} ({share}), seed {config.seed}: {ended}test "
        f"accuracy {100 * run.test_accuracy:.2f} % in the last of "
        f"{counted(config.epochs, 'epoch')}, best {100 * run.best_accuracy:.2f} % (epoch "
        f"{run.best_epoch})"
    )
    if dataset.note:
        console.print(f"Data: {dataset.note}", soft_wrap=True)


def print_suspects(
    console: Console, suspects: SuspectLabels, run: Run, dataset: Dataset
) -> None:
    """Print how many labels are suspect, and whether the network may have memorised them."""
    console.print(describe_suspects(suspects.ranked, dataset))
    console.print(_averaged(suspects.epochs))
    seen, unseen = (run.curves[name][-1] for name in ("train_accuracy", "test_accuracy"))
    # Other shares of the classes in the test set are a gap of their own.
    if run.config.imbalance is None and seen - unseen > _BY_HEART:
        console.print(
            f"The network gives back {100 * seen:.0f} % of the labels it was trained on and "
            f"{100 * unseen:.0f} % of those it was not: it may have memorised labels, and the "
            "wrong ones among them look right to it. Fewer --epochs, --augment, a lower "
            "--learning-rate or another --loss may help."
        )


def print_not_ranked(console: Console, path: Path | None) -> None:
    """Say that there is no list of a run that diverged."""
    if path is None:
        console.print("this run diverged: no label is called suspect")
        return
    old = "; the older list in it stays" if path.exists() else ""
    console.print(f"this run diverged: {path} is not written{old}")


def _averaged(epochs: int) -> str:
    """Say what the margins are means of."""
    if epochs > 1:
        return f"Margins are means over {epochs} epochs."
    return (
        "Margins are those of one epoch alone, when wrong labels may be memorised; a run "
        "that has --suspects from the start averages over its checkpoints."
    )
