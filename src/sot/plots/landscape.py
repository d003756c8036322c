"""Pictures of a loss over the pitch of a candidate, and of descent on it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

import torch
from torch import Tensor

from sot import _checks
from sot.landscape import Landscape
from sot.plots._axes import COLOURS, axes_or_new

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D


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
        ValueError: no landscape, or one with values that are not finite.
    """
    if not landscapes:
        _checks.fail("landscapes", "at least one landscape", "none")
    ax = axes_or_new(ax)
    lines = []
    for colour, (name, landscape) in zip(_cycle(len(landscapes)), landscapes.items(), strict=True):
        values = landscape.values
        _checks.finite(f"landscapes[{name!r}]", values, True)
        low, high = values.min(), values.max()
        scaled = (values - low) / (high - low).clamp(min=torch.finfo(values.dtype).tiny)
        lines += ax.plot(landscape.pitches.tolist(), scaled.tolist(), color=colour, label=name)
    _pitch_axis(ax, f0, "x")
    ax.set_ylabel("loss (scaled to its range)")
    ax.set_ylim(-0.05, 1.2 + 0.12 * len(lines))  # room for the legend above the lines
    _legend(ax, f0, "upper left")
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
        ValueError: no path, or one with values that are not finite.
    """
    if not paths:
        _checks.fail("paths", "at least one path", "none")
    ax = axes_or_new(ax)
    lines = []
    for colour, (name, path) in zip(_cycle(len(paths)), paths.items(), strict=True):
        _checks.finite(f"paths[{name!r}]", path, True)
        lines += ax.plot(range(len(path)), path.tolist(), color=colour, label=name)
    _pitch_axis(ax, f0, "y")
    ax.set_xlabel("step")
    _legend(ax, f0, "best")
    return lines


def _cycle(count: int) -> list[str]:
    return [COLOURS[index % len(COLOURS)] for index in range(count)]


def _pitch_axis(ax: Axes, f0: float | None, axis: str) -> None:
    """A logarithmic axis in Hz, with plain numbers for ticks and the true pitch marked."""
    from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

    scale, line, label = (
        (ax.set_xscale, ax.axvline, ax.set_xlabel)
        if axis == "x"
        else (ax.set_yscale, ax.axhline, ax.set_ylabel)
    )
    scale("log", base=2)
    side = ax.xaxis if axis == "x" else ax.yaxis
    side.set_major_locator(LogLocator(base=2, subs=(1.0,), numticks=12))
    side.set_major_formatter(StrMethodFormatter("{x:.0f}"))
    side.set_minor_formatter(NullFormatter())
    label("pitch of the candidate (Hz)")
    if f0 is not None:
        line(f0, color="0.4", linestyle=":", label=f"true pitch, {f0:.0f} Hz")


def _legend(ax: Axes, f0: float | None, location: Literal["upper left", "best"]) -> None:
    ax.grid(visible=True, alpha=0.3)
    if len(ax.lines) > (0 if f0 is None else 1):
        ax.legend(frameon=False, loc=location)
