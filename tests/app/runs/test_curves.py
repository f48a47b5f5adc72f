"""The picture of a comparison: what is written fits, and says what is drawn."""

import itertools

import numpy as np
import pytest

from esoftmax_jax.app.runs import curves_picture
from esoftmax_jax.app.runs.curves_picture import COLOURS, draw_curves
from tests.helpers.runs import run_of

ACCURACIES = {0: [0.5, 0.6, 0.7], 1: [0.7, 0.6, 0.9]}  # by seed


@pytest.fixture
def drawn(monkeypatch, tmp_path):
    """Return a function that draws runs and returns the figure, laid out."""
    figures = []
    monkeypatch.setattr(
        curves_picture, "save_picture", lambda figure, _: figures.append(figure)
    )

    def draw(noises, losses=("CE",), seeds=2, title="digits", **options):
        pairs = [
            (loss, run_of(loss, ACCURACIES[seed], noise=noise, seed=seed, epochs=3))
            for noise in noises
            for loss in losses
            for seed in range(seeds)
        ]
        labels, results = zip(*pairs, strict=True)
        draw_curves(tmp_path / "x.png", labels, results, title=title, **options)
        figures[-1].draw_without_rendering()
        return figures[-1]

    return draw


def test_the_band_is_the_standard_deviation_of_the_table_and_is_called_so(drawn):
    figure = drawn(["none"])
    (axis,) = figure.axes
    (line,), (band,) = axis.lines, axis.collections
    np.testing.assert_allclose(line.get_ydata(), [60, 60, 80])
    edges = np.unique(band.get_paths()[0].vertices.round(6), axis=0)
    std = 100 * np.std([0.5, 0.7], ddof=1)
    assert edges[edges[:, 0] == 1][:, 1].tolist() == pytest.approx([60 - std, 60 + std])
    assert edges[edges[:, 0] == 2][:, 1].tolist() == pytest.approx([60])
    assert "bands: ± one standard deviation over 2 seeds" in figure.get_suptitle()
    once = drawn(["none"], seeds=1)
    assert (len(once.axes[0].collections), once.get_suptitle()) == (0, "digits")


def test_a_loss_has_its_colour_in_every_picture_and_none_is_taken_twice(drawn):
    names = ["SCE", "CE at rate 0.1", "CE", "CE_eps+MAE (m=1e4)", "MAE"]
    colours = [line.get_color() for line in drawn(["none"], names).axes[0].lines]
    assert colours == ["C1", COLOURS["CE"], "C4", COLOURS["CE_eps+MAE"], COLOURS["MAE"]]


def test_lines_are_told_apart_without_colours(drawn):
    names = [f"loss {number}" for number in range(33)]
    lines = drawn(["none"], names).axes[0].lines
    # The last of the dashes has no name of its own: matplotlib calls it "--", it is drawn apart.
    assert len({(line.get_marker(), line._unscaled_dash_pattern) for line in lines}) == len(
        names
    )
    # A marker stands on every line, however few epochs it has.
    assert all(line.get_markevery()[0] < 3 for line in lines)


def test_epochs_are_whole_numbers(drawn):
    figure = drawn(["none"])
    ticks = [tick for tick in figure.axes[0].get_xticks() if 1 <= tick <= 3]
    assert ticks == [1, 2, 3]


def test_labels_as_they_came_are_called_so(drawn):
    def titles(noises, **options):
        return [axis.get_title() for axis in drawn(noises, **options).axes[: len(noises)]]

    assert titles(["none"], as_they_came=True) == ["labels as they came"]
    assert titles(["none", "given", "symmetric:0.2"]) == [
        "none",
        "labels as they came",
        "symmetric:0.2",
    ]


@pytest.mark.parametrize("panels", [1, 2, 4, 7])
def test_whatever_is_written_fits_beside_and_below_the_rest(drawn, panels):
    names = ["CE", "_mine.py:" + 6 * "a_long_name_", "$x_{1$"]
    noises = [
        f"matrix:/home/anna/{'a long folder/' * 4}$m_{number}.npy" for number in range(panels)
    ]
    title = f"folder:/home/anna/{'photos of birds/' * 12}, 300 training examples"
    figure = drawn(noises, names, title=title)
    whole = figure.bbox
    panel_titles = [axis.title for axis in figure.axes[:panels]]
    legend = figure.legends[0]
    heading = figure._suptitle
    for text in [heading, *panel_titles, *legend.get_texts()]:
        box = text.get_window_extent()
        assert box.x0 >= whole.x0, text
        assert box.x1 <= whole.x1 + 1, text
        assert box.y1 <= whole.y1 + 1, text
    bottom = heading.get_window_extent().y0
    assert all(title.get_window_extent().y1 <= bottom for title in panel_titles)
    for axis in figure.axes:
        assert not legend.get_window_extent().overlaps(axis.get_window_extent())
    across = sorted(panel_titles, key=lambda title: title.get_window_extent().x0)
    for left, right in itertools.pairwise(across):
        one, other = left.get_window_extent(), right.get_window_extent()
        assert not one.overlaps(other)
    assert [text.get_text().replace("\n", "") for text in legend.get_texts()] == names
