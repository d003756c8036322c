"""What each mass rule makes of two spectra before they are compared."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor

from sot.plots._axes import figure_or_new
from sot.plots.cumulative import plot_quantiles

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_RULES: dict[str, dict[str, bool]] = {
    "normalize, balanced (default)": {},
    "normalize=False": {"normalize": False},
    "balanced=False": {"balanced": False},
    "balanced=False, quantile_lowpass=True": {"balanced": False, "quantile_lowpass": True},
}


def plot_mass_rules(
    frequencies: Tensor, reference: Tensor, estimate: Tensor, figure: Figure | None = None
) -> Figure:
    """Quantile functions of two spectra under each mass rule of :class:`~sot.Wasserstein1DLoss`.

    Args:
        frequencies: of the bins in Hz, shape (bins,), ascending.
        reference: spectrum of one frame, shape (bins,), non-negative.
        estimate: likewise; the rules differ if its energy is another than the reference's.
        figure: an empty figure to draw into.

    Returns:
        The figure: :func:`~sot.plots.plot_quantiles` once for each rule.

    Raises:
        ValueError: as :func:`~sot.plots.plot_transport`.
        TypeError: what is no tensor.
    """
    figure = figure_or_new(figure, 9.0, 6.4)
    axes = figure.subplots(2, 2).flat
    for ax, (title, rule) in zip(axes, _RULES.items(), strict=True):
        plot_quantiles(frequencies, reference, estimate, ax, **rule)
        ax.set_title(title)
    return figure
