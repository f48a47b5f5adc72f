"""Features are what scikit-learn's transformers give, in NumPy alone."""

import json

import numpy as np
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from esoftmax_jax.app.data.columns.dates import date_numbers, read_date
from esoftmax_jax.app.data.columns.fit import fit_columns
from esoftmax_jax.app.data.columns.fitted import column_numbers
from esoftmax_jax.app.data.columns.kinds import Column, find_kinds
from esoftmax_jax.app.data.columns.steps import OneHot, Words, category
from esoftmax_jax.app.data.columns.stored import arrays_of, from_stored, to_json
from esoftmax_jax.app.terminal.messages import UsageError
from tests.app.data.columns.table_helpers import CELLS, where

TRAIN, TEST = range(45), range(45, 60)
KINDS = find_kinds(CELLS, TRAIN, where)


def rows(chosen):
    return {name: [CELLS[name][row] for row in chosen] for name in CELLS}


FITTED = fit_columns(KINDS.columns, rows(TRAIN), where)


def of_sklearn(chosen):
    """Return the matrix that the transformers get: numbers, categories and texts."""
    cells, columns = rows(chosen), []
    for column in KINDS.columns:
        own = cells[column.name]
        if column.kind == "category":
            columns.append(np.array([category(cell) for cell in own], object)[:, None])
        elif column.kind == "text":
            columns.append(np.array(own, object)[:, None])
        else:
            columns.append(column_numbers(column, own, where).astype(object))
    return np.concatenate(columns, axis=1)


def numbers(*, indicator):
    return make_pipeline(
        StandardScaler(), SimpleImputer(strategy="median", add_indicator=indicator)
    )


def test_features_are_those_of_a_column_transformer():
    one_hot = OneHotEncoder(
        handle_unknown="infrequent_if_exist",
        max_categories=50,
        min_frequency=2,
        sparse_output=False,
    )
    text = make_pipeline(
        TfidfVectorizer(ngram_range=(1, 2), max_features=20_000, sublinear_tf=True),
        TruncatedSVD(10, random_state=0),
    )
    transformer = ColumnTransformer(
        [
            ("numbers", numbers(indicator=True), [0]),
            ("income", numbers(indicator=True), [1]),
            ("member", numbers(indicator=True), [2]),
            ("joined", numbers(indicator=True), [3]),
            ("of the year", numbers(indicator=False), [4, 5, 6, 7]),
            ("city", one_hot, [10]),
            ("note", text, 11),
        ],
        sparse_threshold=0,
    )
    expected = {"train": transformer.fit_transform(of_sklearn(TRAIN))}
    expected["test"] = transformer.transform(of_sklearn(TEST))
    words = FITTED.steps[-1]
    assert isinstance(words, Words)
    for part, chosen in (("train", TRAIN), ("test", TEST)):
        whole = np.array(expected[part], float)
        whole[:, -10:] = (whole[:, -10:] - words.mean) / words.scale
        found = FITTED.features(rows(chosen), where)
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, whole, atol=2e-5)


def test_test_rows_decide_nothing():
    changed = {name: list(column) for name, column in CELLS.items()}
    for row in TEST:
        changed |= {"age": [*CELLS["age"][:45], *["9000"] * 15]}
        changed["note"][row] = "something else altogether"
    again = fit_columns(KINDS.columns, {k: v[:45] for k, v in changed.items()}, where)
    np.testing.assert_array_equal(
        again.features(rows(TRAIN), where), FITTED.features(rows(TRAIN), where)
    )


def test_stored_columns_give_the_same():
    values = json.loads(json.dumps(to_json(FITTED)))
    again = from_stored(values, arrays_of(FITTED))
    assert again.columns == FITTED.columns
    np.testing.assert_array_equal(
        again.features(rows(TEST), where), FITTED.features(rows(TEST), where)
    )


def test_what_training_has_not_had_is_counted():
    fitted = fit_columns(
        (Column("city", "category"), Column("age", "number", "plain"), Column("note", "text", "words")),
        {"city": ["Oslo", "Rome", "Oslo", "Rome"], "age": ["1", "2", "3", "10"], "note": ["cold water", "hot water", "hot soup", "cold soup"]},
        where,
    )  # fmt: skip
    new = {"city": ["Nice", ""], "age": ["", "3"], "note": ["pasta", "hot pasta"]}
    found = fitted.features(new, where)
    np.testing.assert_array_equal(found[:, :2], 0)  # of no category
    scaled = (np.array([2.5, 3]) - 4) / np.std([1, 2, 3, 10])
    np.testing.assert_allclose(found[:, 2], scaled, rtol=1e-6)  # the median, and 3
    assert fitted.unknown(new, where) == [
        "categories that training did not have: 2 in column 'city', first row 0, 'Nice'",
        "cells without a value, which training did not have: 1 in column 'age', first row 0; "
        "the median takes their place",
        "texts without a word that training had: 1 in column 'note', first row 0",
    ]
    with pytest.raises(
        UsageError,
        match="row 1: expected a finite number in column 'age', as in the training rows, got 'old'; correct it",
    ):
        fitted.features(new | {"age": ["1", "old"]}, where)


def test_rare_categories_share_a_feature():
    cells = {"x": ["a"] * 3 + ["b"] * 3 + ["c", "d"]}
    (step,) = fit_columns((Column("x", "category"),), cells, where).steps
    assert isinstance(step, OneHot)
    np.testing.assert_array_equal(
        step.features(["a", "b", "d", "new"]), [[1, 0, 0], [0, 1, 0], [0, 0, 1], [0, 0, 1]]
    )


def test_texts_without_words_are_read_by_characters():
    cells = {"x": ["! ? !", "? ! ?", "! ! !"]}
    (step,) = fit_columns((Column("x", "text", "words"),), cells, where).steps
    assert isinstance(step, Words)
    assert step.form == "characters"
    assert np.isfinite(step.features(cells["x"])).all()


def test_dates_are_days_and_places_in_year_week_and_day():
    found = date_numbers(read_date("year first", "1970-01-05T06:00:00+01:00"))
    angles = 2 * np.pi * np.array([4 / 366, 0, 5 / 24])
    waves = np.stack([np.sin(angles), np.cos(angles)], axis=1).ravel()
    np.testing.assert_allclose(found, [4 + 5 / 24, *waves], atol=1e-12)
    for form, cell in {"day first": "31/12/2020", "month first": "12/31/2020", "month named": "Thu, Dec 31st, 2020", "year and month": "2020-12"}.items():  # fmt: skip
        date = read_date(form, cell)
        assert date is not None, form
        assert (date.year, date.month) == (2020, 12), form
    for form, cell in {"day first": "12/31/2020", "year first": "2020-02-30", "month named": "12 Foo 2020"}.items():  # fmt: skip
        assert read_date(form, cell) is None
    assert str(read_date("month first", "1/2/2020 12:30 am")) == "2020-01-02 00:30:00"


def good():
    return json.loads(json.dumps(to_json(FITTED))), dict(arrays_of(FITTED))


def place_of(kind):
    return next(i for i, one in enumerate(to_json(FITTED)["steps"]) if one["kind"] == kind)


SCALED, ONE_HOT, WORDS = (place_of(kind) for kind in ("scaled", "one-hot", "words"))
DAMAGED = {
    "no columns": (lambda v, a: v.update(columns=[]), "columns with names"),
    "a name twice": (lambda v, a: v["columns"].append(v["columns"][0]), "columns with names"),
    "another kind": (lambda v, a: v["columns"][0].update(kind="code"), "of the kind 'code'"),
    "no column": (lambda v, a: v["steps"][0].update(column=99), "step 0 of column 99"),
    "below": (lambda v, a: v["steps"][0].update(column=-1), "step 0 of column -1"),
    "of another kind": (lambda v, a: v["steps"][0].update(kind="words"), "of a column of the kind"),
    "scale 0": (lambda v, a: v["steps"][SCALED].update(scale=[0.0]), "a scale of 0"),
    "lengths": (lambda v, a: v["steps"][SCALED].update(mean=[0.0, 1.0]), "parts \\[0\\]"),
    "parts": (lambda v, a: v["steps"][SCALED].update(parts=[3]), "parts \\[3\\]"),
    "frequent": (lambda v, a: v["steps"][ONE_HOT].update(frequent=10**12), "categories"),
    "terms": (lambda v, a: v["steps"][WORDS]["terms"].append("new"), "of shape"),
    "idf": (lambda v, a: a.pop(f"{WORDS}/idf"), "without their arrays"),
    "dtype": (lambda v, a: a.update({f"{WORDS}/idf": np.array(["x"])}), "idf <U1"),
    "finite": (lambda v, a: a[f"{WORDS}/components"].__setitem__(0, np.nan), "not finite"),
    "scale": (lambda v, a: v["steps"][WORDS].update(scale=-1.0), "the scale -1"),
}  # fmt: skip


@pytest.mark.parametrize("case", DAMAGED)
def test_stored_columns_that_are_none(case):
    values, arrays = good()
    arrays = {name: array.copy() for name, array in arrays.items()}
    damage, message = DAMAGED[case]
    damage(values, arrays)
    with pytest.raises(ValueError, match=message):
        from_stored(values, arrays)
