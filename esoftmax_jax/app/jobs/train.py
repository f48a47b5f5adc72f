"""``train``: one network, one loss, and the labels that it doubts."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Unpack

from esoftmax_jax.app.data.dataset import Dataset
from esoftmax_jax.app.engine.loop import Epoch
from esoftmax_jax.app.jobs.arguments import (
    Effort,
    RunOptions,
    check_arguments,
    common_fields,
    one_noise,
    path_or_none,
    suspects_path,
)
from esoftmax_jax.app.jobs.auto import auto
from esoftmax_jax.app.jobs.trained import SuspectLabels, Trained
from esoftmax_jax.app.jobs.training_data import training_data
from esoftmax_jax.app.jobs.training_run import Destination, run_training
from esoftmax_jax.app.labels.noise_spec import DEFAULT_NOISES
from esoftmax_jax.app.methods.find import check_settings, find_method, hyperparameter
from esoftmax_jax.app.methods.methods import AUTO, DEFAULT_LOSSES
from esoftmax_jax.app.methods.own_loss import Function
from esoftmax_jax.app.runs.recipes import default_settings, make_config
from esoftmax_jax.app.terminal.console import speaking
from esoftmax_jax.app.terminal.messages import UsageError


def train(
    dataset: str | Dataset = "digits",
    *,
    loss: str | Function = DEFAULT_LOSSES[-1],
    effort: Effort | None = None,
    hyperparameters: Mapping[str, Any] | None = None,
    noise: str | None = None,
    learning_rate: float | None = None,
    seed: int = 0,
    workdir: str | Path | None = None,
    checkpoint_every: int = 1,
    suspects: str | Path | bool = False,
    spreadsheet_safe: bool = False,
    on_epoch: Callable[[Epoch], object] | None = None,
    verbose: bool = False,
    **options: Unpack[RunOptions],
) -> Trained:
    """Train one network with one loss.

    Args:
        dataset: what ``load_dataset`` takes, or what it returned.
        loss: a name as in the papers; for a loss of your own ``FILE.py:NAME``, or a function
            of logits and labels with one value per example; ``"auto"``: see ``auto``.
        effort: of the loss ``"auto"``, see ``auto``.
        hyperparameters: of the loss, those that are not to be the paper's.
        noise: such as ``"symmetric:0.6"``; None: labels as they came for data of your own,
            noise drawn for the others.
        learning_rate: at the start; None: the dataset's.
        seed: of noise, initialisation, batch order and augmentation.
        workdir: a folder for results, checkpoints and the network. An interrupted run goes on
            in it; without, nothing is written.
        checkpoint_every: how many epochs lie between two looks at the labels, and between two
            checkpoints.
        suspects: whether to rank the labels, or a CSV file to write them to.
        spreadsheet_safe: whether formulas in the CSV file are made harmless.
        on_epoch: a function, such as that of a logger, that is called with number, losses and
            accuracies after each epoch; those of ``checkpoint_every`` come together.
        verbose: whether to print what the command line does.
        **options: of the data and the training, see ``DataOptions`` and ``TrainingOptions``.

    Raises:
        UsageError: an argument is wrong, or the data is.
    """
    given: dict[str, Any] = {"dataset": dataset, "loss": loss, "seed": seed}
    given |= {"hyperparameters": hyperparameters, "learning_rate": learning_rate}
    given |= {"workdir": workdir, "suspects": suspects, "on_epoch": on_epoch, "effort": effort}
    check_arguments({**given, "checkpoint_every": checkpoint_every, **options})
    noises, path = one_noise(noise), suspects_path(suspects, spreadsheet_safe)
    if loss == AUTO:
        _check_left_to_auto(hyperparameters, learning_rate, checkpoint_every, on_epoch)
        return auto(
            dataset,
            noise=noise,
            effort=effort,
            seed=seed,
            workdir=workdir,
            suspects=suspects,
            spreadsheet_safe=spreadsheet_safe,
            verbose=verbose,
            **options,
        )
    if effort not in (None, "less"):
        raise UsageError(
            f"--effort: expected --loss {AUTO} beside it, got {loss!r}; leave it out"
        )
    name, method = find_method("--loss", loss)
    chosen = {
        one: hyperparameter(name, method, one, value)
        for one, value in (hyperparameters or {}).items()
    }
    methods = {name: method}
    with speaking(verbose):
        data, (spec,) = training_data(dataset, noises, DEFAULT_NOISES[:1], options)
        settings = {**dict(default_settings(name, data, spec, methods)), **chosen}
        check_settings(method, settings)
        config = make_config(
            data,
            spec,
            name,
            methods,
            seed=seed,
            learning_rate=learning_rate,
            hyperparameters=tuple(sorted(settings.items())),
            **common_fields(data, options),
        )
        ranked = suspects is not False
        folder = path_or_none(workdir)
        to = Destination(folder, checkpoint_every, path, ranked, spreadsheet_safe, on_epoch)
        return run_training(config, data, methods, to)


def _check_left_to_auto(
    hyperparameters: Mapping[str, Any] | None,
    learning_rate: float | None,
    checkpoint_every: int,
    on_epoch: Callable[[Epoch], object] | None,
) -> None:
    """Refuse what ``auto`` chooses, and what one run has and many have not."""
    given = {
        "--set": bool(hyperparameters),
        "--learning-rate": learning_rate is not None,
        "--checkpoint-every": checkpoint_every != 1,
        "--on-epoch": on_epoch is not None,
    }
    for option, there in given.items():
        if there:
            raise UsageError(
                f"{option}: expected none beside --loss {AUTO}, got one; leave it out or name "
                "a loss"
            )


def find_suspects(
    dataset: str | Dataset = "digits",
    *,
    loss: str | Function = DEFAULT_LOSSES[-1],
    hyperparameters: Mapping[str, Any] | None = None,
    noise: str | None = None,
    learning_rate: float | None = None,
    seed: int = 0,
    verbose: bool = False,
    **options: Unpack[RunOptions],
) -> SuspectLabels:
    """Train one network and return all labels, those that are probably wrong first.

    It is ``train(..., suspects=True).suspects``; see ``train`` for the arguments.

    Raises:
        UsageError: an argument is wrong, the data is, or the run diverged.
    """
    found = train(
        dataset,
        loss=loss,
        hyperparameters=hyperparameters,
        noise=noise,
        learning_rate=learning_rate,
        seed=seed,
        suspects=True,
        verbose=verbose,
        **options,
    )
    if found.suspects is None:
        raise UsageError(
            "--learning-rate: expected one at which the loss stays finite, got "
            f"{found.run.config.learning_rate:g}, at which the run diverged; take a smaller one"
        )
    return found.suspects
