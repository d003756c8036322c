"""One-dimensional optimal transport between histograms; knows nothing of audio."""

from sot.transport.circle import wasserstein_1d_circle
from sot.transport.line import TransportPlan, quantile_function, transport_plan_1d, wasserstein_1d

__all__ = [
    "TransportPlan",
    "quantile_function",
    "transport_plan_1d",
    "wasserstein_1d",
    "wasserstein_1d_circle",
]
