"""The axis of frequency: ground positions of the bins, their names in Hz, the unit of moves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from sot.losses import Wasserstein1DLoss

Array = NDArray[np.float64]
Ticks = list[tuple[float, str]]

_ROUND = [step * 10.0**power for step in (1, 2, 5, 3, 7, 1.5, 4) for power in range(1, 5)]  # Hz
_APART = 0.09  # least distance of two ticks
_CLASSES = {0: "C", 2: "D", 4: "E", 5: "F", 7: "G", 9: "A", 11: "B"}
_COVERED = 0.998  # share of the energy that a band holds


@dataclass(frozen=True)
class Scale:
    """Where bins lie on the axis along which energy is moved.

    Attributes:
        positions: ground positions of the bins, shape (bins,), ascending.
        frequencies: in Hz, shape (bins,).
        circular: positions lie on a circle of circumference 1.
    """

    positions: Array
    frequencies: Array
    circular: bool

    @classmethod
    def of_loss(cls, loss: Wasserstein1DLoss) -> Scale:
        """The scale of a loss between audio signals."""
        assert loss.spectrum is not None
        positions = np.asarray(loss.constant("bin_positions", torch.float64).cpu())
        return cls(positions, loss.spectrum.frequencies, loss.circular)

    @property
    def is_octave(self) -> bool:
        """Whether the circle is an octave of pitch classes."""
        octaves = np.log2(np.maximum(self.frequencies, 1e-9) / max(self.frequencies[0], 1e-9))
        return self.circular and np.allclose(self.positions, octaves)

    @property
    def is_linear(self) -> bool:
        """Whether positions are proportional to frequency, up to a constant."""
        if self.circular or len(self.positions) < 3:
            return not self.circular
        line = np.polynomial.Polynomial.fit(self.frequencies, self.positions, 1)
        span = np.ptp(self.positions)
        return bool(np.abs(line(self.frequencies) - self.positions).max() <= 1e-4 * span)

    @property
    def unit(self) -> str:
        """The unit in which moves are told."""
        if self.circular:
            return "semitones" if self.is_octave else "turns"
        return "Hz" if self.is_linear else "semitones"

    @property
    def label(self) -> str:
        """What the ticks of the axis are, with their unit."""
        if self.circular:
            return "pitch class" if self.is_octave else "position (turns)"
        return "frequency (Hz)"

    @property
    def heights(self) -> Array:
        """Places of the bins in that unit, shape (bins,); a bin at 0 Hz lies where the next does.

        On a circle, the places on one turn.
        """
        if self.circular:
            return self.positions * (12.0 if self.is_octave else 1.0)
        if self.is_linear:
            return self.frequencies
        lowest = self.frequencies[self.frequencies > 0].min(initial=np.inf)
        return np.asarray(12 * np.log2(np.maximum(self.frequencies, min(lowest, 1e9))))

    def band(self, energy: Array) -> Band:
        """The part of the axis in which nearly all of the energy lies, with some room.

        Args:
            energy: of the bins, shape (bins,), not negative.
        """
        last = len(self.positions) - 1
        if self.circular or not energy.sum() > 0:
            return Band(self, 0, last)
        share = np.cumsum(energy) / energy.sum()
        low, high = np.searchsorted(share, [1 - _COVERED, _COVERED])
        room = 4 + (high - low) // 8
        first = 0 if self.is_linear else max(0, int(low) - room)
        return Band(self, int(first), int(min(high + room, last)))


@dataclass(frozen=True)
class Band:
    """The bins of a scale from `first` to `last`, both included."""

    scale: Scale
    first: int
    last: int

    @property
    def bins(self) -> slice:
        """The bins as a slice."""
        return slice(self.first, self.last + 1)

    @property
    def ends(self) -> tuple[float, float]:
        """Positions half a bin beyond the first and the last one."""
        places = self.scale.positions[self.bins]
        if len(places) == 1:
            return float(places[0]) - 0.5, float(places[0]) + 0.5
        low = places[0] - (places[1] - places[0]) / 2
        return float(low), float(places[-1] + (places[-1] - places[-2]) / 2)

    def share(self, position: Array) -> Array:
        """Where positions lie in the band, from 0 to 1."""
        low, high = self.ends
        return np.asarray((position - low) / (high - low))

    def rows(self, most: int) -> NDArray[np.intp]:
        """The bins behind each row of a picture whose rows are evenly spaced from low to high.

        Returns:
            The first bin of each row and the one after its last, shape (rows, 2). A row that lies
            between bins has the nearest one.
        """
        count = min(most, self.last - self.first + 1)
        edges = np.linspace(*self.ends, count + 1)
        places = self.scale.positions[self.bins]
        starts = np.searchsorted(places, edges[:-1])
        stops = np.searchsorted(places, edges[1:])
        nearest = np.abs(places[None] - (edges[:-1] + edges[1:])[:, None] / 2).argmin(1)
        empty = starts >= stops
        starts, stops = np.where(empty, nearest, starts), np.where(empty, nearest + 1, stops)
        return np.stack([starts, stops], axis=1) + self.first

    def ticks(self) -> Ticks:
        """Places in the band, from 0 to 1, and their names."""
        from matplotlib.ticker import MaxNLocator

        scale = self.scale
        if scale.circular:
            if not scale.is_octave:
                return [(float(self.share(np.array(x))), f"{x:g}") for x in (0, 0.25, 0.5, 0.75)]
            places = {k / 12: name for k, name in _CLASSES.items()}
            return [(float(self.share(np.array(x))), name) for x, name in places.items()]
        low, high = scale.frequencies[[self.first, self.last]]
        even = list(MaxNLocator(6).tick_values(low, high))
        hertz = even if scale.is_linear or high < 4 * low else _ROUND
        found: Ticks = []
        for value in hertz:
            if not low <= value <= high:
                continue
            place = np.interp(value, scale.frequencies, scale.positions)
            share = float(self.share(np.asarray(place)))
            if all(abs(share - other) > _APART for other, _ in found):
                found.append((share, f"{value:g}"))
        return sorted(found)
