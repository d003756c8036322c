"""Which spectrum a loss takes: the one place where transform arguments become a module."""

from __future__ import annotations

import math
from typing import Any, Literal

from sot import _checks
from sot.spectra import (
    STFT,
    VQT,
    Chroma,
    FramingRule,
    HarmonicSalience,
    MelScale,
    MelSpectrogram,
    Spectrum,
    Window,
)

Transform = Literal["stft", "mel", "cqt", "vqt", "harmonic", "chroma", "identity"]
TRANSFORMS = ("stft", "mel", "cqt", "vqt", "harmonic", "chroma", "identity")


def make_spectrum(
    transform: str | None,
    *,
    fft_size: int,
    hop_length: int,
    win_length: int | None,
    window: Window | None,
    n_mels: int,
    mel_scale: MelScale,
    mel_norm: Literal["slaney"] | None,
    n_bins: int | None,
    bins_per_octave: int,
    gamma: float,
    fmin: float | None,
    fmax: float | None,
    sample_rate: float,
    framing: FramingRule | None,
    square_magnitude: bool,
    noise_floor: float,
    replaced: bool,
) -> Spectrum | None:
    """The spectrum of a transform by name, None for 'identity'.

    Arguments that are None take the default of the transform. `replaced` follows the replaced
    package, which ignores some arguments.
    """
    if transform is None or transform == "identity":
        return None
    _checks.choice("transform", transform, TRANSFORMS)
    given: dict[str, Any] = {"window": window, "framing": framing, "fmin": fmin, "fmax": fmax}
    given = {name: value for name, value in given.items() if value is not None}
    given |= {
        "hop_length": hop_length,
        "sample_rate": sample_rate,
        "square_magnitude": square_magnitude,
        "noise_floor": noise_floor,
    }
    if transform in ("cqt", "vqt"):
        if replaced:
            n_bins = _replaced_n_bins(n_bins, bins_per_octave, fmin, fmax)
        return VQT(n_bins=n_bins, bins_per_octave=bins_per_octave, gamma=gamma, **given)
    if replaced:
        given = {name: value for name, value in given.items() if name not in ("fmin", "fmax")}
    given |= {"fft_size": fft_size, "win_length": win_length}
    if transform == "stft":
        return STFT(**given)
    if transform == "chroma":
        return Chroma(bins_per_octave=bins_per_octave, **given)
    if transform == "harmonic":
        del given["square_magnitude"]
        return HarmonicSalience(bins_per_octave=bins_per_octave, **given)
    if replaced:
        given |= {"window": "hann", "square_magnitude": True, "win_length": None}
        mel_scale, mel_norm = "htk", None
    return MelSpectrogram(n_mels=n_mels, mel_scale=mel_scale, mel_norm=mel_norm, **given)


def _replaced_n_bins(
    n_bins: int | None, bins_per_octave: int, fmin: float | None, fmax: float | None
) -> int:
    """The replaced package takes 250 bins, and ignores their number if `fmax` is given."""
    if fmax is None:
        return 250 if n_bins is None else n_bins
    low = _checks.number("fmin", 32.7 if fmin is None else fmin, above=0)
    octaves = math.log2(_checks.number("fmax", fmax, above=low) / low)
    return math.ceil(_checks.integer("bins_per_octave", bins_per_octave) * octaves)
