"""The ends of every kernel, multiplied with the signal in the time domain.

Frame t of a bin meets an end at sample t hop + start. With start = a hop + b, the ends whose b are
close are one matrix product with the windows of one grid of hops, of which a frame takes window
t + a.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

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
        starts: the sample of the frame where each end starts, shape (2, bins), for the end at the
            start of the kernel and that at its stop.
        taps: samples of an end.
        hop: samples from one frame to the next.
    """

    def __init__(self, starts: NDArray[np.int64], taps: int, hop: int) -> None:
        self.hop = hop
        nearest = starts.min(axis=1, keepdims=True) // hop * hop
        shifts, late = np.divmod(starts - nearest, hop)
        order = np.argsort(late, axis=1, kind="stable")
        self._extra = int(shifts.max())
        self._firsts = (nearest + late).flatten()
        self._order = (order + np.array([[0], [starts.shape[1]]])).flatten()
        self._grids = _grids(late.flatten()[self._order], nearest.flatten(), taps)
        columns = np.argsort(self._order)
        sorted_shifts = shifts.flatten()[self._order]
        self.places = np.stack([columns, shifts.flatten(), order.flatten(), sorted_shifts])

    def matrices(self, ends: NDArray[np.complex128]) -> Array:
        """Real and imaginary parts of the conjugate ends, where they lie in their windows.

        Args:
            ends: shape (2, bins, taps).

        Returns:
            Sorted, shape (2 bins, 2, widest).
        """
        widest = max(grid.taps for grid in self._grids)
        ends = ends.reshape(-1, ends.shape[-1])
        placed = np.zeros((len(ends), widest), dtype=np.complex128)
        for grid in self._grids:
            for row in range(grid.first, grid.last):
                end = self._order[row]
                first = self._firsts[end] - grid.offset
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
        columns, shifts, _, _ = places
        count = len(columns)
        frame = torch.arange(frames, device=signal.device)[:, None]
        index = (frame * count + (shifts * count + columns)).flatten().expand(signal.shape[0], -1)
        product = torch.view_as_complex(torch.cat(products, dim=2).unflatten(2, (-1, 2)))
        taken = product.flatten(1).gather(1, index).unflatten(1, (frames, 2, -1))
        values: Tensor = taken[:, :, 0] + taken[:, :, 1]
        return values

    def spread(
        self, coefficients: Tensor, matrices: Tensor, places: Tensor, signal: Tensor
    ) -> None:
        """Adjoint of :meth:`forward`: add to a signal of at least :meth:`samples` in place.

        Coefficients of later bins are ignored.
        """
        rows, frames, bins = coefficients.shape
        _, _, order, shifts = places
        silent = functional.pad(coefficients, (0, 0, self._extra, self._extra))
        hop = torch.arange(frames + self._extra, device=signal.device)[:, None]
        index = hop * bins + ((self._extra - shifts) * bins + order)
        products = silent.flatten(1).gather(1, index.flatten().expand(rows, -1))
        parts = torch.view_as_real(products.unflatten(1, index.shape)).flatten(2)
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


def _grids(late: NDArray[np.int64], nearest: NDArray[np.int64], taps: int) -> list[_Grid]:
    """Ends that are ascendingly late in the hop, those together that are within half an end.

    The first half of the ends starts from the first of `nearest`, the other from the second.
    """
    grids = []
    for side, sample in enumerate(nearest):
        first, stop = (len(late) // 2 * (side + more) for more in (0, 1))
        while first < stop:
            within = late[first:stop] <= late[first] + taps // 2
            last = first + int(np.count_nonzero(within))
            width = taps + int(late[last - 1] - late[first])
            grids.append(_Grid(first, last, int(sample + late[first]), width))
            first = last
    return grids
