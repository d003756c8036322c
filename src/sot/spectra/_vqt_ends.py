"""One end of every kernel, multiplied with the signal in the time domain.

Frame t of a bin meets the end at sample t hop + start. With start = a hop + b, the ends whose b are
close are one matrix product with the windows of one grid of hops, of which a frame takes window
t + a.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sot.spectra._vqt_windows import padded_to, samples_for, spread_windows, window_products
from sot.spectra.framing import Array


@dataclass(frozen=True)
class _Grid:
    """Sorted ends `first` to `last`, in `taps` samples from sample `offset` of every hop."""

    first: int
    last: int
    offset: int
    taps: int


class Ends:
    """Where the ends of some kernels lie.

    Args:
        starts: the sample of the frame where each end starts.
        taps: samples of an end.
        hop: samples from one frame to the next.
    """

    def __init__(self, starts: NDArray[np.int64], taps: int, hop: int) -> None:
        self.hop = hop
        nearest = int(starts.min()) // hop * hop
        late = (starts - nearest) % hop
        shifts = (starts - nearest) // hop
        self._order = np.argsort(late, kind="stable")
        self._late = late
        self._grids = _grids(late[self._order], nearest, taps)
        self._nearest = nearest
        self._extra = int(shifts.max())
        self.places = np.stack([np.argsort(self._order, kind="stable"), shifts])

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
                first = self._nearest + self._late[end] - grid.offset
                placed[row, first : first + ends.shape[1]] = ends[end].conj()
        return np.stack([placed.real, placed.imag], axis=1)

    def forward(self, signal: Tensor, matrices: Tensor, places: Tensor, frames: int) -> Tensor:
        """Real and imaginary coefficients (rows, frames, bins, 2) of a signal (rows, samples)."""
        hops = frames + self._extra
        signal = padded_to(signal, self.samples(frames))
        products = [
            window_products(signal, _of(matrices, grid), grid.offset, self.hop, hops)
            for grid in self._grids
        ]
        index = _index(places, frames)
        product = torch.cat(products, dim=2).flatten(1)
        product = product.gather(1, index.flatten().expand(len(signal), -1))
        return product.reshape(-1, *index.shape)

    def spread(self, parts: Tensor, matrices: Tensor, places: Tensor, signal: Tensor) -> None:
        """Adjoint of :meth:`forward`: add to a signal of at least :meth:`samples` in place."""
        rows, frames, bins = parts.shape[:3]
        products = parts.new_zeros(rows, (frames + self._extra) * bins * 2)
        products.scatter_(1, _index(places, frames).flatten().expand(rows, -1), parts.flatten(1))
        products = products.unflatten(1, (-1, 2 * bins))
        for grid in self._grids:
            share = products[..., 2 * grid.first : 2 * grid.last]
            spread_windows(share, _of(matrices, grid), grid.offset, self.hop, signal)

    def samples(self, frames: int) -> int:
        """Samples of a signal that holds all windows of these frames."""
        hops = frames + self._extra
        return max(samples_for(grid.offset, grid.taps, self.hop, hops) for grid in self._grids)


def _index(places: Tensor, frames: int) -> Tensor:
    """Where in the products (hops, ends, 2) frames, bins and parts are, of that shape."""
    column, shift = places
    ends = len(column)
    hop = torch.arange(frames, device=places.device)[:, None] + shift
    part = torch.arange(2, device=places.device)
    first: Tensor = ((hop * ends + column) * 2)[..., None]
    return first + part


def _of(matrices: Tensor, grid: _Grid) -> Tensor:
    """Kernels (2 ends, taps) of one grid."""
    return matrices[grid.first : grid.last, :, : grid.taps].flatten(0, 1)


def _grids(late: NDArray[np.int64], nearest: int, taps: int) -> list[_Grid]:
    """Ends that are ascendingly late in the hop, those together that are within a quarter end."""
    grids = []
    first = 0
    while first < len(late):
        last = int(np.searchsorted(late, late[first] + taps // 4, side="right"))
        width = taps + int(late[last - 1] - late[first])
        grids.append(_Grid(first, last, nearest + int(late[first]), width))
        first = last
    return grids
