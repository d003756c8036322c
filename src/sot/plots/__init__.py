"""Figures: each takes data and `ax=None`, draws into it and returns what it drew.

Those of several panels take `figure=None` and return the figure. They need Matplotlib:
`pip install "sot-loss[plot]"`.
"""

from sot.plots._axes import COLOURS, STYLES, check_picture, new_figure, save_figure
from sot.plots.comparison import plot_comparison
from sot.plots.cumulative import AreaBetween, plot_cdfs, plot_quantiles
from sot.plots.differences import plot_differences
from sot.plots.gradients import plot_landscape_gradients
from sot.plots.landscape import plot_descents, plot_landscapes
from sot.plots.mass_rules import plot_mass_rules
from sot.plots.over_time import plot_transport_over_time
from sot.plots.pitches import plot_pitches
from sot.plots.scalings import plot_scalings
from sot.plots.training import plot_training
from sot.plots.transport import plot_transport

__all__ = [
    "COLOURS",
    "STYLES",
    "AreaBetween",
    "check_picture",
    "new_figure",
    "plot_cdfs",
    "plot_comparison",
    "plot_descents",
    "plot_differences",
    "plot_landscape_gradients",
    "plot_landscapes",
    "plot_mass_rules",
    "plot_pitches",
    "plot_quantiles",
    "plot_scalings",
    "plot_training",
    "plot_transport",
    "plot_transport_over_time",
    "save_figure",
]
