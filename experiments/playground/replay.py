"""A small training to look at: who memorises wrong labels, epoch after epoch.

    python -m experiments page --train

Digits with 40 % symmetric noise, the network and the constants of the table ``digits``, twice
its epochs. Cross-entropy and CE_ε+MAE have the same labels, start, batches and learning rates.
The constants were chosen on held-out noisy labels; the epochs and rates so that memorising can
be seen. The labels that are shown are the first wrong ones, not chosen ones.
"""

import dataclasses
import json
from pathlib import Path

import numpy as np

from esoftmax_jax.app.data.dataset import Dataset
from esoftmax_jax.app.data.load import load_dataset
from esoftmax_jax.app.engine.config import RunConfig
from esoftmax_jax.app.engine.group import Group, make_group
from esoftmax_jax.app.engine.program import make_program
from esoftmax_jax.app.files.arrays import Array
from esoftmax_jax.app.labels.noisy_labels import NoisyTraining, apply_noise
from esoftmax_jax.app.methods.methods import METHODS
from esoftmax_jax.app.runs.softmax import softmax
from esoftmax_jax.whole_file import write_whole
from experiments.configs import digits
from experiments.lines import Row, read_rows

LINES = Path(__file__).parents[1] / "results" / "playground" / "replay.jsonl"
SETTING = "sym0.4"
LOSSES = ("CE", "CE_eps+MAE")
RATES = (0.01, 0.03, 0.1)
EPOCHS, SEEDS, SHOWN = 100, 5, 8


def configurations(seed: int) -> list[RunConfig]:
    """Return the runs of one seed: each loss at each rate."""
    cells = {one.row: one for one in digits.build("digits").cells if one.setting == SETTING}
    return [
        dataclasses.replace(cells[loss].run_config(seed), learning_rate=rate, epochs=EPOCHS)
        for loss in LOSSES
        for rate in RATES
    ]


def train() -> list[Row]:
    """Train all runs; return a line of what they share, and a line for each run of seed 0."""
    data = load_dataset("digits")
    configs = [one for seed in range(SEEDS) for one in configurations(seed)]
    program = make_program(configs[0], data, {name: METHODS[name] for name in LOSSES}, 1)
    group = make_group(program, configs, data)
    first = len(LOSSES) * len(RATES)
    history = []
    while not group.finished:
        group.advance(1)
        history.append(group.logits()[:first])
    ends = _shares(group)
    rows = []
    for run in range(first):
        row = _of_run(configs[run], group.noisy[run], np.array([one[run] for one in history]))
        row["clean_test"] = _rounded(group.curves["test_accuracy"][run])
        row["seeds"] = {
            "clean_test": _rounded(group.curves["test_accuracy"][run::first, -1]),
            "memorised": _rounded(ends[run::first]),
        }
        rows.append(row)
    return [what_is_shared(data, group.noisy[0]), *rows]


def what_is_shared(data: Dataset, noisy: NoisyTraining) -> Row:
    """Return the noise, and the first examples with a wrong label."""
    labels, config = noisy.labels, configurations(0)[0]
    examples = [
        {
            "right": int(labels.reference[row]),
            "wrong": int(labels.observed[row]),
            "pixels": np.rint(16 * data.train.images[row]).astype(int).ravel().tolist(),
        }
        for row in shown(noisy)
    ]
    return {
        "dataset": config.dataset,
        "noise": str(config.noise),
        "wrong": int(labels.wrong.sum()),
        "labels": len(labels.observed),
        "epochs": EPOCHS,
        "examples": examples,
    }


def draw_labels() -> tuple[Dataset, NoisyTraining]:
    """Return the data and the labels of seed 0."""
    data = load_dataset("digits")
    return data, apply_noise(configurations(0)[0].noise, data, 0)


def shown(noisy: NoisyTraining) -> Array:
    """Return the rows of the first examples whose label is wrong."""
    return np.flatnonzero(noisy.labels.wrong)[:SHOWN]


def _of_run(config: RunConfig, noisy: NoisyTraining, logits: Array) -> Row:
    """Return the curves of a run from its logits (epochs, N, K)."""
    labels, rows = noisy.labels, shown(noisy)
    given_back = logits.argmax(axis=-1) == labels.observed
    said = logits[:, rows]
    probabilities = softmax(said.reshape(-1, said.shape[-1])).reshape(said.shape)
    places = np.arange(len(rows))

    def per_mille(classes: Array) -> list[list[int]]:
        found: list[list[int]] = (
            np.rint(1000 * probabilities[:, places, classes[rows]]).astype(int).T.tolist()
        )
        return found

    return {
        "loss": config.loss.name,
        "constants": dict(config.loss.hyperparameters),
        "learning_rate": config.learning_rate,
        "noisy_train": _rounded(given_back.mean(axis=1)),
        "memorised": _rounded(given_back[:, labels.wrong].mean(axis=1)),
        "right": per_mille(labels.reference),
        "wrong": per_mille(labels.observed),
    }


def _shares(group: Group) -> Array:
    """Return the share of wrong labels that each run gives back."""
    predicted = group.logits().argmax(axis=-1)
    pairs = zip(predicted, (one.labels for one in group.noisy), strict=True)
    return np.array([(said == one.observed)[one.wrong].mean() for said, one in pairs])


def _rounded(values: Array) -> list[float]:
    return [round(float(value), 4) for value in values]


def write_lines(rows: list[Row]) -> None:
    """Write the lines, whole or not at all."""
    LINES.parent.mkdir(parents=True, exist_ok=True)
    lines = [json.dumps(row, sort_keys=True, separators=(",", ":")) for row in rows]
    write_whole(LINES, "\n".join(lines) + "\n")


def read_lines() -> list[Row]:
    """Return the lines."""
    return read_rows(LINES)
