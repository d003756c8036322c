"""Pictures of a loss over the pitch of a candidate, and of descent on it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from sot import _checks
from sot.landscape import Landscape
from sot.plots._axes import axes_or_new
from sot.plots._lines import check_curve, draw_curves, legend, legend_above, mark_pitch, octave_axis

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

#: Label of the axis of pitch.
PITCH = "pitch of the candidate (Hz)"


def plot_landscapes(
    landscapes: Mapping[str, Landscape], f0: float | None = None, ax: Axes | None = None
) -> list[Line2D]:
    """Losses over pitch, each scaled to [0, 1].

    Args:
        landscapes: by name, as :func:`sot.landscape.sweep` gives them.
        f0: true pitch in Hz, drawn as a line.
        ax: where to draw.

    Returns:
        One line for each loss.

    Raises:
        ValueError: no landscape, or one that is empty or has values that are not finite.
    """
    if not landscapes:
        _checks.fail("landscapes", "at least one landscape", "none")
    ax = axes_or_new(ax)
    curves = {}
    for name, landscape in landscapes.items():
        values = landscape.values
        check_curve(f"landscapes[{name!r}]", values)
        low, high = values.min(), values.max()
        scaled = (values - low) / (high - low).clamp(min=torch.finfo(values.dtype).tiny)
        curves[name] = landscape.pitches, scaled
    lines = draw_curves(ax, curves)
    octave_axis(ax, "x", PITCH)
    mark_pitch(ax, "x", f0)
    ax.set_ylabel("loss (scaled to its range)")
    ax.set_ylim(-0.05, 1.05)
    ax.set_yticks([0.0, 0.25, 0.5, 0.75, 1.0])
    legend_above(ax)
    return lines


def plot_descents(
    paths: Mapping[str, Tensor], f0: float | None = None, ax: Axes | None = None
) -> list[Line2D]:
    """Pitch over the steps of gradient descent.

    Args:
        paths: pitches in Hz by name, shape (steps,), as :func:`sot.landscape.descend` gives them.
        f0: true pitch in Hz, drawn as a line.
        ax: where to draw.

    Returns:
        One line for each path.

    Raises:
        ValueError: no path, or one that is empty or has values that are not finite.
    """
    if not paths:
        _checks.fail("paths", "at least one path", "none")
    ax = axes_or_new(ax)
    curves = {}
    for name, path in paths.items():
        check_curve(f"paths[{name!r}]", path)
        curves[name] = torch.arange(len(path)), path
    lines = draw_curves(ax, curves)
    octave_axis(ax, "y", PITCH)
    mark_pitch(ax, "y", f0)
    ax.set_xlabel("step")
    legend(ax)
    return lines
