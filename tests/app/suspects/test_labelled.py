"""The table of labels that a trained network is asked about, and the list made of it."""

import numpy as np
import pytest

from esoftmax_jax.app.data.labels import UNKNOWN
from esoftmax_jax.app.labels.noise_spec import parse_noise
from esoftmax_jax.app.labels.noisy_labels import apply_noise
from esoftmax_jax.app.suspects.labelled import Labelled, labelled_examples
from esoftmax_jax.app.suspects.margins import Margins
from esoftmax_jax.app.suspects.suspect_list import COLUMNS, rank_suspects
from tests.helpers.labels import ALONE, PAIRED, RIGHT, data, examples


@pytest.mark.parametrize(
    ("train", "test", "noise", "asked"),
    [
        (RIGHT, RIGHT, "none", False),
        (ALONE, RIGHT, "none", False),
        (ALONE, ALONE, "none", True),
        (ALONE, ALONE, "pairwise:0.5", True),
        (PAIRED, PAIRED, "given", True),
        (PAIRED, PAIRED, "pairwise:0.5", False),
        (PAIRED, RIGHT, "given", False),
    ],
)
def test_labels_that_a_network_is_asked_about(train, test, noise, asked):
    dataset = data(train, test)
    spec = parse_noise(noise)
    noisy = apply_noise(spec, dataset, seed=0)
    table = labelled_examples(dataset, noisy, spec)
    assert table.parts.tolist() == ["train"] * 4 + ["test"] * 4 * asked
    assert table.labels.observed.tolist() == [*noisy.labels.observed, *[0, 1, 2, 0] * asked]
    assert table.labels.wrong[4:].tolist() == test.wrong.tolist() * asked


def test_one_table_of_both_parts():
    table = Labelled.of(examples(PAIRED, ids=np.array([7, 8, 9, 5])), examples(ALONE))
    last = table.take(np.array([4, 3]))
    assert last.parts.tolist() == ["test", "train"]
    assert last.rows.tolist() == [0, 3]
    assert last.ids.tolist() == [-1, 5]
    assert last.sources.tolist() == ["0", "5"]
    assert last.labels.truth_or_unknown.tolist() == [UNKNOWN, 1]


def test_the_list_as_columns():
    table = Labelled.of(examples(PAIRED), examples(ALONE))
    margins = np.linspace(1, -1, 8, dtype=np.float32)
    suspects = rank_suspects(table, Margins(margins, np.full(8, 2), 1))
    columns = suspects.columns(("ant", "bee", "cat"))
    assert tuple(columns) == COLUMNS
    assert columns["rank"].tolist() == [1, 2, 3, 4, 5, 6, 7, 8]
    assert columns["part"].tolist() == ["test"] * 4 + ["train"] * 4
    assert columns["id"].tolist() == [-1] * 4 + [3, 2, 1, 0]
    assert columns["given"].tolist() == ["ant", "cat", "bee", "ant"] * 2
    assert columns["clean_label"].tolist() == [""] * 4 + ["bee", "cat", "cat", "ant"]
    assert columns["suggestion"].tolist() == ["cat"] * 8
    # What a reviewer writes does not change what came.
    columns["label"][:] = ""
    assert columns["given"].tolist() == ["ant", "cat", "bee", "ant"] * 2
