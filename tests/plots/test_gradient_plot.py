"""Gradients over pitch: the lines, their signs, and where they would be wrong."""

import pytest
import torch

from sot.landscape import Landscape
from sot.plots import new_figure, plot_landscape_gradients


def landscape(*slopes, pitches=(100.0, 200.0, 400.0)):
    return Landscape(torch.tensor(pitches), torch.zeros(len(slopes)), torch.tensor(slopes))


def wrong(ax, pitch, slope):
    """Whether a point lies in a shaded quarter."""
    return any(
        path.contains_point((pitch, slope))
        for shade in ax.collections
        for path in shade.get_paths()
    )


def test_each_gradient_is_a_line_that_keeps_its_sign_and_is_divided_by_its_steepest(ax):
    lines = plot_landscape_gradients(
        {"a": landscape(-1.0, 4.0, 2.0), "b": landscape(0.5, 0.0, -0.25)}, ax=ax
    )
    assert lines == list(ax.lines)
    assert [line.get_label() for line in lines] == ["a", "b"]
    for line, expected in zip(lines, ([-0.25, 1, 0.5], [1, 0, -0.5]), strict=True):
        assert line.get_xdata() == pytest.approx([100, 200, 400])
        assert line.get_ydata() == pytest.approx(expected)


def test_a_gradient_that_is_zero_everywhere_is_a_line_at_zero(ax):
    (line,) = plot_landscape_gradients({"flat": landscape(0.0, 0.0, 0.0)}, ax=ax)
    assert line.get_ydata() == pytest.approx([0, 0, 0])


def test_the_quarters_in_which_descent_leads_away_from_the_true_pitch_are_shaded(ax):
    plot_landscape_gradients({"a": landscape(-1.0, 1.0, 1.0)}, 200.0, ax)
    for pitch, slope, expected in (
        (150, 0.5, True),  # a step down from below
        (150, -0.5, False),
        (300, 0.5, False),
        (300, -0.5, True),
        (110, 0.002, True),
        (390, -0.002, True),
    ):
        assert wrong(ax, pitch, slope) is expected
    assert "wrong direction" in [text.get_text() for text in ax.get_legend().get_texts()]


def test_without_a_true_pitch_nothing_is_shaded(ax):
    plot_landscape_gradients({"a": landscape(-1.0, 1.0, 1.0)}, ax=ax)
    assert not ax.collections


def test_axes_have_units_and_small_slopes_keep_their_side(ax):
    plot_landscape_gradients({"a": landscape(-1.0, 0.001, 1.0)}, 200.0, ax)
    assert ax.get_xlabel() == "pitch of the candidate (Hz)"
    assert "per octave" in ax.get_ylabel()
    below, zero, above = ax.transData.transform([(200, -0.001), (200, 0), (200, 0.001)])[:, 1]
    assert below < zero < above
    assert above - zero == pytest.approx(zero - below)


@pytest.mark.parametrize("size", [(7.0, 4.0), (4.5, 3.0), (3.5, 3.0)])
@pytest.mark.parametrize("count", range(1, 8))
def test_the_legend_stands_above_the_curves(size, count):
    ax = new_figure(*size).subplots()
    curves = {f"mss-log-linear {k}": landscape(-1.0, 0.0, 1.0) for k in range(count)}
    plot_landscape_gradients(curves, 200.0, ax)
    ax.figure.draw_without_rendering()
    legend, frame = ax.get_legend().get_window_extent(), ax.get_window_extent()
    assert legend.y0 > ax.transData.transform((100, 1.0))[1]
    assert legend.x1 < frame.x1
    assert legend.y1 < frame.y1


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({}, "landscapes: expected at least one"),
        ({"a": landscape(1.0, float("nan"), 2.0)}, r"landscapes\['a'\]: .*finite"),
        ({"a": landscape(pitches=())}, r"landscapes\['a'\]: .*at least one point"),
    ],
)
def test_what_cannot_be_drawn_is_named(data, said):
    with pytest.raises(ValueError, match=said):
        plot_landscape_gradients(data)


@pytest.mark.parametrize("f0", [0.0, float("nan")])
def test_a_true_pitch_that_is_none_is_named(f0):
    with pytest.raises(ValueError, match="f0: expected a finite number above 0"):
        plot_landscape_gradients({"a": landscape(1.0, 2.0, 3.0)}, f0, new_figure().subplots())
