"""Whether ε-softmax itself matters beside CE + MAE: for many classes, and in convolutions.

    python -m experiments ablation --seeds 3

Each variant of the loss is trained at each rate on all examples, which is one compiled program
a dataset and network. Of each draw the rate counts that has the best clean test accuracy on the
other draws of the setting: variants are compared at their best, not as a user could choose.
"""

import dataclasses
import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from esoftmax_jax.app.data.dataset import Dataset
from esoftmax_jax.app.engine.config import NetworkName, RunConfig
from esoftmax_jax.app.files.markdown import markdown_table
from esoftmax_jax.app.labels.noise_spec import parse_noise
from esoftmax_jax.app.methods.methods import Method
from esoftmax_jax.app.runs.recipes import make_config
from esoftmax_jax.app.runs.run_all import run_all
from esoftmax_jax.losses import m_for_gate
from experiments.lines import Row
from experiments.regret.lines import Work, complete, reported_rows

NOISES = ("symmetric:0.4", "pairwise:0.4")
KEY = ("dataset", "network", "noise", "seed", "rule", "rate")
CE_AND_MAE = "CE + MAE"


@dataclasses.dataclass(frozen=True)
class Trained:
    """What is trained.

    Attributes:
        dataset: of ``SOURCES``.
        network: as in a configuration.
        epochs: of each run.
        rates: that are tried.
    """

    dataset: str
    network: NetworkName
    epochs: int
    rates: tuple[float, ...]


SETTINGS = (
    Trained("digits-pairs", "mlp", 30, (0.01, 0.03, 0.1, 0.3, 1.0)),
    Trained("digits", "mnist_cnn", 8, (0.03, 0.1, 0.3)),
)


@dataclasses.dataclass(frozen=True)
class Variant:
    """A loss of the comparison.

    Attributes:
        name: in the table.
        loss: in the library.
        alpha: weight of cross-entropy beside MAE of weight 1; None of a loss alone.
        gated: whether ε-softmax acts, its gate a thousand times below 1 / K; m = 0 otherwise.
        clipped: whether the probability of the label is clipped.
    """

    name: str
    loss: str
    alpha: float | None = None
    gated: bool = False
    clipped: bool = False

    @property
    def method(self) -> Method:
        """As runs name it."""
        flags: dict[str, Any] = (
            {} if "eps" not in self.loss or self.clipped else {"min_prob": None}
        )
        return Method(self.loss, (self.settings(2),), flags)

    def settings(self, classes: int) -> dict[str, float]:
        """Return the hyperparameters for so many classes."""
        m = float(f"{float(m_for_gate(1e-3 / classes)):.3g}") if self.gated else 0.0
        if self.alpha is None:
            return {"m": m} if "eps" in self.loss else {}
        return {"alpha": self.alpha, "beta": 1.0, "m": m}


def _sums(alpha: float) -> tuple[Variant, ...]:
    both = "CE_eps+MAE"
    return (
        Variant(f"{CE_AND_MAE}, α {alpha:g}", both, alpha),
        Variant(f"CE_ε + MAE, α {alpha:g}, no clip", both, alpha, gated=True),
        Variant(f"CE_ε + MAE, α {alpha:g}", both, alpha, gated=True, clipped=True),
    )


VARIANTS = (
    Variant("CE", "CE"),
    Variant("MAE", "MAE"),
    Variant("CE_ε", "CE_eps", gated=True, clipped=True),
    *_sums(0.03),
    *_sums(0.1),
)
_METHODS: Mapping[str, Method] = {one.name: one.method for one in VARIANTS}


def runs(
    dataset: Dataset,
    noises: Sequence[str],
    seed: int,
    rates: Sequence[float],
    **options: Any,
) -> list[RunConfig]:
    """List a run for each noise, variant and rate."""
    return [
        make_config(
            dataset,
            parse_noise(noise),
            one.name,
            _METHODS,
            hyperparameters=tuple(sorted(one.settings(dataset.num_classes).items())),
            learning_rate=rate,
            seed=seed,
            **options,
        )
        for noise in noises
        for one in VARIANTS
        for rate in rates
    ]


def measure(dataset: Dataset, noises: Sequence[str], seed: int, **options: Any) -> list[Row]:
    """Return a row for each run; ``options`` are those of ``runs``."""
    configs = runs(dataset, noises, seed, **options)
    found = run_all(configs, dataset, None, dataset.name, methods=_METHODS)
    return [
        {
            "dataset": dataset.name,
            "network": config.network,
            "classes": dataset.num_classes,
            "noise": str(config.noise),
            "seed": seed,
            "rule": config.loss.name,
            "rate": config.learning_rate,
            "accuracy": round(100 * run.test_accuracy, 3),
        }
        for config, run in zip(configs, found, strict=True)
    ]


def ablation_table(rows: Sequence[Row]) -> str:
    """Return a table of accuracies, and of each variant's difference to CE + MAE at its α.

    How many draws there are stands behind each setting.
    """
    settings = list(dict.fromkeys(map(_setting, rows)))
    variants = list(dict.fromkeys(row["rule"] for row in rows))
    at_best = {
        (setting, variant): _of_other_draws(
            [row for row in rows if _setting(row) == setting and row["rule"] == variant]
        )
        for setting in settings
        for variant in variants
    }
    lines = []
    for variant in variants:
        found = [at_best[setting, variant] for setting in settings]
        cells = [f"{np.mean(one):.1f}" for one in found]
        lines.append([variant, *cells, _gain(variant, found, at_best, settings)])
    columns = [
        f"{name}, {network}, {noise} ({len(at_best[(name, network, noise), variants[0]])})"
        for name, network, noise in settings
    ]
    return "\n".join(markdown_table(["loss", *columns, "before CE + MAE"], lines))


def _setting(row: Row) -> tuple[str, str, str]:
    return row["dataset"], row["network"], row["noise"]


def _of_other_draws(rows: Sequence[Row]) -> list[float]:
    """Return the accuracy of each draw at the rate that is best on the others."""
    by_seed: dict[int, dict[float, float]] = {}
    for row in rows:
        by_seed.setdefault(row["seed"], {})[row["rate"]] = row["accuracy"]
    found = []
    for seed, own in sorted(by_seed.items()):
        others = [one for of, one in by_seed.items() if of != seed] or [own]
        best = max(own, key=lambda rate: np.mean([one[rate] for one in others]))
        found.append(own[best])
    return found


def _gain(
    variant: str,
    found: Sequence[Sequence[float]],
    at_best: Mapping[tuple[tuple[str, str, str], str], Sequence[float]],
    settings: Sequence[tuple[str, str, str]],
) -> str:
    """Return by how much ε-softmax is ahead of CE + MAE at the same α, ± a standard error."""
    _, comma, rest = variant.partition(", ")
    plain = f"{CE_AND_MAE}, {rest.removesuffix(', no clip')}"
    if not comma or variant == plain or (settings[0], plain) not in at_best:
        return ""
    pairs = zip(found, (at_best[one, plain] for one in settings), strict=True)
    gains = np.concatenate([np.subtract(own, other) for own, other in pairs])
    error = np.std(gains, ddof=1) / np.sqrt(len(gains)) if len(gains) > 1 else 0
    return f"{np.mean(gains):.1f} ± {error:.1f}"


def report_ablation(*, seeds: int, report: bool, out: Path) -> None:
    """Measure what a file of lines lacks, unless only a ``report`` is asked for; print it."""
    if not report:
        work = [_work(one, seed) for one in SETTINGS for seed in range(seeds)]
        complete(out, work, KEY)
    print(ablation_table(reported_rows(out, KEY)))


def _work(setting: Trained, seed: int) -> Work:
    given = {name: getattr(setting, name) for name in ("network", "epochs", "rates")}
    told = itertools.product(NOISES, (one.name for one in VARIANTS), setting.rates)
    return Work(
        setting.dataset,
        seed,
        frozenset(
            (setting.dataset, setting.network, noise, seed, variant, rate)
            for noise, variant, rate in told
        ),
        lambda dataset: runs(dataset, NOISES, seed, **given),
        lambda dataset: measure(dataset, NOISES, seed, **given),
    )
