"""``auto`` as scikit-learn's estimator; ``nox -s estimator`` runs all checks of scikit-learn."""

import copy
import dataclasses

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import estimator_checks_generator
from sklearn.utils.validation import check_is_fitted

from esoftmax_jax import app, cleaning, estimate
from esoftmax_jax.app.audits.findings import bounded_rate, probabilities_wrong
from esoftmax_jax.sklearn import NoisyLabelClassifier

pytestmark = pytest.mark.usefixtures("five_together")

NUMBERS = np.random.default_rng(0).normal(size=(90, 3)) + 8 * np.repeat(np.eye(3), 30, axis=0)
TRUE = np.repeat(["a", "b", "c"], 30)
WRONG = np.arange(90) % 10 == 0
LABELS = np.where(WRONG, np.roll(TRUE, 30), TRUE)

# Those that train nothing, or once.
CHECKS = ["check_estimator_cloneable", "check_estimator_tags_renamed", "check_valid_tag_types", "check_estimator_repr", "check_no_attributes_set_in_init", "check_estimators_unfitted", "check_do_not_raise_errors_in_init_or_set_params", "check_mixin_order", "check_complex_data", "check_estimators_empty_data_messages", "check_estimator_sparse_tag", "check_estimator_sparse_array", "check_classifiers_one_label", "check_classifiers_regression_target", "check_supervised_y_no_nan", "check_parameters_default_constructible", "check_fit2d_1sample", "check_get_params_invariance", "check_set_params", "check_methods_subset_invariance"]  # fmt: skip


def quick(**options):
    return NoisyLabelClassifier(folds=2, learning_rates=(0.1,), epochs=30, **options)


@pytest.fixture(scope="module")
def fitted():
    return make_pipeline(StandardScaler(), quick()).fit(NUMBERS, LABELS)


@pytest.mark.parametrize(
    "check",
    [one for _, one in estimator_checks_generator(quick()) if one.func.__name__ in CHECKS],
    ids=lambda one: one.func.__name__,
)
def test_scikit_learn_s_own_checks(check):
    check(quick())


def test_a_pipeline_learns_the_classes_in_spite_of_wrong_labels(fitted):
    assert fitted.classes_.tolist() == ["a", "b", "c"]
    assert fitted.score(NUMBERS, TRUE) == 1
    probabilities = fitted.predict_proba(NUMBERS)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    np.testing.assert_array_equal(fitted.classes_[probabilities.argmax(axis=1)], TRUE)


def test_evidence_about_each_label_is_in_their_order(fitted):
    evidence = fitted[-1].label_evidence_
    np.testing.assert_array_equal(evidence["label"], LABELS)
    np.testing.assert_array_equal(evidence["margin"] < 0, WRONG)
    np.testing.assert_array_equal(evidence["suggestion"][WRONG], TRUE[WRONG])
    order = np.argsort(-evidence["probability_wrong"], kind="stable")
    assert {*order[:9]} == {*np.flatnonzero(WRONG)}
    assert evidence["probability_wrong"].mean() == pytest.approx(fitted[-1].noise_rate_)
    assert evidence["training_margin"][WRONG].max() < evidence["training_margin"][~WRONG].min()
    assert evidence["wrong_events"][WRONG].min() > evidence["wrong_events"][~WRONG].max()
    near = evidence["neighbour_margin"]
    assert near[WRONG].max() < near[~WRONG].min()
    assert {*np.argsort(evidence["score"])[:9]} == {*np.flatnonzero(WRONG)}


def test_the_probability_of_being_wrong_is_that_of_an_audit(fitted):
    estimator = fitted[-1]
    chances = np.full((6, 3), [0.5, 0.3, 0.2])
    evidence = cleaning.label_evidence(chances, np.array([0, 0, 0, 0, 1, 2]))
    # Of the label's class and its strongest rival: 5/8, 3/8 and 2/7 instead of .5, .3 and .2.
    both = np.array([5 / 8] * 4 + [3 / 8, 2 / 7])
    expected = cleaning.wrong_label_probabilities(both, 0.25 * 6)
    known = dataclasses.replace(estimator.noise_estimate_, rate=0.25, bounds=(0.0, 1.0))
    np.testing.assert_allclose(probabilities_wrong(evidence, known), expected)
    for unknown in (None, dataclasses.replace(known, refused="too little is known")):
        assert np.isnan(probabilities_wrong(evidence, unknown)).all()
    assert bounded_rate(estimator.noise_estimate_) == estimator.noise_rate_


def test_the_noise_is_estimated(fitted):
    classifier = fitted[-1]
    assert classifier.noise_rate_ == pytest.approx(0.1, abs=0.02)
    assert classifier.noise_estimate_.bounds[0] <= classifier.noise_rate_
    expected = np.array([[0.9, 0, 0.1], [0.1, 0.9, 0], [0, 0.1, 0.9]])
    np.testing.assert_allclose(classifier.transition_matrix_, expected, atol=0.04)


def test_a_copy_predicts_the_same(fitted):
    rows = NUMBERS[:7]
    np.testing.assert_array_equal(
        copy.deepcopy(fitted).predict_proba(rows), fitted.predict_proba(rows)
    )
    scaled = fitted[0].transform(rows).astype(np.float32)
    theirs = app.predict(fitted[-1].model_, scaled).probabilities
    np.testing.assert_allclose(theirs, fitted.predict_proba(rows), atol=1e-5)


def test_cross_validation_takes_labels_that_it_has_not_seen():
    found = cross_val_score(quick(), NUMBERS, LABELS, cv=2)
    np.testing.assert_allclose(found, 1 - WRONG.mean(), atol=0.05)


def test_images():
    images = np.where(np.repeat([0, 1], 20)[:, None, None], 200, 20).astype(np.uint8)
    images = images + np.random.default_rng(0).integers(0, 20, (40, 6, 6), np.uint8)
    labels = np.repeat([False, True], 20)
    found = quick().fit(images, labels).predict(images)
    np.testing.assert_array_equal(found, labels)


def test_images_of_another_size_or_range_are_refused():
    images = np.random.default_rng(0).integers(0, 255, (20, 4, 4)).astype(np.uint8)
    classifier = NoisyLabelClassifier(folds=2, learning_rates=(0.1,), epochs=1)
    found = classifier.fit(images, np.arange(20) % 2)
    for other, came in (
        (images / 255, r"got \(4, 4, 1\) of float64"),
        (images[:, :, :3], r"got \(4, 3, 1\) of uint8"),
        (images[:, :, 0], r"got \(4,\) of float64"),
    ):
        message = rf"shape \(4, 4, 1\) of uint8 \(0 to 255\), as fit had, {came}"
        with pytest.raises(ValueError, match=message):
            found.predict(other)


def test_a_table_of_any_columns_is_taken_as_of_a_file():
    pandas = pytest.importorskip("pandas")
    colours = pandas.Series(TRUE).map({"a": "red", "b": "green", "c": "blue"})
    table = pandas.DataFrame({"colour": colours, "key": [f"k{row}" for row in range(90)]})
    classifier = quick().fit(table, LABELS)  # of as many features as NUMBERS has
    assert classifier.feature_names_in_.tolist() == ["colour", "key"]
    assert classifier.model_.card.columns.names == ("colour",)
    np.testing.assert_array_equal(classifier.predict(table), TRUE)
    with pytest.raises(
        ValueError, match=r"X: expected a table with the columns 'colour', as f"
    ):
        classifier.predict_proba(table.to_numpy())
    with pytest.raises(ValueError, match=r"inconsistent numbers of samples: \[90, 89\]"):
        quick().fit(table, LABELS[:-1])


def test_a_class_of_one_example_is_refused():
    with pytest.raises(ValueError, match=r"two different examples .* got 1 of 'b'; add some"):
        quick().fit(NUMBERS[:5], ["a", "a", "a", "a", "b"])


@pytest.mark.parametrize("nothing", [None, np.nan])
def test_a_missing_label_is_refused(nothing):
    labels = LABELS.astype(object)
    labels[[4, 7]] = nothing
    with pytest.raises(
        ValueError, match=r"y: expected a label .* in row 4, .*rows: 2|contains"
    ):
        quick().fit(NUMBERS, labels)


def test_of_networks_no_better_than_chance_no_rate_is_told():
    classifier, labels = quick(), np.arange(40) % 2
    classifier._estimate_noise(np.where(np.eye(2)[labels] == 1, 0.1, 0.9), labels)
    assert classifier.noise_estimate_ is None
    assert np.isnan(classifier.noise_rate_)
    assert np.isnan(classifier.transition_matrix_).all()


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"folds": 1}, r"folds: expected a whole number ≥ 2, got 1"),
        ({"folds": 2.0}, r"folds: expected a whole number ≥ 2, got 2\.0"),
        ({"learning_rates": ()}, r"learning_rates: expected a list of numbers > 0, got \(\)"),
        ({"learning_rates": 0.1}, r"learning_rates: expected a list of numbers > 0, got 0\.1"),
        (
            {"learning_rates": [0.1, -1]},
            r"learning_rates: expected a number > 0 that float32 holds, got -1",
        ),
        ({"learning_rates": [1e300]}, r"a number > 0 that float32 holds, got 1e\+300"),
        ({"epochs": 0}, r"epochs: expected a whole number ≥ 1, got 0"),
        ({"epochs": "5"}, r"epochs: expected a whole number ≥ 1, got '5'"),
    ],
)
def test_parameters_that_are_none_are_refused_by_fit(parameters, message):
    with pytest.raises(ValueError, match=message):
        NoisyLabelClassifier(**parameters).fit(NUMBERS, LABELS)


def test_names_beside_numbers_are_told():
    labels = np.array([0, "b", "c"], object)[np.repeat(range(3), 30)]
    message = r"y: expected labels that are all text or all numbers, got 0 beside 'b'; pass num"
    with pytest.raises(ValueError, match=message):
        quick().fit(NUMBERS, labels)
    with pytest.raises(ValueError, match="y: expected labels of one type, got 1 beside '1'"):
        quick().fit(NUMBERS, [1, "1", 2] * 30)


def test_numbers_that_networks_cannot_take_are_refused(fitted):
    alone = fitted[-1]
    with pytest.raises(ValueError, match="X: row 0 holds a value that is not a finite float32"):
        alone.predict_proba(NUMBERS[:2] * 1e300)
    with pytest.raises(
        ValueError, match=r"got row 0, of which no finite logits are made \(2 such"
    ):
        alone.predict(NUMBERS[:2] * 2e37)


def test_a_grid_of_settings_is_searched():
    grid = {"learning_rates": [(1e-9,), (0.1,)]}
    search = GridSearchCV(quick(), grid, cv=2).fit(NUMBERS, LABELS)
    assert search.best_params_ == {"learning_rates": (0.1,)}


def test_a_refused_estimate_is_not_told(monkeypatch):
    found = estimate.confident_joint

    def refused(*given):
        return dataclasses.replace(found(*given), refused="too little is known")

    monkeypatch.setattr(estimate, "confident_joint", refused)
    classifier = quick().fit(NUMBERS, LABELS)
    assert classifier.noise_estimate_.refused == "too little is known"
    assert np.isnan(classifier.noise_rate_)
    assert np.isnan(classifier.transition_matrix_).all()
    assert np.isnan(classifier.label_evidence_["probability_wrong"]).all()


def test_hidden_numbers_and_labels_are_no_data(fitted):
    hidden = np.zeros(90, bool)
    hidden[[3, 5]] = True
    with pytest.raises(
        ValueError, match=r"^y: expected a label .* a masked one in row 3, .* 2\)"
    ):
        quick().fit(NUMBERS, np.ma.array(LABELS, mask=hidden))
    cells = np.ma.array(NUMBERS, mask=hidden[:, None] & np.ones(3, bool))
    for take in (lambda: quick().fit(cells, LABELS), lambda: fitted[-1].predict(cells)):
        with pytest.raises(ValueError, match="^X: expected numbers, got 6 masked; leave"):
            take()


@pytest.mark.parametrize(
    ("inputs", "labels", "message"),
    [
        (NUMBERS, np.where(np.arange(90) == 0, "horse", TRUE), "^y: expected two different"),
        (NUMBERS[:, :2] * 1e300, TRUE, "^X: row 0 holds a value that is not a finite float32"),
    ],
)
def test_after_a_fit_that_fails_no_earlier_one_answers(fitted, inputs, labels, message):
    again = copy.deepcopy(fitted[-1])
    with pytest.raises(ValueError, match=message):
        again.fit(inputs, labels)
    with pytest.raises(NotFittedError):
        again.predict(NUMBERS)
    with pytest.raises(NotFittedError):
        check_is_fitted(again)
    assert not hasattr(again, "label_evidence_")


def test_after_a_parameter_that_is_none_no_earlier_fit_answers(fitted):
    again = copy.deepcopy(fitted[-1]).set_params(folds=1)
    with pytest.raises(ValueError, match="^folds: expected"):
        again.fit(NUMBERS, LABELS)
    with pytest.raises(NotFittedError):
        again.predict(NUMBERS)
