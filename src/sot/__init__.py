"""Spectral optimal transport for audio in PyTorch."""

from sot.losses import (
    LevelLoss,
    MultiResolutionSOTLoss,
    MultiScaleSpectralLoss,
    TransportPlan,
    Wasserstein1DLoss,
    WeightedLoss,
    WeightedSum,
    quantile_function,
    transport_plan_1d,
    wasserstein_1d,
    wasserstein_1d_circle,
)

__version__ = "0.2.0"

__all__ = [
    "LevelLoss",
    "MultiResolutionSOTLoss",
    "MultiScaleSpectralLoss",
    "TransportPlan",
    "Wasserstein1DLoss",
    "WeightedLoss",
    "WeightedSum",
    "quantile_function",
    "transport_plan_1d",
    "wasserstein_1d",
    "wasserstein_1d_circle",
]
