"""Two arrays in, evidence about each label out."""

from pathlib import Path

import numpy as np
import pytest

import esoftmax_jax
from esoftmax_jax import app, cleaning
from esoftmax_jax.app import find_wrong_labels
from esoftmax_jax.app.jobs.audit import training
from tests.helpers.audits import CLASSES, noisy, probabilities_of, weak

pytestmark = pytest.mark.usefixtures("folder", "five_together")

TRUTH, LABELS = noisy()
WRONG = np.flatnonzero(TRUTH != LABELS)


def test_a_model_that_is_too_weak_says_so_once_and_tells_no_probabilities(capsys):
    truth, probabilities = weak()
    with pytest.warns(UserWarning, match=r"^no estimate of the noise rate: predictions from"):
        found = find_wrong_labels(None, truth, probabilities=probabilities)
    assert np.isnan(found["probability_wrong"]).all()
    find_wrong_labels(None, truth, probabilities=probabilities, verbose=True)
    printed = "".join(capsys.readouterr())
    assert printed.count("o estimate of the noise rate") == 1
    assert found["suspect"].sum() == np.sum(found["margin"] < 0)


def test_probabilities_of_ones_own_are_enough():
    found = find_wrong_labels(None, LABELS, probabilities=probabilities_of(TRUTH))
    assert np.flatnonzero(found["suspect"]).tolist() == WRONG.tolist()
    assert {*np.argsort(found["rank"])[:6]} == {*WRONG}
    assert sorted(found["rank"]) == list(range(1, 61))
    assert found["probability_wrong"][WRONG].min() > 0.5
    assert {len(column) for column in found.values()} == {60}
    same = app.audit(labels=LABELS, probabilities=probabilities_of(TRUTH)).table
    assert list(found) == list(same)
    for name, column in same.items():
        np.testing.assert_array_equal(found[name], column)


@pytest.mark.parametrize(
    "classes", [CLASSES, [1, 2, 3], [0.5, 1.0, 20.0]], ids=["names", "whole", "fractions"]
)
def test_a_suggestion_can_take_the_place_of_a_label(classes):
    given = np.array(classes)[LABELS]
    found = find_wrong_labels(["text"] * 60, given, probabilities=probabilities_of(TRUTH))
    np.testing.assert_array_equal(found["label"], given)
    mended = np.where(found["suspect"], found["suggestion"], given)
    np.testing.assert_array_equal(mended, np.array(classes)[TRUTH])


def test_truth_values_are_suggested_as_such():
    truth = TRUTH == 0
    given = np.where(np.arange(60) == 7, ~truth, truth)
    right = probabilities_of(truth.astype(int), 2)
    found = find_wrong_labels(None, given, probabilities=right)
    assert found["suggestion"].dtype == bool
    np.testing.assert_array_equal(found["label"] ^ found["suspect"], truth)


def test_labels_or_data_of_pandas_give_a_table_of_pandas():
    pandas = pytest.importorskip("pandas")
    index = [f"row {row}" for row in range(60)]
    right = probabilities_of(TRUTH)
    plain = find_wrong_labels(None, LABELS, probabilities=right)
    series = pandas.Series(LABELS, index=index)
    frame = pandas.DataFrame({"x": range(60)}, index=index)
    for found in (
        find_wrong_labels(None, series, probabilities=right),
        find_wrong_labels(frame, LABELS, probabilities=right),
    ):
        assert found.index.tolist() == index
        assert found.columns.tolist() == list(plain)
        for name, column in plain.items():
            np.testing.assert_array_equal(found[name], column)


def test_features_alone_are_trained_on_and_nothing_is_written_or_printed(capsys):
    points = 5.0 * np.eye(3)[TRUTH] + (np.arange(60) % 7 / 10)[:, None]
    found = find_wrong_labels(points, LABELS + 1, epochs=10)
    np.testing.assert_array_equal(found["label"], LABELS + 1)  # held-out ones are among them
    assert {*np.argsort(found["rank"])[:6]} == {*WRONG}
    trained = np.isfinite(found["training_margin"])
    assert trained.sum() == 48  # a fifth is held out
    events = found["wrong_events"]
    assert np.nanmin(events[WRONG]) > np.nanmax(np.delete(events, WRONG))
    near = found["neighbour_margin"]
    np.testing.assert_array_equal(np.isfinite(near), trained)
    assert np.nanmax(near[WRONG]) < 0 < np.nanmin(np.delete(near, WRONG))
    assert not list(Path().iterdir())
    assert capsys.readouterr() == ("", "")


def test_features_beside_what_is_trained_on_say_who_is_near():
    points = 5.0 * np.eye(3)[TRUTH] + (np.arange(60) % 7 / 10)[:, None]
    other = np.random.default_rng(0).normal(size=(60, 2))
    found = find_wrong_labels(points, LABELS, features=other, epochs=2)
    expected = cleaning.neighbour_margins(other, LABELS)
    np.testing.assert_allclose(found["neighbour_margin"], expected, rtol=1e-6)


def test_images_are_augmented_as_is_said(monkeypatch):
    asked = {}

    def instead(dataset, **options):
        asked.update(options)
        raise app.UsageError("enough")

    monkeypatch.setattr(training, "auto", instead)
    with pytest.raises(app.UsageError, match="enough"):
        find_wrong_labels(np.zeros((60, 4, 4)), LABELS, augment="shift:1", effort="least")
    assert (asked["augment"], asked["effort"], asked["epochs"]) == ("shift:1", "least", None)
    chances = probabilities_of(TRUTH)
    with pytest.raises(
        app.UsageError, match="augment: expected data that is trained on, got p"
    ):
        find_wrong_labels(None, LABELS, probabilities=chances, augment="shift:1")


def test_what_does_not_fit_is_told():
    right = probabilities_of(TRUTH)
    for data, labels, options, message in [
        (None, None, {}, "^labels: expected one for each example, got None"),
        (right, LABELS[:7], {}, "^labels: expected one for each of 60 examples, got 7"),
        (None, LABELS, {"probabilities": right[:7]}, "^probabilities: expected a row for each"),
        ("photos", LABELS, {}, "^labels: expected none beside a path"),
        (["text"] * 60, LABELS, {}, "^arrays: data: expected columns that say something"),
        (right, LABELS, {"effort": "most"}, "effort: expected"),
    ]:
        with pytest.raises(app.UsageError, match=message):
            find_wrong_labels(data, labels, **options)


def test_what_is_masked_is_no_probability():
    truth, labels = noisy()
    given = np.ma.array(probabilities_of(truth))
    given[3] = np.ma.masked
    with pytest.raises(
        app.UsageError, match=r"probabilities: expected numbers, got \d+ masked"
    ):
        find_wrong_labels(None, labels, probabilities=given)


def test_it_is_at_the_top_too():
    assert esoftmax_jax.find_wrong_labels is find_wrong_labels
