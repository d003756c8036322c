"""The horizontal picture: two spectra, and where the energy of one goes in the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from sot.plots._axes import COLOURS, axes_or_new
from sot.plots._spectra import checked_pair, upper_limit
from sot.transport import transport_plan_1d

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.collections import LineCollection


def plot_transport(
    frequencies: Tensor,
    reference: Tensor,
    estimate: Tensor,
    ax: Axes | None = None,
    least_mass: float = 0.002,
) -> LineCollection:
    """The spectrum of the reference upwards, that of the estimate downwards, and the plan between.

    Args:
        frequencies: of the bins in Hz, shape (bins,), ascending.
        reference: spectrum of one frame, shape (bins,), non-negative; scaled to mass 1.
        estimate: likewise.
        ax: where to draw.
        least_mass: share of the energy below which a move is left out.

    Returns:
        The lines of the plan; the wider, the more energy they move.

    Raises:
        ValueError: spectra that are silent, not finite, negative or of another shape, or
            frequencies that are not finite, negative or unsorted.
        TypeError: what is no tensor.
    """
    frequencies, reference, estimate = checked_pair(frequencies, reference, estimate)
    from matplotlib.collections import LineCollection

    ax = axes_or_new(ax)
    up, down = reference / reference.sum(), estimate / estimate.sum()
    plan = transport_plan_1d(frequencies, frequencies, up, down)
    kept = plan.mass > least_mass
    rows, columns, mass = plan.rows[kept], plan.columns[kept], plan.mass[kept]
    starts = torch.stack([frequencies[rows], torch.zeros_like(frequencies[rows])], dim=-1)
    ends = torch.stack([frequencies[columns], torch.full_like(frequencies[columns], -1)], dim=-1)
    height = 1.5 * float(torch.maximum(up.max(), down.max()))
    lines = LineCollection(
        torch.stack([starts, ends], dim=1).tolist(),
        linewidths=(0.4 + 9 * mass.sqrt()).tolist(),
        colors="0.55",
        alpha=0.5,
    )
    ax.add_collection(lines)
    hertz = frequencies.tolist()
    ax.fill_between(hertz, (up / height).tolist(), color=COLOURS[0], label="reference")
    lower = (-1 - down / height).tolist()
    ax.fill_between(hertz, lower, -1, color=COLOURS[1], label="estimate")
    ax.set_xlim(hertz[0], upper_limit(frequencies, up + down))
    ax.set_ylim(-1.75, 0.75)
    ax.set_yticks([])
    ax.set_xlabel("frequency (Hz)")
    ax.set_ylabel("share of energy; lines: moves")
    ax.legend(frameon=False, loc="upper right")
    return lines
