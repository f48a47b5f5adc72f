"""The runs of ``auto``: the rule's rates on folds, and with more effort a grid that votes."""

import dataclasses
from collections.abc import Iterator, Sequence
from typing import Any

from esoftmax_jax.app.data.dataset import Dataset
from esoftmax_jax.app.engine.config import RunConfig
from esoftmax_jax.app.jobs.arguments import Effort
from esoftmax_jax.app.jobs.forecast import work_of
from esoftmax_jax.app.labels.noise_spec import NoiseSpec
from esoftmax_jax.app.methods.loss_spec import Pairs
from esoftmax_jax.app.runs.fold_choice import Candidate, setting_of
from esoftmax_jax.app.runs.recipes import default_settings, make_config, recipe_for
from esoftmax_jax.losses import m_for_gate

LOSS = "CE_eps+MAE"
FOLDS = 5
MEMBERS = 5
"""Networks of the model."""

FEWER_MEMBERS = 4
"""Likewise, with the least effort: half of the runs in all."""

LONG = 2e13
"""Operations of the rule's runs from which on the least effort is the default: minutes."""

RATES = (0.01, 0.03, 0.1, 0.3)
"""Of a loss with β = 1, for small sets and networks; scaled to what a recipe takes."""

_ALPHA = 0.03
_CLASSES = 10  # up to which RATES stay as they are
_CROSS_ENTROPY = (("alpha", 1.0), ("beta", 0.0), ("m", 0.0))  # in the same program
_GATE = 1e-3  # of the probability that an untrained network gives a class
_UNSEEN = 20  # a member of the model learns all examples but one in so many
_RECIPE_RATE = 0.1  # of the recipe that RATES are for, with β = 1 likewise

# Beside the rule's own; α and m of the others of its kind are those of ten classes.
_VOTERS: tuple[tuple[str, dict[str, float], tuple[float, ...]], ...] = (
    ("CE", {}, (0.003, *RATES)),
    ("MAE", {}, RATES[1:]),
    ("GCE", {"q": 0.7}, RATES),
    ("SCE", {"alpha": 0.1, "beta": 1.0}, RATES),
    ("SCE", {"alpha": 1.0, "beta": 1.0}, RATES),
    ("NCE+RCE", {"alpha": 1.0, "beta": 1.0}, RATES),
    ("JAL-CE", {"a": 30.0, "alpha": 1.0, "beta": 1.0}, RATES),
    (LOSS, {"alpha": 0.1, "beta": 1.0, "m": 1e4}, RATES),
    (LOSS, {"alpha": 0.3, "beta": 1.0, "m": 1e4}, RATES),
    (LOSS, {"alpha": 0.1, "beta": 1.0, "m": 0.0}, RATES),
    (LOSS, {"alpha": 0.3, "beta": 1.0, "m": 0.0}, RATES),
)


@dataclasses.dataclass(frozen=True)
class AutoRuns:
    """The runs, fold after fold of setting after setting.

    Attributes:
        rule: those among which the choice is.
        plain: of cross-entropy, which are run and take part where the labels are nearly right.
        voters: further ones that have a vote; empty with less effort.
        by_first_fold: whether the first fold decides, and the other folds of the chosen setting
            alone are run.
    """

    rule: tuple[RunConfig, ...]
    plain: tuple[RunConfig, ...]
    voters: tuple[RunConfig, ...] = ()
    by_first_fold: bool = False

    @property
    def num_members(self) -> int:
        """How many networks the model has."""
        return FEWER_MEMBERS if self.by_first_fold else MEMBERS

    def describe(self, configs: Sequence[RunConfig]) -> tuple[str, int]:
        """Say what runs on folds are for, and how many of what is chosen follow.

        "" of further folds of what the first has chosen: they were counted with it.
        """
        settings = f"{len({setting_of(one) for one in configs})} settings"
        if configs[0] in self.plain:
            settings = f"cross-entropy too, {settings}"
        networks = f"{self.num_members} networks of"
        if not self.by_first_fold:
            tried = f"{settings} in {self.folds} folds and {networks} the chosen one"
            return tried, self.num_members
        if configs[0].fold != (0, self.folds):
            return "", 0
        more = self.folds - 1
        tried = f"{settings} in one fold, the chosen one in {more} more, {networks} it"
        return tried, more + self.num_members

    def on_folds(self, chosen: Candidate) -> list[RunConfig]:
        """Return the runs on folds of a setting among which the choice was."""
        return [one for one in self.rule + self.plain if setting_of(one) == setting_of(chosen)]

    @property
    def members(self) -> tuple[RunConfig, ...]:
        """Those of each model that may be chosen; no more than one model's are run."""
        firsts = (self.rule + self.plain)[:: self.folds]
        return tuple(member for config in firsts for member in member_runs(config))

    @property
    def folds(self) -> int:
        """How many there are."""
        return sum(one.learning_rate == self.rule[0].learning_rate for one in self.rule)


def member_runs(chosen: RunConfig, number: int = MEMBERS) -> tuple[RunConfig, ...]:
    """Return the runs that are the model if this setting is chosen, on nearly all examples.

    Networks on folds lack a fifth of the examples. What a member lacks differs between members,
    and so do their first weights.
    """
    return tuple(
        dataclasses.replace(chosen, fold=(member, _UNSEEN)) for member in range(number)
    )


def auto_runs(
    dataset: Dataset,
    noise: NoiseSpec,
    effort: Effort = "less",
    *,
    rates: Sequence[float] = RATES,
    folds: int = FOLDS,
    **options: Any,
) -> AutoRuns:
    """List the runs of the rule's ``rates``; ``options`` are fields of every configuration.

    α/β and m are those of the rule. A common factor of α and β acts like the rate, so that a
    recipe of a larger β takes larger rates here. So do many classes: MAE's gradient is in
    proportion to the probability of the label, which is 1 / K at first.
    """
    common = recipe_for(dataset).common_rate / _RECIPE_RATE
    scale = common * dict(default_settings(LOSS, dataset, NoiseSpec("none")))["beta"]
    if dataset.class_map != "cifar100":  # whose published β is that of many classes
        scale *= max(1.0, dataset.num_classes / _CLASSES) ** 0.5

    def on_folds(loss: str, settings: Pairs, rates: Iterator[float]) -> Iterator[RunConfig]:
        # Each once: a network that is there twice would have two votes.
        for rate in dict.fromkeys(float(f"{rate:.6g}") for rate in rates):
            for fold in range(folds):
                yield make_config(
                    dataset,
                    noise,
                    loss,
                    hyperparameters=settings,
                    learning_rate=rate,
                    fold=(fold, folds),
                    **options,
                )

    gate = float(m_for_gate(_GATE / dataset.num_classes))
    settings = (("alpha", _ALPHA), ("beta", 1.0), ("m", float(f"{gate:.3g}")))
    voters = [
        config
        for loss, values, tried in (_VOTERS if effort == "more" else ())
        for config in on_folds(
            loss,
            tuple(sorted(values.items())),
            (rate * (common if loss == "CE" else scale) for rate in tried),
        )
    ]
    rule = on_folds(LOSS, settings, (rate * scale for rate in rates))
    plain = on_folds(LOSS, _CROSS_ENTROPY, (rate * common for rate in rates))
    return AutoRuns(tuple(rule), tuple(plain), tuple(voters), effort == "least")


def default_effort(runs: AutoRuns, dataset: Dataset) -> Effort:
    """Return the effort of a user who names none: the least where all runs take minutes.

    By counted operations: what is chosen must not depend on how fast the machine is.
    """
    all_runs = (*runs.rule, *member_runs(runs.rule[0]))
    return "least" if work_of(all_runs, dataset).operations >= LONG else "less"
