"""Estimated pitches over true ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from sot import _checks
from sot.plots._axes import COLOURS, axes_or_new
from sot.plots._lines import octave_axis

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

_ROOM = 1.3  # factor beyond the lowest and highest pitch


def plot_pitches(true: Tensor, found: Tensor, ax: Axes | None = None) -> Line2D:
    """Estimated over true pitches, with lines where they agree and where they are an octave off.

    Args:
        true: pitches in Hz, shape (clips,), positive.
        found: estimated pitches in Hz, likewise.
        ax: where to draw.

    Returns:
        The points.

    Raises:
        ValueError: no pitches, shapes that differ, or pitches that are not finite and positive.
        TypeError: what is no tensor.
    """
    for name, value in (("true", true), ("found", found)):
        value = _checks.tensor(name, value)
        if value.ndim != 1 or value.numel() == 0:
            _checks.fail(name, "pitches of shape (clips,), one at least", value)
        _checks.finite(name, value, True)
        if not bool((value > 0).all()):
            _checks.fail(name, "positive pitches in Hz", f"a minimum of {float(value.min()):g}")
    if true.shape != found.shape:
        _checks.fail("found", f"the shape of true, {tuple(true.shape)}", found)
    ax = axes_or_new(ax)
    points: Line2D
    (points,) = ax.plot(true.tolist(), found.tolist(), ".", color=COLOURS[0], markersize=3)
    low = float(torch.minimum(true, found).min()) / _ROOM
    high = float(torch.maximum(true, found).max()) * _ROOM
    guide: dict[str, Any] = {"color": "0.4", "linewidth": 1, "zorder": 1}
    ax.plot([low, high], [low, high], label="equal", **guide)
    for factor, label in ((2.0, "an octave off"), (0.5, None)):
        ends = [factor * low, factor * high]
        ax.plot([low, high], ends, linestyle=":", label=label, **guide)
    octave_axis(ax, "x", "true pitch (Hz)")
    octave_axis(ax, "y", "estimated pitch (Hz)")
    ax.set(xlim=(low, high), ylim=(low, high))
    ax.legend(loc="upper left", framealpha=0.8, edgecolor="none")
    return points
