"""The pictures of the pages: what is drawn is what the library and the lines say."""

import numpy as np
import pytest

from experiments.cli import make_parser
from experiments.pictures.draw import FOLDER, PICTURES, of_demo
from experiments.pictures.found_labels import matrices, suspects
from experiments.pictures.memorisation import memorisation
from experiments.playground import replay


def test_every_picture_is_in_the_folder_and_the_verb_takes_another():
    assert all((FOLDER / name).is_file() for name in PICTURES)
    assert make_parser().parse_args(["pictures", "--out", "some"]).out.name == "some"


def test_curves_of_memorising_are_those_of_the_replay():
    shared, *runs = replay.read_lines()
    axes = np.reshape(memorisation(shared, runs, (0.03, 0.1)).axes, (2, 2))
    assert [axis.get_title() for axis in axes[0]] == ["learning rate 0.03", "learning rate 0.1"]
    found = {run["loss"]: run for run in runs if run["learning_rate"] == 0.1}
    for axis, kind in zip(axes[:, 1], ("memorised", "clean_test"), strict=True):
        ce, ours = axis.lines
        np.testing.assert_allclose(ce.get_ydata(), 100 * np.array(found["CE"][kind]))
        np.testing.assert_allclose(ours.get_ydata(), 100 * np.array(found["CE_eps+MAE"][kind]))
        # Also in grey and in thin print one line is told from the other.
        assert ours.get_linewidth() > 2 * ce.get_linewidth()


def test_the_picture_of_the_readme_is_drawn_from_its_lines():
    figure = of_demo()
    symmetric, pairwise = figure.axes
    assert [axis.get_title() for axis in figure.axes] == ["symmetric:0.6", "pairwise:0.4"]
    assert (len(symmetric.lines), len(pairwise.lines)) == (6, 6)
    assert symmetric.lines[-1].get_ydata()[-1] == pytest.approx(92.7, abs=0.05)  # CE_eps+MAE
    assert figure.get_suptitle().startswith("digits, 1438 training examples, 5 seeds")


def test_a_matrix_shows_what_is_at_least_one_per_cent():
    (axis,) = matrices({"some": np.array([[0.7, 0.3], [0.004, 0.996]])}).axes
    texts = {text.get_position(): text.get_text() for text in axis.texts}
    assert texts == {(0, 0): "70", (1, 0): "30", (1, 1): "100"}  # (column, row)


def test_suspects_that_are_right_after_all_are_framed():
    labels, suggestions = np.array([1, 2, 0]), np.array([0, 1, 1])
    figure = suspects(np.zeros((3, 8, 8)), [2, 0, 1], labels, suggestions, np.array([0, 2, 1]))
    first, second, third, *_ = figure.axes
    assert [one.get_title() for one in (first, second, third)] == ["0 → 1", "1 → 0", "2 → 1"]
    assert [len(one.patches) for one in (first, second, third)] == [0, 0, 1]
    assert figure.get_suptitle().startswith("2 of the first 3 suspects are wrong")
