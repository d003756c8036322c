"""The area that is the distance: between cumulative distributions, or quantile functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor

from sot import _checks
from sot.losses._mass import MassRule
from sot.plots._axes import COLOURS, axes_or_new
from sot.plots._spectra import checked_pair, upper_limit
from sot.transport import highest_level, wasserstein_1d

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.collections import PolyCollection
    from matplotlib.lines import Line2D

_NAMES = ("reference", "estimate")
_ROUNDING = 1e-9  # share of the mass


class AreaBetween(NamedTuple):
    """Two curves, and the area between them that is the distance.

    Attributes:
        reference: the curve of the reference.
        estimate: the curve of the estimate.
        area: what is shaded.
    """

    reference: Line2D
    estimate: Line2D
    area: PolyCollection


def plot_cdfs(
    frequencies: Tensor, reference: Tensor, estimate: Tensor, ax: Axes | None = None
) -> AreaBetween:
    r"""Cumulative distributions of two spectra; the area between them is their distance in Hz.

    .. math:: W_1 = \int |F_u(f) - F_v(f)| \, df

    Args:
        frequencies: of the bins in Hz, shape (bins,), ascending.
        reference: spectrum of one frame, shape (bins,), non-negative; scaled to mass 1.
        estimate: likewise.
        ax: where to draw.

    Returns:
        The two curves and the area.

    Raises:
        ValueError: as :func:`~sot.plots.plot_transport`.
        TypeError: what is no tensor.
    """
    frequencies, reference, estimate = checked_pair(frequencies, reference, estimate)
    ax = axes_or_new(ax)
    u, v = reference / reference.sum(), estimate / estimate.sum()
    hertz = frequencies.tolist()
    levels = [weights.cumsum(0) for weights in (u, v)]
    curves = [
        ax.step([hertz[0], *hertz], [0.0, *cdf.tolist()], where="post", color=colour, label=name)[0]
        for name, cdf, colour in zip(_NAMES, levels, COLOURS, strict=False)
    ]
    distance = float(((levels[0] - levels[1]).abs()[:-1] * frequencies.diff()).sum())
    area = ax.fill_between(
        hertz,
        levels[0].tolist(),
        levels[1].tolist(),
        step="post",
        color="0.8",
        linewidth=0,
        label=f"area: {distance:.4g} Hz",
    )
    ax.set_xlim(hertz[0], upper_limit(frequencies, u + v))
    ax.set_ylim(0, 1.02)
    ax.set_xlabel("frequency (Hz)")
    ax.set_ylabel("share of energy below")
    ax.legend(frameon=False, loc="lower right")
    return AreaBetween(curves[0], curves[1], area)


def plot_quantiles(
    frequencies: Tensor,
    reference: Tensor,
    estimate: Tensor,
    ax: Axes | None = None,
    *,
    normalize: bool = True,
    balanced: bool = True,
    quantile_lowpass: bool = False,
) -> AreaBetween:
    r"""Quantile functions of two spectra; the area between them is the cost of transport.

    With the exponent p = 1, the ground positions 'absolute' and the mass rule given here, the area
    is :class:`~sot.Wasserstein1DLoss` of this frame.

    .. math:: W_1 = \int_0^1 |F_u^{-1}(r) - F_v^{-1}(r)| \, dr

    Args:
        frequencies: of the bins in Hz, shape (bins,), ascending.
        reference: spectrum of one frame, shape (bins,), non-negative.
        estimate: likewise.
        ax: where to draw.
        normalize: give the spectrum of the reference mass 1.
        balanced: give the estimate the mass of the reference; otherwise it keeps its ratio to it,
            and the lighter side is completed at the last frequency.
        quantile_lowpass: count levels up to 1 only.

    Returns:
        The two curves and the area.

    Raises:
        ValueError: as :func:`~sot.plots.plot_transport`.
        TypeError: what is no tensor, or a setting of the wrong type.
    """
    rule = MassRule(
        normalize=_checks.flag("normalize", normalize),
        balanced=_checks.flag("balanced", balanced),
        eps=0.0,
        silent_frames_vote=False,
    )
    cut = _checks.flag("quantile_lowpass", quantile_lowpass)
    frequencies, reference, estimate = checked_pair(frequencies, reference, estimate)
    ax = axes_or_new(ax)
    u, v, _ = rule(reference, estimate)
    below, above, levels = _quantiles(frequencies, u, v)
    curves = [
        ax.step(levels.tolist(), hertz.tolist(), where="pre", color=colour, label=name)[0]
        for name, hertz, colour in zip(_NAMES, (below, above), COLOURS, strict=False)
    ]
    counted = levels <= highest_level(cut, levels.dtype)
    moves = (above - below).abs()[counted]
    cost = float((moves[1:] * levels[counted].diff()).sum())
    area = ax.fill_between(
        levels[counted].tolist(),
        below[counted].tolist(),
        above[counted].tolist(),
        step="pre",
        color="0.8",
        linewidth=0,
        label=f"area: {cost:.4g} Hz" + ("" if normalize else " times energy"),
    )
    ax.set_xlim(0, float(levels[-1]) * (1 + _ROUNDING))  # the last tick is seen
    equal = abs(float(v.sum() / u.sum()) - 1) < _ROUNDING
    top = upper_limit(frequencies, u + v) if equal else 1.02 * float(frequencies[-1]) + 1
    ax.set_ylim(float(frequencies[0]), top)
    ax.set_xlabel("level (share of the reference's energy)" if normalize else "level (energy)")
    ax.set_ylabel("frequency (Hz)")
    ax.legend(frameon=False, loc="upper left")
    return AreaBetween(curves[0], curves[1], area)


def _quantiles(frequencies: Tensor, u: Tensor, v: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Both quantile functions as steps: each value holds from the level before to its own.

    The first level is 0. Levels that only rounding tells apart are one.
    """
    parts = wasserstein_1d(frequencies, frequencies, u, v, return_quantiles=True)
    below, above, levels = parts[:3]
    widths = levels.diff(prepend=levels.new_zeros(1))
    kept = widths > _ROUNDING * levels[-1]
    below, above, levels = below[kept], above[kept], levels[kept]
    start = levels.new_zeros(1)
    return (
        torch.cat([below[:1], below]),
        torch.cat([above[:1], above]),
        torch.cat([start, levels]),
    )
