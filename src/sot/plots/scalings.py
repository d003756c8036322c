"""Where each position scaling puts the bins of a spectrum."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

from sot import _checks
from sot.plots._axes import axes_or_new
from sot.plots._lines import legend, look
from sot.spectra import SCALINGS, Scaling, Spectrum

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D


def plot_scalings(spectrum: Spectrum, ax: Axes | None = None) -> list[Line2D]:
    """Ground positions over frequency, by each scaling of :class:`~sot.Wasserstein1DLoss`.

    The cost of a move is a power of the difference in height of its ends: the steeper a curve, the
    more a move by 1 Hz costs there. 'absolute' is drawn as a share of its highest position, which
    its label says.

    Args:
        spectrum: the transform, such as :class:`sot.spectra.STFT`.
        ax: where to draw.

    Returns:
        One line for each scaling.

    Raises:
        TypeError: no spectrum.
    """
    if not isinstance(spectrum, Spectrum):
        _checks.fail("spectrum", "a transform of sot.spectra", spectrum, kind=TypeError)
    ax = axes_or_new(ax)
    lines = []
    for index, scaling in enumerate(get_args(Scaling)):
        positions, name = spectrum.positions(scaling), str(scaling)
        if scaling == "absolute":
            name = f"absolute, / {positions[-1]:.0f} Hz"
            positions = positions / positions[-1]
        # From wide to narrow, so that a line that covers another lets it be seen.
        width = 1.2 + 1.2 * (len(SCALINGS) - 1 - index)
        lines += ax.plot(spectrum.frequencies, positions, linewidth=width, **look(index, name))
    ax.set_xlabel("frequency (Hz)")
    ax.set_ylabel("position (no unit)")
    legend(ax)
    return lines
