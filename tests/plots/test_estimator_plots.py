"""Curves of training runs, and estimated pitches over true ones."""

import pytest
import torch

from sot.plots import plot_pitches, plot_training

STEPS = torch.tensor([0.0, 10.0, 20.0])


def test_each_run_is_a_line_over_its_own_steps(ax):
    runs = {
        "a": (STEPS, torch.tensor([3.0, 2.0, 1.0])),
        "b": (STEPS[:2], torch.tensor([5.0, 4.0])),
        "one": (STEPS[:1], torch.tensor([1.0])),
    }
    lines = plot_training(runs, "LSD (dB²)", ax)
    assert lines == list(ax.lines)
    for line, (name, (steps, values)) in zip(lines, runs.items(), strict=True):
        assert line.get_label() == name
        assert line.get_xdata() == pytest.approx(steps.numpy())
        assert line.get_ydata() == pytest.approx(values.numpy())
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("step", "LSD (dB²)")
    assert [line.get_marker() for line in lines] == ["None", "None", "."]


@pytest.mark.parametrize(
    ("runs", "kind", "said"),
    [
        ({}, ValueError, "runs: expected at least one run"),
        ({"a": (STEPS, STEPS / 0)}, ValueError, r"runs\['a'\]: expected finite"),
        ({"a": (STEPS / 0, STEPS)}, ValueError, r"steps of runs\['a'\]: expected finite"),
        ({"a": (STEPS[:0], STEPS[:0])}, ValueError, r"steps of runs\['a'\]: .*one point"),
        ({"a": (STEPS, STEPS[:2])}, ValueError, r"runs\['a'\]: expected one value for each of 3"),
        ({"a": (STEPS, [1.0, 2.0, 3.0])}, TypeError, r"runs\['a'\]: expected a torch.Tensor"),
    ],
)
def test_runs_that_cannot_be_drawn_are_named(runs, kind, said):
    with pytest.raises(kind, match=f"^{said}"):
        plot_training(runs, "loss")


TRUE = torch.tensor([100.0, 200.0, 400.0])


def test_each_clip_is_a_point_at_its_true_and_its_estimated_pitch(ax):
    found = torch.tensor([101.0, 400.0, 200.0])
    points = plot_pitches(TRUE, found, ax)
    assert points in ax.lines
    assert points.get_linestyle() == "None"
    assert points.get_xdata() == pytest.approx(TRUE.numpy())
    assert points.get_ydata() == pytest.approx(found.numpy())
    assert ax.get_xlabel() == "true pitch (Hz)"
    assert ax.get_ylabel() == "estimated pitch (Hz)"
    assert ax.get_xscale() == ax.get_yscale() == "log"
    assert ax.get_xlim() == ax.get_ylim()


def test_lines_show_where_pitches_agree_and_where_they_are_an_octave_off(ax):
    points = plot_pitches(TRUE, TRUE, ax)
    guides = [line for line in ax.lines if line is not points]
    ratios = [line.get_ydata()[end] / line.get_xdata()[end] for line in guides for end in (0, 1)]
    assert sorted(ratios) == pytest.approx([0.5, 0.5, 1, 1, 2, 2])
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels == ["equal", "an octave off"]


@pytest.mark.parametrize(
    ("true", "found", "kind", "said"),
    [
        (TRUE[:0], TRUE[:0], ValueError, "true: expected pitches of shape"),
        (TRUE[None], TRUE[None], ValueError, "true: expected pitches of shape"),
        (TRUE, TRUE[:2], ValueError, r"found: expected the shape of true, \(3,\)"),
        (
            TRUE,
            TRUE - 100,
            ValueError,
            "found: expected positive pitches in Hz, got a min",
        ),
        (TRUE / 0, TRUE, ValueError, "true: expected finite"),
        (TRUE, TRUE.tolist(), TypeError, "found: expected a torch.Tensor"),
    ],
)
def test_pitches_that_are_none_are_named(true, found, kind, said):
    with pytest.raises(kind, match=f"^{said}"):
        plot_pitches(true, found)


def test_equal_pitches_of_all_clips_can_be_drawn(ax):
    plot_pitches(torch.full((4,), 220.0), torch.full((4,), 220.0), ax)
    low, high = ax.get_xlim()
    assert low < 220 < high
