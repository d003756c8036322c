"""Losses between audio signals or spectrograms, and the transport functions, handed on."""

from sot.losses._base import AudioLoss
from sot.losses.by_frame import Frames, frame_by_frame
from sot.losses.level import LevelLoss
from sot.losses.multi_resolution import MultiResolutionSOTLoss
from sot.losses.multi_scale import MultiScaleSpectralLoss
from sot.losses.presets import PRESETS
from sot.losses.spectral_transport import Wasserstein1DLoss
from sot.losses.weighted_sum import WeightedLoss, WeightedSum
from sot.transport import (
    TransportPlan,
    quantile_function,
    transport_plan_1d,
    wasserstein_1d,
    wasserstein_1d_circle,
)

__all__ = [
    "PRESETS",
    "AudioLoss",
    "Frames",
    "LevelLoss",
    "MultiResolutionSOTLoss",
    "MultiScaleSpectralLoss",
    "TransportPlan",
    "Wasserstein1DLoss",
    "WeightedLoss",
    "WeightedSum",
    "frame_by_frame",
    "quantile_function",
    "transport_plan_1d",
    "wasserstein_1d",
    "wasserstein_1d_circle",
]
