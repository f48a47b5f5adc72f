"""A column that is the labels: what was forgotten in a table of pandas."""

import numpy as np
import pytest

from esoftmax_jax import app

pandas = pytest.importorskip("pandas")

SIZE = np.arange(40.0) % 7
LABELS = np.where(np.arange(40) % 3 == 0, "dry", "wet")
MESSAGE = (
    r"arrays: inputs: expected features beside labels, got the labels themselves in column "
    r"'kind', from which each would seem right; remove the column"
)


@pytest.mark.parametrize("labels", [LABELS, np.arange(40) % 2, np.arange(40) % 2 == 0])
@pytest.mark.parametrize("table", [dict, pandas.DataFrame])
def test_labels_among_the_features_are_refused(labels, table):
    with pytest.raises(app.UsageError, match=MESSAGE):
        app.dataset_from_arrays(table({"size": SIZE, "kind": labels}), labels)


def test_the_column_that_is_named_as_no_feature_is_passed_over():
    frame = pandas.DataFrame({"size": SIZE, "kind": LABELS, "colour": ["red", "blue"] * 20})
    with pytest.raises(app.UsageError, match=MESSAGE):
        app.dataset_from_arrays(frame, frame["kind"])
    data = app.dataset_from_arrays(frame, frame["kind"], ignore="kind")
    assert data.class_names == ("dry", "wet")
    assert "kind" not in (data.columns.names if data.columns else ())


@pytest.mark.parametrize(
    ("inputs", "name"),
    [
        (pandas.DataFrame({"size": SIZE, "code": (LABELS == "wet") + 5}), "code"),
        (pandas.DataFrame({"size": SIZE, "is": np.where(LABELS == "wet", "x", "y")}), "is"),
        ({"size": SIZE, "code": (LABELS == "wet") + 5}, "code"),
        (np.stack([SIZE, LABELS == "wet"], axis=1), "1"),
        (np.where(LABELS == "wet", "it rained", "it did not").tolist(), "text"),
    ],
    ids=["numbers", "mixed", "dictionary", "array", "texts"],
)
def test_recoded_labels_are_told_as_of_a_file(inputs, name):
    data = app.dataset_from_arrays(inputs, LABELS)
    (text,) = data.warnings
    assert text == (
        f"the column {name!r} has one value for each label and no other, so that labels are "
        "read from there and each seems right; leave it out unless that is meant"
    )
    assert data.note.startswith(f"Warning: {text}.")


def test_a_column_that_is_the_labels_but_for_one_row_is_a_feature():
    almost = np.where(np.arange(40) == 5, "dry", LABELS)
    data = app.dataset_from_arrays({"size": SIZE, "kind": almost}, LABELS)
    assert data.columns is not None
    assert data.columns.names == ("size", "kind")
