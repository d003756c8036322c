"""One-dimensional optimal transport between histograms; knows nothing of audio.

The functions take tensors of any leading shape and check them. Below them, the losses use the same
work on flat rows that are checked already: `Histogram` and what follows it.
"""

from sot.transport._by_rank import Slopes, potentials, slopes_by_rank
from sot.transport._histograms import Histogram, sorted_histogram
from sot.transport._merge import highest_level
from sot.transport.circle import circular_transport, wasserstein_1d_circle
from sot.transport.line import (
    TransportPlan,
    quantile_function,
    quantiles,
    row_transport,
    transport_plan_1d,
    wasserstein_1d,
)

__all__ = [
    "Histogram",
    "Slopes",
    "TransportPlan",
    "circular_transport",
    "highest_level",
    "potentials",
    "quantile_function",
    "quantiles",
    "row_transport",
    "slopes_by_rank",
    "sorted_histogram",
    "transport_plan_1d",
    "wasserstein_1d",
    "wasserstein_1d_circle",
]
