"""Where the energy of a whole spectrogram has to move."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import torch
from torch import Tensor

from sot import _checks
from sot.plots._axes import axes_or_new
from sot.plots._displacement import displacements
from sot.plots._lines import octave_axis
from sot.plots._spectra import check_energy, checked_frequencies, lower_limit, upper_limit

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.collections import QuadMesh

Unit = Literal["Hz", "semitones"]
UNITS = ("Hz", "semitones")

_RANGE = 50.0  # dB below the loudest bin at which nothing is to be seen
_LEAST = {"Hz": 1.0, "semitones": 0.1}  # range of the colours where nothing moves
_COLUMNS = 1000  # at most
_COVERED = 0.9  # share of the energy whose moves the colours tell apart


def plot_transport_over_time(
    times: Tensor,
    frequencies: Tensor,
    reference: Tensor,
    estimate: Tensor,
    ax: Axes | None = None,
    unit: Unit = "Hz",
) -> QuadMesh:
    """How far the energy of an estimate has to move to become a reference, over time.

    Each frame has its own plan; the colour of a bin is the mean move of its energy, upwards if it
    is positive. The fainter a bin, the less energy it has, down to 50 dB below the loudest. Frames
    in which either side is silent stay empty. Colours are saturated for the 10 % of the energy that
    move furthest. More than 1000 frames are drawn as the means of neighbours, each by its energy. A
    colour bar is added beside the axes.

    Args:
        times: of the frames in s, shape (frames,), ascending.
        frequencies: of the bins in Hz, shape (bins,), ascending.
        reference: spectrogram (frames, bins), non-negative: where the energy has to go.
        estimate: likewise: the energy that has to move, as a descent step would move it.
        ax: where to draw.
        unit: of the moves, 'Hz' or 'semitones'; with semitones the axis of frequency is
            logarithmic, and a bin at 0 Hz counts as the one above it.

    Returns:
        The mesh; its array holds the moves (bins, frames), masked where there are none.

    Raises:
        ValueError: spectrograms that are silent, not finite, negative or of another shape than
            (frames, bins), or never sound together; times or frequencies that are unsorted or not
            finite; semitones with a single bin at 0 Hz.
        TypeError: what is no tensor.
    """
    times, hertz, reference, estimate = _checked(times, frequencies, reference, estimate, unit)
    semitones = unit == "semitones"
    lowest = hertz[hertz > 0].min() if semitones else hertz[0]
    positions = 12 * hertz.clamp(min=float(lowest)).log2() if semitones else hertz
    moves = displacements(positions, estimate, reference)
    energy = torch.where(moves.isnan(), 0.0, estimate)
    if not float(energy.sum()) > 0:
        _checks.fail("estimate", "a frame in which both sides sound", "none")
    times, moves, energy = _thinned(times, moves, energy)
    opacity = 1 + 10 * torch.log10(energy / energy.max()) / _RANGE
    moves = torch.where(opacity > 0, moves, torch.nan)
    shown = max(_reached(moves.abs(), energy), _LEAST[unit])
    import numpy as np

    ax = axes_or_new(ax)
    edges = _edges(hertz).clamp(min=float(lowest) / 2)
    mesh = ax.pcolormesh(
        _edges(times).numpy(),
        edges.numpy(),
        np.ma.masked_invalid(moves.T.numpy()),
        cmap="RdBu_r",
        vmin=-shown,
        vmax=shown,
        rasterized=True,
    )
    alpha: Any = opacity.clamp(0, 1).T.numpy()  # typed as a list, taken as an array
    mesh.set_alpha(alpha)
    ax.set_xlabel("time (s)")
    ax.set_ylabel("frequency (Hz)")
    if semitones:
        octave_axis(ax, "y", "frequency (Hz)")
    heard = (reference + estimate).sum(0)
    ax.set_ylim(lower_limit(hertz, heard) if semitones else 0, upper_limit(hertz, heard))
    ax.figure.colorbar(mesh, ax=ax, extend="both", label=f"move of the energy ({unit})")
    return mesh


def _checked(
    times: Tensor, frequencies: Tensor, reference: Tensor, estimate: Tensor, unit: str
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Everything in double precision, if it can be drawn."""
    _checks.choice("unit", unit, UNITS)
    times, hertz = _checks.tensor("times", times), checked_frequencies(frequencies)
    if times.ndim != 1:
        _checks.fail("times", "shape (frames,)", times)
    _checks.finite("times", times, True)
    _checks.ascending("times", times, "sort the frames by time", True)
    spectra = []
    for name, value in (("reference", reference), ("estimate", estimate)):
        value = _checks.tensor(name, value)
        if value.shape != (len(times), len(hertz)):
            shape = (len(times), len(hertz))
            _checks.fail(name, f"a spectrogram of shape (frames, bins) = {shape}", value)
        _checks.non_negative(name, value, True)
        check_energy(name, value)
        spectra.append(value.detach().cpu().double())
    if unit == "semitones" and not bool((hertz > 0).any()):
        _checks.fail("frequencies", "a bin above 0 Hz for semitones", frequencies)
    return times.detach().cpu().double(), hertz, *spectra  # type: ignore[return-value]


def _thinned(times: Tensor, moves: Tensor, energy: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Means of neighbouring frames, so that there are no more than can be seen."""
    frames, bins = moves.shape
    group = -(-frames // _COLUMNS)
    if group == 1:
        return times, moves, energy
    columns = torch.arange(frames) // group
    counts = columns.bincount()
    empty = energy.new_zeros(len(counts), bins)
    sums = empty.index_add(0, columns, energy)
    moved = empty.index_add(0, columns, moves.nan_to_num() * energy)
    centres = torch.zeros_like(times[: len(counts)]).index_add(0, columns, times) / counts
    return centres, moved / sums, sums / counts[:, None]


def _reached(values: Tensor, energy: Tensor) -> float:
    """The value that most of the energy does not exceed."""
    heard = ~values.isnan()
    values, order = values[heard].sort()
    share = energy[heard][order].cumsum(0)
    index = torch.searchsorted(share, _COVERED * share[-1])
    return float(values[min(int(index), len(values) - 1)])


def _edges(centres: Tensor) -> Tensor:
    """Edges between neighbours, and as far beyond the ends; a single one is 1 wide."""
    if len(centres) == 1:
        return torch.stack([centres[0] - 0.5, centres[0] + 0.5])
    middles = (centres[1:] + centres[:-1]) / 2
    first, last = 2 * centres[:1] - middles[:1], 2 * centres[-1:] - middles[-1:]
    return torch.cat([first, middles, last])
