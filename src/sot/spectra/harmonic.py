"""Harmonic salience: how well a comb of harmonics on each candidate pitch fits a spectrum."""

from __future__ import annotations

import math

import numpy as np

from sot import _checks
from sot.spectra._base import checked_band, fft_frequencies
from sot.spectra._filtered import FilteredSTFT, check_filter_count
from sot.spectra.framing import FramingRule, Window
from sot.spectra.positions import Array, MelScale, Scaling, bin_indices
from sot.spectra.stft import STFT


def harmonic_kernels(frequencies: Array, pitches: Array, harmonics: int) -> Array:
    """Comb of each candidate pitch: cos(2 pi q) / sqrt(q) of the harmonic number q = f / f0.

    Positive around the harmonics and negative between them. It starts a quarter of f0 above 0 Hz
    and ends three quarters of f0 above the last harmonic, both at zeros of the cosine.

    Args:
        frequencies: in Hz, shape (bins,).
        pitches: candidate f0 in Hz, shape (pitches,).
        harmonics: number of teeth.

    Returns:
        Shape (bins, pitches).

    References:
        A. Camacho, J. G. Harris, A sawtooth waveform inspired pitch estimator for speech and music,
        JASA 124(3), 2008, equations 6-9, from which the form of the comb is taken.
    """
    numbers = frequencies[:, None] / pitches
    inside = (numbers >= 0.25) & (numbers <= harmonics + 0.75)
    combs = np.cos(2 * np.pi * numbers) / np.sqrt(np.maximum(numbers, 0.25))
    return np.asarray(np.where(inside, combs, 0.0))


class HarmonicSalience(FilteredSTFT):
    """How much each candidate pitch is supported by harmonics, on a logarithmic axis of pitch.

    Two sounds of one pitch have nearly the same salience whatever the amplitudes of their
    harmonics. That is what transport needs when an estimate cannot have the timbre of its
    reference: with spectra themselves, a difference in timbre is energy at the wrong place too.

    Magnitudes m of a frame are summed to S(f0) = max(0, sum m(f) K(f / f0)) with the comb K of
    :func:`~sot.spectra.harmonic.harmonic_kernels`; the result is (S / max S) ** 8, which leaves
    little but the pitch, its octaves and fifths. It does not depend on the level of the sound.
    Faint magnitudes fade out: m = sqrt(P + d) - sqrt(d) for a bin with the power P, where d is a
    millionth of the largest power in the frame.

    Args:
        fft_size: samples of the transform. A frame should last about 1/8 s: 2048 at 16 kHz.
        hop_length: samples from one frame to the next.
        win_length: samples under the window, at most `fft_size` (the default).
        window: a SciPy window by name, or a tuple of name and parameters. One with low side lobes
            is needed.
        sample_rate: in Hz.
        fmin: lowest candidate pitch in Hz.
        fmax: upper limit of the candidates in Hz; 4000 or the Nyquist frequency by default.
        bins_per_octave: candidates in an octave.
        harmonics: number of harmonics that count.
        framing: see :class:`~sot.spectra.framing.Framing`.
        noise_floor: take so many times the median of the powers of a frame off its bins.

    Raises:
        ValueError: a setting out of range.
        TypeError: a setting of the wrong type.

    Example:
        >>> import torch
        >>> from sot.spectra import HarmonicSalience
        >>> salience = HarmonicSalience(sample_rate=16000)
        >>> time = torch.arange(8000) / 16000
        >>> tone = sum(torch.sin(6.2832 * 200 * k * time) for k in (2, 3, 4, 5))
        >>> pitch = salience.frequencies[salience(tone)[0].argmax()]
        >>> bool(abs(pitch - 200) < 2)  # the fundamental that is missing
        True
    """

    salient = True

    def __init__(
        self,
        fft_size: int = 2048,
        hop_length: int = 512,
        win_length: int | None = None,
        window: Window = "blackmanharris",
        sample_rate: float = 22050,
        fmin: float | None = None,
        fmax: float | None = None,
        bins_per_octave: int = 48,
        harmonics: int = 10,
        framing: FramingRule = "whole",
        noise_floor: float = 0.0,
    ) -> None:
        sample_rate, fmin, fmax = checked_band(sample_rate, 30.0 if fmin is None else fmin, fmax)
        if not fmin:
            _checks.fail("fmin", "a positive frequency for a logarithmic scale", "0 Hz")
        bins_per_octave = _checks.integer("bins_per_octave", bins_per_octave)
        harmonics = _checks.integer("harmonics", harmonics)
        fmax = min(4000.0, sample_rate / 2) if fmax is None else fmax
        if fmin >= fmax:
            _checks.fail("fmin", f"less than fmax, {fmax:g} Hz", f"{fmin:g} Hz")
        stft = STFT(
            fft_size,
            hop_length,
            win_length,
            window,
            sample_rate,
            framing=framing,
            square_magnitude=True,
            noise_floor=noise_floor,
        )
        count = int(math.log2(fmax / fmin) * bins_per_octave) + 1
        check_filter_count("bins_per_octave", count, stft)
        pitches = fmin * 2.0 ** (np.arange(count) / bins_per_octave)
        combs = harmonic_kernels(fft_frequencies(stft.fft_size, sample_rate), pitches, harmonics)
        super().__init__(stft, combs, pitches, fmin, fmax)

    def own_positions(self, linear: bool) -> Array:
        """Both scalings are the bin index, which is logarithmic in pitch."""
        return bin_indices(self.bins)

    def positions(self, scaling: Scaling = "normalized", mel_scale: MelScale = "slaney") -> Array:
        """Ground positions of the candidates; 'log' is the same as 'normalized' here."""
        return super().positions("normalized" if scaling == "log" else scaling, mel_scale)
