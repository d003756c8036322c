"""The vertical picture: two spectra, and by how much they differ in each bin."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from sot.plots._axes import COLOURS, axes_or_new
from sot.plots._spectra import checked_pair, upper_limit

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.collections import LineCollection


def plot_differences(
    frequencies: Tensor, reference: Tensor, estimate: Tensor, ax: Axes | None = None
) -> LineCollection:
    """Both spectra over each other, and upright lines from one to the other in each bin.

    Where two peaks lie apart, neither is told where the other is: all that a bin-by-bin loss knows
    are the lengths of these lines.

    Args:
        frequencies: of the bins in Hz, shape (bins,), ascending.
        reference: spectrum of one frame, shape (bins,), non-negative; scaled to mass 1.
        estimate: likewise.
        ax: where to draw.

    Returns:
        The upright lines, one for each bin, from the share of the reference to the estimate's.

    Raises:
        ValueError: as :func:`~sot.plots.plot_transport`.
        TypeError: what is no tensor.
    """
    frequencies, reference, estimate = checked_pair(frequencies, reference, estimate)
    from matplotlib.collections import LineCollection

    ax = axes_or_new(ax)
    one, other = reference / reference.sum(), estimate / estimate.sum()
    starts = torch.stack([frequencies, one], dim=-1)
    ends = torch.stack([frequencies, other], dim=-1)
    lines = LineCollection(
        torch.stack([starts, ends], dim=1).tolist(), linewidths=1.0, colors="0.65", zorder=1
    )
    ax.add_collection(lines)
    hertz = frequencies.tolist()
    ax.plot(hertz, one.tolist(), color=COLOURS[0], linewidth=1.2, label="reference")
    ax.plot(hertz, other.tolist(), color=COLOURS[1], linewidth=1.2, label="estimate")
    ax.set_xlim(hertz[0], upper_limit(frequencies, one + other))
    ax.set_ylim(0, 1.25 * float(torch.maximum(one, other).max()))
    ax.set_xlabel("frequency (Hz)")
    ax.set_ylabel("share of energy; lines: differences")
    ax.legend(frameon=False, loc="upper right")
    return lines
