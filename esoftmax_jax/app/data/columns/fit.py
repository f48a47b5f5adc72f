"""Fitting the steps by scikit-learn, on training rows alone."""

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from esoftmax_jax.app.data.columns.fitted import Cells, FittedColumns, column_numbers
from esoftmax_jax.app.data.columns.kind_names import CATEGORY, DATE, TEXT
from esoftmax_jax.app.data.columns.kinds import CHARACTERS, WORDS, Column
from esoftmax_jax.app.data.columns.steps import NGRAMS, OneHot, Scaled, Step, Words, category
from esoftmax_jax.app.files.arrays import Array

MOST_CATEGORIES, LEAST_ROWS = 50, 2
"""Features of a column of categories, and rows of a category that has one of its own."""
MOST_TERMS, MOST_DIRECTIONS = 20_000, 100
"""Terms of a column of texts, and features that are made of them."""
_LEAST_DIRECTIONS, _ROWS_OF_A_DIRECTION = 10, 20
_MANY_TEXTS = 50  # of which a term has to be in several
_SEED = 0


def fit_columns(
    columns: Sequence[Column], cells: Cells, where: Callable[[int], str]
) -> FittedColumns:
    """Fit the steps of columns.

    Args:
        columns: with their kinds.
        cells: of the training rows.
        where: names one of these rows.

    Raises:
        UsageError: a number or a date is none.
    """
    steps: list[Step] = []
    for place, column in enumerate(columns):
        own = cells[column.name]
        if column.kind == CATEGORY:
            steps.append(_one_hot(place, own))
        elif column.kind == TEXT:
            steps.append(_words(place, column.form, own))
        else:
            numbers = column_numbers(column, own, where)
            steps += _scaled(place, numbers, [0], indicator=True)
            if column.kind == DATE:
                steps += _scaled(place, numbers, range(1, numbers.shape[1]), indicator=False)
    return FittedColumns(tuple(columns), tuple(steps))


def _scaled(place: int, numbers: Array, parts: Sequence[int], *, indicator: bool) -> list[Step]:
    """Return a step, or none of numbers that are the same in every row."""
    differing = [part for part in parts if len(np.unique(numbers[:, part])) > 1]
    missing = bool(np.isnan(numbers[:, parts[0]]).any())
    if not differing:
        return []
    scaler = StandardScaler()
    imputer = SimpleImputer(strategy="median").fit(scaler.fit_transform(numbers[:, differing]))
    return [
        Scaled(
            place, tuple(differing), scaler.mean_, scaler.scale_, imputer.statistics_,
            indicator and missing,
        )
    ]  # fmt: skip


def _one_hot(place: int, cells: Sequence[str]) -> OneHot:
    encoder = OneHotEncoder(
        handle_unknown="infrequent_if_exist",
        max_categories=MOST_CATEGORIES,
        min_frequency=LEAST_ROWS,
        sparse_output=False,
    )
    values = np.array([category(cell) for cell in cells], object)[:, np.newaxis]
    encoder.fit(values)
    rare = encoder.infrequent_categories_[0]
    others = set() if rare is None else set(rare.tolist())
    frequent = [name for name in encoder.categories_[0].tolist() if name not in others]
    places = {name: at for at, name in enumerate(frequent)}
    places |= dict.fromkeys(sorted(others), len(frequent))
    width = len(frequent) + bool(others)
    return OneHot(place, places, width, len(frequent) if others else None)


def _words(place: int, form: str, cells: Sequence[str]) -> Words:
    vectorizer, weights = _weights(form, cells)
    # More would tell single texts from others: wrong labels are memorised.
    count = max(_LEAST_DIRECTIONS, min(len(cells) // _ROWS_OF_A_DIRECTION, MOST_DIRECTIONS))
    count = min(count, len(cells) - 1)
    components = None
    if weights.shape[1] > count:
        svd = TruncatedSVD(n_components=max(count, 1), random_state=_SEED)
        with warnings.catch_warnings():  # texts that are all alike explain no variance
            warnings.simplefilter("ignore", RuntimeWarning)
            components = svd.fit(weights).components_.astype(np.float32)
    idf = vectorizer.idf_.astype(np.float32)
    terms = {term: int(at) for term, at in vectorizer.vocabulary_.items()}
    found = weights.toarray() if components is None else weights @ components.T
    # One scale for all: directions in which texts differ more stay longer.
    scale = float(np.sqrt(found.var(axis=0, dtype=np.float64).mean())) or 1.0
    mean = found.mean(axis=0, dtype=np.float64).astype(np.float32)
    return Words(place, _form_of(vectorizer), terms, idf, components, mean, scale)


def _weights(form: str, cells: Sequence[str]) -> tuple[Any, Any]:
    """Return a fitted vectorizer and the weights of texts; by characters where no word is."""
    for divided in dict.fromkeys((form, CHARACTERS)):
        least = 2 if len(cells) >= _MANY_TEXTS else 1
        vectorizer = TfidfVectorizer(
            analyzer="word" if divided == WORDS else "char",
            ngram_range=NGRAMS[divided],
            max_features=MOST_TERMS,
            min_df=least,
            sublinear_tf=True,
        )
        try:
            return vectorizer, vectorizer.fit_transform(cells)
        except ValueError:  # no term is left
            continue
    raise AssertionError("a text without characters is no text")


def _form_of(vectorizer: Any) -> str:
    return WORDS if vectorizer.analyzer == "word" else CHARACTERS
