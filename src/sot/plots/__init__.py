"""Figures: each takes data and `ax=None`, draws into it and returns what it drew.

They need Matplotlib: `pip install "sot-loss[plot]"`.
"""

from sot.plots._axes import COLOURS, STYLES, check_picture, new_figure, save_figure
from sot.plots.landscape import plot_descents, plot_landscapes
from sot.plots.transport import plot_transport

__all__ = [
    "COLOURS",
    "STYLES",
    "check_picture",
    "new_figure",
    "plot_descents",
    "plot_landscapes",
    "plot_transport",
    "save_figure",
]
