"""The estimator of the ICASSP 2024 paper: data, encoder, synthesiser, training, measures.

What needs Lightning is imported when it is asked for.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from sot.harmonic.dataset import Clips, SinusoidSettings, generate_splits, load_splits, save_splits
from sot.harmonic.encoder import Estimate, PitchEncoder, ToeplitzLinear
from sot.harmonic.front_end import ClipTransform
from sot.harmonic.measures import LogSpectralDistance, pitch_accuracies
from sot.harmonic.synthesiser import HarmonicSynthesiser, SinusoidalBank

if TYPE_CHECKING:
    from sot.harmonic.data_module import PreloadedSinusoidDataModule, SinusoidDataModule

_NEEDS_LIGHTNING = {
    "PreloadedSinusoidDataModule": "data_module",
    "SinusoidDataModule": "data_module",
}

__all__ = [
    "ClipTransform",
    "Clips",
    "Estimate",
    "HarmonicSynthesiser",
    "LogSpectralDistance",
    "PitchEncoder",
    "PreloadedSinusoidDataModule",
    "SinusoidDataModule",
    "SinusoidSettings",
    "SinusoidalBank",
    "ToeplitzLinear",
    "generate_splits",
    "load_splits",
    "pitch_accuracies",
    "save_splits",
]


def __getattr__(name: str) -> Any:
    if name not in _NEEDS_LIGHTNING:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from sot._extras import require

    require("lightning", "train")
    return getattr(importlib.import_module(f"{__name__}.{_NEEDS_LIGHTNING[name]}"), name)
