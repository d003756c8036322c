"""Pictures of landscapes and descents: what is drawn, with units, and where."""

import pytest
import torch

from sot.landscape import Landscape
from sot.plots import (
    new_figure,
    plot_descents,
    plot_landscape_gradients,
    plot_landscapes,
    save_figure,
)


def landscape(*values, pitches=(100.0, 200.0, 400.0)):
    return Landscape(torch.tensor(pitches), torch.tensor(values), torch.zeros(len(values)))


def test_each_landscape_is_a_line_scaled_to_its_range(ax):
    lines = plot_landscapes({"a": landscape(3.0, 1.0, 5.0), "b": landscape(0.0, -2.0, -1.0)}, ax=ax)
    assert lines == list(ax.lines)
    assert [line.get_label() for line in lines] == ["a", "b"]
    for line, expected in zip(lines, ([0.5, 0, 1], [1, 0, 0.5]), strict=True):
        assert line.get_xdata() == pytest.approx([100, 200, 400])
        assert line.get_ydata() == pytest.approx(expected)


def test_a_landscape_without_hills_is_a_line_at_the_bottom(ax):
    (line,) = plot_landscapes({"flat": landscape(2.0, 2.0, 2.0)}, ax=ax)
    assert line.get_ydata() == pytest.approx([0, 0, 0])


def test_each_descent_is_a_line_over_the_steps(ax):
    paths = {"a": torch.tensor([110.0, 220.0, 440.0]), "b": torch.tensor([110.0, 100.0])}
    lines = plot_descents(paths, ax=ax)
    assert lines == list(ax.lines)
    for line, path in zip(lines, paths.values(), strict=True):
        assert list(line.get_xdata()) == list(range(len(path)))
        assert line.get_ydata() == pytest.approx(path.tolist())


def test_pitch_axes_are_logarithmic_and_in_hertz(ax):
    plot_landscapes({"a": landscape(1.0, 2.0, 3.0)}, ax=ax)
    assert ax.get_xscale() == "log"
    assert ax.get_xlabel() == "pitch of the candidate (Hz)"
    assert "loss" in ax.get_ylabel()
    other = new_figure().subplots()
    plot_descents({"a": torch.tensor([110.0, 440.0])}, ax=other)
    assert other.get_yscale() == "log"
    assert other.get_ylabel() == "pitch of the candidate (Hz)"
    assert other.get_xlabel() == "step"


def test_the_true_pitch_is_marked_and_not_returned(ax):
    (line,) = plot_landscapes({"a": landscape(1.0, 2.0, 3.0)}, 261.6, ax)
    (mark,) = set(ax.lines) - {line}
    assert set(mark.get_xdata()) == {261.6}
    assert "262 Hz" in mark.get_label()
    other = new_figure().subplots()
    (line,) = plot_descents({"a": torch.tensor([110.0, 440.0])}, 261.6, other)
    (mark,) = set(other.lines) - {line}
    assert set(mark.get_ydata()) == {261.6}


def test_a_single_pitch_or_step_is_a_dot(ax):
    one = Landscape(torch.tensor([300.0]), torch.tensor([1.0]), torch.tensor([1.0]))
    for plot, data in (
        (plot_landscapes, one),
        (plot_landscape_gradients, one),
        (plot_descents, torch.tensor([300.0])),
    ):
        (line,) = plot({"a": data}, ax=new_figure().subplots())
        assert line.get_marker() == "."
    (line,) = plot_descents({"a": torch.tensor([300.0, 310.0])}, ax=ax)
    assert line.get_marker() == "None"


@pytest.mark.parametrize("plot", [plot_landscapes, plot_landscape_gradients])
def test_a_line_that_covers_others_is_narrower_and_the_rest_are_alike(plot, ax):
    same, other = landscape(1.0, 2.0, 3.0), landscape(3.0, 2.0, 1.0)
    same.gradients[:], other.gradients[:] = 1.0, -1.0
    lines = plot({"a": same, "b": other, "c": same, "d": same}, ax=ax)
    a, b, c, d = (line.get_linewidth() for line in lines)
    assert a > c > d == b


@pytest.mark.parametrize("size", [(7.0, 4.0), (4.5, 3.0), (3.5, 3.0)])
@pytest.mark.parametrize("count", range(1, 8))
def test_the_legend_stands_above_the_curves_and_tells_them_apart(size, count):
    ax = new_figure(*size).subplots()
    curves = {f"mss-log-linear {k}": landscape(1.0, 0.0, 1.0) for k in range(count)}
    lines = plot_landscapes(curves, 300.0, ax)
    ax.figure.draw_without_rendering()
    frame = ax.get_window_extent()
    legend = ax.get_legend().get_window_extent()
    top_of_curves = ax.transData.transform((100, 1.0))[1]
    assert legend.y0 > top_of_curves
    assert legend.x1 < frame.x1
    assert legend.y1 < frame.y1
    assert max(ax.get_yticks()) == 1
    looks = {(line.get_color(), line.get_linestyle()) for line in lines}
    assert len(looks) == count


@pytest.mark.parametrize("plot", [plot_landscapes, plot_descents])
def test_without_axes_a_new_figure_is_drawn_and_can_be_saved(plot, tmp_path):
    curve = landscape(1.0, 2.0, 3.0) if plot is plot_landscapes else torch.tensor([1.0, 2.0])
    (line,) = plot({"a": curve})
    save_figure(line.axes.figure, tmp_path / "picture.svg")
    assert "<svg" in (tmp_path / "picture.svg").read_text()


@pytest.mark.parametrize(
    ("plot", "data", "said"),
    [
        (plot_landscapes, {}, "landscapes: expected at least one"),
        (plot_landscapes, {"a": landscape(1.0, float("nan"), 2.0)}, r"landscapes\['a'\]: .*finite"),
        (plot_landscapes, {"a": landscape(1.0, float("inf"), 2.0)}, r"landscapes\['a'\]: .*finite"),
        (plot_landscapes, {"a": landscape(pitches=())}, r"landscapes\['a'\]: .*at least one point"),
        (plot_descents, {}, "paths: expected at least one"),
        (plot_descents, {"a": torch.tensor([1.0, float("nan")])}, r"paths\['a'\]: .*finite"),
        (plot_descents, {"a": torch.tensor([])}, r"paths\['a'\]: .*at least one point"),
        (plot_descents, {"a": torch.ones(2, 2)}, r"paths\['a'\]: .*at least one point"),
    ],
)
def test_what_cannot_be_drawn_is_named(plot, data, said):
    with pytest.raises(ValueError, match=said):
        plot(data)


@pytest.mark.parametrize("f0", [0.0, -440.0, float("nan")])
def test_a_true_pitch_that_is_none_is_named(f0):
    with pytest.raises(ValueError, match="f0: expected a finite number above 0"):
        plot_landscapes({"a": landscape(1.0, 2.0, 3.0)}, f0)
    with pytest.raises(ValueError, match="f0: expected a finite number above 0"):
        plot_descents({"a": torch.tensor([1.0, 2.0])}, f0)


@pytest.mark.parametrize("name", ["_x", "__first run"])
def test_a_name_that_begins_with_an_underscore_is_in_the_legend(ax, name):
    plot_landscapes({name: landscape(3.0, 1.0, 5.0), "b": landscape(1.0, 2.0, 3.0)}, ax=ax)
    assert [text.get_text().strip() for text in ax.get_legend().get_texts()] == [name, "b"]


@pytest.mark.parametrize("draw", ["landscapes", "descents"])
def test_however_long_the_names_are_the_axes_keep_their_room(tmp_path, draw):
    widths = []
    for name in ("a", 200 * "n"):
        axes = new_figure().subplots()
        if draw == "landscapes":
            plot_landscapes({name: landscape(3.0, 1.0, 5.0)}, ax=axes)
        else:
            plot_descents({name: torch.tensor([110.0, 440.0])}, ax=axes)
        save_figure(axes.figure, tmp_path / "figure.png")
        widths.append(axes.get_position().width)
    assert widths[1] == pytest.approx(widths[0], abs=0.02)


def test_a_format_whose_program_is_missing_is_told_with_the_path(ax, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))  # without LaTeX
    plot_landscapes({"a": landscape(3.0, 1.0, 5.0)}, ax=ax)
    with pytest.raises(OSError, match=r"figure\.pgf: cannot be written \(.*not found"):
        save_figure(ax.figure, tmp_path / "figure.pgf")
    assert list(tmp_path.iterdir()) == []
