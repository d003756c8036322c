"""Ground positions: where the bins of a spectrum lie on the axis along which energy is moved."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Scaling = Literal["normalized", "normalized_linear", "absolute", "log", "mel"]
SCALINGS = ("normalized", "normalized_linear", "absolute", "log", "mel")
MelScale = Literal["slaney", "htk"]
MEL_SCALES = ("slaney", "htk")

_SLANEY_STEP = 200.0 / 3.0  # Hz per mel below the corner
_SLANEY_CORNER = 1000.0  # Hz, where the scale turns from linear to logarithmic
_SLANEY_LOG_STEP = np.log(6.4) / 27.0  # nepers per mel above it
_HTK_CORNER = 700.0  # Hz
_HTK_FACTOR = 2595.0  # mels per decade of 1 + f / corner


def hz_to_mel(frequencies: Array, scale: MelScale = "slaney") -> Array:
    """Mel value of frequencies in Hz, by Slaney's Auditory Toolbox (1998) or the HTK book."""
    frequencies = np.asarray(frequencies, dtype=np.float64)
    if scale == "htk":
        return _HTK_FACTOR * np.log10(1.0 + frequencies / _HTK_CORNER)
    linear = frequencies / _SLANEY_STEP
    ratio = np.maximum(frequencies, _SLANEY_CORNER) / _SLANEY_CORNER
    return np.where(
        frequencies < _SLANEY_CORNER,
        linear,
        _SLANEY_CORNER / _SLANEY_STEP + np.log(ratio) / _SLANEY_LOG_STEP,
    )


def mel_to_hz(mels: Array, scale: MelScale = "slaney") -> Array:
    """Frequencies in Hz of mel values; the inverse of :func:`hz_to_mel`."""
    mels = np.asarray(mels, dtype=np.float64)
    if scale == "htk":
        return _HTK_CORNER * (10.0 ** (mels / _HTK_FACTOR) - 1.0)
    corner = _SLANEY_CORNER / _SLANEY_STEP
    above = _SLANEY_CORNER * np.exp(_SLANEY_LOG_STEP * np.maximum(mels - corner, 0.0))
    return np.where(mels < corner, mels * _SLANEY_STEP, above)


def bin_indices(bins: int) -> Array:
    """Bins spread evenly over [0, 1]."""
    return np.linspace(0.0, 1.0, bins) if bins > 1 else np.zeros(1)


def linear_positions(frequencies: Array, low: float, high: float) -> Array:
    """Positions linear in Hz that map [low, high] to [0, 1]."""
    return (frequencies - low) / (high - low) if high > low else np.zeros_like(frequencies)


def log_positions(frequencies: Array, low: float | None, high: float) -> Array:
    """Positions linear in log2 f that map [low, high] to [0, 1], unclipped.

    `low` defaults to the first positive frequency; a bin at 0 Hz sits where that one does.
    """
    positive = frequencies[frequencies > 0]
    if positive.size == 0:
        return np.zeros_like(frequencies)
    octaves = np.log2(np.maximum(frequencies, positive[0]))
    return linear_positions(octaves, np.log2(positive[0] if low is None else low), np.log2(high))


def mel_positions(frequencies: Array, low: float, high: float, scale: MelScale) -> Array:
    """Positions linear in mel that map [low, high] (Hz) to [0, 1]."""
    ends = hz_to_mel(np.array([low, high]), scale)
    return linear_positions(hz_to_mel(frequencies, scale), float(ends[0]), float(ends[1]))
