"""What figures with several lines share: their looks, axes of pitch, legends, checks of curves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

import torch
from torch import Tensor

from sot import _checks
from sot.plots._axes import COLOURS, STYLES

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

_FRAME: dict[str, Any] = {"framealpha": 0.8, "edgecolor": "none", "columnspacing": 1.0}
_SURE = 0.85  # share of the size of axes that a layout is sure to leave them
_MOST = 0.75  # share of their height that a legend gets


def look(index: int, name: str) -> dict[str, Any]:
    """Colour, style and label of a line."""
    return {
        "color": COLOURS[index % len(COLOURS)],
        "linestyle": STYLES[index % len(STYLES)],
        "label": f" {name}" if str(name)[:1] == "_" else name,  # or no legend would have it
    }


def draw_curves(ax: Axes, curves: Mapping[str, tuple[Tensor, Tensor]]) -> list[Line2D]:
    """Lines by name through points (x, y); what others cover is wider, a single point a dot."""
    lines = []
    points = list(curves.values())
    for index, (name, (x, y)) in enumerate(curves.items()):
        covering = sum(_coincide((x, y), other) for other in points[index + 1 :])
        lines += ax.plot(
            x.tolist(),
            y.tolist(),
            linewidth=1.5 + covering,
            marker="." if len(x) == 1 else None,  # a line needs two points to be seen
            markersize=6 + 3 * covering,
            **look(index, name),
        )
    return lines


def _coincide(curve: tuple[Tensor, Tensor], other: tuple[Tensor, Tensor]) -> bool:
    """Whether two curves can hardly be told apart by eye."""
    return all(
        a.shape == b.shape and torch.allclose(a.double().cpu(), b.double().cpu(), 0.01, 0.001)
        for a, b in zip(curve, other, strict=True)
    )


def check_curve(name: str, values: Tensor) -> None:
    """Refuse what is not a curve of finite numbers."""
    values = _checks.tensor(name, values)
    if values.ndim != 1 or values.numel() == 0:
        _checks.fail(name, "a curve of at least one point", values)
    _checks.finite(name, values, True)


def octave_axis(ax: Axes, side: Literal["x", "y"], label: str) -> None:
    """A logarithmic axis in Hz with plain numbers, whole octaves apart if three of them fit."""
    from matplotlib.ticker import NullFormatter, StrMethodFormatter

    from sot.plots._ticks import PitchLocator

    axis = ax.xaxis if side == "x" else ax.yaxis
    (ax.set_xscale if side == "x" else ax.set_yscale)("log", base=2)
    axis.set_major_locator(PitchLocator())
    axis.set_major_formatter(StrMethodFormatter("{x:.10g}"))
    axis.set_minor_formatter(NullFormatter())
    axis.set_label_text(label)


def mark_pitch(ax: Axes, side: Literal["x", "y"], f0: float | None) -> None:
    """The true pitch in Hz as a line across the axis on that side, if it is known."""
    if f0 is None:
        return
    _checks.number("f0", f0, above=0)
    line = ax.axvline if side == "x" else ax.axhline
    line(f0, color="0.4", linestyle=":", label=f"true pitch, {f0:.0f} Hz")


def legend(ax: Axes) -> None:
    """A legend on a grid, where it covers least; the axes keep their size, however long it is."""
    ax.grid(visible=True, alpha=0.3)
    ax.legend(loc="best", **_FRAME).set_in_layout(False)


def legend_above(ax: Axes) -> None:
    """A legend on a grid above the present limits, in two columns where they fit."""
    ax.grid(visible=True, alpha=0.3)
    frame = ax.get_window_extent()
    for columns in (2, 1):
        box = ax.legend(loc="upper left", ncols=columns, fontsize="small", **_FRAME)
        box.set_in_layout(False)
        extent = box.get_window_extent()
        if extent.width < _SURE * frame.width:
            break
    share = min(extent.height / (_SURE * frame.height) + 0.04, _MOST)
    transform = ax.yaxis.get_transform()
    low, high = transform.transform(ax.get_ylim())
    ax.set_ylim(top=transform.inverted().transform([low + (high - low) / (1 - share)])[0])
