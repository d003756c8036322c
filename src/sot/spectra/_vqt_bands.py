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
from sot.spectra.framing import Array, Framing

Kernels = Callable[[int], tuple[NDArray[np.complex128], int]]


@dataclass(frozen=True)
class _Group:
    """Neighbouring bins, whose bands cover `count` rows from row `first` of the spectrum."""

    bins: slice
    first: int
    count: int

    def of(self, spectrum: Tensor) -> Tensor:
        """What of a spectrum (size, signals, rows) the bands cover."""
        return spectrum[..., self.first : self.first + self.count]


class Bands:
    """Where the bands of some kernels lie, in rows of T frequencies.

    Args:
        centres: of the bands, ascending, in cycles per sample.
        half_widths: of the bands, in cycles per sample.
        framing: of the signal; frames hold the kernels.
    """

    def __init__(self, centres: Array, half_widths: Array, framing: Framing) -> None:
        self.hop = framing.hop_length
        self._overlap = -(-framing.frame_length // self.hop)
        # Zeros before the signal serve as those behind it, where the transform is one block.
        silence = framing.left if framing.rule == "zero" else 0
        self._tail = -(-(framing.frame_length - silence) // self.hop)
        ranges = []
        for bins in _neighbours(centres, half_widths):
            first = math.floor(np.min((centres - half_widths)[bins]) * self.hop)
            last = math.floor(np.max((centres + half_widths)[bins]) * self.hop)
            ranges.append((bins, first, min(last - first + 1, self.hop)))
        self._lowest = min(first for _, first, _ in ranges)
        self._highest = max(first + count for _, first, count in ranges)
        self._groups = [_Group(bins, first - self._lowest, count) for bins, first, count in ranges]

    def size(self, frames: int) -> int:
        """Frames T of the transform.

        A long signal is cut into blocks, so that few sizes serve all lengths.
        """
        largest = _round_up(max(1024, 2 * self._overlap))
        return min(largest, _round_up(frames + self._tail))

    def tensors(self, kernels: Kernels, size: int) -> list[Tensor]:
        """The bands (size, rows, bins) of each group.

        Args:
            kernels: gives the kernel of a bin, and the sample of the frame where it starts.
            size: frames of the transform.
        """
        tensors = []
        for group in self._groups:
            rows = range(self._lowest + group.first, self._lowest + group.first + group.count)
            bins = range(group.bins.start, group.bins.stop)
            bands = np.stack([self._band(*kernels(index), rows, size) for index in bins])
            tensors.append(torch.from_numpy(bands).permute(2, 1, 0).contiguous())
        return tensors

    def forward(self, signal: Tensor, bands: list[Tensor], frames: int) -> Tensor:
        """Coefficients (rows, frames, bins) of a signal (rows, samples)."""
        size = bands[0].shape[0]
        per_block, count = self._blocks(frames, size)
        signal = padded_to(signal, self.samples(frames, size))
        blocks = signal.unfold(-1, size * self.hop, per_block * self.hop)[:, :count]
        values = self._transform(blocks.flatten(0, 1), bands)[:per_block]
        values = values.unflatten(1, (-1, count)).permute(1, 2, 0, 3)
        joined: Tensor = values.flatten(1, 2)[:, :frames]
        return joined

    def spread(self, coefficients: Tensor, bands: list[Tensor], signal: Tensor) -> None:
        """Adjoint of :meth:`forward`: add to a signal of at least :meth:`samples` in place."""
        rows, frames, bins = coefficients.shape
        size = bands[0].shape[0]
        per_block, count = self._blocks(frames, size)
        blocks = coefficients.new_empty(size, rows, count, bins)
        for block, part in enumerate(coefficients.split(per_block, dim=1)):
            blocks[: part.shape[1], :, block] = part.transpose(0, 1).conj()
            blocks[part.shape[1] :, :, block] = 0
        spread = self._transposed(blocks.flatten(1, 2), bands).unflatten(0, (rows, count))
        length = size * self.hop
        for block in range(count):
            start = block * per_block * self.hop
            signal[:, start : start + length] += spread[:, block]

    def samples(self, frames: int, size: int) -> int:
        """Samples of a signal that holds all blocks of these frames."""
        per_block, count = self._blocks(frames, size)
        return ((count - 1) * per_block + size) * self.hop

    def _blocks(self, frames: int, size: int) -> tuple[int, int]:
        """The frames that each block gives, and the number of blocks."""
        if frames + self._tail <= size:
            return frames, 1
        per_block = size - self._overlap
        return per_block, -(-frames // per_block)

    def _sources(self, size: int, device: torch.device) -> tuple[Tensor, Tensor]:
        """Where in the half spectrum of a real signal the rows are, and which are conjugated."""
        total = size * self.hop
        rows = torch.arange(self._lowest * size, self._highest * size, device=device) % total
        return torch.minimum(rows, total - rows), rows > total // 2

    def _transform(self, blocks: Tensor, bands: list[Tensor]) -> Tensor:
        """Coefficients (size, blocks, bins) of signals (blocks, hop * size)."""
        size = bands[0].shape[0]
        sources, conjugated = self._sources(size, blocks.device)
        spectrum = torch.fft.rfft(blocks).gather(1, sources.expand(blocks.shape[0], -1))
        spectrum = torch.where(conjugated, spectrum.conj(), spectrum).unflatten(1, (-1, size))
        spectrum = spectrum.permute(2, 0, 1).contiguous()
        pairs = zip(self._groups, bands, strict=True)
        folded = [torch.bmm(group.of(spectrum), band) for group, band in pairs]
        values: Tensor = torch.fft.ifft(torch.cat(folded, dim=2), dim=0)
        return values

    def _transposed(self, conjugate: Tensor, bands: list[Tensor]) -> Tensor:
        """Adjoint of :meth:`_transform`, of conjugate coefficients.

        The real part of the adjoint is that of the transpose of the conjugate, and but for the
        bands every step is its own transpose.
        """
        size, count, _ = conjugate.shape
        folded = torch.fft.ifft(conjugate, dim=0).contiguous()
        spectrum = folded.new_zeros(size, count, self._highest - self._lowest)
        for group, band in zip(self._groups, bands, strict=True):
            product = torch.bmm(folded[..., group.bins], band.transpose(1, 2))
            group.of(spectrum).add_(product)
        sources, conjugated = self._sources(size, conjugate.device)
        spectrum = spectrum.permute(1, 2, 0).flatten(1)
        spectrum = torch.where(conjugated, spectrum, spectrum.conj()).mul_(0.5)
        total = size * self.hop
        half = folded.new_zeros(count, total // 2 + 1)
        half.scatter_add_(1, sources.expand(count, -1), spectrum)
        half[:, 0] *= 2  # the mean and the Nyquist frequency have no mirror image
        if total % 2 == 0:
            half[:, -1] *= 2
        real: Tensor = torch.fft.irfft(half, n=total, norm="forward")
        return real

    def _band(
        self, kernel: NDArray[np.complex128], start: int, rows: range, size: int
    ) -> NDArray[np.complex128]:
        """Conjugate spectrum of one kernel on rows of `size` frequencies, over hop."""
        from scipy.signal import zoom_fft

        total = size * self.hop
        low, high = rows.start * size, rows.stop * size
        band = zoom_fft(kernel, [low, high], m=high - low, fs=total)
        shift = np.exp(-2j * np.pi * start / total * np.arange(low, high))
        folded: NDArray[np.complex128] = np.conj(band * shift).reshape(len(rows), size)
        return folded / self.hop


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


def _round_up(size: int) -> int:
    """The next number with at most four significant bits, so that few sizes serve all lengths."""
    shift = max(0, size.bit_length() - 4)
    return -(-size >> shift) << shift
