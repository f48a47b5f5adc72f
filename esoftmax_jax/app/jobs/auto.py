"""``auto``: loss, settings and rate without a clean label, and evidence about every label."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Unpack

import numpy as np

from esoftmax_jax import cleaning
from esoftmax_jax.app.data.dataset import Dataset
from esoftmax_jax.app.engine.config import RunConfig
from esoftmax_jax.app.engine.finished_run import Run
from esoftmax_jax.app.engine.folds import fewest_examples, same_examples
from esoftmax_jax.app.files.arrays import Array
from esoftmax_jax.app.files.lock import locked
from esoftmax_jax.app.jobs.arguments import (
    Effort,
    RunOptions,
    check_arguments,
    common_fields,
    one_noise,
    path_or_none,
    suspects_path,
)
from esoftmax_jax.app.jobs.auto_runs import AutoRuns, auto_runs, default_effort, member_runs
from esoftmax_jax.app.jobs.auto_trained import AutoTrained, print_auto
from esoftmax_jax.app.jobs.forecast import announce_folds
from esoftmax_jax.app.jobs.trained import SuspectLabels
from esoftmax_jax.app.jobs.training_data import training_data
from esoftmax_jax.app.labels.noise_spec import DEFAULT_NOISES, NoiseSpec
from esoftmax_jax.app.labels.noisy_labels import NoisyTraining, apply_noise
from esoftmax_jax.app.runs.first_fold import choose_by_first_fold
from esoftmax_jax.app.runs.fold_choice import choose
from esoftmax_jax.app.runs.fold_networks import FoldNetwork, FoldNetworks, out_of_fold_logits
from esoftmax_jax.app.runs.model_file import (
    Model,
    has_model,
    model_config,
    read_model,
    trained_model,
    write_model,
)
from esoftmax_jax.app.runs.networks import Networks
from esoftmax_jax.app.runs.results import read_results
from esoftmax_jax.app.runs.run_all import missing_runs, run_all
from esoftmax_jax.app.runs.workdir import check_workdir, claim_workdir
from esoftmax_jax.app.suspects.labelled import labelled_examples
from esoftmax_jax.app.suspects.margins import Margins
from esoftmax_jax.app.suspects.neighbours import neighbour_margins
from esoftmax_jax.app.suspects.suspect_list import (
    check_spreadsheet_safe,
    check_suspects_file,
    rank_suspects,
    write_suspects,
)
from esoftmax_jax.app.suspects.training_evidence import TrainingEvidence
from esoftmax_jax.app.terminal.console import make_console, speaking
from esoftmax_jax.app.terminal.messages import UsageError


@dataclasses.dataclass(frozen=True)
class AutoDestination:
    """Where the runs are kept, and the list of labels; None: not at all."""

    workdir: Path | None = None
    suspects: Path | None = None
    spreadsheet_safe: bool = False


def auto(
    dataset: str | Dataset = "digits",
    *,
    noise: str | None = None,
    effort: Effort | None = None,
    seed: int = 0,
    workdir: str | Path | None = None,
    suspects: str | Path | bool = True,
    spreadsheet_safe: bool = False,
    verbose: bool = False,
    **options: Unpack[RunOptions],
) -> AutoTrained:
    """Train a robust loss at several rates on folds, and average networks of the best rate.

    Each network is trained on all folds but one. The rate is the one whose networks agree best
    with the noisy labels that they have not seen, or a lower one that is hardly worse. What
    each says of its own fold is evidence about every label. The model is the mean of five
    further networks of that rate, trained on nearly all examples. No clean label is needed.

    Args:
        dataset: what ``load_dataset`` takes, or what it returned.
        noise: such as ``"symmetric:0.6"``; None: labels as they came for data of your own,
            noise drawn for the others.
        effort: ``"less"`` for 25 runs; ``"least"`` for 12: the first fold alone chooses the
            rate, and the model has four networks; ``"more"`` for 245: a grid of losses and
            rates is trained too, the five settings that agree best with the labels vote on
            every label, and the rate is the one that agrees best with the vote. None:
            ``"less"``, or ``"least"`` where 25 runs are more than ``auto_runs.LONG``
            operations.
        seed: of noise, folds, initialisation, batch order and augmentation.
        workdir: a folder for results and networks. What is finished in it is not repeated;
            without, nothing is written.
        suspects: a CSV file to write the labels to; they are ranked with or without.
        spreadsheet_safe: whether formulas in the CSV file are made harmless.
        verbose: whether to print what the command line does.
        **options: of the data and the training, see ``DataOptions`` and ``TrainingOptions``.

    Raises:
        UsageError: an argument is wrong, the data is, or every run diverged.
    """
    given: dict[str, Any] = {"dataset": dataset, "seed": seed, "workdir": workdir}
    check_arguments({**given, "effort": effort, "suspects": suspects, **options})
    noises, path = one_noise(noise), suspects_path(suspects, spreadsheet_safe)
    to = AutoDestination(path_or_none(workdir), path, spreadsheet_safe)
    with speaking(verbose):
        data, (spec,) = training_data(dataset, noises, DEFAULT_NOISES[:1], options)
        given = {"seed": seed, **common_fields(data, options)}
        chosen = effort or default_effort(auto_runs(data, spec, **given), data)
        return run_auto(auto_runs(data, spec, chosen, **given), data, to)


def run_auto(runs: AutoRuns, dataset: Dataset, to: AutoDestination) -> AutoTrained:
    """Run what is missing, choose, and keep the chosen networks as one model.

    The folder holds ``config.json``, ``results.jsonl`` with a line for each run, ``folds/``
    with their networks and at the end ``model/``. An interrupted call goes on in it.

    Raises:
        UsageError: the labels cannot be divided, a folder or file is in use, every run
            diverged.
    """
    first = runs.rule[0]
    noisy = apply_noise(first.noise, dataset, first.seed)
    _check_classes(dataset, noisy, runs.folds)
    check_suspects_file("--suspects", to.suspects, to.workdir or Path())
    if to.spreadsheet_safe:
        check_spreadsheet_safe("--spreadsheet-safe", dataset)
    if to.workdir is None:
        return _run(runs, dataset, noisy, to)
    check_workdir(to.workdir, *runs.rule, *runs.members)
    with locked("--workdir", to.workdir):
        check_workdir(to.workdir, *runs.rule, *runs.members)
        claim_workdir(to.workdir, first)
        return _run(runs, dataset, noisy, to)


def _check_classes(dataset: Dataset, noisy: NoisyTraining, folds: int) -> None:
    if dataset.num_classes < 2:
        raise UsageError(
            f"--dataset: expected two classes or more, got {dataset.num_classes}; add examples "
            "of another"
        )
    groups = same_examples(dataset)
    rarest, count = fewest_examples(noisy.labels.observed, dataset.num_classes, groups)
    if count < folds:
        different = "" if groups is None else "different "
        raise UsageError(
            f"--dataset: expected at least {folds} {different}training examples of each class, "
            f"one for each fold, got {count} of {dataset.class_names[rarest]!r}; add some, "
            "leave the class out or join it with another"
        )


def _run(
    runs: AutoRuns, dataset: Dataset, noisy: NoisyTraining, to: AutoDestination
) -> AutoTrained:
    networks = FoldNetworks(None if to.workdir is None else to.workdir / "folds")
    path = None if to.workdir is None else to.workdir / "results.jsonl"

    def train(configs: Sequence[RunConfig]) -> list[Run]:
        kept = set() if path is None else read_results(path).keys()
        missing = missing_runs(configs, {one for one in kept if networks.has(one)})
        to_do = [config for alike in missing for config in alike.configs]
        what, later = runs.describe(configs)
        if what:
            shorter = [] if runs.by_first_fold else ["--effort least"]
            announce_folds(to_do, dataset, what, later=later, shorter=shorter)
        return run_all(configs, dataset, path, "folds", networks=networks)

    if runs.by_first_fold:
        labels = noisy.labels.observed
        choice, found = choose_by_first_fold(runs.rule, runs.plain, labels, train, networks)
    else:
        choice, found = choose(runs.rule, runs.plain, runs.voters, train, networks)
    best = choice.chosen
    if not np.isfinite(best.mean):
        raise UsageError(
            f"--loss: expected a rate at which the loss stays finite, got none of "
            f"{len(choice.candidates)}; scale the features, or name a loss and a lower "
            "--learning-rate"
        )
    chosen = runs.on_folds(best)
    on_folds = [networks.read(config) for config in chosen]
    logits = _finite(out_of_fold_logits(on_folds))
    learnt = TrainingEvidence.of(
        [one.training_margins for one in on_folds],
        [one.wrong_events for one in on_folds],
        neighbour_margins(dataset, noisy),
    )
    members = member_runs(chosen[0], runs.num_members)
    run_all(members, dataset, path, "model", networks=networks)
    if networks.forgotten(members):  # less effort had chosen another rate
        run_all(members, dataset, path, "model", networks=networks)
    kept = [networks.read(config) for config in members]
    model, tested, accuracy = _model(members[0], kept, dataset, to.workdir)
    there = [one for one in (*found, *runs.members) if networks.has(one.identity)]
    networks.forget_others(there, members)
    trained = AutoTrained(
        dataset=dataset,
        run=found[chosen[0]],
        network=lambda: model,
        suspects=_suspects(dataset, noisy, chosen[0].noise, logits, tested, learnt),
        choice=choice,
        runs=tuple(
            found[one] for one in (*runs.rule, *runs.voters, *runs.plain) if one in found
        ),
        labels=noisy.labels.observed,
        out_of_fold_logits=logits,
        training_evidence=learnt,
        test_accuracy=accuracy,
    )
    _tell(trained, to)
    return trained


def _tell(found: AutoTrained, to: AutoDestination) -> None:
    """Write the list of labels, then print: a reader may close the pipe."""
    console = make_console(soft_wrap=True)
    if to.suspects is not None and found.suspects is not None:
        names, safe = found.dataset.class_names, to.spreadsheet_safe
        write_suspects(to.suspects, found.suspects.ranked, names, spreadsheet_safe=safe)
    print_auto(make_console(), found)
    if to.suspects is not None:
        console.print(f"wrote {to.suspects}, the worst first")
    if to.workdir is not None:
        console.print(f"wrote {to.workdir / 'model'}")


def _finite(logits: Array) -> Array:
    if not np.isfinite(logits).all():  # the last update may be the one that ends in NaN
        raise UsageError(
            "--loss: expected networks with finite outputs, got NaN; scale the features, or "
            "name a loss and a lower --learning-rate"
        )
    return logits


def _model(
    config: RunConfig,
    kept: Sequence[FoldNetwork],
    dataset: Dataset,
    workdir: Path | None,
) -> tuple[Model, Array, float]:
    """Return the networks as one model, from the folder if they are there.

    Beside it the logits of the test set and its accuracy on it.
    """
    networks = None
    model = None
    if workdir is not None and has_model(workdir) and _is_of(workdir, config):
        model = read_model("--workdir", workdir)
    if model is None or model.card.members != len(kept):  # which more effort makes
        networks = Networks(config, dataset, tuple(one.variables for one in kept))
        model = trained_model(networks)
    tested = _finite(model.logits(dataset.test.images))
    accuracy = float(np.mean(tested.argmax(axis=1) == dataset.test.labels.reference))
    if workdir is not None and networks is not None:
        write_model(workdir, networks, accuracy)
    return model, tested, accuracy


def _is_of(workdir: Path, config: RunConfig) -> bool:
    return bool(RunConfig.from_json(model_config(workdir)) == config)


def _suspects(
    dataset: Dataset,
    noisy: NoisyTraining,
    noise: NoiseSpec,
    logits: Array,
    tested: Array,
    learnt: TrainingEvidence,
) -> SuspectLabels:
    """Rank the labels by networks while they learnt them; of the test set none has."""
    labelled = labelled_examples(dataset, noisy, noise)
    labels = labelled.labels.observed
    asked = np.concatenate([logits, tested])[: len(labels)]
    margins = Margins(
        np.asarray(cleaning.label_margins(asked, labels), np.float32),
        np.asarray(cleaning.suggested_labels(asked, labels)),
        1,
    )
    places = np.arange(len(labels))
    scores = learnt.take(np.where(places < len(logits), places, -1)).scores(margins.mean)
    ranked = rank_suspects(labelled, margins, scores)
    return SuspectLabels(ranked, dataset.class_names, 1)
