"""Every figure as a picture: the same as the one in `baseline`, and no word over another.

`PYTHONPATH=src:tests python -m generators.pictures` draws the pictures in `baseline` anew.
"""

from itertools import combinations

import pytest
from generators.pictures import BASELINE, NAMES, drawn, save, without_text
from matplotlib.testing.compare import compare_images
from matplotlib.text import Text

#: Root mean square over all pixels, of 255. Versions of Matplotlib differ in the smoothing of
#: edges by less, and a line that is left out makes more.
TOLERANCE = 2.5


def is_colour_bar(ax):
    return ax.get_label() == "<colorbar>"


def parts(ax):
    """Everything that data is drawn with."""
    return [*ax.lines, *ax.collections]


def difference(figure, name, folder):
    """What differs from the picture in `baseline`; None if nothing does."""
    found = folder / f"{name}.png"
    save(figure, found)
    return compare_images(str(BASELINE / f"{name}.png"), str(found), TOLERANCE)


@pytest.mark.parametrize("name", NAMES)
def test_a_figure_looks_as_it_did(name, tmp_path):
    assert difference(without_text(drawn(name)), name, tmp_path) is None


@pytest.mark.parametrize("name", NAMES)
def test_a_figure_with_anything_left_out_looks_different(name, tmp_path):
    figure = without_text(drawn(name))
    for ax in figure.axes:
        assert parts(ax)
        for part in [] if is_colour_bar(ax) else parts(ax):
            part.set_visible(False)
            assert difference(figure, name, tmp_path) is not None, part
            part.set_visible(True)


def test_every_picture_to_compare_with_is_small_and_belongs_to_a_figure():
    assert {path.stem for path in BASELINE.iterdir()} == set(NAMES)
    assert all(path.stat().st_size < 30_000 for path in BASELINE.iterdir())


def words(figure):
    """Every text that is to be seen, with the box around it."""
    found = []
    for ax in figure.axes:
        legend = [] if ax.get_legend() is None else ax.get_legend().get_texts()
        found += [ax.title, ax.xaxis.label, ax.yaxis.label, *legend]
        for axis in (ax.xaxis, ax.yaxis):
            low, high = sorted(axis.get_view_interval())
            ticks = zip(axis.get_majorticklocs(), axis.get_majorticklabels(), strict=True)
            found += [label for place, label in ticks if low <= place <= high]
    shown: list[Text] = [text for text in found if text.get_text() and text.get_visible()]
    return {
        (number, text.get_text()): text.get_window_extent() for number, text in enumerate(shown)
    }


@pytest.mark.parametrize("name", NAMES)
def test_no_word_lies_over_another_or_beyond_the_edge(name):
    figure = drawn(name)
    figure.draw_without_rendering()
    boxes = words(figure)
    assert len(boxes) > 4
    for (one, box), (other, another) in combinations(boxes.items(), 2):
        assert not box.padded(-1).overlaps(another.padded(-1)), (one, other)
    for text, box in boxes.items():
        assert figure.bbox.x0 <= box.x0, text
        assert figure.bbox.y0 <= box.y0, text
        assert box.x1 <= figure.bbox.x1, text
        assert box.y1 <= figure.bbox.y1, text


@pytest.mark.parametrize("name", NAMES)
def test_every_axis_says_what_it_shows(name):
    for ax in drawn(name).axes:
        assert is_colour_bar(ax) or ax.get_xlabel()
        assert ax.get_ylabel()
