"""Fitted steps from the cells of a column to features, in NumPy alone.

Each gives what the transformer of scikit-learn that it was taken from gives: ``Scaled`` of
``StandardScaler`` and ``SimpleImputer(strategy="median", add_indicator=True)``, ``OneHot`` of
``OneHotEncoder(handle_unknown="infrequent_if_exist")``, ``Words`` of ``TfidfVectorizer`` and
``TruncatedSVD``.
"""

import dataclasses
import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TypeAlias

import numpy as np

from esoftmax_jax.app.data.columns.cells import is_empty
from esoftmax_jax.app.data.columns.kinds import CHARACTERS
from esoftmax_jax.app.files.arrays import Array
from esoftmax_jax.spreadsheets import cell_value, visible

MISSING = ""
"""The category of cells without a value."""
NGRAMS = {"words": (1, 2), CHARACTERS: (1, 3)}
"""How many words or characters stand together in a term, by what texts are divided into."""

_WORD = re.compile(r"(?u)\b\w\w+\b")
_BLANKS = re.compile(r"\s\s+")


@dataclasses.dataclass(frozen=True, eq=False)
class Scaled:
    """(x − mean) / scale of some numbers of a column, and whether the value is missing.

    Attributes:
        column: the place of the column.
        parts: which of its numbers: a date has several.
        mean: float64 (P,).
        scale: float64 (P,), above 0.
        fill: float64 (P,), the scaled value of what is missing.
        indicator: whether a last feature tells what is missing.
    """

    column: int
    parts: tuple[int, ...]
    mean: Array
    scale: Array
    fill: Array
    indicator: bool

    @property
    def width(self) -> int:
        """How many features it gives."""
        return len(self.parts) + self.indicator

    def features(self, numbers: Array) -> Array:
        """Return float32 (N, width) of float64 (N, parts of the column)."""
        scaled = (numbers[:, list(self.parts)] - self.mean) / self.scale
        missing = np.isnan(scaled)
        scaled = np.where(missing, self.fill, scaled)
        told = [missing[:, :1]] if self.indicator else []
        return np.concatenate([scaled, *told], axis=1).astype(np.float32)


@dataclasses.dataclass(frozen=True, eq=False)
class OneHot:
    """A feature for each frequent category, and perhaps one for all others.

    Attributes:
        column: the place of the column.
        places: the feature of each category that training has had.
        width: how many features there are.
        others: the feature of categories that it has not had; None: they have none.
    """

    column: int
    places: Mapping[str, int]
    width: int
    others: int | None

    def features(self, cells: Sequence[str]) -> Array:
        """Return float32 (N, width)."""
        found = np.zeros((len(cells), self.width), np.float32)
        for row, cell in enumerate(cells):
            place = self.places.get(category(cell), self.others)
            if place is not None:
                found[row, place] = 1
        return found

    def is_known(self, cell: str) -> bool:
        """Tell whether training has had the category of a cell."""
        return category(cell) in self.places


@dataclasses.dataclass(frozen=True, eq=False)
class Words:
    """How often terms stand in a text, weighted, in a few directions.

    For a text with n_t times the term t: w_t = (1 + ln n_t)·idf_t, divided by the root of
    Σ w²; then (components · w − mean) / scale.

    Attributes:
        column: the place of the column.
        form: what texts are divided into.
        vocabulary: the place of each term.
        idf: float32 (V,).
        components: float32 (width, V); None: the weights themselves are the features.
        mean: float32 (width,).
        scale: above 0, the same for all directions.
    """

    column: int
    form: str
    vocabulary: Mapping[str, int]
    idf: Array
    components: Array | None
    mean: Array
    scale: float

    @property
    def width(self) -> int:
        """How many features it gives."""
        return len(self.mean)

    def features(self, cells: Sequence[str]) -> Array:
        """Return float32 (N, width)."""
        found = np.zeros((len(cells), self.width), np.float32)
        directions = (
            None if self.components is None else np.ascontiguousarray(self.components.T)
        )
        for row, cell in enumerate(cells):
            places, weights = self._weights(cell)
            if directions is None:
                found[row, places] = weights
            elif len(places):
                found[row] = weights @ directions[places]
        return ((found - self.mean) / np.float32(self.scale)).astype(np.float32)

    def is_known(self, cell: str) -> bool:
        """Tell whether a text has a term that training has had."""
        return any(term in self.vocabulary for term in terms(self.form, cell))

    def _weights(self, cell: str) -> tuple[Array, Array]:
        counts = Counter(
            place
            for term in terms(self.form, cell)
            if (place := self.vocabulary.get(term)) is not None
        )
        places = np.array(sorted(counts), np.int64)
        times = np.array([counts[place] for place in places.tolist()], np.float64)
        weights = (1 + np.log(times)) * self.idf[places] if len(places) else times
        norm = math.sqrt(float(weights @ weights))
        return places, (weights / norm if norm else weights).astype(np.float32)


Step: TypeAlias = Scaled | OneHot | Words


def category(cell: str) -> str:
    """Return a category in one spelling: 1 for 1.0."""
    return MISSING if is_empty(cell) else cell_value(visible(cell))


def terms(form: str, cell: str) -> list[str]:
    """Return the terms of a text, as ``TfidfVectorizer`` has them."""
    text, (least, most) = cell.lower(), NGRAMS[form]
    if form == CHARACTERS:
        text = _BLANKS.sub(" ", text)
        lengths = range(least, min(most, len(text)) + 1)
        return [text[at : at + n] for n in lengths for at in range(len(text) - n + 1)]
    words = _WORD.findall(text)
    pairs = [" ".join(words[at : at + 2]) for at in range(len(words) - 1)]
    return words + pairs
