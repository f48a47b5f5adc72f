"""Labels that were corrected are corrected again: as if all lists had come at once."""

import dataclasses

import numpy as np
import pytest

from esoftmax_jax import app


def labels_of(data):
    (came,) = app.noise(data).labelings
    return dict(zip(came.ids.tolist(), came.labels.tolist(), strict=True))


@pytest.fixture
def data(folder):
    rows = "".join(f"{number},{number % 7},{'ab'[number % 2]}\n" for number in range(20))
    (folder / "own.csv").write_text(f"x,y,label\n{rows}")
    return app.load_dataset("csv:own.csv")


@pytest.fixture
def reviewed(data):
    """The first three examples: one is b now, one is left out, one stays what it was."""
    ids = np.array(sorted(labels_of(data)))[:3]
    given = np.array(["ab"[labels_of(data)[one]] for one in ids])
    other = np.where(given == "a", "b", "a")
    label = np.array([other[0], "", given[2]], object)
    # Below the header, which is row 1.
    return {"example": (ids + 2).astype(str), "id": ids, "given": given, "label": label}


def test_the_same_list_again_changes_nothing(data, reviewed):
    once = app.correct(data, reviewed)
    twice = app.correct(once, reviewed)
    assert len(labels_of(once)) == len(labels_of(data)) - 1
    assert labels_of(twice) == labels_of(once)
    assert twice.data_hash == once.data_hash


def test_a_list_of_corrected_labels_is_taken(data, reviewed):
    once = app.correct(data, reviewed)
    first = reviewed["id"][0]
    now = "ab"[labels_of(once)[first]]
    assert now == reviewed["label"][0] != reviewed["given"][0]
    back = {"example": [str(first + 2)], "given": [now], "label": [reviewed["given"][0]]}
    twice = app.correct(once, back)
    assert labels_of(twice)[first] == labels_of(data)[first]
    assert twice.data_hash == app.correct(data, [reviewed, back]).data_hash


def test_who_was_left_out_may_come_back(data, reviewed):
    more = {**reviewed, "label": reviewed["given"]}
    again = app.correct(app.correct(data, reviewed), more)
    assert labels_of(again) == labels_of(data)


def test_labels_that_were_corrected_in_another_way_are_told(data, reviewed):
    """A part of corrected data does not know what it was."""
    part = dataclasses.replace(app.correct(data, reviewed))
    with pytest.raises(app.UsageError, match="or labels that were corrected since: make it"):
        app.correct(part, reviewed)
