"""Chroma: a spectrum folded into one octave, whose bins lie on a circle."""

from __future__ import annotations

import numpy as np

from sot import _checks
from sot.spectra._base import checked_band, fft_frequencies
from sot.spectra._filtered import FilteredSTFT, check_filter_count
from sot.spectra.framing import FramingRule, Window
from sot.spectra.positions import SCALINGS, Array, MelScale, Scaling
from sot.spectra.stft import STFT

_C = 440.0 * 2.0 ** (-69 / 12)  # Hz, the lowest C of MIDI, number 0


def chroma_filters(frequencies: Array, bins: int, fmin: float, fmax: float) -> Array:
    """Share of each frequency in the bins of an octave, by linear interpolation in log2 f.

    Args:
        frequencies: in Hz, shape (n,).
        bins: bins of the octave; bin 0 is C, for A = 440 Hz.
        fmin: frequencies below have no share.
        fmax: frequencies above have no share.

    Returns:
        Shape (n, bins); rows sum to 1 inside the band and are 0 outside.
    """
    inside = (frequencies >= fmin) & (frequencies <= fmax) & (frequencies > 0)
    place = bins * np.log2(np.where(inside, frequencies, _C) / _C)
    lower = np.floor(place)
    share = (place - lower)[:, None]
    classes = np.arange(bins)
    first = lower[:, None] % bins == classes
    second = (lower[:, None] + 1) % bins == classes
    return np.asarray(((1 - share) * first + share * second) * inside[:, None])


class Chroma(FilteredSTFT):
    """Energy of each pitch class, for transport around the circle of an octave.

    Its `frequencies` are those of the pitch classes in the octave of MIDI notes 0 to 11.

    Args:
        fft_size: samples of the transform.
        hop_length: samples from one frame to the next.
        win_length: samples under the window, at most `fft_size` (the default).
        window: a SciPy window by name, or a tuple of name and parameters.
        sample_rate: in Hz.
        fmin: frequencies below do not count, in Hz. Where the bins of the transform lie more than a
            few semitones apart they say little about pitch class: 110 by default.
        fmax: frequencies above do not count, in Hz; the Nyquist frequency by default.
        bins_per_octave: number of bins; bin 0 is C, for A = 440 Hz.
        framing: see :class:`~sot.spectra.framing.Framing`.
        square_magnitude: fold powers instead of magnitudes.
        noise_floor: take so many times the median of a frame off its bins before they are folded.

    Raises:
        ValueError: a setting out of range.
        TypeError: a setting of the wrong type.

    Example:
        >>> import torch
        >>> from sot.spectra import Chroma
        >>> tone = torch.sin(6.2832 * 440 * torch.arange(16000) / 16000)
        >>> Chroma(4096, sample_rate=16000, bins_per_octave=12)(tone)[0].argmax()  # A
        tensor(9)
    """

    def __init__(
        self,
        fft_size: int = 2048,
        hop_length: int = 512,
        win_length: int | None = None,
        window: Window = "hann",
        sample_rate: float = 22050,
        fmin: float | None = None,
        fmax: float | None = None,
        bins_per_octave: int = 36,
        framing: FramingRule = "whole",
        square_magnitude: bool = False,
        noise_floor: float = 0.0,
    ) -> None:
        sample_rate, fmin, fmax = checked_band(sample_rate, 110.0 if fmin is None else fmin, fmax)
        bins = _checks.integer("bins_per_octave", bins_per_octave)
        stft = STFT(
            fft_size,
            hop_length,
            win_length,
            window,
            sample_rate,
            framing=framing,
            square_magnitude=square_magnitude,
            noise_floor=noise_floor,
        )
        check_filter_count("bins_per_octave", bins, stft)
        frequencies = fft_frequencies(stft.fft_size, sample_rate)
        filters = chroma_filters(frequencies, bins, fmin or 0.0, fmax or sample_rate / 2)
        classes = _C * 2.0 ** (np.arange(bins) / bins)
        super().__init__(stft, filters, classes, fmin, fmax)

    def positions(self, scaling: Scaling = "normalized", mel_scale: MelScale = "slaney") -> Array:
        """Places of the bins on a circle of circumference 1, whatever the scaling."""
        _checks.choice("bin_position_scaling", scaling, SCALINGS)
        return super().positions("normalized", mel_scale)

    def own_positions(self, linear: bool) -> Array:
        """Both scalings are the bin index as a part of the octave."""
        return np.arange(self.bins) / self.bins
