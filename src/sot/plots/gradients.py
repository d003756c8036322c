"""The gradients of losses over the pitch of a candidate, and where they point the wrong way."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import torch

from sot import _checks
from sot.landscape import Landscape
from sot.plots._axes import axes_or_new
from sot.plots._lines import check_curve, draw_curves, legend_above, mark_pitch, octave_axis
from sot.plots.landscape import PITCH

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

_LINEAR = 0.01  # share of the steepest slope up to which the axis is linear


def plot_landscape_gradients(
    landscapes: Mapping[str, Landscape], f0: float | None = None, ax: Axes | None = None
) -> list[Line2D]:
    """Derivatives of losses per octave over pitch, each divided by its steepest.

    A descent step moves against the gradient, so below the true pitch it has to be negative and
    above it positive. The two quarters where it points away from the true pitch are shaded.

    Args:
        landscapes: by name, as :func:`sot.landscape.sweep` gives them.
        f0: true pitch in Hz, drawn as a line; without it nothing is shaded.
        ax: where to draw.

    Returns:
        One line for each loss.

    Raises:
        ValueError: no landscape, or one that is empty or has gradients that are not finite.
    """
    if not landscapes:
        _checks.fail("landscapes", "at least one landscape", "none")
    ax = axes_or_new(ax)
    curves = {}
    for name, landscape in landscapes.items():
        slopes = landscape.gradients
        check_curve(f"landscapes[{name!r}]", slopes)
        scaled = slopes / slopes.abs().max().clamp(min=torch.finfo(slopes.dtype).tiny)
        curves[name] = landscape.pitches, scaled
    lines = draw_curves(ax, curves)
    octave_axis(ax, "x", PITCH)
    ax.set_yscale("symlog", linthresh=_LINEAR)
    ax.set_yticks([-1, -0.1, -_LINEAR, 0, _LINEAR, 0.1, 1], ["-1", "-0.1", "", "0", "", "0.1", "1"])
    ax.set_ylim(-1.5, 1.5)
    ax.set_ylabel("gradient per octave (scaled)")
    mark_pitch(ax, "x", f0)
    if f0 is not None:
        low, high = ax.get_xlim()
        wrong: dict[str, Any] = {"color": "0.9", "linewidth": 0, "zorder": 0}
        ax.fill_between([low, f0], 0, 1.5, label="wrong direction", **wrong)
        ax.fill_between([f0, high], -1.5, 0, **wrong)
        ax.set_xlim(low, high)
    legend_above(ax)
    return lines
