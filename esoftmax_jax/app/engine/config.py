"""What defines a run: everything in it, and nothing else, decides the numbers."""

import dataclasses
import json
from typing import Any, Literal, get_type_hints

from esoftmax_jax.app.files.json_file import check_fields

NetworkName = Literal["mlp", "mnist_cnn", "eight_layer_cnn", "resnet34"]
ComputeDtype = Literal["float32", "bfloat16"]


@dataclasses.dataclass(frozen=True)
class RunConfig:
    """One training run; the same configuration gives the same accuracy curve.

    Attributes:
        dataset: a dataset specification, see ``load_dataset``.
        noise: a noise specification, see ``parse_noise``.
        loss: a name that ``method_named`` takes.
        hyperparameters: the loss's, as sorted (name, value) pairs.
        learning_rate: of SGD at the start.
        seed: of noise, initialisation, batch order and augmentation.
        epochs: passes over the training set.
        batch_size: examples in a step; an incomplete last batch is dropped.
        network: which network, with ``width`` its size relative to the paper's.
        width: factor on the number of channels.
        schedule: ``cosine`` to 0, or ``step:EPOCH:...:FACTOR``, the rate times FACTOR from each
            EPOCH on; one step per epoch either way.
        momentum: of SGD.
        weight_decay: L2 in the gradient, on all parameters.
        l1_decay: L1 likewise.
        clip_norm: bound on the gradient's norm, before weight decay; 0: none.
        label_smoothing: share of the label that is spread over all classes.
        ema_decay: of the average of parameters that is evaluated; 0: none is kept.
        dtype: of the network's computation; parameters, loss and statistics are float32.
        augment: what is done to the images of a batch, see ``parse_augmentation``.
        train_examples: use only the first so many training examples; None: all.
        imbalance: largest class over smallest, of the training examples kept; None: all.
        noise_file: name and hash of the file that the noise is taken from, if any.
        holdout: share of the noisy training set held out for choosing hyperparameters.
        data_hash: of the images and labels of data of one's own, which may change under the
            same name; None for a set whose name decides its content.
        loss_hash: of what a loss of one's own computes; None for one of the library's.
    """

    dataset: str
    noise: str
    loss: str
    hyperparameters: tuple[tuple[str, float], ...]
    learning_rate: float
    seed: int
    epochs: int
    batch_size: int = 128
    network: NetworkName = "mlp"
    width: float = 1.0
    schedule: str = "cosine"
    momentum: float = 0.9
    weight_decay: float = 1e-4
    l1_decay: float = 0.0
    clip_norm: float = 5.0
    label_smoothing: float = 0.0
    ema_decay: float = 0.0
    dtype: ComputeDtype = "float32"
    augment: str = "none"
    train_examples: int | None = None
    imbalance: float | None = None
    noise_file: str | None = None
    holdout: float = 0.0
    data_hash: str | None = None
    loss_hash: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values; ``from_json`` reads them back."""
        values = dataclasses.asdict(self) | {"hyperparameters": dict(self.hyperparameters)}
        for name in ("data_hash", "loss_hash"):  # so that older results keep their identity
            if values[name] is None:
                del values[name]
        return values

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "RunConfig":
        """Read what ``to_json`` returned.

        Raises:
            ValueError: it is something else.
        """
        types = {**get_type_hints(cls), "hyperparameters": dict[str, float]}
        needed = {f.name for f in dataclasses.fields(cls) if f.default is dataclasses.MISSING}
        unknown = check_fields(values, {}).keys() - types.keys()
        if unknown:
            raise ValueError(f"expected fields of a configuration, got {min(unknown)!r}")
        augment = values.get("augment", "none")
        if isinstance(augment, bool):  # as results of version 0.1 have it
            augment = "shift:4,flip" if augment else "none"
        values = {**values, "augment": augment}
        wanted = {name: types[name] for name in needed | values.keys()}
        pairs = tuple(sorted(check_fields(values, wanted)["hyperparameters"].items()))
        return cls(**{**values, "hyperparameters": pairs})

    @property
    def identity(self) -> str:
        """A string that two equal configurations share."""
        return json.dumps(self.to_json(), sort_keys=True)
