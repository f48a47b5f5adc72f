"""How each dataset is trained by default: network, epochs, learning rate, loss settings."""

import dataclasses
from collections.abc import Iterable
from typing import Any

from esoftmax_jax import presets
from esoftmax_jax.app.augment.augment_spec import (
    NO_AUGMENTATION,
    SHIFT_AND_FLIP,
    AugmentationSpec,
)
from esoftmax_jax.app.data.dataset import Dataset
from esoftmax_jax.app.data.names import is_own
from esoftmax_jax.app.engine.config import NetworkName, RunConfig
from esoftmax_jax.app.labels.noise_kinds import KINDS
from esoftmax_jax.app.labels.noise_spec import NoiseSpec
from esoftmax_jax.app.methods.loss_spec import LossSpec, Pairs
from esoftmax_jax.app.methods.methods import METHODS, Methods


@dataclasses.dataclass(frozen=True)
class Recipe:
    """Defaults of a dataset.

    Attributes:
        width: factor on the network's channels.
        common_rate: taken by a loss that does not choose for itself.
        learning_rates: tried on a noisy hold-out set.
        tune: whether each loss chooses learning rate and settings for itself.
        tuning_seeds: of the runs that choose.
        seeds: how many a comparison trains each loss with.
        batch_size: None: by the number of examples.
        runs_together: how many runs one call of the program advances, per device.
        accelerator_runs: how many runs an accelerator computes at once, where the user does
            not say; a CPU computes one after the other.
        epochs_together: how many epochs one call advances.
    """

    network: NetworkName
    epochs: int
    common_rate: float
    weight_decay: float
    learning_rates: tuple[float, ...] = ()
    width: float = 1.0
    augment: AugmentationSpec = NO_AUGMENTATION
    tune: bool = False
    tuning_seeds: tuple[int, ...] = (0, 1)
    seeds: int = 5
    batch_size: int | None = None
    runs_together: int = 1
    accelerator_runs: int = 1
    epochs_together: int = 1


# Protocols of the ε-softmax paper (CIFAR) and of its code (MNIST); digits are ours.
_DIGITS = Recipe(
    network="mlp",
    epochs=50,
    learning_rates=(0.001, 0.003, 0.01, 0.03, 0.1, 0.3),
    common_rate=0.1,
    weight_decay=1e-4,
    width=0.5,
    tune=True,
    runs_together=10,
    accelerator_runs=64,
    epochs_together=10,
)
_MNIST = Recipe("mnist_cnn", epochs=50, common_rate=0.01, weight_decay=1e-3, accelerator_runs=8)
# By patches eight runs take eight times the memory, which grows with the area of the images.
_GREY_IMAGES = dataclasses.replace(_MNIST, accelerator_runs=1)
_CIFAR10 = Recipe(
    "eight_layer_cnn", epochs=120, common_rate=0.01, weight_decay=1e-4, augment=SHIFT_AND_FLIP
)
_CIFAR100 = Recipe(
    "resnet34",
    epochs=200,
    common_rate=0.1,
    weight_decay=1e-5,
    augment=dataclasses.replace(SHIFT_AND_FLIP, rotate=20),
)
# A few hundred images of one's own: too few to learn from what an edge is.
_FEW_IMAGES = Recipe(
    "gradient_mlp",
    epochs=40,
    learning_rates=(0.01, 0.03, 0.1),
    common_rate=0.03,
    weight_decay=1e-4,
    width=0.5,
    augment=SHIFT_AND_FLIP,
    tune=True,
    tuning_seeds=(0,),
    seeds=2,
    batch_size=32,
)
_FEW = 4000


def recipe_for(dataset: Dataset) -> Recipe:
    """Return the defaults for a dataset: by name, else by what its images look like."""
    if dataset.name in ("mnist", "fashion_mnist"):
        return _MNIST
    if dataset.class_map in ("cifar10", "cifar100"):
        return _CIFAR10 if dataset.class_map == "cifar10" else _CIFAR100
    shape = dataset.train.images.shape[1:]
    if len(shape) != 3 or min(shape[:2]) < 16:
        return _DIGITS
    if is_own(dataset.name) and len(dataset.train) < _FEW:
        return _FEW_IMAGES
    return _GREY_IMAGES if shape[-1] == 1 else _CIFAR10


def tried_settings(loss: str, methods: Methods = METHODS) -> tuple[Pairs, ...]:
    """Return the hyperparameters among which held-out labels choose."""
    return tuple(tuple(sorted(one.items())) for one in methods[loss].candidates)


def default_settings(
    loss: str, dataset: Dataset, noise: NoiseSpec, methods: Methods = METHODS
) -> Pairs:
    """Return a loss's hyperparameters: the paper's for CIFAR, its CIFAR-10 ones elsewhere.

    The paper gives one setting for clean and symmetric noise, others for asymmetric, for
    instance-dependent and for human noise; on CIFAR-100 also one for each rate, of which the
    nearest is taken.
    """
    settings = methods[loss].candidates[0]
    # CIFAR's constants underfit on small sets, of plain features or of gradients.
    if recipe_for(dataset) not in (_DIGITS, _FEW_IMAGES):
        rows = presets.paper(*_published_cell(noise, dataset.class_map == "cifar100"))
        row = "CE_eps+MAE" if loss == "CE_eps" else loss
        if row in rows:
            published = rows[row].hyperparameters
            settings = {name: published.get(name, value) for name, value in settings.items()}
    return tuple(sorted(settings.items()))


def _published_cell(noise: NoiseSpec, hundred: bool) -> tuple[str, str, float | None]:
    """Return the cell of the paper's tables whose noise is most like this one."""
    kind = KINDS[noise.kind].resembles
    if kind == "human":
        return ("cifar100n", "noisy", None) if hundred else ("cifar10n", "worst", None)
    name = "cifar100" if hundred else "cifar10"
    if kind == "clean":
        return name, "clean", None
    rates = {"symmetric": (0.2, 0.4, 0.6, 0.8), "asymmetric": (0.1, 0.2, 0.3, 0.4)}
    published = rates.get(kind, (0.2, 0.4, 0.6))
    return name, kind, min(published, key=lambda rate: abs(rate - noise.rate))


def make_config(
    dataset: Dataset,
    noise: NoiseSpec,
    loss: str,
    methods: Methods = METHODS,
    **options: Any,
) -> RunConfig:
    """Build a configuration from a dataset's recipe; ``options`` override it."""
    recipe = recipe_for(dataset)
    defaults: dict[str, Any] = {
        "hyperparameters": default_settings(loss, dataset, noise, methods),
        "learning_rate": recipe.common_rate,
        "epochs": recipe.epochs,
        "network": recipe.network,
        "width": recipe.width,
        "weight_decay": recipe.weight_decay,
        "augment": recipe.augment,
        "batch_size": _batch_size(recipe, len(dataset.train)),
        "noise_file": noise_file(dataset, noise),
        "seed": 0,
        "data_hash": dataset.data_hash,
    }
    given = {name: value for name, value in options.items() if value is not None}
    fields = {**defaults, **given}
    content_hash = methods[loss].content_hash(dataset.num_classes, fields["batch_size"])
    chosen = LossSpec(loss, fields.pop("hyperparameters"), content_hash)
    return RunConfig(dataset=dataset.name, noise=noise, loss=chosen, **fields)


def gate_notes(
    configs: Iterable[RunConfig], num_classes: int, methods: Methods = METHODS
) -> tuple[str, ...]:
    """Return a sentence for each loss whose m is too large for so many classes."""
    found: dict[str, None] = {}
    for config in configs:
        method = methods[config.loss.name]
        settings = dict(method.flags) | dict(config.loss.hyperparameters)
        sentence = presets.gate_warning(method.name, settings, num_classes)
        if sentence is not None:
            found[f"Note: {sentence}"] = None
    return tuple(found)


def _batch_size(recipe: Recipe, count: int) -> int:
    """Return the paper's 128, and less for sets that would give few steps an epoch."""
    if recipe.batch_size is not None:
        return min(recipe.batch_size, count)
    return 128 if count >= 1024 else min(32, count)


def noise_file(dataset: Dataset, noise: NoiseSpec) -> str | None:
    """Return name and hash of the file that decides the noise, so that results know it."""
    if noise.matrix is not None:
        return noise.matrix.name
    if noise.kind == "open-set" and dataset.foreign_hash is not None:
        return f"{noise.source}#{dataset.foreign_hash}"
    if noise.reads_columns and dataset.label_file is not None:
        return dataset.label_file.name
    return None
