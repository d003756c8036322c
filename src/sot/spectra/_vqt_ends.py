"""The ends of the kernels, multiplied with the signal in the time domain.

Frame t of a bin meets an end at sample t hop + start. With start = a hop + b, all ends whose b are
close are one matrix product with the windows of one grid of hops, of which a frame takes window
t + a.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sot.spectra._vqt_windows import add_windows, padded_to, samples_for, window_products
from sot.spectra.framing import Array


@dataclass(frozen=True)
class _Grid:
    """Sorted ends `first` to `last`, in `taps` samples from sample `offset` of every hop."""

    first: int
    last: int
    offset: int
    taps: int


class Ends:
    """Both ends of some kernels.

    Args:
        starts: first sample in the frame of each beginning, then of each ending.
        taps: samples of an end.
        hop: samples from one frame to the next.
    """

    def __init__(self, starts: NDArray[np.int64], taps: int, hop: int) -> None:
        self.hop = hop
        self.bins = len(starts) // 2
        self._lateness = starts % hop
        self._order = np.argsort(self._lateness, kind="stable")
        self._grids = _grids(self._lateness[self._order], taps, max(1, taps // 4))
        self._furthest = int(np.max(starts // hop))
        self.places = np.stack([np.argsort(self._order, kind="stable"), starts // hop])

    def matrices(self, ends: NDArray[np.complex128]) -> Array:
        """Real and imaginary parts of the conjugate ends, where they lie in their windows.

        Args:
            ends: shape (ends, taps).

        Returns:
            Sorted, shape (ends, 2, widest).
        """
        widest = max(grid.taps for grid in self._grids)
        placed = np.zeros((len(ends), widest), dtype=np.complex128)
        for grid in self._grids:
            for row in range(grid.first, grid.last):
                end = self._order[row]
                late = self._lateness[end] - grid.offset
                placed[row, late : late + ends.shape[1]] = ends[end].conj()
        return np.stack([placed.real, placed.imag], axis=1)

    def forward(self, signal: Tensor, matrices: Tensor, places: Tensor, frames: int) -> Tensor:
        """Coefficients (rows, bins, frames) of both ends together."""
        hops = frames + self._furthest
        signal = padded_to(signal, self._samples(hops))
        products = torch.cat(
            [
                window_products(signal, _of(matrices, grid), grid.offset, self.hop, hops)
                for grid in self._grids
            ],
            dim=1,
        )
        products = products.flatten(1)
        index = self._index(places, frames).expand(len(products), -1)
        parts = products.gather(1, index).unflatten(1, (2, 2, self.bins, frames))
        starting, stopping = parts.unbind(2)
        return torch.complex(*(starting + stopping).unbind(1))

    def adjoint(
        self, coefficients: Tensor, matrices: Tensor, places: Tensor, samples: int
    ) -> Tensor:
        """Adjoint of :meth:`forward`: a signal (rows, samples)."""
        rows, frames = coefficients.shape[0], coefficients.shape[-1]
        hops = frames + self._furthest
        parts = torch.stack([coefficients.real, coefficients.imag], dim=1)
        both = parts.unsqueeze(2).expand(-1, -1, 2, -1, -1).flatten(1)
        products = parts.new_zeros(rows, 4 * self.bins * hops)
        products.scatter_(1, self._index(places, frames).expand(rows, -1), both)
        products = products.unflatten(1, (-1, hops))
        signal = parts.new_zeros(rows, max(samples, self._samples(hops)))
        for grid in self._grids:
            share = products[:, 2 * grid.first : 2 * grid.last]
            add_windows(signal, share, _of(matrices, grid), grid.offset, self.hop)
        return signal[:, :samples]

    def _samples(self, hops: int) -> int:
        return max(samples_for(grid.offset, grid.taps, self.hop, hops) for grid in self._grids)

    def _index(self, places: Tensor, frames: int) -> Tensor:
        """Where the products of each part, end, bin and frame are."""
        hops = frames + self._furthest
        row, shift = places
        first = torch.stack([2 * row, 2 * row + 1]) * hops + shift
        return (first[..., None] + torch.arange(frames, device=places.device)).flatten()


def _of(matrices: Tensor, grid: _Grid) -> Tensor:
    """Kernels (2 ends, taps) of one grid."""
    return matrices[grid.first : grid.last, :, : grid.taps].flatten(0, 1)


def _grids(lateness: NDArray[np.int64], taps: int, spread: int) -> list[_Grid]:
    """Ends of ascending lateness in the hop, those within a spread together."""
    grids = []
    first = 0
    while first < len(lateness):
        offset = int(lateness[first])
        last = int(np.searchsorted(lateness, offset + spread, side="right"))
        grids.append(_Grid(first, last, offset, taps + int(lateness[last - 1]) - offset))
        first = last
    return grids
