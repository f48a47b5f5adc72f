"""How each dataset is trained by default: network, epochs, learning rate, loss settings."""

import dataclasses
from typing import Any

from esoftmax_jax import presets
from experiments._config import NetworkName, RunConfig
from experiments._datasets import Dataset
from experiments._methods import METHODS
from experiments._noise_option import NoiseSpec

PAIRS = tuple[tuple[str, float], ...]


@dataclasses.dataclass(frozen=True)
class Recipe:
    """Defaults of a dataset.

    Attributes:
        width: factor on the network's channels.
        common_rate: taken by a loss that does not choose for itself.
        learning_rates: tried on a noisy hold-out set.
        tune: whether each loss chooses learning rate and settings for itself.
        runs_together: how many runs one call of the program advances, per device.
        epochs_together: how many epochs one call advances.
    """

    network: NetworkName
    epochs: int
    common_rate: float
    weight_decay: float
    learning_rates: tuple[float, ...] = ()
    width: float = 1.0
    augment: bool = False
    tune: bool = False
    runs_together: int = 1
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
    epochs_together=10,
)
_MNIST = Recipe("mnist_cnn", epochs=50, common_rate=0.01, weight_decay=1e-3)
_CIFAR10 = Recipe(
    "eight_layer_cnn", epochs=120, common_rate=0.01, weight_decay=1e-4, augment=True
)


def recipe_for(dataset: Dataset) -> Recipe:
    """Return the defaults for a dataset: by name, else by what its images look like."""
    if dataset.name in ("mnist", "fashion_mnist"):
        return _MNIST
    if dataset.name in ("cifar10", "cifar100"):
        return _CIFAR10
    shape = dataset.train_images.shape[1:]
    if len(shape) != 3 or min(shape[:2]) < 16:
        return _DIGITS
    return _MNIST if shape[-1] == 1 else _CIFAR10


def default_settings(loss: str, dataset: Dataset, noise: NoiseSpec) -> PAIRS:
    """Return a loss's hyperparameters: the paper's for CIFAR-10, its CIFAR-10 ones elsewhere.

    The paper gives one setting for clean and symmetric noise and another for asymmetric noise.
    """
    settings = METHODS[loss].candidates[0]
    # CIFAR's constants underfit on small sets of plain features.
    if recipe_for(dataset) is not _DIGITS:
        symmetric = noise.kind in ("none", "symmetric")
        rows = presets.paper("cifar10", "symmetric" if symmetric else "asymmetric", 0.4)
        row = "CE_eps+MAE" if loss == "CE_eps" else loss
        if row in rows:
            published = rows[row].hyperparameters
            settings = {name: published.get(name, value) for name, value in settings.items()}
    return tuple(sorted(settings.items()))


def make_config(dataset: Dataset, noise: NoiseSpec, loss: str, **options: Any) -> RunConfig:
    """Build a configuration from a dataset's recipe; ``options`` override it."""
    recipe = recipe_for(dataset)
    defaults: dict[str, Any] = {
        "hyperparameters": default_settings(loss, dataset, noise),
        "learning_rate": recipe.common_rate,
        "epochs": recipe.epochs,
        "network": recipe.network,
        "width": recipe.width,
        "weight_decay": recipe.weight_decay,
        "augment": recipe.augment,
        "seed": 0,
    }
    given = {name: value for name, value in options.items() if value is not None}
    return RunConfig(dataset=dataset.name, noise=str(noise), loss=loss, **{**defaults, **given})
