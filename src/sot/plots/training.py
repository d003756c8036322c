"""Curves of training runs over their steps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from torch import Tensor

from sot import _checks
from sot.plots._axes import axes_or_new
from sot.plots._lines import check_curve, draw_curves, legend

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D


def plot_training(
    runs: Mapping[str, tuple[Tensor, Tensor]], quantity: str, ax: Axes | None = None
) -> list[Line2D]:
    """One quantity of several runs over their steps.

    Args:
        runs: by name, the steps (points,) and the values (points,) at them;
            :func:`sot.harmonic.training_curves` reads them from the folder of a run.
        quantity: what the values are, with their unit: the label of the axis.
        ax: where to draw.

    Returns:
        One line for each run.

    Raises:
        ValueError: no run, or one that is empty, or has values that are not finite or not as many
            as steps.
        TypeError: what is no tensor.
    """
    if not runs:
        _checks.fail("runs", "at least one run", "none")
    ax = axes_or_new(ax)
    for name, (steps, values) in runs.items():
        check_curve(f"steps of runs[{name!r}]", steps)
        check_curve(f"runs[{name!r}]", values)
        if steps.shape != values.shape:
            _checks.fail(f"runs[{name!r}]", f"one value for each of {len(steps)} steps", values)
    lines = draw_curves(ax, runs)
    ax.set_xlabel("step")
    ax.set_ylabel(quantity)
    legend(ax)
    return lines
