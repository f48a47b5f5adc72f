"""Which classes there are, and in which order, as columns of probabilities tell."""

import re
from pathlib import Path

import numpy as np
import pytest

from esoftmax_jax.app.audits.class_columns import with_classes_of_columns
from esoftmax_jax.app.audits.findings import judge
from esoftmax_jax.app.audits.own_arrays import read_numbers
from esoftmax_jax.app.audits.probabilities import read_probabilities
from esoftmax_jax.app.audits.sources import examples_of_arrays, read_examples
from esoftmax_jax.app.terminal.messages import UsageError
from tests.helpers.audits import CLASSES, Frame, noisy, probabilities_of

TRUTH, LABELS = noisy(60)
RIGHT = probabilities_of(TRUTH)


def audited(examples, given):
    """Return examples among the classes of the columns, and the number of suspects."""
    own = read_numbers("--probabilities", given, ())
    examples = with_classes_of_columns(examples, own)
    return examples, judge(examples, read_probabilities(own, examples)).num_suspects


def labelled(labels):
    return examples_of_arrays(None, labels)


def between(place):
    """Return probabilities with a column of zeros before another."""
    return np.insert(RIGHT, place, 0.0, axis=1)


@pytest.mark.parametrize(
    ("numbers", "given", "names"),
    [
        ([0, 1, 2], RIGHT, "012"),
        ([1, 2, 3], RIGHT, "123"),
        ([0, 1, 3], RIGHT, "013"),
        ([0, 1, 3], between(2), "0123"),
        ([1, 2, 3], between(0), "0123"),
        ([0, 1, 2], between(3), "0123"),
        ([0, 1, 3], Frame(zip([0, 1, 2, 3], between(2).T, strict=True)), "0123"),
        ([0, 1, 3], Frame(zip([3, 2, 1, 0], between(2).T[::-1], strict=True)), "0123"),
        ([-5, 7, 30], RIGHT, ("-5", "7", "30")),
    ],
)
def test_numbers_are_classes_and_columns_tell_those_without_a_label(numbers, given, names):
    labels = np.array(numbers)[LABELS]
    examples, suspects = audited(labelled(labels), given)
    assert examples.class_names == tuple(names)
    assert [examples.class_names[one] for one in examples.labels] == list(map(str, labels))
    assert suspects == 6


def test_the_table_of_a_file_has_such_classes_too(folder):
    labels = np.array([0, 1, 3])[LABELS]
    Path("own.csv").write_text("label\n" + "\n".join(map(str, labels)), encoding="utf-8")
    examples, suspects = audited(read_examples("own.csv"), between(2))
    assert (examples.class_names, suspects) == (("0", "1", "2", "3"), 6)


def test_named_columns_that_sum_to_1_together_are_classes():
    labels = np.array(["ant", "bee", "bee"])[LABELS]
    frame = dict(zip(CLASSES, RIGHT.T, strict=True))
    first = {"ant": frame["ant"], "bee": 1 - frame["ant"]}
    for columns, names in [
        (frame, CLASSES),
        ({f"p({name})": column for name, column in frame.items()}, CLASSES),
        ({**first, "age": np.arange(60.0)}, CLASSES[:2]),
    ]:
        examples, _ = audited(labelled(labels), Frame(columns))
        assert examples.class_names == names


def test_of_a_class_without_labels_nothing_is_estimated():
    examples, _ = audited(labelled(np.array([0, 1, 3])[LABELS]), between(2))
    found = judge(examples, read_probabilities(between(2), examples)).noise
    alone = judge(labelled(LABELS), RIGHT).noise
    assert found.rate == alone.rate == pytest.approx(0.1, abs=0.02)
    assert found.matrix[2].tolist() == [0, 0, 1, 0]
    assert found.prior[2] == 0
    np.testing.assert_array_equal(np.delete(np.delete(found.matrix, 2, 0), 2, 1), alone.matrix)


@pytest.mark.parametrize("own_order", [["small", "large", "huge"], ["large", "small", "huge"]])
def test_categories_are_taken_in_the_order_that_the_columns_have(own_order):
    pandas = pytest.importorskip("pandas")
    labels = pandas.Categorical.from_codes(LABELS, own_order)
    examples, suspects = audited(labelled(labels), RIGHT)
    assert (examples.class_names, suspects, examples.notes) == (tuple(own_order), 6, ())
    alphabet = sorted(own_order)
    of_scikit_learn = RIGHT[:, [own_order.index(name) for name in alphabet]]
    examples, suspects = audited(labelled(labels), of_scikit_learn)
    assert (examples.class_names, suspects) == (tuple(alphabet), 6)
    assert (
        "are taken in the order 'huge', 'large', 'small', which fits the" in examples.notes[0]
    )
    named = Frame(zip(alphabet, of_scikit_learn.T, strict=True))
    examples, suspects = audited(labelled(labels), named)
    assert (examples.class_names, suspects, examples.notes) == (tuple(own_order), 6, ())


def test_unused_categories_are_classes_if_they_have_a_column():
    pandas = pytest.importorskip("pandas")
    labels = pandas.Categorical(np.array(["s", "l", "h"])[LABELS], categories=list("smlh"))
    for given, names in ((RIGHT, "slh"), (between(1), "smlh")):
        examples, suspects = audited(labelled(labels), given)
        assert (examples.class_names, suspects) == (tuple(names), 6)


def test_numbers_that_are_text_may_be_in_the_order_of_text():
    labels = np.array(["1", "2", "10"])[LABELS]
    for given, names in ((RIGHT, ("1", "2", "10")), (RIGHT[:, [0, 2, 1]], ("1", "10", "2"))):
        examples, suspects = audited(labelled(labels), given)
        assert (examples.class_names, suspects) == (names, 6)


@pytest.mark.parametrize(
    ("header", "remedy"),
    [
        (("ant", "bee"), "got 'ant', 'bee'; add a column 'cat'"),
        (
            ("ant", "bee", "cta"),
            "got 'ant', 'bee', 'cta'; rename the columns; did you mean 'cat'",
        ),
        (
            ("Ant", "bee", "cat"),
            "got 'Ant', 'bee', 'cat'; rename the columns; did you mean 'ant'",
        ),
    ],
)
def test_columns_that_are_not_those_of_the_classes(folder, header, remedy):
    labels = np.array(CLASSES)[LABELS]
    columns = dict(zip(header, RIGHT.T, strict=False))
    with pytest.raises(UsageError, match=re.escape(remedy)):
        audited(labelled(labels), Frame(columns.items()))


def test_a_line_of_numbers_is_a_header_if_it_names_the_classes_and_sums_to_more(folder):
    def suspects(numbers, header):
        lines = [",".join(map(str, row)) for row in [header, *RIGHT.tolist()]]
        Path("own.csv").write_text("\n".join(lines), encoding="utf-8")
        return audited(labelled(np.array(numbers)[LABELS]), "own.csv")[1]

    assert suspects([1, 2, 3], [1, 2, 3]) == suspects([0, 1, 2], [0.0, 1.0, 2.0]) == 6
    assert suspects([1, 2, 3], ["1.0", "2.0", "3.0"]) == 6
    with pytest.raises(UsageError, match=r"a header of the classes '1', '2', '3' or none, got"):
        suspects([1, 2, 3], [2, 3, 4])
