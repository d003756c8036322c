"""Kernels in the frequency domain, where each is a narrow band.

Frame t of a bin is y[t hop] with Y = X conj(K), so with N = hop T samples in the transform of the
signal, the frequencies f and f + T fall on the same frequency of the T frames: the band is folded
modulo T and an inverse transform of T points gives all frames of the bin at once.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sot.spectra._vqt_windows import padded_to
from sot.spectra.framing import Array

Kernels = Callable[[int], tuple[NDArray[np.complex128], int]]


@dataclass(frozen=True)
class _Group:
    """Bands of neighbouring bins, shape (size, bins, rows), from row `first` of the spectrum."""

    first: int
    bands: Tensor

    def of(self, spectrum: Tensor) -> Tensor:
        """What of a spectrum (size, rows, signals) the bands cover."""
        return spectrum[:, self.first : self.first + self.bands.shape[-1]]


class Bands:
    """The bands of some kernels for signals of hop * size samples.

    Args:
        kernels: gives the kernel of a bin, and the sample of the frame where it starts.
        centres: of the bands, ascending, in cycles per sample.
        half_widths: of the bands, in cycles per sample.
        hop: samples from one frame to the next.
        size: frames of the transform.
        overlap: frames that a kernel reaches from where it starts; a transform gives size - overlap
            frames, and a longer signal is cut into blocks.
    """

    def __init__(
        self,
        kernels: Kernels,
        centres: Array,
        half_widths: Array,
        hop: int,
        size: int,
        overlap: int,
    ) -> None:
        self.hop = hop
        self.size = size
        self.overlap = overlap
        ranges = []
        for bins in _neighbours(centres, half_widths):
            first = math.floor(np.min((centres - half_widths)[bins]) * hop)
            last = math.floor(np.max((centres + half_widths)[bins]) * hop)
            ranges.append((bins, first, min(last - first + 1, hop)))
        lowest = min(first for _, first, _ in ranges)
        highest = max(first + count for _, first, count in ranges)
        self._rows = torch.arange(lowest, highest) % hop
        self._groups = []
        for bins, first, count in ranges:
            bands = [
                self._band(*kernels(index), first, count) for index in range(bins.start, bins.stop)
            ]
            group = torch.from_numpy(np.stack(bands)).permute(2, 0, 1).contiguous()
            self._groups.append(_Group(first - lowest, group))

    def to(self, dtype: torch.dtype, device: torch.device) -> Bands:
        """The same in another type, on a device; changes these."""
        self._rows = self._rows.to(device)
        self._groups = [
            _Group(group.first, group.bands.to(device, dtype)) for group in self._groups
        ]
        return self

    def forward(self, signal: Tensor, frames: int) -> Tensor:
        """Coefficients (rows, bins, frames) of a signal (rows, samples)."""
        per_block, count = self._blocks(frames)
        signal = padded_to(signal, ((count - 1) * per_block + self.size) * self.hop)
        blocks = signal.unfold(-1, self.size * self.hop, per_block * self.hop)[:, :count]
        values = self._transform(blocks.flatten(0, 1))[..., :per_block]
        values = values.unflatten(0, (-1, count)).transpose(1, 2).flatten(2)
        return values[..., :frames]

    def adjoint(self, coefficients: Tensor, samples: int) -> Tensor:
        """Adjoint of :meth:`forward`: a signal (rows, samples)."""
        rows, bins, frames = coefficients.shape
        per_block, count = self._blocks(frames)
        blocks = coefficients.new_zeros(rows, count, bins, self.size)
        for block, part in enumerate(coefficients.split(per_block, dim=-1)):
            blocks[:, block, :, : part.shape[-1]] = part.conj()
        blocks = self._transposed(blocks.flatten(0, 1)).unflatten(0, (rows, count))
        length = self.size * self.hop
        wanted = (count - 1) * per_block * self.hop + length
        signal = blocks.new_zeros(rows, max(samples, wanted))
        for block in range(count):
            start = block * per_block * self.hop
            signal[:, start : start + length] += blocks[:, block]
        return signal[:, :samples]

    def _blocks(self, frames: int) -> tuple[int, int]:
        """The frames that each block gives, and the number of blocks."""
        per_block = min(frames, self.size - self.overlap)
        return per_block, -(-frames // per_block)

    def _transform(self, blocks: Tensor) -> Tensor:
        """Coefficients (blocks, bins, size) of signals (blocks, hop * size)."""
        spectrum = torch.fft.fft(blocks).unflatten(-1, (self.hop, self.size))
        spectrum = spectrum.index_select(1, self._rows).permute(2, 1, 0).contiguous()
        folded = [torch.bmm(group.bands, group.of(spectrum)) for group in self._groups]
        return torch.fft.ifft(torch.cat(folded, dim=1).permute(2, 1, 0))

    def _transposed(self, conjugate: Tensor) -> Tensor:
        """Adjoint of :meth:`_transform`, of conjugate coefficients.

        The real part of the adjoint is that of the transpose of the conjugate, and but for the
        bands every step is its own transpose.
        """
        folded = torch.fft.ifft(conjugate).permute(2, 1, 0).contiguous()
        spectrum = folded.new_zeros(self.size, len(self._rows), folded.shape[-1])
        first = 0
        for group in self._groups:
            last = first + group.bands.shape[1]
            group.of(spectrum).add_(torch.bmm(group.bands.transpose(1, 2), folded[:, first:last]))
            first = last
        whole = folded.new_zeros(folded.shape[-1], self.hop, self.size)
        whole.index_add_(1, self._rows, spectrum.permute(2, 1, 0))
        return _real_transform(whole.flatten(1))

    def _band(
        self, kernel: NDArray[np.complex128], start: int, first: int, count: int
    ) -> NDArray[np.complex128]:
        """Conjugate spectrum of one kernel on `count` rows of `size` frequencies, over hop."""
        from scipy.signal import zoom_fft

        total = self.size * self.hop
        low, high = first * self.size, (first + count) * self.size
        band = zoom_fft(kernel, [low, high], m=high - low, fs=total)
        shift = np.exp(-2j * np.pi * start / total * np.arange(low, high))
        folded: NDArray[np.complex128] = np.conj(band * shift).reshape(count, self.size)
        return folded / self.hop


def _real_transform(values: Tensor) -> Tensor:
    """Real part of a Fourier transform, by a transform of half as many."""
    count = values.shape[-1]
    half = values[:, : count // 2 + 1].conj().resolve_conj()
    half[:, 1:] += values[:, count - count // 2 :].flip(-1)
    half[:, 1:] *= 0.5
    return torch.fft.irfft(half, n=count, norm="forward")


def _neighbours(centres: Array, half_widths: Array) -> list[slice]:
    """Bins grouped so that the bands of a group mostly cover the same frequencies."""
    groups = []
    first = 0
    while first < len(centres):
        limit = centres[first] + half_widths[first] / 2
        last = int(np.searchsorted(centres, limit, side="right"))
        groups.append(slice(first, last))
        first = last
    return groups
