"""From waveforms to non-negative spectra of shape (..., frames, bins), and where their bins lie."""

from sot.spectra._base import Spectrum, above_floor, magnitude_or_power
from sot.spectra._block_filters import BlockFilters
from sot.spectra._blocks import Audio, BlockTransform, BlockTranspose
from sot.spectra._filter_steps import filtered_spectrum
from sot.spectra._filtered import FilteredSTFT
from sot.spectra._frames import transformed_frames
from sot.spectra.chroma import Chroma
from sot.spectra.framing import FRAMINGS, Framing, FramingRule, Window
from sot.spectra.harmonic import HarmonicSalience
from sot.spectra.mel import MelSpectrogram, mel_filters
from sot.spectra.positions import MEL_SCALES, SCALINGS, MelScale, Scaling, hz_to_mel, mel_to_hz
from sot.spectra.stft import STFT
from sot.spectra.vqt import VQT

__all__ = [
    "FRAMINGS",
    "MEL_SCALES",
    "SCALINGS",
    "STFT",
    "VQT",
    "Audio",
    "BlockFilters",
    "BlockTransform",
    "BlockTranspose",
    "Chroma",
    "FilteredSTFT",
    "Framing",
    "FramingRule",
    "HarmonicSalience",
    "MelScale",
    "MelSpectrogram",
    "Scaling",
    "Spectrum",
    "Window",
    "above_floor",
    "filtered_spectrum",
    "hz_to_mel",
    "magnitude_or_power",
    "mel_filters",
    "mel_to_hz",
    "transformed_frames",
]
