"""What the verbs do with their options: values out of texts, then the job."""

import argparse
import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from esoftmax_jax.app.augment.augment_spec import parse_augmentation
from esoftmax_jax.app.augment.stages import check_augmentation
from esoftmax_jax.app.cli.values import listed
from esoftmax_jax.app.data.dataset import Dataset
from esoftmax_jax.app.data.foreign_images import like_training_images
from esoftmax_jax.app.data.label_file import read_labels
from esoftmax_jax.app.data.label_rows import with_labels
from esoftmax_jax.app.data.load import load_dataset
from esoftmax_jax.app.data.names import RESIZED, is_own
from esoftmax_jax.app.data.parts import GIVEN
from esoftmax_jax.app.data.subset import first_examples, long_tailed
from esoftmax_jax.app.files.lock import locked
from esoftmax_jax.app.jobs import compare as compare_job
from esoftmax_jax.app.jobs import noise as noise_job
from esoftmax_jax.app.jobs import predict as predict_job
from esoftmax_jax.app.jobs import train as train_job
from esoftmax_jax.app.jobs.train_command import shared_options
from esoftmax_jax.app.labels.matrix_file import read_matrix
from esoftmax_jax.app.labels.noise_spec import NoiseSpec, parse_noise
from esoftmax_jax.app.methods.find import check_settings, find_method, parse_setting
from esoftmax_jax.app.runs.recipes import default_settings, make_config, recipe_for
from esoftmax_jax.app.suspects.corrections import correct
from esoftmax_jax.app.terminal.console import warn
from esoftmax_jax.app.terminal.messages import UsageError


def load_data(options: argparse.Namespace) -> tuple[Dataset, tuple[NoiseSpec, ...]]:
    """Load what the options ask for; return it with the kinds of noise."""
    noises = None
    if options.noise is not None:
        noises = tuple(parse_noise(text) for text in listed("--noise", options.noise))
    label_file = None if options.labels is None else read_labels(options.labels)
    if label_file is not None and noises and not any(n.reads_columns for n in noises):
        raise UsageError(
            "--labels: expected a --noise that reads it (human, labels, matched), got "
            f"{', '.join(map(str, noises))}"
        )
    dataset = load_dataset(
        options.dataset,
        data_dir=options.data_dir,
        image_size=options.image_size,
        literal_labels=options.literal_labels,
    )
    if noises is None:
        noises = _default_noises(options, dataset)
    if options.corrections is not None:
        dataset = _corrected(options, noises, dataset)
    for spec in noises:
        if spec.kind == "matrix":
            read_matrix(Path(spec.source), dataset.num_classes)  # refused before anything runs
    dataset = _with_foreign_images(options, noises, dataset)
    if label_file is not None:
        # Before the set is cut: rows are those of the whole.
        dataset = with_labels(dataset, label_file, options.train_examples)
    dataset = first_examples(dataset, options.train_examples)
    dataset = long_tailed(dataset, options.imbalance)
    warn(dataset.warnings)
    return dataset, noises


def _default_noises(options: argparse.Namespace, dataset: Dataset) -> tuple[NoiseSpec, ...]:
    """Real noise where there is some, else noise made to order."""
    if options.labels is not None:
        return (parse_noise("labels"),)
    if GIVEN in dataset.label_sets:
        return (parse_noise("given"),)
    if is_own(options.dataset):
        return (parse_noise("none"),)  # whose own labels may be wrong enough
    return tuple(parse_noise(text) for text in options.default_noise.split(","))


def _corrected(
    options: argparse.Namespace, noises: Sequence[NoiseSpec], dataset: Dataset
) -> Dataset:
    if options.labels is not None:
        raise UsageError(
            "--corrections: expected no --labels beside it, got both; correct that file"
        )
    unaware = [str(spec) for spec in noises if str(spec) != GIVEN]
    if unaware and GIVEN in dataset.label_sets:
        raise UsageError(
            "--corrections: expected --noise given, which has the labels that it corrects, "
            f"got {', '.join(unaware)}; leave one of them out"
        )
    return correct(dataset, options.corrections)


def _with_foreign_images(
    options: argparse.Namespace, noises: Sequence[NoiseSpec], dataset: Dataset
) -> Dataset:
    sources = sorted({n.source for n in noises if n.kind == "open-set"})
    if not sources:
        return dataset
    if len(sources) > 1:
        raise UsageError(
            f"--noise: expected one dataset of foreign images, got {', '.join(sources)}"
        )
    (source,) = sources
    size = options.image_size if source.startswith(RESIZED) else None
    other = load_dataset(source, data_dir=options.data_dir, image_size=size)
    return dataclasses.replace(
        dataset,
        foreign_images=like_training_images(other, dataset),
        foreign_hash=other.data_hash,
        warnings=dataset.warnings + other.warnings,
    )


def common_fields(options: argparse.Namespace, dataset: Dataset) -> dict[str, Any]:
    """Return the fields of every configuration that options decide."""
    data = ("train_examples", "imbalance", "augment")
    training = ("epochs", "width", "label_smoothing", "ema_decay", "dtype")
    fields = {name: getattr(options, name) for name in (*data, *training)}
    if options.augment is not None:
        augmentation = parse_augmentation(options.augment)
        check_augmentation(augmentation, dataset.train_images)
        fields["augment"] = str(augmentation)
    return fields


def compare(options: argparse.Namespace) -> None:
    """Compare several losses on the same wrong labels."""
    # One spelling each, and each once: CE_ε is CE_eps.
    given = listed("--losses", options.losses)
    names = tuple(dict.fromkeys(find_method("--losses", name) for name in given))
    dataset, noises = load_data(options)
    recipe = recipe_for(dataset)
    tune = recipe.tune and options.learning_rate is None
    if options.tune and options.learning_rate is not None:
        raise UsageError(
            "--tune: expected no --learning-rate beside it, got one; leave out either"
        )
    out = options.out or Path("runs") / f"compare-{_folder_name(options.dataset)}"
    with locked("--out", out):
        compare_job.compare(
            dataset,
            compare_job.CompareOptions(
                program=options.program,
                noises=noises,
                losses=names,
                seeds=options.seeds or recipe.seeds,
                learning_rate=options.learning_rate,
                common=common_fields(options, dataset),
                tune=tune if options.tune is None else options.tune,
                runs_at_once=options.runs_at_once,
                shared_options=shared_options(options),
                out=out,
            ),
        )


def train(options: argparse.Namespace) -> None:
    """Train one run of one loss."""
    if options.noise is not None and "," in options.noise:
        raise UsageError(
            f"--noise: expected one noise for one run, got {options.noise!r}; try compare"
        )
    if options.spreadsheet_safe and options.suspects is None:
        raise UsageError(
            "--spreadsheet-safe: expected --suspects FILE beside it, got none; leave it out"
        )
    loss = find_method("--loss", options.loss)
    given = dict(parse_setting(text, loss) for text in options.settings)
    dataset, (noise,) = load_data(options)
    settings = {**dict(default_settings(loss, dataset, noise)), **given}
    check_settings(loss, settings)
    config = make_config(
        dataset,
        noise,
        loss,
        seed=options.seed,
        learning_rate=options.learning_rate,
        hyperparameters=tuple(sorted(settings.items())),
        **common_fields(options, dataset),
    )
    workdir = options.workdir or Path("runs") / f"train-{_folder_name(options.dataset)}"
    train_job.train(
        config,
        dataset,
        workdir,
        checkpoint_every=options.checkpoint_every,
        suspects=options.suspects,
        spreadsheet_safe=options.spreadsheet_safe,
    )


def predict(options: argparse.Namespace) -> None:
    """Classify new examples by a trained network."""
    predict_job.predict(
        options.model,
        options.inputs,
        options.out,
        probabilities=options.probabilities,
        spreadsheet_safe=options.spreadsheet_safe,
    )


def noise(options: argparse.Namespace) -> None:
    """Draw wrong labels and tell what they are."""
    dataset, noises = load_data(options)
    out = options.out or Path("runs") / f"noise-{_folder_name(options.dataset)}"
    with locked("--out", out):
        noise_job.report_noise(
            dataset, noises, seed=options.seed, out=out, statistics=options.statistics
        )


def _folder_name(dataset: str) -> str:
    return "".join(c if c.isalnum() else "-" for c in dataset.rpartition("/")[2])
