"""One end of every kernel, multiplied with the signal in the time domain.

Frame t of a bin meets its end at sample t hop + start. With start = a hop + b, the ends whose b are
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
from sot.spectra.framing import Array, Framing


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
        starts: the sample of the frame where each end starts, shape (bins,).
        taps: samples of an end.
        framing: of the signal.
    """

    def __init__(self, starts: NDArray[np.int64], taps: int, framing: Framing) -> None:
        self.hop = framing.hop_length
        nearest = int(starts.min()) // self.hop * self.hop
        shifts, late = np.divmod(starts - nearest, self.hop)
        self._firsts = nearest + late
        self._order = np.argsort(late, kind="stable")
        self._extra = int(shifts.max())
        self._grids = _grids(late[self._order], nearest, taps)
        self._first, self._more = self._heard(framing)
        columns = np.argsort(self._order)
        self.places = np.stack([columns, shifts, self._order, shifts[self._order]])

    def matrices(self, ends: NDArray[np.complex128]) -> Array:
        """Real and imaginary parts of the conjugate ends, where they lie in their windows.

        Args:
            ends: shape (bins, taps).

        Returns:
            Sorted, shape (bins, 2, widest).
        """
        widest = max(grid.taps for grid in self._grids)
        placed = np.zeros((len(ends), widest), dtype=np.complex128)
        for grid in self._grids:
            for row in range(grid.first, grid.last):
                end = self._order[row]
                first = self._firsts[end] - grid.offset
                placed[row, first : first + ends.shape[1]] = ends[end].conj()
        return np.stack([placed.real, placed.imag], axis=1)

    def forward(self, signal: Tensor, matrices: Tensor, places: Tensor, frames: int) -> Tensor:
        """Coefficients (rows, frames, bins) of a signal (rows, samples)."""
        windows = self._windows(frames)
        signal = padded_to(signal, self.samples(frames))
        products = [
            window_products(signal, _of(matrices, grid), self._offset(grid), self.hop, windows)
            for grid in self._grids
        ]
        columns, shifts, _, _ = places
        count = len(columns)
        frame = torch.arange(frames, device=signal.device)[:, None]
        window = (frame + (shifts - self._first)).clamp(0, windows - 1)
        index = (window * count + columns).flatten().expand(signal.shape[0], -1)
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
        _, _, order, shifts = places
        silent = functional.pad(coefficients, (0, 0, self._extra, self._extra))
        window = torch.arange(self._windows(frames), device=signal.device)[:, None]
        index = (window + (self._first + self._extra - shifts)) * bins + order
        products = silent.flatten(1).gather(1, index.flatten().expand(rows, -1))
        parts = torch.view_as_real(products.unflatten(1, index.shape)).flatten(2)
        for grid in self._grids:
            share = parts[..., 2 * grid.first : 2 * grid.last]
            spread_windows(share, _of(matrices, grid), self._offset(grid), self.hop, signal)

    def samples(self, frames: int) -> int:
        """Samples of a signal that holds all windows of these frames."""
        windows = self._windows(frames)
        return max(
            samples_for(self._offset(grid), grid.taps, self.hop, windows) for grid in self._grids
        )

    def _windows(self, frames: int) -> int:
        """How many windows of each grid count."""
        return max(1, frames + self._more - self._first)

    def _heard(self, framing: Framing) -> tuple[int, int]:
        """The first window of each grid that counts, and how many more than frames the last is.

        Where there is silence around the signal, as many windows as there are frames reach into
        it. One on either side stands for those that do not: it is as silent as they are.
        """
        if framing.rule not in ("zero", "end"):
            return 0, self._extra
        reached = [(framing.left - grid.offset - grid.taps) // self.hop for grid in self._grids]
        passed = [(framing.left - grid.offset - 1) // self.hop + 2 for grid in self._grids]
        more = min(self._extra, max(passed))
        return max(0, min(*reached, more)), more

    def _offset(self, grid: _Grid) -> int:
        """The sample where the first window of a grid starts."""
        return grid.offset + self._first * self.hop


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
