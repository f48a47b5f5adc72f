"""Labels corrected from Python: by a table in memory, a file, a frame or several of them."""

import numpy as np
import pytest

from esoftmax_jax import app


@pytest.fixture
def table(folder):
    """A table of two classes with a held-out fifth, and what ``correct`` takes."""
    rows = "".join(f"{number},{number % 7},{'ab'[number % 2]}\n" for number in range(20))
    (folder / "own.csv").write_text(f"x,y,label\n{rows}")
    return app.load_dataset("csv:own.csv")


def reviewed(data, label, **columns):
    """Return a table that gives the first two training examples another label, or none."""
    return {"example": list(data.train.sources[:2]), "label": [label] * 2, **columns}


def test_a_table_in_memory_corrects_labels(table):
    before = table.train.labels.observed
    flipped = "ab"[1 - before[0]]
    after = app.correct(table, reviewed(table, flipped))
    assert [after.class_names[label] for label in after.train.labels.observed[:2]] == [
        flipped
    ] * 2
    np.testing.assert_array_equal(after.train.labels.observed[2:], before[2:])
    assert after.data_hash != table.data_hash


@pytest.mark.parametrize("nothing", ["", None, float("nan"), np.nan])
def test_an_example_without_a_label_is_left_out(table, nothing):
    after = app.correct(table, reviewed(table, nothing))
    assert after.train.sources.tolist() == table.train.sources.tolist()[2:]


def test_suspect_labels_are_taken_back(table):
    found = app.find_suspects(table, epochs=1).columns
    assert set(found["part"]) == {"train", "test"}
    same = app.correct(table, found)
    np.testing.assert_array_equal(same.train.labels.observed, table.train.labels.observed)
    assert same.data_hash == table.data_hash
    found["label"] = np.where(found["rank"] == 1, "", found["label"])
    kept = app.correct(table, found)
    left = len(kept.train) + len(kept.test)
    assert left == len(found["rank"]) - 1


def test_a_frame_of_pandas_is_a_table(table):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(reviewed(table, None, id=table.train.ids[:2]))
    after = app.correct(table, frame)
    assert len(after.train) == len(table.train) - 2


def test_a_later_list_overrides_an_earlier_one_file_or_table(table, folder):
    first = reviewed(table, "a")
    names = first["example"]
    (folder / "later.csv").write_text("".join(["example,label\n", f"{names[0]},b\n"]))
    after = app.correct(table, [first, "later.csv"])
    assert [after.class_names[label] for label in after.train.labels.observed[:2]] == ["b", "a"]
    assert "By table, later.csv labels corrected:" in after.note


@pytest.mark.parametrize(
    ("review", "message"),
    [
        (
            {"label": ["a"]},
            r"^corrections: expected a table with a column 'example', got label",
        ),
        ({"example": ["1"], "label": []}, r"^corrections: expected columns of one length"),
        (
            {"example": ["99"], "label": ["a"]},
            r"^corrections: table, row 0: expected an example",
        ),
        ("nowhere.csv", r"^corrections: .*nowhere.csv"),
        (None, r"^corrections: expected a file, or a table with .*, got NoneType$"),
        ([{"example": 1, "label": "a"}], r"^corrections: expected a file, or a table with"),
    ],
)
def test_a_review_that_does_not_fit_is_refused(table, review, message):
    with pytest.raises(app.UsageError, match=message):
        app.correct(table, review)
