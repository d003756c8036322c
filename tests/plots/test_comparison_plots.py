"""The vertical picture, and both pictures side by side."""

import pytest
import torch

from sot.plots import new_figure, plot_comparison, plot_differences

FREQUENCIES = torch.tensor([0.0, 100.0, 200.0, 300.0])
REFERENCE = torch.tensor([0.0, 3.0, 1.0, 0.0])
ESTIMATE = torch.tensor([10.0, 0.0, 0.0, 10.0])


def test_each_bin_has_an_upright_line_from_one_share_to_the_other(ax):
    lines = plot_differences(FREQUENCIES, REFERENCE, ESTIMATE, ax)
    assert lines in ax.collections
    ends = [segment.tolist() for segment in lines.get_segments()]
    assert ends == [
        [[0, 0], [0, 0.5]],
        [[100, 0.75], [100, 0]],
        [[200, 0.25], [200, 0]],
        [[300, 0], [300, 0.5]],
    ]


def test_the_lines_are_as_long_together_as_the_distance_of_a_bin_by_bin_loss():
    one, other = torch.rand(2, 50).unbind(0)
    lines = plot_differences(torch.arange(50) * 20.0, one, other)
    together = sum(abs(a[1] - b[1]) for a, b in lines.get_segments())
    assert together == pytest.approx(float((one / one.sum() - other / other.sum()).abs().sum()))


def test_both_spectra_are_drawn_as_shares_with_names_and_units(ax):
    plot_differences(FREQUENCIES, REFERENCE, ESTIMATE, ax)
    reference, estimate = ax.lines
    assert reference.get_ydata() == pytest.approx([0, 0.75, 0.25, 0])
    assert estimate.get_ydata() == pytest.approx([0.5, 0, 0, 0.5])
    assert [line.get_label() for line in ax.lines] == ["reference", "estimate"]
    assert ax.get_xlabel() == "frequency (Hz)"
    assert "share of energy" in ax.get_ylabel()


def test_both_pictures_of_a_pair_stand_side_by_side():
    figure = plot_comparison(FREQUENCIES, REFERENCE, ESTIMATE)
    left, right = figure.axes
    assert left.get_xlim() == right.get_xlim()
    moves = [segment.tolist() for segment in left.collections[0].get_segments()]
    assert [(start[0], end[0]) for start, end in moves] == [(100, 0), (100, 300), (200, 300)]
    assert len(right.collections[0].get_segments()) == 4
    given = new_figure()
    assert plot_comparison(FREQUENCIES, REFERENCE, ESTIMATE, given) is given
    assert len(given.axes) == 2
