"""``auto`` as an estimator of scikit-learn."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import (
    check_consistent_length,
    check_is_fitted,
    check_random_state,
    column_or_1d,
    validate_data,
)

from esoftmax_jax import cleaning, estimate
from esoftmax_jax.app.audits.findings import against_rival, bounded_rate, probabilities_wrong
from esoftmax_jax.app.data.checks import checked_images
from esoftmax_jax.app.data.dataset import Dataset
from esoftmax_jax.app.data.in_memory.dataset import dataset_from_arrays
from esoftmax_jax.app.data.in_memory.labels import check_one_type, plain_labels
from esoftmax_jax.app.data.in_memory.tables import as_table, features_of_table
from esoftmax_jax.app.data.names import IN_MEMORY
from esoftmax_jax.app.engine.folds import fewest_examples, same_examples
from esoftmax_jax.app.files.arrays import Array, refuse_masked
from esoftmax_jax.app.jobs.auto import AutoDestination, run_auto
from esoftmax_jax.app.jobs.auto_runs import FOLDS, RATES, auto_runs
from esoftmax_jax.app.jobs.auto_trained import AutoTrained
from esoftmax_jax.app.jobs.option_kinds import RATE, Kind, whole
from esoftmax_jax.app.labels.noise_spec import NoiseSpec
from esoftmax_jax.app.runs.softmax import softmax
from esoftmax_jax.app.terminal.console import speaking, warn
from esoftmax_jax.app.terminal.messages import UsageError
from esoftmax_jax.app.terminal.whole_numbers import shown
from esoftmax_jax.spreadsheets import named

_BATCH = 128  # rows a program takes; always as many, so that a row's result is its own
_SEEDS = 2**31 - 1


class NoisyLabelClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A classifier for labels of which some are wrong, nobody knows which.

    CE_ε+MAE is trained on folds at several learning rates; networks of the rate that agrees
    best with labels it has not seen are averaged: see ``esoftmax_jax.app.auto``. Pixels and
    columns should be numbers of one scale, as of ``StandardScaler``: the network standardises
    by one mean and deviation a column.

    Args:
        folds: how many; fewer where a class has fewer different examples.
        learning_rates: among which is chosen, on the scale of the defaults.
        epochs: passes over the data; None: by its kind.
        random_state: of folds, initialisation and order of examples.

    Attributes:
        classes_: the labels, sorted.
        choice_: what was chosen, between what, and how sure that is.
        label_evidence_: dictionary of arrays, in the order of ``y``: the label, the class
            suggested in its place, its out-of-fold probability (``self_confidence``) and
            margin, the mean margin and the share of wrong events of the networks that learnt
            it, how far its neighbours have it, the score that these make (the lower the more
            suspicious), and the probability that it is wrong. ``pandas.DataFrame`` takes it.
        noise_estimate_: all that is known of the noise; ``refused`` says why it is not to be
            trusted, if so. None where the networks agree with labels by chance at best. In
            both cases all that follows from it is NaN.
        noise_rate_: the estimated share of wrong labels, within the bounds of the estimate.
        transition_matrix_: (K, K): of each true class (row) the share of each label.
        model_: the averaged networks, which ``esoftmax_jax.app.predict`` takes; it calls
            classes by their places in ``classes_``.

    Example:
        >>> import numpy as np
        >>> from esoftmax_jax.sklearn import NoisyLabelClassifier
        >>> numbers = np.random.default_rng(0).normal(size=(60, 2))
        >>> labels = np.where(numbers[:, 0] > 0, "right", "left")
        >>> classifier = NoisyLabelClassifier(folds=2, learning_rates=(0.1,), epochs=5)
        >>> classifier.fit(numbers, labels).predict([[3.0, 0.0], [-3.0, 0.0]]).tolist()
        ['right', 'left']
    """

    def __init__(
        self,
        *,
        folds: int = FOLDS,
        learning_rates: Sequence[float] = RATES,
        epochs: int | None = None,
        random_state: Any = 0,
    ) -> None:
        self.folds = folds
        self.learning_rates = learning_rates
        self.epochs = epochs
        self.random_state = random_state

    def fit(self, X: Any, y: Any) -> Self:
        """Train.

        Args:
            X: numbers (N, D), or images (N, H, W) or (N, H, W, C), or a table of pandas with
                columns of any kind, of which features are made as of a file.
            y: (N,) labels as scikit-learn takes them: texts, whole numbers, booleans. They
                go with the rows of X by their order, not by an index.

        Raises:
            ValueError: a parameter is none, they do not go together, a label is missing or of
                another type than others, a class has one example, there is one class.
        """
        for name in [one for one in vars(self) if one.endswith("_")]:
            delattr(self, name)  # after a fit that fails nothing of an earlier one answers
        self._check_parameters()
        refuse_masked("X", X)
        if np.ma.isMA(y):
            plain_labels("y", y)
        if _is_mixed(X):
            inputs, labels = validate_data(self, X, y, skip_check_array=True)
            labels = column_or_1d(labels, warn=True)
            check_consistent_length(inputs, labels)
        else:
            inputs, labels = validate_data(self, X, y, allow_nd=True, ensure_min_samples=2)
        plain_labels("y", labels)  # a missing one is refused
        check_one_type("y", y)
        _check_one_kind(labels)
        check_classification_targets(labels)
        self.classes_, numbers = np.unique(labels, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(
                "y: expected two classes or more, got one class; there is nothing to learn"
            )
        found = self._auto(_dataset(inputs, numbers))
        self.model_, self.choice_ = found.model, found.choice
        probabilities = found.out_of_fold_probabilities
        evidence = cleaning.label_evidence(probabilities, numbers)
        self._estimate_noise(probabilities, numbers)
        learnt = found.training_evidence
        score = cleaning.mean_ranks(learnt.scores(against_rival(evidence)))
        self.label_evidence_ = {
            "label": labels,
            "suggestion": self.classes_[evidence.suggestions],
            "self_confidence": evidence.self_confidences,
            "margin": evidence.margins,
            "training_margin": learnt.margins,
            "wrong_events": learnt.wrong_events,
            "neighbour_margin": learnt.neighbour_margins,
            "score": score,
            "probability_wrong": probabilities_wrong(evidence, self.noise_estimate_, score),
        }
        return self

    def __sklearn_is_fitted__(self) -> bool:
        """Whether ``fit`` has come to its end."""
        return hasattr(self, "label_evidence_")

    def _check_parameters(self) -> None:
        """Refuse what was passed to the constructor, which scikit-learn wants done here."""
        rates: Any = self.learning_rates
        if np.ndim(rates) != 1 or not len(rates):
            raise ValueError(
                f"learning_rates: expected a list of numbers > 0, got {shown(rates)}"
            )
        parameters: list[tuple[str, Kind, Any]] = [("folds", whole(2), self.folds)]
        parameters += [("learning_rates", RATE, rate) for rate in rates]
        parameters += [] if self.epochs is None else [("epochs", whole(1), self.epochs)]
        for name, kind, value in parameters:
            if expected := kind.wrong(value):
                raise ValueError(f"{name}: expected {expected}, got {shown(value)}")

    def _estimate_noise(self, probabilities: Array, numbers: Array) -> None:
        try:
            noise = estimate.confident_joint(probabilities, numbers)
        except ValueError:  # no better than chance: nothing is known
            noise = None
        self.noise_estimate_ = noise
        if noise is None or noise.refused:
            self.noise_rate_ = np.nan
            self.transition_matrix_ = np.full((probabilities.shape[1],) * 2, np.nan)
        else:
            self.noise_rate_, self.transition_matrix_ = bounded_rate(noise), noise.matrix

    def predict(self, X: Any) -> Any:
        """Return the likeliest class of each row."""
        places = self.predict_proba(X).argmax(axis=1)  # first: it may be refused
        return self.classes_[places]

    def predict_proba(self, X: Any) -> npt.NDArray[np.float64]:
        """Return the probability of each class, float64 (N, K), the mean over the networks."""
        check_is_fitted(self)
        refuse_masked("X", X)
        rows = self._rows(X)
        parts = [self._logits(rows[at : at + _BATCH]) for at in range(0, len(rows), _BATCH)]
        logits = np.concatenate(parts)
        lost = np.flatnonzero(~np.isfinite(logits).all(axis=1))
        if lost.size:
            raise ValueError(
                f"X: expected numbers such as fit had, got row {lost[0]}, of which no finite "
                f"logits are made ({lost.size} such rows); correct it, or leave it out"
            )
        return softmax(logits)

    def _rows(self, X: Any) -> Array:
        """Return rows as the networks take them."""
        columns = self.model_.card.columns
        if columns is not None:
            found = features_of_table("X", X, columns) if hasattr(X, "iloc") else None
            if found is None:
                raise ValueError(
                    f"X: expected a table with the columns {named(columns.names)}, as fit had, "
                    f"got {type(X).__name__}"
                )
            validate_data(self, X, reset=False, skip_check_array=True)
            return found[0]
        rows = _numbers(validate_data(self, X, reset=False, allow_nd=True))
        self._check_kind(rows)
        if rows.dtype == np.uint8:
            return rows[..., np.newaxis] if rows.ndim == 3 else rows
        offsets = np.array(self.model_.card.feature_offsets or 0.0)
        return checked_images(rows - offsets, "X")

    def _check_kind(self, rows: Array) -> None:
        """Refuse images of another size or range than those of fit."""
        card = self.model_.card
        shape = (*rows.shape[1:], 1) if rows.ndim == 3 else rows.shape[1:]
        bytes_now, bytes_then = rows.dtype == np.uint8, card.input_dtype == "uint8"
        if shape != tuple(card.input_shape) or bytes_now != bytes_then:
            then = "uint8 (0 to 255)" if bytes_then else "floating numbers"
            raise ValueError(
                f"X: expected examples of shape {tuple(card.input_shape)} of {then}, as fit "
                f"had, got {shape} of {rows.dtype}"
            )

    def _logits(self, rows: Array) -> Array:
        padded = np.zeros((_BATCH, *rows.shape[1:]), rows.dtype)
        padded[: len(rows)] = rows
        return self.model_.logits(padded)[: len(rows)]

    def _auto(self, dataset: Dataset) -> AutoTrained:
        rarest, count = fewest_examples(
            dataset.train.labels.observed, dataset.num_classes, same_examples(dataset)
        )
        if count < 2:
            raise ValueError(
                f"y: expected two different examples of each class or more, got {count} of "
                f"{self.classes_.tolist()[rarest]!r}; add some, leave the class out or join "
                "it with another"
            )
        options: dict[str, Any] = {} if self.epochs is None else {"epochs": self.epochs}
        runs = auto_runs(
            dataset,
            NoiseSpec("none"),
            rates=tuple(self.learning_rates),
            folds=min(self.folds, count),
            seed=int(check_random_state(self.random_state).randint(_SEEDS)),
            **options,
        )
        with speaking(False):
            warn(dataset.warnings)
            return run_auto(runs, dataset, AutoDestination())


def _dataset(inputs: Any, numbers: Array) -> Dataset:
    """Return all examples as training examples; those of the test part are not looked at."""
    table = hasattr(inputs, "iloc")
    rows: Any = inputs if table else _numbers(inputs)
    try:
        return dataset_from_arrays(
            rows,
            numbers,
            test_inputs=rows.iloc[:1] if table else rows[:1],
            test_labels=numbers[:1],
            class_names=[str(number) for number in range(int(numbers.max()) + 1)],
            literal_labels=True,
        )
    except UsageError as error:
        raise UsageError(f"{error}".replace(f"{IN_MEMORY}: inputs", "X")) from None


def _is_mixed(inputs: Any) -> bool:
    """Tell whether something is a table that is not all numbers, or has empty cells."""
    return hasattr(inputs, "iloc") and as_table("X", inputs) is not None


def _check_one_kind(labels: Array) -> None:
    """Refuse names beside numbers, which cannot be sorted."""
    values = labels.tolist() if labels.dtype.kind == "O" else []
    texts = [isinstance(value, str) for value in values]
    if any(texts) and not all(texts):
        other = values[texts.index(False)]
        raise ValueError(
            f"y: expected labels that are all text or all numbers, got {shown(other)} beside "
            f"{shown(values[texts.index(True)])}; pass numpy.asarray(y).astype(str)"
        )


def _numbers(inputs: Array) -> Array:
    """Return images of bytes as they are, everything else as floating-point numbers."""
    return inputs if inputs.dtype == np.uint8 and inputs.ndim > 2 else inputs.astype(np.float64)
