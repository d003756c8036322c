"""The horizontal and the vertical picture of the same two spectra, side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor

from sot.plots._axes import figure_or_new
from sot.plots.differences import plot_differences
from sot.plots.transport import plot_transport

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def plot_comparison(
    frequencies: Tensor, reference: Tensor, estimate: Tensor, figure: Figure | None = None
) -> Figure:
    """What a transport loss sees of two spectra, and what a bin-by-bin loss sees.

    Args:
        frequencies: of the bins in Hz, shape (bins,), ascending.
        reference: spectrum of one frame, shape (bins,), non-negative; scaled to mass 1.
        estimate: likewise.
        figure: an empty figure to draw into.

    Returns:
        The figure: :func:`~sot.plots.plot_transport` beside :func:`~sot.plots.plot_differences`.

    Raises:
        ValueError: as :func:`~sot.plots.plot_transport`.
        TypeError: what is no tensor.
    """
    figure = figure_or_new(figure, 9.0, 3.6)
    left, right = figure.subplots(1, 2)
    plot_transport(frequencies, reference, estimate, left)
    plot_differences(frequencies, reference, estimate, right)
    left.set_title("horizontally: where energy moves")
    right.set_title("vertically: how bins differ")
    return figure
