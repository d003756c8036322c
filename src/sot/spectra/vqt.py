"""Variable-Q transform; with gamma 0 it is the constant-Q transform.

A long kernel is cut in two by a taper: what is left is smooth, so it is a narrow band in the
frequency domain, and what the taper takes away is a few samples at either end, which are multiplied
with the signal in the time domain. Short kernels are multiplied with the frames as they are.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sot import _checks
from sot.spectra._base import Spectrum, checked_band, checked_framing
from sot.spectra._linear import linear
from sot.spectra._vqt_bands import Bands
from sot.spectra._vqt_ends import Ends
from sot.spectra._vqt_taper import half_widths, taper, taper_length
from sot.spectra._vqt_windows import samples_for, spread_windows, window_products
from sot.spectra.framing import Framing, FramingRule, Window, window_samples
from sot.spectra.positions import Array

_CACHED_SIZES = 4
_SIDES = ("start", "stop")  # of a kernel
_LONGEST = 2**22  # samples of a kernel, whose spectrum would fill the memory otherwise
_MOST_PER_OCTAVE = 10_000
_MOST_SAMPLES = 2**27  # of all kernels, whose making would take minutes otherwise


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
        bins_per_octave = _checks.integer(
            "bins_per_octave", bins_per_octave, maximum=_MOST_PER_OCTAVE
        )
        gamma = _checks.number("gamma", gamma, minimum=0)
        frequencies = _centres(fmin, fmax, n_bins, bins_per_octave, sample_rate)
        alpha = 2.0 ** (1.0 / bins_per_octave) - 1.0
        lengths = np.ceil(sample_rate / alpha / (frequencies + gamma / alpha))
        if lengths[0] > _LONGEST:
            _checks.fail(
                "fmin",
                f"a frequency whose kernel has at most {_LONGEST} samples",
                f"{fmin:g} Hz with one of {lengths[0]:.0f}",
                "raise fmin or gamma, or lower bins_per_octave or sample_rate",
            )
        if lengths.sum() > _MOST_SAMPLES:
            _checks.fail(
                "bins_per_octave",
                f"a resolution whose kernels have at most {_MOST_SAMPLES} samples together",
                f"{bins_per_octave} with {lengths.sum():.0f}",
                "lower bins_per_octave, n_bins or sample_rate, or raise fmin or gamma",
            )
        lengths = lengths.astype(int)
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
        widths, self._shapes = half_widths(window, lengths, self.framing.hop_length)
        # The short kernels are one block, so that no bin after the first of them has a band.
        self._long_bins = int(np.cumprod(np.isfinite(widths)).sum())
        if self._long_bins:
            centres = frequencies[: self._long_bins] / sample_rate
            self._bands = Bands(centres, widths[: self._long_bins], self.framing)
            self._add_ends()
        if self._long_bins < self.bins:
            self.add_constant("short_kernels", self._short_kernels())
        self._cache: OrderedDict[tuple[Any, ...], list[Tensor]] = OrderedDict()

    def kernel(self, index: int) -> NDArray[np.complex128]:
        """Kernel of one bin in the time domain; sample `(length + 1) // 2` is its centre."""
        length = int(self.lengths[index])
        window = window_samples(self.window, length)
        times = np.arange(length) - (length + 1) // 2
        wave = np.exp(2j * np.pi * self.frequencies[index] / self.sample_rate * times)
        scale = math.sqrt(length) / float(np.abs(window).sum())
        return np.asarray(window * wave * scale, dtype=np.complex128)

    def analyse(self, padded: Tensor, frames: int) -> Tensor:
        """Frames of every bin; linear, so that the backward pass is the adjoint."""
        samples = padded.shape[-1]
        return linear(
            padded,
            lambda signal: self._coefficients(signal, frames),
            lambda grad: self._adjoint(grad, samples),
        )

    def _coefficients(self, signal: Tensor, frames: int) -> Tensor:
        """Coefficients (rows, frames, bins) of a signal (rows, samples)."""
        parts = []
        if self._long_bins:
            bands = self._tensors(self._bands.size(frames), signal.dtype, signal.device)
            long = self._bands.forward(signal, bands, frames)
            for ends, matrices, places in self._both_ends(signal.dtype):
                long = ends.forward(signal, matrices, places, frames).add_(long)
            parts.append(long)
        if self._long_bins < self.bins:
            kernels, start = self._short(signal.dtype)
            products = window_products(signal, kernels, start, self.framing.hop_length, frames)
            parts.append(torch.view_as_complex(products.unflatten(2, (-1, 2))))
        return torch.cat(parts, dim=2) if len(parts) > 1 else parts[0]

    def _adjoint(self, coefficients: Tensor, samples: int) -> Tensor:
        """Adjoint of :meth:`_coefficients`."""
        coefficients = coefficients.resolve_conj().contiguous()
        long, short = coefficients.tensor_split([self._long_bins], dim=2)
        dtype, hop = coefficients.real.dtype, self.framing.hop_length
        rows, frames, _ = coefficients.shape
        room = max(samples, samples_for(0, self.framing.frame_length + hop, hop, frames))
        if self._long_bins:
            size = self._bands.size(frames)
            bands = self._tensors(size, dtype, coefficients.device)
            spaces = [ends.samples(frames) for ends in self._ends]
            room = max(room, self._bands.samples(frames, size), *spaces)
        signal = torch.zeros(rows, room, dtype=dtype, device=coefficients.device)
        if self._long_bins:
            self._bands.spread(long, bands, signal)
            for ends, matrices, places in self._both_ends(dtype):
                ends.spread(coefficients, matrices, places, signal)
        if self._long_bins < self.bins:
            kernels, start = self._short(dtype)
            spread_windows(torch.view_as_real(short).flatten(2), kernels, start, hop, signal)
        return signal[:, :samples]

    def _both_ends(self, dtype: torch.dtype) -> Iterator[tuple[Ends, Tensor, Tensor]]:
        """The ends on either side of the kernels, as matrices, and where their products belong."""
        for side, ends in zip(_SIDES, self._ends, strict=True):
            places = self.constant(f"{side}_places", dtype).long()
            yield ends, self.constant(f"{side}_kernels", dtype), places

    def _short(self, dtype: torch.dtype) -> tuple[Tensor, int]:
        """The short kernels, real and imaginary parts, and where in the frame they start."""
        kernels = self.constant("short_kernels", dtype).flatten(0, 1)
        return kernels, (self.framing.frame_length - kernels.shape[-1]) // 2

    def _add_ends(self) -> None:
        """Keep what the tapers take away at both ends of each kernel."""
        taps = taper_length(self.framing.hop_length)
        taken = [self.kernel(index) * (1 - self._taper(index)) for index in range(self._long_bins)]
        starts = np.array([self._start(index) for index in range(self._long_bins)])
        stops = starts + self.lengths[: self._long_bins] - taps
        self._ends = [Ends(places, taps, self.framing) for places in (starts, stops)]
        parts = [end[:taps] for end in taken], [end[-taps:] for end in taken]
        for side, ends, part in zip(_SIDES, self._ends, parts, strict=True):
            self.add_constant(f"{side}_kernels", ends.matrices(np.stack(part)))
            self.add_constant(f"{side}_places", ends.places.astype(np.float64))

    def _middle(self, index: int) -> tuple[NDArray[np.complex128], int]:
        """A long kernel times its taper, and where in the frame it starts."""
        return self.kernel(index) * self._taper(index), self._start(index)

    def _taper(self, index: int) -> Array:
        taps = taper_length(self.framing.hop_length)
        return taper(int(self.lengths[index]), taps, self._shapes[index])

    def _start(self, index: int) -> int:
        """Where in the frame the kernel of a bin starts."""
        return self.framing.frame_length // 2 - (int(self.lengths[index]) + 1) // 2

    def _short_kernels(self) -> Array:
        """Real and imaginary parts of the short kernels, centred, shape (bins, 2, reach)."""
        longest = int(self.lengths[self._long_bins])
        reach = longest + longest % 2
        kernels = np.zeros((self.bins - self._long_bins, reach), dtype=np.complex128)
        for row, index in enumerate(range(self._long_bins, self.bins)):
            kernel = self.kernel(index)
            start = reach // 2 - (len(kernel) + 1) // 2
            kernels[row, start : start + len(kernel)] = kernel.conj()
        return np.stack([kernels.real, kernels.imag], axis=1)

    def _tensors(self, size: int, dtype: torch.dtype, device: torch.device) -> list[Tensor]:
        """The bands of the long kernels, computed once for each size of the transform."""
        key = (size, dtype, device)
        if key not in self._cache:
            exact = self._bands.tensors(self._middle, size)
            complex_dtype = torch.complex128 if dtype == torch.float64 else torch.complex64
            self._cache[key] = [bands.to(device, complex_dtype) for bands in exact]
            while len(self._cache) > _CACHED_SIZES:
                self._cache.popitem(last=False)
        self._cache.move_to_end(key)
        return self._cache[key]

    # What `torch.compiler.assume_constant_result` does, without the second that its import takes:
    # in a compiled graph the kernels are constants.
    _tensors._dynamo_marked_constant = True  # type: ignore[attr-defined]

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_cache": OrderedDict()}


def _centres(
    fmin: float, fmax: float | None, n_bins: int | None, bins_per_octave: int, sample_rate: float
) -> Array:
    limit = sample_rate / 2 if fmax is None else fmax
    fitting = max(1, math.ceil(bins_per_octave * math.log2(limit / fmin) - 1e-9))
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
