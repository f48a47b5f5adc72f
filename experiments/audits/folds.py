"""CIFAR-10's pictures with human labels: what networks on folds leave, and cleanlab beside it.

A small convolutional network is trained on five folds with cross-entropy and with the loss of
``auto``. Of each loss one fold is trained at several rates, and that rate is taken whose
network agrees best with the noisy labels that it has not seen. Cleanlab gets the probabilities
of the same networks.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from esoftmax_jax import cleaning, estimate
from esoftmax_jax.app.audits.findings import probabilities_wrong
from esoftmax_jax.app.augment.augment_spec import SHIFT_AND_FLIP
from esoftmax_jax.app.data.dataset import Dataset
from esoftmax_jax.app.data.in_memory.dataset import dataset_from_arrays
from esoftmax_jax.app.data.label_file import LabelFile
from esoftmax_jax.app.engine.config import RunConfig
from esoftmax_jax.app.engine.finished_run import Run
from esoftmax_jax.app.files.arrays import Array
from esoftmax_jax.app.jobs.auto_runs import LOSS
from esoftmax_jax.app.labels.noise_spec import NoiseSpec
from esoftmax_jax.app.labels.noisy_labels import apply_noise
from esoftmax_jax.app.methods.loss_spec import Pairs
from esoftmax_jax.app.runs.fold_networks import FoldNetwork, FoldNetworks, out_of_fold_logits
from esoftmax_jax.app.runs.recipes import make_config
from esoftmax_jax.app.runs.run_all import run_all
from esoftmax_jax.app.runs.softmax import softmax
from esoftmax_jax.app.suspects.neighbours import neighbour_margins
from experiments.audits.logistic import FOLDS
from experiments.audits.measure import OURS, calibration, of_probabilities, row_of
from experiments.audits.sets import human_pictures
from experiments.evidence import COMBINED, evidence
from experiments.lines import Row

NAME = "pictures"
EPOCHS = 20
TRAINING = "order of auto"
RATES = (0.03, 0.1)

_NETWORK: dict[str, Any] = {
    "network": "eight_layer_cnn",
    "width": 0.25,
    "augment": SHIFT_AND_FLIP,
    "batch_size": 128,
    "weight_decay": 1e-4,
    "epochs": EPOCHS,
}
_LOSSES: dict[str, Pairs] = {
    "CE": (),
    LOSS: (("alpha", 0.03), ("beta", 1.0), ("m", 1e4)),
}


def measure_folds(seed: int, file: LabelFile | None, folder: Path) -> list[Row]:
    """Train what ``folder`` lacks and return a row for each loss, tool and order."""
    images, labels, truth = human_pictures(seed, file)
    # No clean label is among the data, and what is said of the test images is not read.
    dataset = dataset_from_arrays(
        images, labels, test_inputs=images[:100], test_labels=labels[:100]
    )
    kept = FoldNetworks(folder / "folds")
    near = neighbour_margins(dataset, apply_noise(NoiseSpec("none"), dataset, 0))
    rows: list[Row] = []
    for loss, runs in _trained(dataset, kept, folder / "results.jsonl").items():
        networks = [kept.read(one.config) for one in runs]
        where = {"dataset": NAME, "seed": seed, "model": f"networks, {loss}"}
        seconds = sum(one.seconds for one in runs)
        rows += rows_of_networks(where, networks, labels, labels != truth, near, seconds)
    return rows


def rows_of_networks(
    where: Row,
    networks: Sequence[FoldNetwork],
    labels: Array,
    wrong: Array,
    near: Array | None,
    seconds: float,
) -> list[Row]:
    """Return a row for each tool and order of what networks on folds and neighbours say."""
    probabilities = softmax(out_of_fold_logits(networks))
    rows = of_probabilities(where, labels, wrong, probabilities, seconds)
    said = cleaning.label_evidence(probabilities, labels)
    score = cleaning.mean_ranks(evidence(networks, labels, near)[COMBINED])
    flagged = np.zeros(len(labels), bool)  # as an audit does: the first, as many as are doubted
    flagged[np.argsort(score)[: np.sum(said.margins < 0)]] = True
    noise = estimate.confident_joint(probabilities, labels)
    chances = probabilities_wrong(said, noise, score)
    row = row_of(wrong, score, flagged, seconds)
    row |= calibration(chances, wrong)
    return [*rows, where | {"tool": OURS, "order": TRAINING} | row]


def _trained(dataset: Dataset, kept: FoldNetworks, path: Path) -> dict[str, list[Run]]:
    """Return the runs of the chosen rate of each loss, a fold each."""

    def run(configs: Sequence[RunConfig]) -> Iterator[Run]:
        return iter(run_all(configs, dataset, path, NAME, networks=kept))

    tried = run([_config(dataset, loss, rate, 0) for loss in _LOSSES for rate in RATES])
    rates: dict[str, float] = {}
    for loss in _LOSSES:
        some = [next(tried) for _ in RATES]
        rates[loss] = max(some, key=lambda one: one.holdout_accuracy or 0).config.learning_rate
    folds = range(FOLDS)
    done = run([_config(dataset, loss, rates[loss], one) for loss in _LOSSES for one in folds])
    return {loss: [next(done) for _ in folds] for loss in _LOSSES}


def _config(dataset: Dataset, loss: str, rate: float, fold: int) -> RunConfig:
    options = {"learning_rate": rate, "fold": (fold, FOLDS), **_NETWORK}
    return make_config(
        dataset, NoiseSpec("none"), loss, hyperparameters=_LOSSES[loss], **options
    )
