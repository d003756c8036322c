"""The estimator of the ICASSP 2024 paper: data, encoder, synthesiser, training, measures.

What needs Lightning is imported when it is asked for.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from sot.harmonic.curves import draw_training, training_curves
from sot.harmonic.dataset import Clips, SinusoidSettings, generate_splits, load_splits, save_splits
from sot.harmonic.encoder import Estimate, PitchEncoder, ToeplitzLinear
from sot.harmonic.front_end import ClipTransform
from sot.harmonic.measures import LogSpectralDistance, pitch_accuracies
from sot.harmonic.objective import Objective, ObjectiveSettings
from sot.harmonic.synthesiser import HarmonicSynthesiser, SinusoidalBank
from sot.harmonic.warm_up import TiltSettings

if TYPE_CHECKING:
    from sot.harmonic.data_module import PreloadedSinusoidDataModule, SinusoidDataModule
    from sot.harmonic.estimator import EncoderSettings, HarmonicEstimator, TrainingSettings

_NEEDS_LIGHTNING = {
    "EncoderSettings": "estimator",
    "HarmonicEstimator": "estimator",
    "PreloadedSinusoidDataModule": "data_module",
    "SinusoidDataModule": "data_module",
    "TrainingSettings": "estimator",
}

__all__ = [
    "ClipTransform",
    "Clips",
    "EncoderSettings",
    "Estimate",
    "HarmonicEstimator",
    "HarmonicSynthesiser",
    "LogSpectralDistance",
    "Objective",
    "ObjectiveSettings",
    "PitchEncoder",
    "PreloadedSinusoidDataModule",
    "SinusoidDataModule",
    "SinusoidSettings",
    "SinusoidalBank",
    "TiltSettings",
    "ToeplitzLinear",
    "TrainingSettings",
    "draw_training",
    "generate_splits",
    "load_splits",
    "pitch_accuracies",
    "save_splits",
    "training_curves",
]


def __getattr__(name: str) -> Any:
    if name not in _NEEDS_LIGHTNING:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from sot._extras import require

    require("lightning", "train")
    return getattr(importlib.import_module(f"{__name__}.{_NEEDS_LIGHTNING[name]}"), name)
