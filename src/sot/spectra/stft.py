"""Short-time Fourier transform."""

from __future__ import annotations

import numpy as np
from torch import Tensor

from sot import _checks
from sot.spectra._base import (
    Spectrum,
    checked_band,
    checked_framing,
    fft_frequencies,
)
from sot.spectra._frames import transformed_frames
from sot.spectra.framing import Framing, FramingRule, Window, window_samples
from sot.spectra.positions import Array, linear_positions


class STFT(Spectrum):
    """Magnitudes or powers of the short-time Fourier transform.

    Args:
        fft_size: samples of the transform; the bins are fft_size // 2 + 1.
        hop_length: samples from one frame to the next.
        win_length: samples under the window, at most `fft_size` (the default); a shorter window is
            zero-padded.
        window: a SciPy window by name, or a tuple of name and parameters.
        sample_rate: in Hz.
        fmin: leave out bins below this frequency in Hz.
        fmax: leave out bins above this frequency in Hz.
        framing: see :class:`~sot.spectra.framing.Framing`. With 'whole' up to hop_length - 1
            trailing samples get no gradient.
        square_magnitude: give powers instead of magnitudes.
        noise_floor: take so many times the median of a frame off its bins; 5 leaves next to
            nothing of white noise.

    Raises:
        ValueError: a setting out of range, or a band without any bin.
        TypeError: a setting of the wrong type.

    Example:
        >>> import torch
        >>> from sot.spectra import STFT
        >>> STFT(fft_size=512, hop_length=128, sample_rate=16000)(torch.zeros(2, 16000)).shape
        torch.Size([2, 122, 257])
    """

    def __init__(
        self,
        fft_size: int = 1024,
        hop_length: int = 256,
        win_length: int | None = None,
        window: Window = "flattop",
        sample_rate: float = 22050,
        fmin: float | None = None,
        fmax: float | None = None,
        framing: FramingRule = "whole",
        square_magnitude: bool = False,
        noise_floor: float = 0.0,
    ) -> None:
        fft_size = _checks.frame_samples("fft_size", fft_size, minimum=2)
        hop_length = _checks.integer("hop_length", hop_length)
        win_length = fft_size if win_length is None else _checks.integer("win_length", win_length)
        if win_length > fft_size:
            _checks.fail("win_length", f"at most fft_size, {fft_size}", win_length)
        sample_rate, fmin, fmax = checked_band(sample_rate, fmin, fmax)
        frequencies = fft_frequencies(fft_size, sample_rate)
        inside = (frequencies >= (fmin or 0.0)) & (frequencies <= (fmax or np.inf))
        if not inside.any():
            _checks.fail(
                "fmin", "a band that holds at least one bin", f"{fmin or 0:g} to {fmax} Hz"
            )
        framing = checked_framing(framing)
        super().__init__(
            frequencies[inside],
            Framing(framing, win_length, hop_length, fft_size),
            sample_rate,
            fmin,
            fmax,
            _checks.flag("square_magnitude", square_magnitude),
            noise_floor,
        )
        self.fft_size = fft_size
        self.first_bin = int(np.argmax(inside))
        self.add_constant("window", window_samples(window, win_length))

    def analyse(self, padded: Tensor, frames: int) -> Tensor:
        """Transform the windowed frames."""
        window = self.constant("window", padded.dtype)
        hop = self.framing.hop_length
        band = slice(self.first_bin, self.first_bin + self.bins)
        return transformed_frames(padded, window, self.fft_size, hop, frames)[..., band]

    def own_positions(self, linear: bool) -> Array:
        """Both scalings are f / Nyquist: the bins are spaced evenly in Hz."""
        return linear_positions(self.frequencies, 0.0, self.sample_rate / 2)
