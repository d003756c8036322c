"""Variable-Q transform; with gamma 0 it is the constant-Q transform.

Long kernels are applied in the frequency domain, where each is a narrow band. Frame t of a bin is
y[t hop] with Y = X conj(K), so with N = hop T samples in the transform of the signal, the
frequencies f and f + T fall on the same frequency of the T frames: the band is folded modulo T and
an inverse transform of T points gives all frames of the bin at once. Kernels so short that their
band would be the whole spectrum are multiplied with the frames in the time domain.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from sot import _checks
from sot._dispatch import in_forward_mode
from sot.spectra._base import Spectrum, checked_band, checked_framing
from sot.spectra.framing import Framing, FramingRule, Window, window_samples
from sot.spectra.positions import Array

# The band of a kernel is cut where less than this share of its energy is left outside. The quiet
# bins between the harmonics of a tone, and the gradient through them, are made of such remainders,
# so the cut is far below what the values at the peaks would need.
_ENERGY_OUTSIDE = 1e-14
# Flat-top has a small step at its ends, whose spectrum hardly falls: it is cut at this multiple of
# 1 / length. A window that has more than this share of its energy beyond gets no band at all.
_WIDEST = 1000.0
_ENERGY_BEYOND = 1e-10
_CACHED_SIZES = 4


class VQT(Spectrum):
    """Magnitudes or powers of the variable-Q transform.

    Bin k has the centre f_k = fmin * 2 ** (k / bins_per_octave) and a window of
    ceil(Q * sample_rate / (f_k + gamma / alpha)) samples, with Q = 1 / alpha and
    alpha = 2 ** (1 / bins_per_octave) - 1. Kernels have unit L1 norm and are scaled by the root
    of their length.

    Args:
        hop_length: samples from one frame to the next.
        fmin: centre of the first bin in Hz.
        fmax: upper limit of the centres in Hz; the Nyquist frequency by default.
        n_bins: number of bins; None takes all whose centres lie below `fmax`.
        bins_per_octave: resolution.
        gamma: widens the low bins: 0 is constant Q.
        window: a SciPy window by name, or a tuple of name and parameters.
        sample_rate: in Hz.
        framing: see :class:`~sot.spectra.framing.Framing`; the frame is the longest kernel, which
            may outlast the clip, so the default is 'zero'.
        square_magnitude: give powers instead of magnitudes.
        noise_floor: take so many times the median of a frame off its bins.

    Raises:
        ValueError: a setting out of range, or bins that pass `fmax` or the Nyquist frequency.
        TypeError: a setting of the wrong type.

    References:
        C. Schörkhuber et al., A Matlab toolbox for efficient perfect reconstruction
        time-frequency transforms with log-frequency resolution, AES 2014.

    Example:
        >>> import torch
        >>> from sot.spectra import VQT
        >>> VQT(n_bins=84, bins_per_octave=12, sample_rate=22050)(torch.zeros(22050)).shape
        torch.Size([87, 84])
    """

    def __init__(
        self,
        hop_length: int = 256,
        fmin: float | None = None,
        fmax: float | None = None,
        n_bins: int | None = None,
        bins_per_octave: int = 36,
        gamma: float = 0.0,
        window: Window = "flattop",
        sample_rate: float = 22050,
        framing: FramingRule = "zero",
        square_magnitude: bool = False,
        noise_floor: float = 0.0,
    ) -> None:
        sample_rate, fmin, fmax = checked_band(sample_rate, 32.7 if fmin is None else fmin, fmax)
        if not fmin:
            _checks.fail("fmin", "a positive frequency for a logarithmic scale", "0 Hz")
        bins_per_octave = _checks.integer("bins_per_octave", bins_per_octave)
        gamma = _checks.number("gamma", gamma, minimum=0)
        frequencies = _centres(fmin, fmax, n_bins, bins_per_octave, sample_rate)
        alpha = 2.0 ** (1.0 / bins_per_octave) - 1.0
        lengths = np.ceil(sample_rate / alpha / (frequencies + gamma / alpha)).astype(int)
        longest = int(lengths[0]) + int(lengths[0]) % 2
        super().__init__(
            frequencies,
            Framing(checked_framing(framing), longest, _checks.integer("hop_length", hop_length)),
            sample_rate,
            fmin,
            fmax,
            _checks.flag("square_magnitude", square_magnitude),
            noise_floor,
        )
        self.bins_per_octave = bins_per_octave
        self.gamma = gamma
        self.lengths = lengths
        self.window = window
        self._half_width = _half_width(window)
        self._long_bins = int(np.count_nonzero(lengths > 2 * self._half_width))
        if self._long_bins < self.bins:
            self.add_constant("short_kernels", self._short_kernels())
        self._cache: OrderedDict[tuple[Any, ...], list[_Group]] = OrderedDict()

    def kernel(self, index: int) -> NDArray[np.complex128]:
        """Kernel of one bin in the time domain; sample `(length + 1) // 2` is its centre."""
        length = int(self.lengths[index])
        window = window_samples(self.window, length)
        times = np.arange(length) - (length + 1) // 2
        wave = np.exp(2j * np.pi * self.frequencies[index] / self.sample_rate * times)
        scale = math.sqrt(length) / float(np.abs(window).sum())
        return np.asarray(window * wave * scale, dtype=np.complex128)

    def analyse(self, padded: Tensor, frames: int) -> Tensor:
        """Long kernels in the frequency domain, short ones in the time domain."""
        parts = []
        if self._long_bins:
            parts.append(self._in_frequency(padded, frames))
        if self._long_bins < self.bins:
            parts.append(self._in_time(padded, frames))
        return torch.cat(parts, dim=-1)

    def _in_frequency(self, signal: Tensor, frames: int) -> Tensor:
        """Coefficients (rows, frames, bins) of the long kernels."""
        blocks, per_block, size = self._blocks(signal, frames)
        hop = self.framing.hop_length
        spectrum = torch.fft.fft(blocks).reshape(-1, hop, size).permute(2, 1, 0)
        folded = [
            _banded(group.bands, spectrum.index_select(1, group.rows))
            for group in self._groups(size, signal.dtype, signal.device)
        ]
        values = torch.fft.ifft(torch.cat(folded, dim=1), dim=0)[:per_block]
        spread: Tensor = values.permute(2, 0, 1).reshape(signal.shape[0], -1, self._long_bins)
        return spread[:, :frames]

    def _in_time(self, signal: Tensor, frames: int) -> Tensor:
        """Coefficients (rows, frames, bins) of the short kernels."""
        kernels = self.constant("short_kernels", signal.dtype)
        reach = kernels.shape[-1]
        start = (self.framing.frame_length - reach) // 2
        windows = signal[:, start:].unfold(-1, reach, self.framing.hop_length)[:, :frames]
        real, imaginary = (windows @ kernels.flatten(0, 1).T).chunk(2, dim=-1)
        return torch.complex(real, imaginary)

    def _short_kernels(self) -> Array:
        """Real and imaginary parts of the short kernels, centred, shape (2, bins, reach)."""
        longest = int(self.lengths[self._long_bins])
        reach = longest + longest % 2
        kernels = np.zeros((self.bins - self._long_bins, reach), dtype=np.complex128)
        for row, index in enumerate(range(self._long_bins, self.bins)):
            kernel = self.kernel(index)
            start = reach // 2 - (len(kernel) + 1) // 2
            kernels[row, start : start + len(kernel)] = kernel
        return np.stack([kernels.real, kernels.imag])

    def _blocks(self, signal: Tensor, frames: int) -> tuple[Tensor, int, int]:
        """Cut a long signal into overlapping blocks, so that any length uses the same kernels.

        Returns the blocks of shape (rows * blocks, hop * size), the frames that each of them gives
        and the size.
        """
        hop, reach = self.framing.hop_length, self.framing.frame_length
        overlap = -(-reach // hop)
        largest = _round_up(max(1024, 2 * overlap))
        size = min(largest, _round_up(frames + overlap))
        per_block = min(frames, size - overlap)
        count = -(-frames // per_block)
        wanted = ((count - 1) * per_block + size) * hop
        signal = functional.pad(signal, (0, wanted - signal.shape[-1]))
        blocks = signal.unfold(-1, size * hop, per_block * hop)
        return blocks.reshape(-1, size * hop), per_block, size

    def _groups(self, size: int, dtype: torch.dtype, device: torch.device) -> list[_Group]:
        """Kernels in the frequency domain for this many frames, computed once for each size."""
        key = (size, dtype, device)
        if key not in self._cache:
            step = max(1, self.bins_per_octave // 2)
            starts = range(0, self._long_bins, step)
            complex_dtype = torch.complex128 if dtype == torch.float64 else torch.complex64
            self._cache[key] = [
                self._group(range(start, min(start + step, self._long_bins)), size).to(
                    complex_dtype, device
                )
                for start in starts
            ]
            while len(self._cache) > _CACHED_SIZES:
                self._cache.popitem(last=False)
        self._cache.move_to_end(key)
        return self._cache[key]

    # What `torch.compiler.assume_constant_result` does, without the second that its import takes:
    # in a compiled graph the kernels are constants.
    _groups._dynamo_marked_constant = True  # type: ignore[attr-defined]

    def _group(self, bins: range, size: int) -> _Group:
        """Bands of neighbouring bins over the rows of `size` frequencies that they touch."""
        hop = self.framing.hop_length
        total = size * hop
        centres = self.frequencies[bins] / self.sample_rate * total
        reach = self._half_width * total / self.lengths[bins]
        first = math.floor(np.min(centres - reach) / size)
        last = math.floor(np.max(centres + reach) / size)
        count = min(last - first + 1, hop)
        bands = np.stack([self._band(index, first, count, size) for index in bins])
        rows = np.arange(first, first + count) % hop
        return _Group(torch.from_numpy(rows), torch.from_numpy(bands).permute(2, 0, 1))

    def _band(self, index: int, first: int, count: int, size: int) -> Any:
        """Conjugate spectrum of one kernel on `count` rows of `size` frequencies, over hop."""
        from scipy.signal import zoom_fft

        total = size * self.framing.hop_length
        kernel = self.kernel(index)
        start, stop = first * size, (first + count) * size
        band = zoom_fft(kernel, [start, stop], m=stop - start, fs=total)
        # The kernel's first sample lies this far into the frame.
        offset = self.framing.frame_length // 2 - (len(kernel) + 1) // 2
        shift = np.exp(-2j * np.pi * offset / total * np.arange(start, stop))
        return np.conj(band * shift).reshape(count, size) / self.framing.hop_length

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_cache": OrderedDict()}


def _banded(bands: Tensor, spectrum: Tensor) -> Tensor:
    """Product of constant bands (size, bins, rows) with a spectrum (size, rows, signals)."""
    if in_forward_mode():
        return torch.bmm(bands, spectrum)  # forward-mode derivatives go step by step
    result: Tensor = _Banded.apply(bands, spectrum)
    return result


class _Banded(torch.autograd.Function):
    """A product whose backward pass conjugates what is small, not the bands."""

    generate_vmap_rule = True

    @staticmethod
    def forward(bands: Tensor, spectrum: Tensor) -> Tensor:
        return torch.bmm(bands, spectrum)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, Tensor], output: Tensor) -> None:
        del output
        ctx.save_for_backward(inputs[0])

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[None, Tensor]:
        (bands,) = ctx.saved_tensors
        conjugate = grad.conj().resolve_conj().contiguous()  # as the product wants it laid out
        product = torch.bmm(bands.transpose(1, 2), conjugate)
        return None, product.conj().resolve_conj()


class _Group:
    """Bands of some bins, shape (size, bins, rows), on the given rows of the spectrum."""

    def __init__(self, rows: Tensor, bands: Tensor) -> None:
        self.rows = rows
        self.bands = bands

    def to(self, dtype: torch.dtype, device: torch.device) -> _Group:
        return _Group(self.rows.to(device), self.bands.to(dtype).contiguous().to(device))


def _centres(
    fmin: float, fmax: float | None, n_bins: int | None, bins_per_octave: int, sample_rate: float
) -> Array:
    limit = sample_rate / 2 if fmax is None else fmax
    fitting = math.ceil(bins_per_octave * math.log2(limit / fmin) - 1e-9)
    bins = fitting if n_bins is None else _checks.integer("n_bins", n_bins)
    if bins > fitting:
        what = "the Nyquist frequency" if fmax is None else "fmax"
        _checks.fail(
            "n_bins",
            f"at most {fitting} bins, so that the last stays below {what}, {limit:g} Hz",
            bins,
            "lower n_bins or fmin, or raise bins_per_octave",
        )
    return fmin * 2.0 ** (np.arange(bins) / bins_per_octave)


def _half_width(window: Window) -> float:
    """Half the band of a window, times its length, outside of which its energy is negligible.

    Infinite for a window whose spectrum does not fall, such as boxcar.
    """
    length, factor = 4096, 4
    samples = window_samples(window, length)
    power = np.abs(np.fft.rfft(samples, length * factor)) ** 2
    outside = np.cumsum(power[::-1])[::-1] / power.sum()
    if outside[int(_WIDEST) * factor] > _ENERGY_BEYOND:
        return math.inf
    return min(float(np.argmax(outside < _ENERGY_OUTSIDE) or len(power)) / factor, _WIDEST)


def _round_up(size: int) -> int:
    """The next number with at most four significant bits, so that few sizes serve all lengths."""
    shift = max(0, size.bit_length() - 4)
    return -(-size >> shift) << shift
