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
        self.places = np.stack([np.argsort(self._order, kind="stable"), shifts, self._order])

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
        """Coefficients (rows, frames, bins) of a signal (rows, samples)."""
        hops = frames + self._extra
        signal = padded_to(signal, self.samples(frames))
        products = [
            window_products(signal, _of(matrices, grid), grid.offset, self.hop, hops)
            for grid in self._grids
        ]
        column, shift, _ = places
        hop = torch.arange(frames, device=signal.device)[:, None] + shift
        index = (hop * len(column) + column).flatten().expand(len(signal), -1)
        product = torch.view_as_complex(torch.cat(products, dim=2).unflatten(2, (-1, 2)))
        values: Tensor = product.flatten(1).gather(1, index).unflatten(1, (frames, -1))
        return values

    def spread(
        self, coefficients: Tensor, matrices: Tensor, places: Tensor, signal: Tensor
    ) -> None:
        """Adjoint of :meth:`forward`: add to a signal of at least :meth:`samples` in place.

        Coefficients of later bins are ignored.
        """
        rows, frames, bins = coefficients.shape
        _, shift, order = places
        hop = torch.arange(frames + self._extra, device=signal.device)[:, None]
        frame = hop - shift[order]
        beyond = (frame < 0) | (frame >= frames)
        index = frame.clamp(0, frames - 1) * bins + order
        products = coefficients.flatten(1).gather(1, index.flatten().expand(rows, -1))
        products = products.unflatten(1, index.shape).masked_fill_(beyond, 0)
        parts = torch.view_as_real(products).flatten(2)
        for grid in self._grids:
            share = parts[..., 2 * grid.first : 2 * grid.last]
            spread_windows(share, _of(matrices, grid), grid.offset, self.hop, signal)

    def samples(self, frames: int) -> int:
        """Samples of a signal that holds all windows of these frames."""
        hops = frames + self._extra
        return max(samples_for(grid.offset, grid.taps, self.hop, hops) for grid in self._grids)


def _of(matrices: Tensor, grid: _Grid) -> Tensor:
    """Kernels (2 ends, taps) of one grid."""
    return matrices[grid.first : grid.last, :, : grid.taps].flatten(0, 1)


def _grids(late: NDArray[np.int64], nearest: int, taps: int) -> list[_Grid]:
    """Ends that are ascendingly late in the hop, those together that are within half an end."""
    grids = []
    first = 0
    while first < len(late):
        last = int(np.searchsorted(late, late[first] + taps // 2, side="right"))
        width = taps + int(late[last - 1] - late[first])
        grids.append(_Grid(first, last, nearest + int(late[first]), width))
        first = last
    return grids
