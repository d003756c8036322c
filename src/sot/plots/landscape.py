"""Pictures of a loss over the pitch of a candidate, and of descent on it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

import torch
from torch import Tensor

from sot import _checks
from sot.landscape import Landscape
from sot.plots._axes import COLOURS, STYLES, axes_or_new

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
        ValueError: no landscape, or one that is empty or has values that are not finite.
    """
    if not landscapes:
        _checks.fail("landscapes", "at least one landscape", "none")
    ax = axes_or_new(ax)
    lines = []
    for index, (name, landscape) in enumerate(landscapes.items()):
        values = landscape.values
        _check_curve(f"landscapes[{name!r}]", values)
        low, high = values.min(), values.max()
        scaled = (values - low) / (high - low).clamp(min=torch.finfo(values.dtype).tiny)
        look = _look(index, name)
        lines += ax.plot(landscape.pitches.tolist(), scaled.tolist(), **look)
    _pitch_axis(ax, f0, "x")
    ax.set_ylabel("loss (scaled to its range)")
    entries = len(lines) + (f0 is not None)
    columns = 1 if entries <= 3 else 2
    ax.set_ylim(-0.05, 1.08 + 0.12 * math.ceil(entries / columns))  # room for the legend
    ax.set_yticks([0.0, 0.25, 0.5, 0.75, 1.0])
    _legend(ax, "upper left", columns)
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
    lines = []
    for index, (name, path) in enumerate(paths.items()):
        _check_curve(f"paths[{name!r}]", path)
        lines += ax.plot(range(len(path)), path.tolist(), **_look(index, name))
    _pitch_axis(ax, f0, "y")
    ax.set_xlabel("step")
    _legend(ax, "best")
    return lines


def _look(index: int, name: str) -> dict[str, Any]:
    """Colour, style and label of a line."""
    return {
        "color": COLOURS[index % len(COLOURS)],
        "linestyle": STYLES[index % len(STYLES)],
        "label": name,
    }


def _check_curve(name: str, values: Tensor) -> None:
    if values.ndim != 1 or values.numel() == 0:
        _checks.fail(name, "a curve of at least one point", values)
    _checks.finite(name, values, True)


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
        _checks.number("f0", f0, above=0)
        line(f0, color="0.4", linestyle=":", label=f"true pitch, {f0:.0f} Hz")


def _legend(ax: Axes, location: Literal["upper left", "best"], columns: int = 1) -> None:
    ax.grid(visible=True, alpha=0.3)
    ax.legend(loc=location, ncols=columns, framealpha=0.8, edgecolor="none")
