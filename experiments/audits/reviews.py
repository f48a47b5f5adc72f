"""How good the list of one run is, and what it is worth to follow it unseen.

    python -m experiments reviews --seeds 3

On digits as a table, with wrong labels, one network is trained by each loss at the settings
of the table on digits, and its list of suspects is compared with what is wrong. The list of
CE_ε+MAE is then followed without a look: suggestions take the place of labels, or suspects are
left out.
"""

import itertools
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from esoftmax_jax import app, cleaning
from esoftmax_jax.app.data.dataset import Dataset
from esoftmax_jax.app.data.in_memory.dataset import dataset_from_arrays
from esoftmax_jax.app.data.load import load_dataset
from esoftmax_jax.app.files.arrays import Array
from esoftmax_jax.app.files.markdown import markdown_table
from esoftmax_jax.app.jobs.trained import Trained
from esoftmax_jax.app.labels.noise_spec import parse_noise
from esoftmax_jax.app.labels.noisy_labels import apply_noise
from experiments.configs.digits import CHOICES
from experiments.lines import Row, key_of, measure_missing, read_rows

KEY = ("noise", "seed", "loss")
"""What tells a row from others."""

NOISES = ("symmetric:0.4", "pairwise:0.4")
LOSSES = ("CE", "GCE", "CE_eps+MAE", "CE (rate 0.1)")
FOLLOWED = "CE_eps+MAE"
_WIDTH = 0.5  # of the table on digits
_KINDS = {"accuracy": "as they are", "accepted": "suggestions accepted", "left_out": "left out"}


def measure(noise: str, seed: int, epochs: int = 50) -> list[Row]:
    """Return a row for each loss."""
    digits = load_dataset("digits")
    labels = apply_noise(parse_noise(noise), digits, seed).labels
    data = dataset_from_arrays(
        digits.train.images.reshape(len(digits.train), -1),
        labels.observed,
        test_inputs=digits.test.images.reshape(len(digits.test), -1),
        test_labels=digits.test.labels.observed,
    )
    rows = []
    for name in LOSSES:
        found = _trained(data, name, noise, seed, epochs)
        row = {"noise": noise, "seed": seed, "loss": name, "rate": _choice(name, noise)[0]}
        row |= {"accuracy": found.run.test_accuracy, **_quality(found, labels.wrong)}
        if name == FOLLOWED:
            row |= _followed(found, data, labels.reference, noise, seed, epochs)
        rows.append(row)
    return rows


def _choice(name: str, noise: str) -> tuple[float, dict[str, float]]:
    _, symmetric, pairwise = CHOICES[name]
    return pairwise if noise.startswith("pairwise") else symmetric


def _trained(data: Dataset, name: str, noise: str, seed: int, epochs: int) -> Trained:
    rate, constants = _choice(name, noise)
    return app.train(
        data,
        loss=CHOICES[name][0],
        hyperparameters=constants,
        learning_rate=rate,
        seed=seed,
        suspects=True,
        epochs=epochs,
        width=_WIDTH,
    )


def _quality(found: Trained, wrong: Array) -> Row:
    """Return how far wrong labels come first, and how many of them are suspects."""
    assert found.suspects is not None
    listed = np.array(found.suspects.columns["example"]).astype(int)
    scores, suspect = np.empty(len(wrong)), np.zeros(len(wrong), bool)
    scores[listed] = np.arange(len(listed))
    suspect[listed[: found.suspects.count]] = True
    return {
        "auroc": cleaning.ranking_quality(scores, wrong).auroc,
        "suspects_wrong": float(wrong[suspect].mean()),
        "wrong_found": float(suspect[wrong].mean()),
        "wrong": float(wrong.mean()),
    }


def _followed(
    found: Trained, data: Dataset, truth: Array, noise: str, seed: int, epochs: int
) -> Row:
    """Train anew with the list followed unseen."""
    assert found.suspects is not None
    columns = found.suspects.columns
    suspect = np.arange(len(columns["label"])) < found.suspects.count
    row: Row = {}
    for kind, instead in (("accepted", columns["suggestion"]), ("left_out", "")):
        reviewed = {**columns, "label": np.where(suspect, instead, columns["label"])}
        corrected = app.correct(data, reviewed)
        row[kind] = _trained(corrected, FOLLOWED, noise, seed, epochs).run.test_accuracy
        if kind == "accepted":
            row["wrong_after"] = float(np.mean(corrected.train.labels.observed != truth))
    return row


def lists_table(rows: Sequence[Row]) -> str:
    """Return a table of the lists: means over seeds."""
    lines = []
    for noise, loss in dict.fromkeys((row["noise"], row["loss"]) for row in rows):
        own = [row for row in rows if (row["noise"], row["loss"]) == (noise, loss)]
        shares = [100 * _mean(own, name) for name in ("suspects_wrong", "wrong_found")]
        cells = [f"{share:.1f}" for share in shares]
        lines.append(
            [noise, f"{loss}, rate {own[0]['rate']:g}", *cells, f"{_mean(own, 'auroc'):.3f}"]
        )
    columns = ["noise", "loss", "suspects that are wrong %", "wrong labels among them %"]
    return "\n".join(markdown_table([*columns, "area under the ROC curve"], lines))


def worth_table(rows: Sequence[Row]) -> str:
    """Return a table of what it is worth to follow a list unseen."""
    lines = []
    for noise in dict.fromkeys(row["noise"] for row in rows):
        own = [row for row in rows if row["noise"] == noise and row["loss"] == FOLLOWED]
        before, after = (100 * _mean(own, name) for name in ("wrong", "wrong_after"))
        cells = [f"{before:.1f} to {after:.1f}", *(_spread(own, kind) for kind in _KINDS)]
        lines.append([noise, *cells])
    columns = ["noise", "wrong labels %, suggestions accepted"]
    columns += [f"test accuracy %, {name}" for name in _KINDS.values()]
    return "\n".join(markdown_table(columns, lines))


def _mean(rows: Sequence[Row], name: str) -> float:
    return float(np.mean([row[name] for row in rows]))


def _spread(rows: Sequence[Row], name: str) -> str:
    values = [100 * row[name] for row in rows]
    spread = f" ± {np.std(values, ddof=1):.1f}" if len(values) > 1 else ""
    return f"{np.mean(values):.1f}{spread}"


def report_reviews(*, seeds: int, out: Path) -> None:
    """Measure what a file lacks, append the rows and print the tables.

    Args:
        seeds: how many draws of each noise.
        out: the file.
    """
    measure_missing(
        out,
        itertools.product(NOISES, range(seeds)),
        lambda: {key_of(row, KEY[:2]) for row in read_rows(out, KEY)},
        measure,
        lambda noise, seed: f"{noise}, seed {seed}, half a minute",
    )
    rows = read_rows(out, KEY)
    print(f"{lists_table(rows)}\n\n{worth_table(rows)}")
