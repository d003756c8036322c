"""Axes of pitch: whatever the range, there are numbers to read, none over another."""

import math
from itertools import pairwise

import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st

from sot.plots import new_figure, plot_descents, plot_pitches
from sot.plots._lines import octave_axis


def labels(axis):
    """Number and box of every label to be seen, in the order of the axis."""
    axis.figure.draw_without_rendering()
    low, high = axis.get_view_interval()
    ticks = zip(axis.get_majorticklocs(), axis.get_majorticklabels(), strict=True)
    return [
        (place, float(label.get_text()), label.get_window_extent())
        for place, label in ticks
        if low <= place <= high
    ]


def check(axis):
    """Three numbers or more, each at its place, none over another."""
    found = labels(axis)
    assert len(found) >= 3
    for place, number, _ in found:
        assert number == pytest.approx(place, rel=1e-9)
    for (_, _, box), (_, _, following) in pairwise(found):
        assert not box.overlaps(following)


@given(low=st.floats(15.0, 8000.0), octaves=st.floats(0.0, 10.0), side=st.sampled_from("xy"))
@example(low=290.0, octaves=0.1, side="x")
@example(low=129.0, octaves=2.98, side="x")
@example(low=7900.3, octaves=0.0, side="x")
def test_every_range_from_one_hertz_to_ten_octaves_has_three_numbers(low, octaves, side):
    ax = new_figure(4.5, 3.0).subplots()
    octave_axis(ax, side, "pitch (Hz)")
    limits = low, max(low + 1, low * 2**octaves)
    (ax.set_xlim if side == "x" else ax.set_ylim)(*limits)
    check(ax.xaxis if side == "x" else ax.yaxis)


@given(low=st.floats(15.0, 200.0), octaves=st.floats(3.0, 10.0))
def test_a_wide_range_has_whole_octaves(low, octaves):
    ax = new_figure(4.5, 3.0).subplots()
    octave_axis(ax, "x", "pitch (Hz)")
    ax.set_xlim(low, low * 2**octaves)
    assert all(math.log2(number).is_integer() for _, number, _ in labels(ax.xaxis))


def test_a_narrow_descent_and_a_single_clip_have_numbers_on_their_axes(ax):
    plot_descents({"a": torch.linspace(430, 440, 20)}, 440.0, ax)
    check(ax.yaxis)
    other = new_figure().subplots()
    plot_pitches(torch.tensor([440.0]), torch.tensor([441.0]), other)
    check(other.xaxis)
    check(other.yaxis)
