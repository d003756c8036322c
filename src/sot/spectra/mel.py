"""Mel spectrogram: an STFT seen through triangular filters that are evenly spaced in mel."""

from __future__ import annotations

from typing import Literal

import numpy as np

from sot import _checks
from sot.spectra._base import checked_band, fft_frequencies
from sot.spectra._filtered import FilteredSTFT, check_filter_count
from sot.spectra.framing import FramingRule, Window
from sot.spectra.positions import (
    MEL_SCALES,
    Array,
    MelScale,
    Scaling,
    bin_indices,
    hz_to_mel,
    mel_to_hz,
)
from sot.spectra.stft import STFT


def mel_filters(
    sample_rate: float,
    fft_size: int,
    n_mels: int,
    fmin: float = 0.0,
    fmax: float | None = None,
    mel_scale: MelScale = "slaney",
    mel_norm: Literal["slaney"] | None = "slaney",
) -> tuple[Array, Array]:
    """Triangular mel filters.

    Args:
        sample_rate: in Hz.
        fft_size: samples of the transform.
        n_mels: number of filters.
        fmin: lower edge of the first filter in Hz.
        fmax: upper edge of the last filter in Hz; the Nyquist frequency by default.
        mel_scale: 'slaney' or 'htk'.
        mel_norm: 'slaney' divides each filter by half its width in Hz, which gives all of them the
            same area; None gives all of them a peak of 1.

    Returns:
        The filters, shape (fft_size // 2 + 1, n_mels), and their centres in Hz, shape (n_mels,).
    """
    ends = hz_to_mel(np.array([fmin, fmax or sample_rate / 2]), mel_scale)
    corners = mel_to_hz(np.linspace(ends[0], ends[1], n_mels + 2), mel_scale)
    frequencies = fft_frequencies(fft_size, sample_rate)[:, None]
    lower, centre, upper = corners[:-2], corners[1:-1], corners[2:]
    rising = (frequencies - lower) / (centre - lower)
    falling = (upper - frequencies) / (upper - centre)
    filters = np.maximum(0.0, np.minimum(rising, falling))
    if mel_norm == "slaney":
        filters = filters * (2.0 / (upper - lower))
    return filters, centre


class MelSpectrogram(FilteredSTFT):
    """Mel spectrogram of magnitudes or powers.

    Args:
        fft_size: samples of the transform.
        hop_length: samples from one frame to the next.
        win_length: samples under the window, at most `fft_size` (the default).
        window: a SciPy window by name, or a tuple of name and parameters.
        n_mels: number of filters.
        sample_rate: in Hz.
        fmin: lower edge of the first filter in Hz; 0 by default.
        fmax: upper edge of the last filter in Hz; the Nyquist frequency by default.
        mel_scale: 'slaney' or 'htk'.
        mel_norm: 'slaney' for filters of equal area, None for filters that peak at 1.
        framing: see :class:`~sot.spectra.framing.Framing`. With 'whole' up to hop_length - 1
            trailing samples get no gradient.
        square_magnitude: filter powers instead of magnitudes.
        noise_floor: take so many times the median of a frame off its bins before they are filtered.

    Raises:
        ValueError: a setting out of range.
        TypeError: a setting of the wrong type.

    Example:
        >>> import torch
        >>> from sot.spectra import MelSpectrogram
        >>> MelSpectrogram(n_mels=40, sample_rate=16000)(torch.zeros(16000)).shape
        torch.Size([59, 40])
    """

    def __init__(
        self,
        fft_size: int = 1024,
        hop_length: int = 256,
        win_length: int | None = None,
        window: Window = "hann",
        n_mels: int = 128,
        sample_rate: float = 22050,
        fmin: float | None = None,
        fmax: float | None = None,
        mel_scale: MelScale = "slaney",
        mel_norm: Literal["slaney"] | None = "slaney",
        framing: FramingRule = "whole",
        square_magnitude: bool = False,
        noise_floor: float = 0.0,
    ) -> None:
        sample_rate, fmin, fmax = checked_band(sample_rate, fmin, fmax)
        n_mels = _checks.integer("n_mels", n_mels)
        _checks.choice("mel_scale", mel_scale, MEL_SCALES)
        if mel_norm is not None:
            _checks.choice("mel_norm", mel_norm, ["slaney"])
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
        check_filter_count("n_mels", n_mels, stft)
        filters, centres = mel_filters(
            sample_rate, stft.fft_size, n_mels, fmin or 0.0, fmax, mel_scale, mel_norm
        )
        super().__init__(stft, filters, centres, fmin, fmax)

    def positions(self, scaling: Scaling = "normalized", mel_scale: MelScale = "slaney") -> Array:
        """Ground positions of the bins; 'mel' is the same as 'normalized' here."""
        return super().positions("normalized" if scaling == "mel" else scaling, mel_scale)

    def own_positions(self, linear: bool) -> Array:
        """Both scalings are the bin index, which is uniform in mel."""
        return bin_indices(self.bins)
